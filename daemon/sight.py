"""The camera's pictures: while the user speaks, and when somebody asks for one. None at any other time.

    press                                release
      │ activityStart ─ words ─ words ─ … ─┤ (asked for a look, and none is there yet: at most 1 s) ─ activityEnd
      └ the camera wakes ── picture ────── picture: only what differs from the last one

The words never wait for a picture: a camera takes 0.2 to 2 s, and the service promises no order between sound and
pictures anyway, only that what lies between activityStart and activityEnd belongs together. So it is the end of the
turn that waits, and only where the user asked for a look: then an answer without one would be about nothing.

A picture goes to a turn only if it was captured after that turn began.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from hardware.interfaces import Camera, HardwareError, Picture
from hardware.sketch import difference

from .journal import Journal, Level

LONGEST_WAIT_S: Final = 1.0
"""How long the end of a turn waits for the first picture, if the user asked for a look."""
ALIKE: Final = 2.0
"""Sketches that differ by less show the same. Noise makes 0.2, a lens that moves by half a percent of the width 3,
something new that fills a fiftieth of the picture 1.6 and a twentieth 5. (Measured on textures at 768 px.)"""
_SPACING_S: Final = 1.0
"""From one capture to the next: `Camera.capture` is not called more often."""


def is_news(sketch: bytes, last: bytes | None) -> bool:
    """Return whether a picture shows something else than the last one that was sent in its turn, if any was."""
    return last is None or difference(sketch, last) >= ALIKE


@dataclass(slots=True, eq=False)
class _Watch:
    """What is seen in one turn."""

    since_s: float
    once: bool
    """One picture is enough."""
    asked: bool = False
    """The user asked for a look."""
    shown: bytes | None = field(default=None, repr=False)
    """The sketch of the last picture that was sent."""
    over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    """The user has finished."""
    then: Callable[[], None] | None = field(default=None, repr=False)
    """What waits for the first picture, once the user has finished."""


class Sight:
    """Watches while it is told to, and looks when it is asked.

    Args:
        open_camera: Returns the camera, asleep.
        show: Takes one JPEG, at once.
        on_seeing: Told true just before the first frame is asked for, and false once no more will be.
        interval_s: The least time between two frames; the service takes one a second (live-api.md 1.2).
        journal: Where a camera that fails is told of: a warning, and no more until it has worked again. It never
            disturbs the conversation.
    """

    def __init__(
        self,
        open_camera: Callable[[], Awaitable[Camera]],
        *,
        show: Callable[[bytes], None],
        on_seeing: Callable[[bool], None],
        interval_s: float,
        journal: Journal,
    ) -> None:
        self._open_camera = open_camera
        self._show = show
        self._on_seeing = on_seeing
        self.interval_s = interval_s
        """The least time between two frames."""
        self._journal = journal
        self._watch: _Watch | None = None
        self._begun = asyncio.Event()
        self._onlookers = 0
        """How many want frames now: the turn, and each look."""
        self._camera: Camera | None = None
        self._turns = asyncio.Lock()
        """Held by whoever has the camera take a picture."""
        self._taken: Picture | None = None
        """The newest picture, while somebody looks: it may do for two who have waited for it."""
        self._next_s = float("-inf")
        self._failing = False
        self._seen = False
        """Whether there was ever a picture."""

    def __repr__(self) -> str:
        return f"<Sight onlookers={self._onlookers} {self._watch}>"

    @property
    def beginning(self) -> bool:
        """Whether somebody waits for the very first picture: the camera's libraries are imported for that."""
        return self._onlookers > 0 and not self._seen

    # --- with a turn -------------------------------------------------------------------------------

    def begin(self, *, asked: bool = False, once: bool = False) -> None:
        """Look from now on, until `end`: a turn begins, or (`asked`) the user asks for a look in it.

        With `once`, until there is one picture, unless it is looking already.
        """
        self.settle()
        if self._watch is None:
            self._watch = _Watch(asyncio.get_running_loop().time(), once)
            self._begun.set()
        self._watch.asked |= asked

    def end(self, then: Callable[[], None] | None = None, *, patient: bool = False) -> None:
        """Look away: the turn has ended. Calls `then` exactly once: now, or when no more pictures are for the turn.

        That is later only if `patient`, the user asked for a look, and the first picture is still to come: when it
        has come, cannot come, or has not come for `LONGEST_WAIT_S`, when the next turn begins, or at `settle`.
        """
        watch = self._watch
        if watch is None or watch.over.is_set():
            if then is not None:
                then()
            return
        watch.then = then
        watch.over.set()
        if patient and watch.asked and watch.shown is None:
            asyncio.get_running_loop().call_later(LONGEST_WAIT_S, self._give_up, watch)
        else:
            self._finish()

    def settle(self) -> None:
        """Let what waits for a picture wait no longer: nobody wants the answer any more."""
        if self._watch is not None and self._watch.over.is_set():
            self._finish()

    def _give_up(self, watch: _Watch) -> None:
        if watch is self._watch:
            self._failed(f"camera: there was no picture {LONGEST_WAIT_S:g} s after the end of what was asked")
            self._finish()

    def _finish(self) -> None:
        """See nothing more of the turn, and let what waits for it go on."""
        watch, self._watch = self._watch, None
        if watch is not None and watch.then is not None:
            watch.then()

    # --- for one look ------------------------------------------------------------------------------

    async def look(self) -> Picture:
        """Return one picture, captured after this call. Does not disturb a turn, which may be watched meanwhile.

        Raises:
            HardwareError: There is no camera, or it delivers nothing.
        """
        with self._looking():
            return await self._picture(asyncio.get_running_loop().time())

    # --- the camera --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run until cancelled."""
        try:
            while True:
                await self._begun.wait()
                self._begun.clear()
                with self._looking():
                    while self._watch is not None:
                        await self._follow(self._watch)
        finally:
            if self._camera is not None:
                await self._camera.close()

    async def _follow(self, watch: _Watch) -> None:
        """Show what is to be seen in one turn, until it is over or the camera fails."""
        loop = asyncio.get_running_loop()
        since_s = watch.since_s
        while watch is self._watch:
            next_s = loop.time() + self.interval_s
            try:
                picture = await self._picture(since_s)
            except HardwareError:
                if watch is self._watch:
                    self._finish()
                return
            if watch is not self._watch:
                return
            if is_news(picture.sketch, watch.shown):
                self._show(picture.jpeg)
                watch.shown = picture.sketch
            if watch.over.is_set() or watch.once:
                self._finish()
                return
            try:
                async with asyncio.timeout_at(next_s):
                    await watch.over.wait()
            except TimeoutError:
                since_s = loop.time()

    async def _picture(self, since_s: float) -> Picture:
        """Return a picture that was captured at `since_s` or later: one that another has just taken, or a new one."""
        async with self._turns:
            if self._taken is not None and self._taken.captured_s >= since_s:
                return self._taken
            loop = asyncio.get_running_loop()
            await asyncio.sleep(self._next_s - loop.time())
            self._next_s = loop.time() + _SPACING_S
            try:
                self._camera = self._camera or await self._open_camera()
                self._taken = await self._camera.capture()
                self._seen = True
            except HardwareError as error:
                self._failed(str(error))
                raise
            self._failing = False
            return self._taken

    @contextmanager
    def _looking(self) -> Iterator[None]:
        """Count one more onlooker: the light is on while there is one."""
        self._onlookers += 1
        if self._onlookers == 1:
            self._on_seeing(True)
        try:
            yield
        finally:
            self._onlookers -= 1
            if self._onlookers == 0:
                self._taken = None
                self._on_seeing(False)

    def _failed(self, reason: str) -> None:
        self._journal.tell("camera.failed", level=Level.DEBUG if self._failing else Level.WARNING, reason=reason)
        self._failing = True
