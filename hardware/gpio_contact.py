"""A contact between a GPIO pin and ground or 3.3 V, through gpiozero: what a button and a switch have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hardware.blocking import in_thread
from hardware.gpio_pins import opening_pins


class Contact(Protocol):
    """What is asked of gpiozero's `DigitalInputDevice`. It calls back on a thread of its own."""

    when_activated: Callable[[], None] | None
    when_deactivated: Callable[[], None] | None

    @property
    def is_active(self) -> bool:
        """Whether the contact is closed right now; a system call of some microseconds."""
        ...

    def close(self) -> None:
        """Free the pin."""
        ...


async def open_contact(name: str, pin: int, *, pull_up: bool) -> Contact:
    """Open the contact on `pin`. The first time this takes up to a second, on a thread of its own.

    Args:
        name: What errors begin with.
        pin: The GPIO number.
        pull_up: Whether the contact connects the pin to ground; otherwise to 3.3 V.

    Raises:
        DeviceMissing: gpiozero, the GPIO chip or the pin cannot be used; the text says what to do.
    """
    return await in_thread(lambda: _opened(name, pin, pull_up=pull_up), undo=lambda late: late.close())


def _opened(name: str, pin: int, *, pull_up: bool) -> Contact:
    with opening_pins(name) as factory:
        # Not gpiozero's Button: that starts a thread of its own for `when_held`. Not its bounce_time either: it
        # drops edges, and the last one with them (hardware.md section 5).
        from gpiozero import DigitalInputDevice  # on first use: 0.1 s and 3 MiB

        contact: Contact = DigitalInputDevice(pin, pull_up=pull_up, bounce_time=None, pin_factory=factory)
        return contact
