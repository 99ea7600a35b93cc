"""The panel: the shell around the button and the ring. It asks the pure rooms what to say and what to show.

The daemon works without either part. One that is missing or lost is told of once and opened again for ever.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, TypeVar

from daemon.events import Event
from daemon.outage import STEADY_S, Outage
from daemon.panel.gesture import Gesture, Gestures
from daemon.panel.lights import Arc, ArcKind, animated, lights
from daemon.status import Status
from hardware.interfaces import Button, DeviceLost, DeviceMissing, LedRing, Rgb

PICTURE_S: Final = 1 / 25
"""Between two pictures of a moving pattern."""
VOLUME_S: Final = 2.0
"""How long a volume that was just set is shown."""
_ARC_EVERY_S: Final = {ArcKind.VOLUME: 0.1, ArcKind.TIMER: 1.0}
LEVEL_RISE: Final = 0.5
LEVEL_FALL: Final = 0.18
"""How much of the way to the present loudness the shown one goes with each picture: quick up, gentle down."""

Part = TypeVar("Part")


class Panel:
    """The button and the ring of one device.

    Args:
        open_button: Opens the button, as `Board.button` does.
        open_leds: Opens the ring, as `Board.leds` does.
        on_event: Told of what the button's user did, on the event loop's thread. Must not raise.
        status: What the ring is to show.
        level: Loudness from 0 to 1, of the user while listening, of the answer while speaking; or what is left of a
            follow-up. Asked 25 times a second while something moves.
        timer_left: What is left of the nearest timer, 0 to 1; None while none runs. Asked once a second while one does.
        tell: The journal: `device.missing`, `device.lost` (part, reason), and `device.back` (part).
    """

    def __init__(
        self,
        open_button: Callable[[], Awaitable[Button]],
        open_leds: Callable[[], Awaitable[LedRing]],
        *,
        on_event: Callable[[Event], None],
        status: Callable[[], Status],
        level: Callable[[], float],
        tell: Callable[..., None],
        timer_left: Callable[[], float | None] = lambda: None,
    ) -> None:
        self._open_button = open_button
        self._open_leds = open_leds
        self._on_event = on_event
        self._status = status
        self._level = level
        self._tell = tell
        self._stale = asyncio.Event()
        self._shown_level = 0.0
        self._timer_left = timer_left
        self._volume_share = 0.0
        self._volume_until_s = float("-inf")
        self.brightness_percent = 100
        """How bright the ring is, relative to what its owner configured."""
        self.ready: Final = asyncio.Event()
        """Set once opening the button has been tried: from then on it is live, or known to be missing."""

    def refresh(self) -> None:
        """Have the ring show the status as it is now. Must be called whenever the status has changed."""
        self._stale.set()

    def show_volume(self, percent: int) -> None:
        """Have the ring show for a moment how loud the device is now, 0 to 100."""
        self._volume_share = percent / 100
        self._volume_until_s = asyncio.get_running_loop().time() + VOLUME_S
        self.refresh()

    async def run(self) -> None:
        """Serve the button and the ring until cancelled; the ring is dark and both are closed afterwards.

        No failure of a part ends it.
        """
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep("button", self._try_button, self._serve_button), name="panel.button")
            group.create_task(self._keep("ring", self._open_leds, self._serve_ring), name="panel.ring")

    def _arc(self, now: float) -> Arc | None:
        if now < self._volume_until_s:
            return Arc(ArcKind.VOLUME, self._volume_share)
        left = self._timer_left()
        return None if left is None else Arc(ArcKind.TIMER, left)

    async def _keep(
        self, part: str, open_part: Callable[[], Awaitable[Part]], serve: Callable[[Part], Awaitable[NoReturn]]
    ) -> NoReturn:
        """Open a part and serve it, again after each failure, with growing pauses."""
        loop = asyncio.get_running_loop()
        outage = Outage(lambda event, **fields: self._tell(event, part=part, **fields))
        while True:
            try:
                device = await open_part()
                steady = loop.call_later(STEADY_S, outage.end)
                try:
                    await serve(device)
                finally:
                    steady.cancel()
            except DeviceMissing as error:
                pause_s = outage.failed("device.missing", error)
            except DeviceLost as error:
                pause_s = outage.failed("device.lost", error)
            await asyncio.sleep(pause_s)

    async def _try_button(self) -> Button:
        try:
            return await self._open_button()
        finally:
            self.ready.set()

    async def _serve_button(self, button: Button) -> NoReturn:
        """Pass on what its edges mean until it is lost; a press that it was lost in is released."""
        loop = asyncio.get_running_loop()
        gestures = Gestures(loop.time())
        try:
            while True:
                for event in await self._next(button, gestures):
                    self._on_event(event)
        except DeviceLost:
            for event in gestures.let_go(loop.time()):
                self._on_event(event)
            raise
        finally:
            await button.close()

    async def _next(self, button: Button, gestures: Gestures) -> tuple[Gesture, ...]:
        """Wait for an edge, or until time alone means something, and return what that is."""
        try:
            async with asyncio.timeout_at(gestures.deadline()):
                edge = await button.edge()
        except TimeoutError:
            return gestures.due(asyncio.get_running_loop().time())
        return gestures.edge(edge)

    async def _serve_ring(self, ring: LedRing) -> NoReturn:
        """Show the status until the ring is lost: at once when it changes, in pictures while it moves."""
        loop = asyncio.get_running_loop()
        shown: tuple[Rgb, ...] | None = None
        try:
            while True:
                self._stale.clear()
                status = self._status()
                moving = ring.count > 0 and animated(status)
                level = self._shown_level = eased(self._shown_level, self._level()) if moving else 0.0
                arc = self._arc(loop.time())
                picture = dimmed(lights(status, loop.time(), ring.count, level=level, arc=arc), self.brightness_percent)
                if picture != shown:
                    ring.show(picture)
                    shown = picture
                pause_s = PICTURE_S if moving else None if arc is None else _ARC_EVERY_S[arc.kind]
                next_picture = None if pause_s is None else loop.call_later(pause_s, self._stale.set)
                try:
                    await self._stale.wait()
                finally:
                    if next_picture is not None:
                        next_picture.cancel()
        finally:
            ring.close()


def dimmed(picture: tuple[Rgb, ...], percent: int) -> tuple[Rgb, ...]:
    """Return `picture` at `percent` of its brightness; what is lit stays lit."""
    if percent >= 100:
        return picture
    return tuple(
        (-(-red * percent // 100), -(-green * percent // 100), -(-blue * percent // 100))
        for red, green, blue in picture
    )


def eased(shown: float, level: float) -> float:
    """Return the loudness to show next: following every picture's exact one would make the ring nervous."""
    away = level - shown
    return shown + away * (LEVEL_RISE if away > 0.0 else LEVEL_FALL)
