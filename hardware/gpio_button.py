"""A push button on a GPIO pin, through gpiozero."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from typing import Final

from hardware.debounce import Debouncer
from hardware.gpio_contact import Contact, open_contact
from hardware.gpio_pins import pin_errors
from hardware.interfaces import DeviceLost, Edge
from hardware.settings import ButtonSettings

_KEPT_EDGES: Final = 256
"""More than seven seconds of the fastest pressing that debouncing lets through; an even number, see `_report`."""


class GpioButton:
    """A `Button` that reports a press at once and debounces afterwards, on the event loop.

    Edges wait in a queue of 256. Should nobody read for so long that it is full, its pairs of press and release
    are forgotten and only the newest edge is kept, so that the edges still alternate and end at the true level.
    """

    def __init__(self, contact: Contact, settings: ButtonSettings) -> None:
        """Take over an open `contact`; to be called on the event loop that is to read the edges."""
        self._loop: Final = asyncio.get_running_loop()
        self._contact: Final = contact
        self._name: Final = f"button on GPIO{settings.pin}"
        self._debouncer: Final = Debouncer(settings.debounce_ms / 1000)
        self._edges: Final[deque[Edge]] = deque()
        self._news: Final = asyncio.Event()
        self._gone: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        contact.when_activated = lambda: self._cross(True)
        contact.when_deactivated = lambda: self._cross(False)
        # A button held down while we open it has no edge of its own.
        if contact.is_active:
            self._moved(True, self._loop.time())

    def __repr__(self) -> str:
        return f"<GpioButton {self._name} edges={len(self._edges)} gone={self._gone!r} {self._debouncer!r}>"

    async def edge(self) -> Edge:
        """Wait for the next edge; cancelling loses none.

        Raises:
            DeviceLost: The pin can no longer be read, or the button was closed. Edges that came before are handed
                out first.
        """
        while not self._edges:
            if self._gone is not None:
                raise DeviceLost(self._gone)
            self._news.clear()
            await self._news.wait()
        return self._edges.popleft()

    async def close(self) -> None:
        """Free the pin. May be called twice."""
        if self._timer is not None:
            self._timer.cancel()
        self._contact.close()
        self._give_up(f"{self._name}: closed")

    def _cross(self, pressed: bool) -> None:
        """Bring a raw edge into the loop, from the contact's thread."""
        self._loop.call_soon_threadsafe(self._moved, pressed, time.monotonic())

    def _moved(self, pressed: bool, at_s: float) -> None:
        if self._gone is None:
            self._report(self._debouncer.feed(pressed, at_s))

    def _look(self) -> None:
        """Read the pin: the window has passed."""
        now = self._loop.time()
        try:
            level = self._contact.is_active
        except pin_errors() as error:
            self._give_up(f"{self._name}: the pin cannot be read ({error}); look at its wires")
            return
        self._report(self._debouncer.poll(now, level))

    def _report(self, edges: list[Edge]) -> None:
        for edge in edges:
            if len(self._edges) == _KEPT_EDGES:
                self._edges.clear()
            self._edges.append(edge)
        if edges:
            self._news.set()
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        deadline = self._debouncer.deadline()
        self._timer = None if deadline is None else self._loop.call_at(deadline, self._look)

    def _give_up(self, reason: str) -> None:
        if self._gone is None:
            self._gone = reason
        self._news.set()


async def open_gpio_button(settings: ButtonSettings) -> GpioButton:
    """Open the button on `settings.pin`. The first time this takes up to a second, on a thread of its own.

    Raises:
        DeviceMissing: gpiozero, the GPIO chip or the pin cannot be used; the text says what to do.
    """
    contact = await open_contact(f"button on GPIO{settings.pin}", settings.pin, pull_up=settings.pull_up)
    return GpioButton(contact, settings)
