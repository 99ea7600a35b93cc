"""A push button on a GPIO pin, through gpiozero."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from hardware.debounce import Debouncer
from hardware.edge_queue import EdgeQueue
from hardware.gpio_contact import Contact, open_contact
from hardware.gpio_pins import pin_errors
from hardware.interfaces import Edge
from hardware.settings import ButtonSettings


class GpioButton:
    """A `Button` that reports a press at once and debounces afterwards, on the event loop."""

    def __init__(self, contact: Contact, settings: ButtonSettings) -> None:
        """Take over an open `contact`; to be called on the event loop that is to read the edges."""
        self._loop: Final = asyncio.get_running_loop()
        self._contact: Final = contact
        self._name: Final = f"button on GPIO{settings.pin}"
        self._debouncer: Final = Debouncer(settings.debounce_ms / 1000)
        self._edges: Final = EdgeQueue()
        self._timer: asyncio.TimerHandle | None = None
        contact.when_activated = lambda: self._cross(True)
        contact.when_deactivated = lambda: self._cross(False)
        # A button held down while we open it has no edge of its own.
        if contact.is_active:
            self._moved(True, self._loop.time())

    def __repr__(self) -> str:
        return f"<GpioButton {self._name} {self._edges!r} {self._debouncer!r}>"

    async def edge(self) -> Edge:
        """Wait for the next edge; cancelling loses none.

        Raises:
            DeviceLost: The pin can no longer be read, or the button was closed. Edges that came before are handed
                out first.
        """
        return await self._edges.get()

    async def close(self) -> None:
        """Free the pin. May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
        self._contact.close()
        self._edges.fail(f"{self._name}: closed")

    def _cross(self, pressed: bool) -> None:
        """Bring a raw edge into the loop, from the contact's thread."""
        self._loop.call_soon_threadsafe(self._moved, pressed, time.monotonic())

    def _moved(self, pressed: bool, at_s: float) -> None:
        if not self._edges.gone:
            self._report(self._debouncer.feed(pressed, at_s))

    def _look(self) -> None:
        """Read the pin: the window has passed."""
        now = self._loop.time()
        try:
            level = self._contact.is_active
        except pin_errors() as error:
            self._edges.fail(f"{self._name}: the pin cannot be read ({error}); look at its wires")
            return
        self._report(self._debouncer.poll(now, level))

    def _report(self, edges: list[Edge]) -> None:
        for edge in edges:
            self._edges.put(edge)
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._debouncer.deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._look)


async def open_gpio_button(settings: ButtonSettings) -> GpioButton:
    """Open the button on `settings.pin`. The first time this takes up to a second, on a thread of its own.

    Raises:
        DeviceMissing: gpiozero, the GPIO chip or the pin cannot be used; the text says what to do.
    """
    contact = await open_contact(f"button on GPIO{settings.pin}", settings.pin, pull_up=settings.pull_up)
    return GpioButton(contact, settings)
