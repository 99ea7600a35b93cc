"""Scenarios as TOML: found by name or path, and refused with all their faults at once or taken whole."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from daemon.config import Config
from daemon.config.conflicts import conflicts
from daemon.config.loading import bounded, told
from daemon.errors import ConfigurationError

from .device_config import device_config
from .scenario import Scenario
from .utterances import Utterances, utterances

FOLDER: Final = Path(__file__).with_name("scenarios")
"""Where those are that vocative is shipped with."""


@dataclass(frozen=True, slots=True)
class Read:
    """A scenario that can be rehearsed."""

    name: str
    scenario: Scenario
    said: Utterances
    folder: Path
    """Where its paths begin."""


def shipped() -> tuple[str, ...]:
    """Return the names of the scenarios that vocative is shipped with."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def find(name: str) -> Read:
    """Return the scenario of that name, or in the file of that path: a path holds a slash or ends in ".toml".

    Raises:
        ConfigurationError: There is none, or it cannot be used; it holds every fault, in the order of their lines.
    """
    if "/" in name or name.endswith(".toml"):
        return load(Path(name))
    if name not in shipped():
        from daemon.config.suggestions import nearest

        near = nearest(name, shipped())
        hint = f"did you mean {near}?" if near else f"there are {', '.join(shipped())}"
        raise ConfigurationError((f"There is no scenario {name!r}; {hint} A path of your own ends in .toml.",))
    return load(FOLDER / f"{name}.toml")


def load(path: Path) -> Read:
    """Return the scenario in a file.

    Raises:
        ConfigurationError: It cannot be used; it holds every fault, in the order of their lines.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ConfigurationError((f"{path}: the file cannot be read ({error.strerror})",)) from None
    except UnicodeDecodeError:
        raise ConfigurationError((f"{path}: the file must be saved as UTF-8",)) from None
    with bounded(path):
        read = _sound(text, path)
        if read is not None:
            return read
        # difflib and all the sentences are needed by nobody whose file is right.
        from .scenario_faults import diagnose

        faults = diagnose(text, path.parent)
    if not faults:
        raise AssertionError("unreachable: a refused scenario without a fault")
    raise ConfigurationError(told(faults, path.name))


def _sound(text: str, path: Path) -> Read | None:
    """Return the scenario if everything in it is right."""
    from .scenario_faults import oddities, reserved

    try:
        data: dict[str, Any] = tomllib.loads(text)
        scenario = Scenario.model_validate(data)
        Config.model_validate(scenario.config)
        config = device_config(scenario)
    except (tomllib.TOMLDecodeError, ValidationError):
        return None
    said, unspeakable = utterances(scenario, path.parent)
    wrong = unspeakable or conflicts(config) or any(reserved(scenario.config)) or any(oddities(scenario, path.parent))
    return None if wrong else Read(path.stem, scenario, said, path.parent)
