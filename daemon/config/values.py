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
_SERVER_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,19}")
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


def sample_rate(pieces_per_s: int) -> Callable[[int], int]:
    """Return what accepts 0, which stands for finding out, and what sound cards have and `pieces_per_s` divides."""

    def checked(rate_hz: int) -> int:
        if rate_hz and not 8_000 <= rate_hz <= 192_000:
            raise ValueError("must be 0 to find out what the device has, or 8000 to 192000")
        if rate_hz % pieces_per_s:
            raise ValueError(
                f"must be 0 to find out what the device has, or a multiple of {pieces_per_s}, such as 44100 or 48000;"
                f" a piece of sound lasts {1000 // pieces_per_s} ms, and must hold whole samples"
            )
        return rate_hz

    return checked


def service_url(url: str) -> str:
    """Accept nothing, or the https address of a host: the key travels in its headers."""
    if url and not _web_address(url, "https"):
        raise ValueError(
            'must be empty or like "https://host" or "https://host:8443/path"; the API key travels with every'
            " connection, so it must be https, also on this device"
        )
    return url


def token_service_url(url: str) -> str:
    """Accept nothing, or the https address of a host: a credential travels there, and tokens come back."""
    if url and not _web_address(url, "https"):
        raise ValueError(
            'must be empty or like "https://host/token" or "https://host:8443/token"; what it answers is as good as'
            " the API key for half an hour, so it must be https, also at home"
        )
    return url


def _web_address(url: str, *schemes: str) -> bool:
    """Whether `url` is an address with one of `schemes`, without a name, a question or a fragment in it."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port is None or parts.port > 0)
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


def camera_device(name: str) -> str:
    """Accept nothing, a part of a camera's name, or the path of its node; refuse numbers, which change."""
    if re.fullmatch(r"\s*(video)?\d+\s*", name):
        raise ValueError(
            'must be empty, a part of the camera\'s name such as "C920", or a whole path such as'
            ' "/dev/v4l/by-id/usb-…"; its number changes when devices are plugged in or the Pi restarts'
        )
    return name


def server_name(name: str) -> str:
    """Accept what an MCP server can be called."""
    if not _SERVER_NAME.fullmatch(name):
        raise ValueError(
            'must be a short name such as "home": at most 20 of the letters a to z, digits and underscores, the first'
            " a letter"
        )
    return name


def program(command: tuple[str, ...]) -> tuple[str, ...]:
    """Accept nothing, or a program by its name or whole path, and its arguments."""
    if command and not (command[0].startswith("/") or re.fullmatch(r"[^\s/]+", command[0])):
        raise ValueError(
            "must be a list of a program (its name, or its whole path) and each of its arguments, all in quotes of"
            ' their own, such as ["uvx", "mcp-server-time"]'
        )
    if any("\0" in part for part in command):
        raise ValueError("must not hold a zero byte")
    return command


def tool_pattern(pattern: str) -> str:
    """Accept a tool's name, or a pattern as of file names."""
    if not pattern or any(character.isspace() or character == "," for character in pattern):
        raise ValueError('must hold names or patterns, each in quotes of its own, such as "set_volume" or "get_*"')
    return pattern


def mcp_url(url: str) -> str:
    """Accept nothing, or an http or https address; conflicts say when it must be https."""
    if url and not _web_address(url, "http", "https"):
        raise ValueError(
            'must be empty or like "http://homeassistant.local:8123/api/mcp"; without a name, a password or anything'
            ' behind a "?", because what is secret belongs into the file that credential_file names'
        )
    return url


def credential_header(name: str) -> str:
    """Accept the name of an HTTP header that may hold a credential."""
    if name.lower() in _FIXED_HEADERS:
        raise ValueError("cannot hold the credential: the connection sets it itself")
    if not _HEADER_NAME.fullmatch(name):
        raise ValueError(
            'must be the name of an HTTP header alone, such as "Authorization"; the credential belongs into the file'
            " that credential_file names"
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
