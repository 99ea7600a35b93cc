"""The API key: where it may lie, how it is read, and a type that does not show it.

It is looked for in this order: the file that `live.api_key_file` names, the systemd credential `gemini-api-key`
(LoadCredential= in the unit, read from `$CREDENTIALS_DIRECTORY`), then `GEMINI_API_KEY` and `GOOGLE_API_KEY`.
A file that is named in the configuration decides alone: another key in its place would be a guess.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CREDENTIAL: Final = "gemini-api-key"
"""The name of the systemd credential."""
REMEDY: Final = (
    "give it to the service, where only root can read it: sudo vocative key (it asks for the key),"
    " then sudo systemctl restart vocative"
)
"""The end of a sentence about a key that is not where it should be."""
VARIABLES: Final = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
KEY_LIKE: Final = re.compile(
    r"AIza[\w-]{30,}"  # Google API keys
    r"|\bAQ\.[\w-]{20,}"  # Google API keys bound to a service account
    r"|\bya29\.[\w-]{20,}"  # Google access tokens
    r"|auth_tokens/[\w-]{16,}"  # ephemeral tokens (live-api.md 1.10)
    r"|\bsk-[\w-]{20,}"  # other services' keys, pasted by mistake
)
"""Matches what looks like a key anywhere in a text. Never print what it matched."""
_ASSIGNED: Final = re.compile(r"[A-Z][A-Z0-9_]*=[^=]")
"""NAME=value, as in a shell's environment file."""
_OTHERS: Final = (
    ("auth_tokens/", "is a token that stands in for a key for some minutes; it takes the key itself"),
    ("ya29.", "is an access token, good for an hour; it takes an API key"),
    ("sk-", "is a key of another service; it takes one from https://aistudio.google.com/apikey"),
    ("http", "is an address"),
    ("/", "is a path; it takes the key itself"),
    ("{", "is a file of a service account; it takes an API key"),
)
"""What is pasted by mistake, by its beginning, and what is said about it."""
_GOOGLE_LENGTH: Final = 39
"""Of the keys that begin with AIza, in characters."""
_SHORTEST: Final = 10
"""No key of any service is shorter."""
_LONGEST_BYTES: Final = 4096
"""No key is longer; a longer file is something else."""


class Secret:
    """A text that only `reveal` shows: not `repr`, `str`, a format string, or a traceback's locals."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text: Final = text

    def __repr__(self) -> str:
        return "Secret(not shown)"

    def reveal(self) -> str:
        """Return the text itself, for the one call that needs it."""
        return self._text

    def __reduce__(self) -> str:
        raise TypeError("a Secret is not written anywhere")


@dataclass(frozen=True, slots=True)
class Credential:
    """The key, or why there is none."""

    key: Secret | None
    said: str
    """A sentence for the owner: where the key came from, or where it was looked for and what to do. Never the key."""


class _UnusableError(Exception):
    """A key's place exists but must not or cannot be used; the text says why and names the remedy."""


def api_key(api_key_file: str, environ: Mapping[str, str]) -> Credential:
    """Return the key and where it came from, or None and a sentence that says where it was looked for.

    A missing key is no fault of the configuration: the daemon runs on and shows `Fault.KEY`. Reads at most one
    small file; raises nothing.

    Args:
        api_key_file: `live.api_key_file`; empty for none.
        environ: The process's environment.
    """
    if api_key_file:
        return _from_named_file(Path(api_key_file))
    looked: list[str] = []
    for place, text in _elsewhere(environ):
        if not text.strip():
            looked.append(place)
            continue
        try:
            return Credential(Secret(_sound(text)), f"The API key comes from {place}.")
        except _UnusableError as refused:
            return Credential(None, f"There is no API key: {place} {refused}.")
    return Credential(
        None,
        f"There is no API key: live.api_key_file names no file, and {', '.join(looked)} hold none."
        f" Get a key at https://aistudio.google.com/apikey and {REMEDY}",
    )


def token_credential(token_credential_file: str) -> Credential:
    """Return what the owner's token service is to be shown, from the file that `live.token_credential_file` names."""
    place = f"live.token_credential_file ({token_credential_file})"
    try:
        return Credential(
            Secret(_sound(_file_text(Path(token_credential_file)))), f"The credential is that in {place}."
        )
    except _UnusableError as refused:
        return Credential(None, f"There is no credential for the token service: {place} {refused}.")


def key_fault(text: str) -> str:
    """Return why `text`, as its owner gave it, cannot be an API key, as the end of a sentence; empty if it can.

    White space around it does no harm. The text itself is never in it. Whether the service takes the key, only asking
    the service shows.
    """
    try:
        key = _sound(text)
    except _UnusableError:
        return "must be the key alone, without a name, quotes, spaces or a second line"
    for beginning, said in _OTHERS:
        if key.startswith(beginning):
            return said
    if key.startswith("AIza") and len(key) < _GOOGLE_LENGTH:
        return f"has {len(key)} characters, and one that begins like it has {_GOOGLE_LENGTH}; a part is missing"
    if not _SHORTEST <= len(key) <= _LONGEST_BYTES:
        return f"has {len(key)} characters, and no key is so {'short' if len(key) < _SHORTEST else 'long'}"
    return ""


def refusal(path: Path) -> str:
    """Return why the file at `path` must not or cannot be used for a secret, as the end of a sentence; empty if it can.

    Whether this user may read it, only reading it shows.
    """
    try:
        _closed_file(path)
    except _UnusableError as refused:
        return str(refused)
    return ""


def _from_named_file(path: Path) -> Credential:
    place = f"live.api_key_file ({path})"
    try:
        return Credential(Secret(_sound(_file_text(path))), f"The API key comes from {place}.")
    except _UnusableError as refused:
        return Credential(None, f"There is no API key: {place} {refused}.")


def _elsewhere(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield each place that is not in the configuration, in order, and what it holds; empty if it is not there."""
    directory = environ.get("CREDENTIALS_DIRECTORY", "")
    if directory:
        path = Path(directory) / CREDENTIAL
        try:
            text = path.read_text("utf-8", "replace")
        except OSError:
            text = ""
        yield f"the systemd credential {CREDENTIAL} ({path})", text
    else:
        yield f"the systemd credential {CREDENTIAL} ($CREDENTIALS_DIRECTORY is not set)", ""
    for variable in VARIABLES:
        yield f"the variable {variable}", environ.get(variable, "")


def _file_text(path: Path) -> str:
    size_bytes = _closed_file(path)
    if size_bytes > _LONGEST_BYTES:
        raise _UnusableError(f"has {size_bytes} bytes, more than any key")
    try:
        return path.read_text("utf-8", "replace")
    except PermissionError:
        raise _unreadable(path) from None
    except OSError as error:
        raise _UnusableError(f"cannot be read ({error.strerror})") from error


def _closed_file(path: Path) -> int:
    """Return the size of a file that not everybody may read.

    Raises:
        _UnusableError: It is none, or open to everybody.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise _UnusableError(
            f"does not exist; make it with: sudo install -m 640 -g vocative /dev/stdin {path}"
            " (paste the key, then Ctrl-D)"
        ) from None
    except PermissionError:
        raise _unreadable(path) from None
    except OSError as error:
        raise _UnusableError(f"cannot be read ({error.strerror})") from error
    if not stat.S_ISREG(status.st_mode):
        raise _UnusableError("is not a file")
    if status.st_mode & stat.S_IRWXO:
        raise _UnusableError(
            f"is open to everybody on this device (mode {stat.S_IMODE(status.st_mode):04o}) and is not used;"
            f" close it with: sudo chmod o= {path}"
        )
    return status.st_size


def _unreadable(path: Path) -> _UnusableError:
    return _UnusableError(
        "cannot be read by this user; let the service read it with:"
        f" sudo chgrp vocative {path} && sudo chmod 640 {path}"
    )


def _sound(text: str) -> str:
    """Return the key in `text` without the white space around it.

    Raises:
        _UnusableError: It is empty, or something that could not be sent in a header.
    """
    key = text.strip()
    if not key:
        raise _UnusableError("is empty; write the key into it, and nothing else")
    if _ASSIGNED.match(key) or key[0] in "\"'" or not all("!" <= character <= "~" for character in key):
        raise _UnusableError(
            "does not hold a key alone; write the key into it without a name, quotes, spaces or a second line"
        )
    return key
