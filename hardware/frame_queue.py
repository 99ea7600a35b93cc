"""The frames that a microphone has captured and nobody has read yet: the one rule for the real and the simulated."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from hardware.interfaces import DeviceLost, Frame
from hardware.pcm import FRAME_MS

UNREAD_FRAMES: Final = 25
"""The most that are kept (0.5 s): what is older is of no use to a conversation."""
AT_ONCE_FRAMES: Final = 100 // FRAME_MS
"""So many are handed over at once while nobody is in a hurry: the loop then wakes 10 times a second instead of 50."""


class FrameQueue:
    """At most 25 frames, oldest first. Beyond that the oldest is dropped and counted in the frame after it.

    Everything but `put` is called on the event loop's thread.

    Args:
        cross: Brings a call into the event loop from the thread that `put` is called on; None if that is the loop's.
    """

    def __init__(self, cross: Callable[[Callable[[], None]], object] | None = None) -> None:
        self._cross: Final = cross
        self._caught: Final = deque[Frame]()
        """Frames that have not been brought into the loop: at most four, or what the loop is too busy for."""
        self._frames: Final = deque[Frame]()
        self._lost = ""
        self._moved: Final = asyncio.Event()
        self._patient = False

    def __repr__(self) -> str:
        state = (" patient" if self._patient else "") + (" lost" if self._lost else "")
        return f"<FrameQueue {len(self._frames)} unread{state}>"

    @property
    def patient(self) -> bool:
        """Whether frames are handed over five at once; see `Microphone.patient`."""
        return self._patient

    @patient.setter
    def patient(self, patient: bool) -> None:
        self._patient = patient
        if not patient:
            self._take()

    def put(self, pcm: bytes, captured_s: float, lost_frames: int = 0) -> None:
        """Append a frame; `lost_frames` are those that the device lost just before it. On any one thread.

        Raises:
            RuntimeError: The event loop that it is to be brought into is closed.
        """
        self._caught.append(Frame(pcm, captured_s, lost_frames))
        if self._patient and len(self._caught) < AT_ONCE_FRAMES:
            return
        if self._cross is None:
            self._take()
        else:
            self._cross(self._take)

    def fail(self, reason: str) -> None:
        """Let `get` raise `DeviceLost(reason)` as soon as the frames captured before have been read."""
        self._take()
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

    def _take(self) -> None:
        while self._caught:
            self._frames.append(self._caught.popleft())
            if len(self._frames) > UNREAD_FRAMES:
                dropped, heir = self._frames.popleft(), self._frames.popleft()
                lost = dropped.lost_frames + 1 + heir.lost_frames
                self._frames.appendleft(Frame(heir.pcm, heir.captured_s, lost))
            self._moved.set()
