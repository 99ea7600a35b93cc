"""The frames that a microphone has captured and nobody has read yet: the one rule for the real and the simulated."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from hardware.interfaces import DeviceLost, Frame

UNREAD_FRAMES: Final = 25
"""The most that are kept (0.5 s): what is older is of no use to a conversation."""


class FrameQueue:
    """At most 25 frames, oldest first. Beyond that the oldest is dropped and counted in the frame after it.

    Everything is called on the event loop's thread.
    """

    def __init__(self) -> None:
        self._frames: deque[Frame] = deque()
        self._lost = ""
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<FrameQueue {len(self._frames)} unread{' lost' if self._lost else ''}>"

    def put(self, pcm: bytes, captured_s: float, lost_frames: int = 0) -> None:
        """Append a frame; `lost_frames` are those that the device lost just before it."""
        self._frames.append(Frame(pcm, captured_s, lost_frames))
        if len(self._frames) > UNREAD_FRAMES:
            dropped, heir = self._frames.popleft(), self._frames.popleft()
            lost = dropped.lost_frames + 1 + heir.lost_frames
            self._frames.appendleft(Frame(heir.pcm, heir.captured_s, lost))
        self._moved.set()

    def fail(self, reason: str) -> None:
        """Let `get` raise `DeviceLost(reason)` as soon as the frames captured before have been read."""
        self._lost = self._lost or reason
        self._moved.set()

    async def get(self) -> Frame:
        """Wait for the oldest unread frame and take it. Cancelling loses nothing.

        Raises:
            DeviceLost: `fail` was called, and no frame is left.
        """
        while not self._frames:
            if self._lost:
                raise DeviceLost(self._lost)
            self._moved.clear()
            await self._moved.wait()
        return self._frames.popleft()
