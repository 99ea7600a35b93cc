"""Reads the configuration file and refuses it with every fault at once."""

from __future__ import annotations

import tomllib
from pathlib import Path

from pydantic import ValidationError

from daemon.errors import ConfigurationError
from daemon.keys.credentials import KEY_LIKE

from .conflicts import conflicts
from .schema import Config, Refusals


def default_path() -> Path:
    """Return where the configuration lies unless `--config` says otherwise."""
    return Path("/etc/vocative/vocative.toml")


def load(path: Path, *, refusals: Refusals | None = None) -> Config:
    """Return the configuration in the file `path`. Reads it, and `live.ca_file` if it names one; no others.

    Args:
        path: The file; its name begins every fault.
        refusals: What the chosen model does not accept, such as `daemon.live.models.refusals`.

    Raises:
        ConfigurationError: The file cannot be used. It holds every fault, in the order of their lines.
    """
    text = _text(path)
    config = _sound(text)
    if config is not None and not conflicts(config) and not (refusals and refusals(config.live)):
        return config
    # difflib and all the sentences are needed by nobody whose file is right.
    from .diagnosis import diagnose

    faults = diagnose(text, refusals)
    if not faults:
        raise AssertionError("unreachable: a refused configuration without a fault")
    raise ConfigurationError(tuple(fault.sentence(path.name) for fault in faults))


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
