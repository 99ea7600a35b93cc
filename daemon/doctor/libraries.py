"""Which of the parts' libraries vocative's Python has. They are looked for, not imported: that would take seconds."""

from __future__ import annotations

import platform
import re
from importlib.util import find_spec
from typing import Final

from .machine import Machine

WANTED: Final = ("lgpio", "spidev", "libcamera", "picamera2", "linuxpy")
_OURS: Final = "/opt/vocative/lib/python3*/site-packages"
_SYSTEMS: Final = "/usr/lib/python3/dist-packages"
_SETTINGS: Final = "/opt/vocative/pyvenv.cfg"


def libraries(machine: Machine) -> frozenset[str]:
    """Return those of `WANTED` that there are: for this process, or on another machine for what is installed there."""
    if machine.is_this_one:
        return frozenset(name for name in WANTED if find_spec(name) is not None)
    places = [_OURS]
    if "include-system-site-packages = true" in (machine.text(_SETTINGS) or ""):
        places.append(_SYSTEMS)
    return frozenset(name for name in WANTED if any(machine.names(f"{place}/{name}*") for place in places))


def python_version(machine: Machine) -> str:
    """Return the version of Python that runs this, or that of the environment on another machine."""
    found = re.search(r"^version(?:_info)? = (\S+)", machine.text(_SETTINGS) or "", re.MULTILINE)
    return platform.python_version() if machine.is_this_one or found is None else found[1]
