"""gpiozero's pins, opened through lgpio unless the owner names another factory, every failure in the owner's words."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Final

from hardware.gpio_factory import lgpio_factory
from hardware.interfaces import DeviceMissing

_REMEDIES: Final = (
    (".lgd-nfy", "lgpio keeps a file in its working directory: set LG_WD to a directory that this user can write to"),
    ("GPIOZERO_PIN_FACTORY", "unset the environment variable GPIOZERO_PIN_FACTORY, then lgpio is used"),
    ("No module named 'gpiozero", "install the package gpiozero"),
    ("lgpio", "install the apt package python3-lgpio and make the virtual environment with --system-site-packages"),
    ("gpiochip", "add this user to the group gpio, and look whether /dev/gpiochip0 exists"),
    ("busy", "another program holds the pin: stop it, or choose another pin"),
    ("GPIOPinInUse", "two parts are configured on this pin: choose another for one of them"),
    ("PinInvalidPin", "name the pin by its GPIO number, 0 to 27"),
    ("PinUnknownPi", 'this machine is no Raspberry Pi: set driver = "none" or "simulated"'),
)
"""What an error says, and what to do about it; the first match counts."""


@contextlib.contextmanager
def opening_pins(part: str) -> Iterator[None]:
    """Make gpiozero ready for the body, which opens pins. Imports for up to a second: not for the event loop's thread.

    `GPIOZERO_PIN_FACTORY` and a factory that is there already are respected. Otherwise lgpio is asked for by name,
    because gpiozero's own search falls back through three others that cannot work on a Pi 5 (hardware.md section 5).

    Raises:
        DeviceMissing: The body, or what it needs, failed; the text begins with `part`.
    """
    try:
        _ensure_pin_factory()
        yield
    except pin_errors() as error:
        raise DeviceMissing(f"{part}: {error}; {_remedy(error)}") from error


def pin_errors() -> tuple[type[Exception], ...]:
    """Return what gpiozero and lgpio raise when a pin cannot be used, as far as they have been imported."""
    own = (("gpiozero", "GPIOZeroError"), ("lgpio", "error"))
    loaded = ((sys.modules.get(module), name) for module, name in own)
    return (ImportError, OSError, *(getattr(module, name) for module, name in loaded if module is not None))


def _ensure_pin_factory() -> None:
    from gpiozero import Device  # on first use: 0.1 s and 11 MB

    if Device.pin_factory is not None:
        return
    # lgpio changes the whole process's working directory to LG_WD when it is imported.
    with contextlib.chdir("."):
        if os.environ.get("GPIOZERO_PIN_FACTORY", "lgpio") != "lgpio":
            _load_named_factory()
        else:
            Device.pin_factory = lgpio_factory()


def _load_named_factory() -> None:
    from gpiozero import Device

    try:
        Device.ensure_pin_factory()
    except ImportError as error:
        name = os.environ["GPIOZERO_PIN_FACTORY"]
        raise ImportError(f"GPIOZERO_PIN_FACTORY={name} cannot be loaded ({error})") from error


def _remedy(error: Exception) -> str:
    said = f"{type(error).__name__} {error}"
    return next((remedy for sign, remedy in _REMEDIES if sign in said), "check the pin numbers in the configuration")
