"""Reads the configuration file and refuses it with every fault at once."""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from daemon.errors import ConfigurationError
from daemon.keys.credentials import KEY_LIKE

from .conflicts import conflicts
from .fault import Fault
from .schema import Config, Refusals

MOST_FAULTS: Final = 50
"""A file with more was never meant to be this one."""


def default_path() -> Path:
    """Return where the configuration lies unless `--config` says otherwise."""
    return Path("/etc/vocative/vocative.toml")


def load(path: Path, *, refusals: Refusals | None = None) -> Config:
    """Return the configuration in the file `path`. Reads it, and `live.ca_file` if it names one; no others.

    Args:
        path: The file; its name begins every fault.
        refusals: What the chosen model does not accept, such as `daemon.live.models.refusals`.

    Raises:
        ConfigurationError: The file cannot be used. It holds the faults, in the order of their lines.
    """
    text = _text(path)
    with bounded(path):
        config = _sound(text)
        if config is not None and not conflicts(config) and not (refusals and refusals(config.live)):
            return config
        # difflib and all the sentences are needed by nobody whose file is right.
        from .diagnosis import diagnose

        faults = diagnose(text, refusals)
    if not faults:
        raise AssertionError("unreachable: a refused configuration without a fault")
    raise ConfigurationError(told(faults, path.name))


@contextlib.contextmanager
def bounded(path: Path) -> Iterator[None]:
    """Refuse the file `path` where Python gives up on what it holds, instead of calling it a fault of TOML.

    Raises:
        ConfigurationError: There is a number of thousands of digits in it, or there are as many brackets in brackets.
    """
    try:
        yield
    except (ValueError, RecursionError):  # what `tomllib` raises beside its own error, which is a ValueError, too
        raise _unusable(path, "a number in it has thousands of digits, or thousands of brackets are nested") from None


def told(faults: Sequence[Fault], file_name: str) -> tuple[str, ...]:
    """Return what is said of `faults`: of the first `MOST_FAULTS`, and how many more there are."""
    more = len(faults) - MOST_FAULTS
    said = tuple(fault.sentence(file_name) for fault in faults[:MOST_FAULTS])
    return (*said, f"{file_name}: there are {more} more faults") if more > 0 else said


def _sound(text: str) -> Config | None:
    """Return the configuration if every line and every value for itself is right."""
    if KEY_LIKE.search(text):
        return None
    try:
        return Config.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError):
        return None


def _text(path: Path) -> str:
    """Return the file's text; its lines end in a line feed alone, as `tomllib` reads them."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        raise _unusable(
            path,
            "there is no such file; make it from the example (sudo install -D -m 644 config/vocative.toml"
            f" {path}) and change what you need, or name another file (run --config FILE, check FILE)",
        ) from None
    except IsADirectoryError:
        raise _unusable(path, f"this is a directory; name the file in it: {path / 'vocative.toml'}") from None
    except OSError as error:
        raise _unusable(path, f"the file cannot be read ({error.strerror})") from error
    if not raw.strip(b"\0 \t\r\n"):
        raise _unusable(
            path,
            "the file is empty, as after a power cut while it was written; copy config/vocative.toml to it again, or"
            ' write a comment ("# all defaults") into it if the defaults are what you want',
        )
    try:
        # A byte order mark at the beginning, as some editors for Windows write it, means nothing.
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        kind = "UTF-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else f"byte 0x{raw[error.start]:02x}"
        reason = f"the file must be saved as UTF-8, and this is not ({kind})"
        raise ConfigurationError((f"{path.name}:{line}: {reason}",)) from None


def _unusable(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError((f"{path}: {reason}",))
