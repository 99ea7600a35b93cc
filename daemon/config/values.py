"""What single texts of the configuration must look like, where a type and a range cannot say it.

Each check returns its argument or raises `ValueError` with what the value must be, as the end of a sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from pydantic import GetCoreSchemaHandler
from pydantic_core import core_schema

SOCKET_PATH_BYTES: Final = 107
"""The longest path that a Unix socket's address can hold (sys/un.h, less the closing zero)."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_DEVICE_INDEX: Final = re.compile(r"\d+|(plug)?hw:\d+(,\d+)*")
_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_SECRET_HEADERS: Final = frozenset({"authorization", "proxy-authorization", "cookie", "x-goog-api-key", "x-api-key"})
_FIXED_HEADERS: Final = frozenset({"host", "connection", "upgrade", "content-type", "content-length", "user-agent"})


@dataclass(frozen=True, slots=True)
class Why:
    """Stands beside a field's range and says why it ends there, to an owner whose value lies outside."""

    reason: str


@dataclass(frozen=True, slots=True)
class OneOf:
    """Stands beside `str` and allows these words only; for tables that are `dict[str, str]` to who reads them."""

    words: tuple[str, ...]

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Check as `Literal` would."""
        return core_schema.literal_schema(list(self.words))


def word(text: str) -> str:
    """Accept a name: not empty, and no white space in it."""
    if not text or any(character.isspace() for character in text):
        raise ValueError("must be a name without spaces")
    return text


def word_or_nothing(text: str) -> str:
    """Accept nothing, or a name without white space in it."""
    return text and word(text)


def language(tag: str) -> str:
    """Accept the shape of a BCP-47 tag; whether the model speaks it, the service knows."""
    if not _LANGUAGE.fullmatch(tag):
        raise ValueError('must hold language tags such as "de-DE" or "en"')
    return tag


def currency_code(code: str) -> str:
    """Accept the shape of an ISO 4217 code; it is only shown."""
    if not _CURRENCY.fullmatch(code):
        raise ValueError('must be three capital letters, such as "USD" or "EUR"')
    return code


def nothing_or_from(low: float) -> Callable[[float], float]:
    """Return what accepts 0, which stands for never, and everything from `low` on."""

    def checked(value: float) -> float:
        if 0 < value < low:
            raise ValueError(f"must be 0 for never, or at least {low:g}")
        return value

    return checked


def sample_rate(rate_hz: int) -> int:
    """Accept 0, which stands for finding out, and what sound cards have."""
    if rate_hz and not 8_000 <= rate_hz <= 192_000:
        raise ValueError("must be 0 to find out what the device has, or 8000 to 192000")
    return rate_hz


def service_url(url: str) -> str:
    """Accept nothing, or the https address of a host: the key travels in its headers."""
    if url and not _https(url):
        raise ValueError(
            'must be empty or like "https://host" or "https://host:8443/path"; the API key travels with every'
            " connection, so it must be https, also on this device"
        )
    return url


def token_service_url(url: str) -> str:
    """Accept nothing, or the https address of a host: a credential travels there, and tokens come back."""
    if url and not _https(url):
        raise ValueError(
            'must be empty or like "https://host/token" or "https://host:8443/token"; what it answers is as good as'
            " the API key for half an hour, so it must be https, also at home"
        )
    return url


def _https(url: str) -> bool:
    """Whether `url` is an https address, without a name, a question or a fragment in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        return False
    return usable and not re.search(r"[\s?#@]", url)


def absolute_path(path: str) -> str:
    """Accept nothing, or a path from the root: the service's working directory is not the owner's."""
    if path and (not path.startswith("/") or "\0" in path):
        raise ValueError('must be empty or a whole path, beginning with "/"')
    return path


def socket_path(path: str) -> str:
    """Accept nothing, or a path from the root that fits a Unix socket's address."""
    absolute_path(path)
    if len(path.encode()) > SOCKET_PATH_BYTES:
        raise ValueError(
            f"must be at most {SOCKET_PATH_BYTES} bytes long; the kernel takes no longer path for a socket"
        )
    return path


def device_name(name: str) -> str:
    """Accept nothing, or a part of a device's name; refuse numbers, which change (field-notes.md, pain 11)."""
    if _DEVICE_INDEX.fullmatch(name.strip()):
        raise ValueError(
            "must be empty or a part of the device's name, as `vocative devices` shows it; its number changes when"
            " devices are plugged in or the Pi restarts"
        )
    return name


def header_name(name: str) -> str:
    """Accept an HTTP header that is the owner's to set, and none that holds a secret."""
    lower = name.lower()
    if lower in _SECRET_HEADERS:
        raise ValueError("cannot be set here: it holds a secret, and everybody on this device can read this file")
    if lower in _FIXED_HEADERS or lower.startswith("sec-websocket-"):
        raise ValueError("cannot be set here: the connection sets it itself")
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError("must be the name of an HTTP header, without spaces or a colon")
    return name


def header_value(value: str) -> str:
    """Accept what HTTP can carry in one line."""
    if not all(" " <= character <= "~" for character in value):
        raise ValueError("must be one line of plain ASCII text")
    return value
