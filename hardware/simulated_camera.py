"""A camera without a device, on any event loop, in real or virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from hardware.grey_jpeg import grey_jpeg
from hardware.interfaces import DeviceLost, Picture

_FRAME_S: Final = 0.1
"""Ten frames a second: a frame that began after `capture` was called is there after this time."""
GREYS: Final = tuple(grey_jpeg(64, 48, level) for level in range(0, 256, 16))
"""Pictures that anybody can tell apart: dark to bright."""


class SimulatedCamera:
    """A `Camera` that takes the same pictures over and over. Hands: `lose`, `restore`. Eyes: `awake`, `taken`."""

    def __init__(self, pictures: Sequence[bytes] = GREYS, *, wake_s: float = 0.7) -> None:
        """Let it take `wake_s` to wake, as exposure and colours do to settle (hardware.md section 6)."""
        self.awake = False
        self.taken = 0
        """How many pictures it has handed out."""
        self._pictures = pictures
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
        jpeg = self._pictures[self.taken % len(self._pictures)]
        self.taken += 1
        return Picture(jpeg, asyncio.get_running_loop().time())

    async def close(self) -> None:
        """Put it to sleep."""
        self.awake = False
