"""A camera without a device, on any event loop, in real or virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from hardware.grey_jpeg import grey_jpeg
from hardware.interfaces import DeviceLost, Picture
from hardware.sketch import COLUMNS, ROWS

_FRAME_S: Final = 0.1
"""Ten frames a second: a frame that began after `capture` was called is there after this time."""
GREYS: Final = tuple(range(0, 256, 16))
"""Greys that anybody can tell apart: dark to bright."""


class SimulatedCamera:
    """A `Camera` that sees the same greys over and over.

    Hands: `greys`, `least_bytes`, `lose`, `restore`. Eyes: `awake`, `taken`.
    """

    def __init__(self, greys: Sequence[int] = GREYS, *, wake_s: float = 0.7) -> None:
        """Let it see `greys`, each 0 (black) to 255 all over the picture, one after the other.

        It takes `wake_s` to wake, as exposure and colours do to settle (hardware.md section 6).
        """
        self.awake = False
        self.taken = 0
        """How many pictures it has handed out."""
        self.greys = greys
        self.least_bytes = 0
        """How large each JPEG is at least: pictures of something take more room than greys do."""
        self._wake_s = wake_s
        self._there = True

    def __repr__(self) -> str:
        return f"<SimulatedCamera {'awake' if self.awake else 'asleep'}{'' if self._there else ' lost'}>"

    def lose(self) -> None:
        """Pull the cable: a capture under way fails, and so does every later one."""
        self._there = False

    def restore(self) -> None:
        """Plug the cable in again; the next capture works."""
        self._there = True

    async def capture(self) -> Picture:
        """Return the next picture; see `Camera.capture`."""
        if self._there and not self.awake:
            self.awake = True
            await asyncio.sleep(self._wake_s)
        await asyncio.sleep(_FRAME_S)
        if not self._there:
            self.awake = False
            raise DeviceLost("camera: no frame came. Look at its cable")
        grey = self.greys[self.taken % len(self.greys)]
        self.taken += 1
        jpeg = grey_jpeg(64, 48, grey, least_bytes=self.least_bytes)
        return Picture(jpeg, asyncio.get_running_loop().time(), bytes([grey]) * (COLUMNS * ROWS))

    async def close(self) -> None:
        """Put it to sleep."""
        self.awake = False
