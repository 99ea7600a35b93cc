"""How the device of a rehearsal is set: simulated parts, the stand-in service, and what the scenario says."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from daemon.config import Config

from .scenario import Scenario

OWN: Final = frozenset(
    f"{section}.{key}"
    for section, keys in {
        "live": "base_url ca_file api_key_file token_url token_credential_file",
        "microphone": "driver",
        "speaker": "driver",
        "button": "driver",
        "mute": "driver",
        "leds": "driver",
        "camera": "driver",
        "tools": "folder",
        "control": "socket",
        "state": "folder",
    }.items()
    for key in keys.split()
)
"""What a scenario cannot set."""


def device_config(scenario: Scenario, *, base_url: str = "", ca_file: str = "", own: Path | None = None) -> Config:
    """Return it.

    Args:
        scenario: What its `config` says goes before what is usual here, but for `OWN`.
        base_url: Where the service is.
        ca_file: Who vouches for it.
        own: The folder in which the device keeps things, and finds its owner's tools; None keeps nothing.

    Raises:
        ValidationError: The scenario's `config` is none.
    """
    keeps = str(own) if own else ""
    usual: dict[str, dict[str, Any]] = {
        "live": {"base_url": base_url, "ca_file": ca_file},
        "microphone": {"driver": "simulated"},
        "speaker": {"driver": "simulated", "volume_percent": 100},
        "button": {"driver": "simulated"},
        "mute": {"driver": "simulated"},
        "leds": {"driver": "simulated"},
        "camera": {"driver": "simulated", "mode": "on_request"} if scenario.camera else {"driver": "none"},
        "tools": {"folder": str(own / "tools") if own and scenario.tools else ""},
        "control": {"socket": ""},
        "state": {"folder": keeps},
        # What is measured are answers: no other sound beside them, and no session to fetch one.
        "sounds": {"start": False, "no_network": False, "key_refused": False, "daily_limit": False},
    }
    said = {
        section: {key: value for key, value in keys.items() if f"{section}.{key}" not in OWN}
        for section, keys in scenario.config.items()
    }
    sections = usual.keys() | said.keys()
    return Config.model_validate({name: usual.get(name, {}) | said.get(name, {}) for name in sections})
