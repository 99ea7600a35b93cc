"""A microphone without a device, on any event loop, in real or virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

import numpy as np

from hardware.frame_queue import FrameQueue
from hardware.interfaces import DeviceMissing, Frame
from hardware.pcm import FRAME_S, SAMPLE_BYTES, UP, gain_of_db, samples, scaled
from hardware.queued_microphone import QueuedMicrophone
from hardware.simulated_room import Room

SILENCE_UNTIL_LOST_S: Final = 1.0
"""A lost sound card just stops; that it is lost is known a second later (hardware.md section 10)."""


class SimulatedMicrophone(QueuedMicrophone):
    """The microphone and what it hears: a frame every 20 ms, at absolute times, from `open` to `close`.

    In a `Room` it hears the loudspeaker, too, and takes as long for a frame as the room says.

    It is a `Microphone` between `open` and `close`, and the same one when it is opened again. Hands: `say`,
    `room_tone`, `overflow`, `lose`, `restore`. Eyes: `captured`, `muted`, `is_open`.
    """

    def __init__(
        self, *, room_tone: bytes = b"", gain_db: float = 0.0, log: bool = True, room: Room | None = None
    ) -> None:
        """Put it where it hums `room_tone` (s16le, mono, 16 kHz) over and over; empty is digital silence."""
        super().__init__(FrameQueue(), lambda: asyncio.get_running_loop().time())
        self.room_tone = room_tone
        self.captured: list[tuple[float, bytes]] = []
        """Every frame that was captured, silenced if muted, and when its last sample was; empty without `log`."""
        self._gain = gain_of_db(gain_db)
        self._log = log
        self._room = room
        self._frame_s = room.frame_s if room else FRAME_S
        self._sounds: list[tuple[int, bytes]] = []
        """What is still to be heard: the number of its first sample on the loop's clock, and the sound."""
        self._frames.fail("microphone: not open")
        self._timer: asyncio.TimerHandle | None = None
        self._opened_s = 0.0
        self._ticks = 0
        self._overflowing = 0
        self._lost_frames = 0
        self._there = True

    def __repr__(self) -> str:
        state = "lost" if not self._there else "open" if self.is_open else "closed"
        return f"<SimulatedMicrophone {state}{' muted' if self.muted else ''} {self._frames!r}>"

    # --- hands ---

    def say(self, pcm: bytes, *, at_s: float | None = None) -> None:
        """Let `pcm` (s16le, mono, 16 kHz) sound in the room from `at_s` on, over what else sounds; None is now.

        What falls into a time that has been captured already is not heard.
        """
        start_s = asyncio.get_running_loop().time() if at_s is None else at_s
        self._sounds.append((round(start_s * UP.rate_hz), pcm))

    def overflow(self, frames: int) -> None:
        """Lose the next `frames` in the device; the frame after them says so."""
        self._overflowing += frames

    def lose(self) -> None:
        """Pull the plug: no frame comes any more; a second later `read` raises."""
        self._there = False
        if self.is_open:
            self._stop()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SILENCE_UNTIL_LOST_S, self._frames.fail, "microphone: gone. Open it again")

    def restore(self) -> None:
        """Put the plug in again. What was open stays lost, but can be opened again."""
        self._there = True

    # --- eyes ---

    @property
    def is_open(self) -> bool:
        """Whether it has been opened and not closed since."""
        return self._timer is not None

    # --- Microphone ---

    def open(self) -> None:
        """Begin to capture, not muted.

        Raises:
            DeviceMissing: It is lost, or open already: a sound card has one user.
        """
        if not self._there or self.is_open:
            raise DeviceMissing(f"microphone: {'busy' if self._there else 'not there'}")
        self._muted = False
        self._frames = FrameQueue()
        self._opened_s = asyncio.get_running_loop().time()
        self._ticks = self._overflowing = self._lost_frames = 0
        self._tick_later()

    async def read(self) -> Frame:
        """Wait for the next frame; see `Microphone.read`."""
        frame = await super().read()
        return replace(frame, pcm=scaled(frame.pcm, self._gain))

    async def close(self) -> None:
        """Stop capturing; see `Microphone.close`."""
        self._frames.fail("microphone: closed")
        self._stop()
        self._timer = None

    # --- the device ---

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _tick_later(self) -> None:
        self._ticks += 1
        loop = asyncio.get_running_loop()
        self._timer = loop.call_at(self._opened_s + self._ticks * self._frame_s, self._tick)

    def _tick(self) -> None:
        """Capture the frame that ends now."""
        begun_s = self._opened_s + (self._ticks - 1) * self._frame_s
        captured_s = self._opened_s + self._ticks * self._frame_s
        pcm = self._heard(round(self._opened_s * UP.rate_hz) + (self._ticks - 1) * UP.frame_samples, captured_s)
        self._tick_later()
        if self._overflowing:
            self._overflowing -= 1
            self._lost_frames += 1
            return
        if self._is_silenced(begun_s):
            pcm = UP.silence
        if self._log:
            self.captured.append((captured_s, pcm))
        self._frames.put(pcm, captured_s, self._lost_frames)
        self._lost_frames = 0

    def _heard(self, first: int, ends_s: float) -> bytes:
        """Return what sounds during the frame whose first sample has the number `first`."""
        last = first + UP.frame_samples
        self._sounds = [(start, pcm) for start, pcm in self._sounds if start + len(pcm) // SAMPLE_BYTES > first]
        sounding = [(start, pcm) for start, pcm in self._sounds if start < last]
        echo = self._room.hear(ends_s) if self._room else UP.silence
        if not sounding and not self.room_tone:
            return echo
        total = samples(echo).astype(np.int32)
        if self.room_tone:
            tone = samples(self.room_tone)
            total += tone[np.arange(first, last) % len(tone)]
        for start, pcm in sounding:
            heard = samples(pcm)[max(0, first - start) : last - start]
            offset = max(0, start - first)
            total[offset : offset + len(heard)] += heard
        return np.clip(total, -32768, 32767).astype("<i2").tobytes()
