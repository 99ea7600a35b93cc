"""gpiozero's pins, every failure in the owner's words: contacts through the kernel, lights through lgpio.

Unless the owner names another factory for both.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from functools import cache
from typing import Final

from hardware.gpio_factory import contact_factory
from hardware.interfaces import DeviceMissing

_REMEDIES: Final = (
    (".lgd-nfy", "lgpio keeps a file in its working directory: set LG_WD to a directory that this user can write to"),
    ("GPIOZERO_PIN_FACTORY", "unset the environment variable GPIOZERO_PIN_FACTORY, then lgpio is used"),
    ("No module named 'gpiozero", "install the package gpiozero"),
    ("lgpio", "install the apt package python3-lgpio and make the virtual environment with --system-site-packages"),
    ("gpiochip", "add this user to the group gpio, and look whether /dev/gpiochip0 exists"),
    ("busy", "another program holds the pin (`sudo vocative doctor` names it): stop it, or choose another pin"),
    ("GPIOPinInUse", "two parts are configured on this pin: choose another for one of them"),
    ("PinInvalidPin", "name the pin by its GPIO number, 0 to 27"),
    ("PinUnknownPi", 'this machine is no Raspberry Pi: set driver = "none" or "simulated"'),
)
"""What an error says, and what to do about it; the first match counts."""


@contextlib.contextmanager
def opening_pins(part: str, *, lit: bool = False) -> Iterator[object]:
    """Yield gpiozero's factory of the pins that the body opens. Imports for up to a second: not for the loop's thread.

    `GPIOZERO_PIN_FACTORY` and a factory that is there already are respected. Otherwise contacts are read without lgpio,
    and for lights that is taken, because gpiozero's own search falls back through three others that cannot work on a
    Pi 5 (hardware.md section 5).

    Args:
        part: What errors begin with.
        lit: Whether the pins are outputs, dimmed by pulse width.

    Raises:
        DeviceMissing: The body, or what it needs, failed.
    """
    try:
        yield _named_factory() or (_lgpio_factory() if lit else _contact_factory())
    except pin_errors() as error:
        said = str(error) or type(error).__name__  # gpiozero's PinPWMUnsupported says nothing
        raise DeviceMissing(f"{part}: {said}; {_remedy(error)}") from error


def pin_errors() -> tuple[type[Exception], ...]:
    """Return what gpiozero and lgpio raise when a pin cannot be used, as far as they have been imported."""
    own = (("gpiozero", "GPIOZeroError"), ("lgpio", "error"))
    loaded = ((sys.modules.get(module), name) for module, name in own)
    return (ImportError, OSError, *(getattr(module, name) for module, name in loaded if module is not None))


@cache
def _contact_factory() -> object:
    return contact_factory()


@cache
def _lgpio_factory() -> object:
    # lgpio changes the whole process's working directory to LG_WD when it is imported.
    with contextlib.chdir("."):
        from gpiozero.pins.lgpio import LGPIOFactory

        factory: object = LGPIOFactory()
        return factory


def _named_factory() -> object:
    """Return the factory that the owner has chosen; None if it is ours to choose."""
    from gpiozero import Device  # on first use: 0.1 s and 3 MiB

    name = os.environ.get("GPIOZERO_PIN_FACTORY", "lgpio")
    if Device.pin_factory is None and name != "lgpio":
        try:
            with contextlib.chdir("."):
                Device.ensure_pin_factory()
        except ImportError as error:
            raise ImportError(f"GPIOZERO_PIN_FACTORY={name} cannot be loaded ({error})") from error
    return Device.pin_factory


def _remedy(error: Exception) -> str:
    said = f"{type(error).__name__} {error}"
    return next((remedy for sign, remedy in _REMEDIES if sign in said), "check the pin numbers in the configuration")
