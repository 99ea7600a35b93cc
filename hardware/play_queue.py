"""What a speaker has been given and has not handed to its device yet: the one rule for the real and the simulated.

    write ─► [ frame | frame | frame | frame ] ─take─► device buffer ─► converter
                                  │flush
                                  └► [5 ms fading to zero, then silence]

`take` runs on the device's own thread, everything else on the event loop's. They share the bytes, the time of
the next sample and the epoch, under a lock that either holds for some microseconds (the longest: one fade of
5 ms); nobody waits for anything while holding it.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Final

from hardware.interfaces import DeviceLost
from hardware.pcm import DOWN, ramped
from hardware.played import Played

FRAMES: Final = 4
"""How many there is room for. It is what bears a late event loop: with four, one that is late by 60 ms is not heard,
with two every second one of 40 ms was (tests/bench/README.md, late_loop). It costs little, because `flush` drops them
all and what was played is noted when it is taken: an earcon or another volume over an answer comes 40 ms later."""
FADE_S: Final = 0.005
"""The fade that ends what is flushed: short enough to be silence, long enough not to click."""


class PlayQueue:
    """At most four frames of 20 ms: the one that the device takes next, and three behind it. Only `flush` drops."""

    def __init__(self, first_sample_s: float, *, frames: int = FRAMES) -> None:
        """Begin empty, with room for `frames`; the device's next sample will sound at `first_sample_s`."""
        self._room_bytes: Final = (frames - 1) * DOWN.frame_bytes
        """With more than this there is no room for another frame."""
        self.played: Final = Played()
        self._pending = bytearray()
        self._next_sample_s = first_sample_s
        self._epoch = 0
        self._lost = ""
        self._lock = threading.Lock()
        self._moved = asyncio.Event()

    def __repr__(self) -> str:
        return f"<PlayQueue {len(self._pending)} bytes, epoch {self._epoch}{' lost' if self._lost else ''}>"

    def take(self, size_bytes: int, sounds_s: float) -> tuple[bytes, bool]:
        """Take the next `size_bytes` for the device, filled up with silence, on any thread.

        `sounds_s` is when their first sample will be handed to the converter. The second value is true if they
        hold anything that was written; then `freed` must be called on the event loop's thread.
        """
        with self._lock:
            self._next_sample_s = sounds_s + DOWN.seconds(size_bytes)
            piece = bytes(self._pending[:size_bytes])
            del self._pending[:size_bytes]
            whole = piece.ljust(size_bytes, b"\0")
            # Under the lock: who has put a frame knows of all the silence before it.
            self.played.add(whole, sounds_s, silent_s=DOWN.seconds(size_bytes - len(piece)))
        return whole, bool(piece)

    def freed(self) -> None:
        """Wake those who wait for room."""
        self._moved.set()

    async def put(self, frame: bytes) -> float:
        """Wait for room, append `frame`, and return when its first sample will be handed to the converter.

        If `flush` is called while it waits, the frame is dropped; the time returned is then that of the silence in
        its place. Cancelling while it waits drops the frame, too.

        Raises:
            DeviceLost: `fail` was called.
        """
        assert len(frame) == DOWN.frame_bytes
        epoch = self._epoch
        while True:
            if self._lost:
                raise DeviceLost(self._lost)
            with self._lock:
                starts_s = self._next_sample_s + DOWN.seconds(len(self._pending))
                if self._epoch != epoch:
                    return starts_s
                if len(self._pending) <= self._room_bytes:
                    self._pending += frame
                    return starts_s
            self._moved.clear()
            await self._moved.wait()

    def flush(self, *, fading: bool = True) -> None:
        """Drop everything, those who wait included; what the device takes next fades out over its first 5 ms.

        Unless `fading` is false, for a device that fades what it has taken: then it takes silence next.
        """
        with self._lock:
            self._epoch += 1
            if not fading:
                self._pending.clear()
            fade_bytes = DOWN.bytes_in(FADE_S)
            head = self._pending[: len(self._pending) % DOWN.frame_bytes or DOWN.frame_bytes]
            self._pending[:] = ramped(bytes(head[:fade_bytes]), 1.0, 0.0).ljust(len(head), b"\0")
        self._moved.set()

    def fail(self, reason: str) -> None:
        """Let `put` raise `DeviceLost(reason)`, for those who wait, too."""
        self._lost = self._lost or reason
        self._moved.set()
