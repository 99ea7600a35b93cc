"""A speaker without a device, on any event loop, in real or virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hardware.interfaces import DeviceMissing
from hardware.pcm import DOWN, FRAME_S, SAMPLE_BYTES
from hardware.play_queue import PlayQueue
from hardware.played import Played
from hardware.simulated_room import Room

SILENCE_UNTIL_LOST_S: Final = 1.0
"""A lost sound card just stops; that it is lost is known a second later (hardware.md section 10)."""
_INSTANT_S: Final = 1e-6
"""What is closer together happens in the order in which the loop has it."""


class SimulatedSpeaker:
    """The speaker and the ear in front of it: a frame is taken every 20 ms, at absolute times, from `open` to `close`.

    It is a `Speaker` between `open` and `close`, and the same one when it is opened again. Hands: `xrun`, `lose`,
    `restore`. Eyes: `played`, `heard`, `is_open`.
    """

    def __init__(
        self,
        *,
        delay_s: float = 0.02,
        log: bool = True,
        room: Room | None = None,
        taken: Callable[[bytes], object] = lambda _: None,
    ) -> None:
        """Put it into `room`, or where nobody hears it.

        `delay_s` lies between the taking of a frame and its first sample's sounding, as a card's buffer does. `taken`
        is called with each frame, silence included, when it is taken.
        """
        self.played: list[tuple[float, bytes]] = []
        """The frames that hold anything that was written, a fade after a flush included, as they sounded, each with the
        time of its first sample; empty without `log`. Between them is silence."""
        self._delay_s = delay_s
        self._log = log
        self._room = room
        self._taken = taken
        self._play = PlayQueue(0.0)
        self._play.fail("speaker: not open")
        self._timer: asyncio.TimerHandle | None = None
        self._opened_s = 0.0
        self._ticks = 0
        self._xruns = 0
        self._there = True

    def __repr__(self) -> str:
        state = "lost" if not self._there else "open" if self.is_open else "closed"
        return f"<SimulatedSpeaker {state} {self._play!r} xruns={self._xruns}>"

    # --- hands ---

    def xrun(self) -> None:
        """Let the device report that it ran dry."""
        self._xruns += 1

    def lose(self) -> None:
        """Pull the plug: no frame is taken any more; a second later `write` raises."""
        self._there = False
        if self._timer is not None:
            self._timer.cancel()
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(SILENCE_UNTIL_LOST_S, self._play.fail, "speaker: gone. Open it again")

    def restore(self) -> None:
        """Put the plug in again. What was open stays lost, but can be opened again."""
        self._there = True

    # --- eyes ---

    @property
    def is_open(self) -> bool:
        """Whether it has been opened and not closed since."""
        return self._timer is not None

    def heard(self, from_s: float, to_s: float) -> bytes:
        """Return what sounded from `from_s` to `to_s` of the loop's clock (s16le, mono, 24 kHz), silence included."""
        first, last = round(from_s * DOWN.rate_hz), round(to_s * DOWN.rate_hz)
        sound = bytearray((last - first) * SAMPLE_BYTES)
        for starts_s, pcm in self.played:
            start = (round(starts_s * DOWN.rate_hz) - first) * SAMPLE_BYTES
            part = pcm[max(0, -start) : max(0, len(sound) - start)]
            sound[max(0, start) : max(0, start) + len(part)] = part
        return bytes(sound)

    # --- Speaker ---

    def open(self) -> None:
        """Begin to play silence.

        Raises:
            DeviceMissing: It is lost, or open already: a sound card has one user.
        """
        if not self._there or self.is_open:
            raise DeviceMissing(f"speaker: {'busy' if self._there else 'not there'}")
        self._opened_s = asyncio.get_running_loop().time()
        self._play = PlayQueue(self._opened_s + FRAME_S + self._delay_s)
        self._ticks = self._xruns = 0
        self._tick_later()

    @property
    def xruns(self) -> int:
        """How often the device ran dry since it was opened."""
        return self._xruns

    @property
    def reference(self) -> Played:
        """What was handed to the device; see `Speaker.reference`."""
        return self._play.played

    async def write(self, frame: bytes) -> float:
        """Queue one frame; see `Speaker.write`."""
        self._catch_up()
        return await self._play.put(frame)

    def flush(self) -> None:
        """Drop what has not been taken; see `Speaker.flush`."""
        self._catch_up()
        self._play.flush()

    async def close(self) -> None:
        """Stop playing; see `Speaker.close`."""
        self._play.fail("speaker: closed")
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    # --- the device ---

    def _tick_later(self) -> None:
        self._ticks += 1
        self._timer = asyncio.get_running_loop().call_at(self._opened_s + self._ticks * FRAME_S, self._tick)

    def _tick(self) -> None:
        """Take a frame."""
        self._take_until(max(self._ticks, self._due_before(asyncio.get_running_loop().time())))

    def _catch_up(self) -> None:
        """Take what a device, which waits for no late loop, has taken before this moment."""
        if self.is_open and self._there:
            due = self._due_before(asyncio.get_running_loop().time())
            if due >= self._ticks:
                self._take_until(due)

    def _due_before(self, at_s: float) -> int:
        return int((at_s - self._opened_s - _INSTANT_S) / FRAME_S)

    def _take_until(self, last: int) -> None:
        first, self._ticks = self._ticks, last
        if self._timer is not None:
            self._timer.cancel()
        self._tick_later()
        for tick in range(first, last + 1):
            if self._there:
                self._take(self._opened_s + tick * FRAME_S + self._delay_s)

    def _take(self, sounds_s: float) -> None:
        frame, sounds = self._play.take(DOWN.frame_bytes, sounds_s)
        self._taken(frame)
        if sounds:
            self._play.freed()
            if self._log:
                self.played.append((sounds_s, frame))
            if self._room is not None:
                self._room.play(frame, sounds_s)
