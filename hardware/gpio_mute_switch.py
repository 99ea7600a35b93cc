"""A switch on a GPIO pin that shuts the microphone off, through gpiozero."""

from __future__ import annotations

import asyncio
from typing import Final

from hardware.gpio_contact import Contact, open_contact
from hardware.gpio_pins import pin_errors
from hardware.interfaces import DeviceLost
from hardware.settings import MuteSettings
from hardware.switch_level import SwitchLevel


class GpioMuteSwitch:
    """A `MuteSwitch`. It is read at each of its changes, and four times a second."""

    def __init__(self, contact: Contact, settings: MuteSettings) -> None:
        """Take over an open `contact`; to be called on the event loop that is to follow it."""
        self._loop: Final = asyncio.get_running_loop()
        self._contact: Final = contact
        self._name: Final = _name(settings)
        self._muted_when_closed: Final = settings.muted_when == "closed"
        self._level: Final = SwitchLevel()
        self._told: bool | None = None
        """What `position` returned last."""
        self._news: Final = asyncio.Event()
        self._gone = ""
        self._timer: asyncio.TimerHandle | None = None
        contact.when_activated = lambda: self._cross(True)
        contact.when_deactivated = lambda: self._cross(False)
        self._look()

    def __repr__(self) -> str:
        return f"<GpioMuteSwitch {self._name} {self._level!r}{f' {self._gone}' if self._gone else ''}>"

    async def position(self) -> bool:
        """Wait until it stands otherwise than was told; see `MuteSwitch.position`."""
        while True:
            if self._gone:
                raise DeviceLost(self._gone)
            if self._level.known and self._level.muted != self._told:
                self._told = self._level.muted
                return self._told
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        """Free the pin. May be called twice."""
        self._contact.close()
        self._give_up(f"{self._name}: closed")

    def _cross(self, closed: bool) -> None:
        """Bring a change into the loop, from the contact's thread."""
        self._loop.call_soon_threadsafe(self._take, closed)

    def _look(self) -> None:
        """Read the pin."""
        try:
            closed = self._contact.is_active
        except pin_errors() as error:
            self._give_up(f"{self._name}: the pin cannot be read ({error}); the microphone stays shut off meanwhile")
            return
        self._take(closed)

    def _take(self, closed: bool) -> None:
        if self._gone:
            return
        self._level.take(closed is self._muted_when_closed, self._loop.time())
        self._news.set()
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._level.deadline(), self._look)

    def _give_up(self, reason: str) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._gone = self._gone or reason
        self._news.set()


async def open_gpio_mute_switch(settings: MuteSettings) -> GpioMuteSwitch:
    """Open the switch on `settings.pin`. The first time this takes up to a second, on a thread of its own.

    Raises:
        DeviceMissing: gpiozero, the GPIO chip or the pin cannot be used; the text says what to do.
    """
    return GpioMuteSwitch(await open_contact(_name(settings), settings.pin, pull_up=settings.pull_up), settings)


def _name(settings: MuteSettings) -> str:
    return f"mute switch on GPIO{settings.pin}"
