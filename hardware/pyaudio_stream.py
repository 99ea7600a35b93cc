"""A PortAudio stream as the event loop sees it: opened and closed on threads, called back, and watched."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, TypeAlias

from hardware.blocking import in_thread
from hardware.card_format import CardFormat
from hardware.interfaces import DeviceStuck
from hardware.pyaudio_api import ABORT, CONTINUE, Times
from hardware.pyaudio_host import PORTAUDIO, OpenStream, Wishes
from hardware.sound_devices import Direction

Turn: TypeAlias = Callable[[bytes, int, Times, int], bytes | None]
"""One callback's work, on PortAudio's thread: captured bytes (empty for a speaker), the number of samples, the times
and the status flags, to what is to be played (None for a microphone). It copies, notes the time, and crosses into the
loop; the only thing it may raise is the `RuntimeError` of a closed loop."""

_LOOK_S: Final = 0.25
_PATIENCE_LOOKS: Final = 4
"""So many looks in a row without a callback in between, 1 s, mean that the device is gone. Counted in looks, not on a
clock: if the whole process was stopped for a while, that was not the device's fault."""
_OPEN_S: Final = 20.0
"""Longer than any card takes to be looked for, tried and opened, and another one before it."""
_CLOSE_S: Final = 1.0
"""How long closing is waited for: a card takes milliseconds. PortAudio's thread may hang, and it never ends."""


class WatchedStream:
    """A stream that says when it has died. Apart from the callback, everything happens on the event loop's thread."""

    def __init__(self, direction: Direction, turn: Turn, on_lost: Callable[[str], None]) -> None:
        """Prepare a stream that calls `turn` for every buffer and `on_lost`, at most once, with a reason."""
        self._loop: Final = asyncio.get_running_loop()
        self._direction: Final = direction
        self._turn: Final = turn
        self._on_lost: Final = on_lost
        self._opened: OpenStream | None = None
        self._watch: asyncio.TimerHandle | None = None
        self._ending = False
        self._callbacks = 0
        """Written by PortAudio's thread alone."""

    def __repr__(self) -> str:
        state = "closed" if self._opened is None else "ending" if self._ending else "open"
        card = "" if self._opened is None else f" at {self._opened.card}"
        return f"<WatchedStream {self._direction.value} {state}{card}, {self._callbacks} callbacks>"

    @property
    def output_latency_s(self) -> float:
        """What PortAudio believes to lie between a callback and the converter; 0 before the stream is open."""
        return 0.0 if self._opened is None else self._opened.output_latency_s

    async def open(
        self, device: str, wishes: Wishes, *, period_s: float, prepare: Callable[[CardFormat], None]
    ) -> None:
        """Open the device and start, in a thread, which takes up to a second or so. Cancelling closes it again.

        Args:
            device: What `find_device` knows it by.
            wishes: What to try of it.
            period_s: How long one callback's samples are.
            prepare: Told what was taken, before the first callback and on another thread.

        Raises:
            DeviceMissing: It cannot be opened now.
            DeviceStuck: Nor will it ever be in this process.
        """

        def opened() -> OpenStream:
            return PORTAUDIO.open(
                self._direction, device, wishes, period_s=period_s, prepare=prepare, callback=self._called
            )

        try:
            async with asyncio.timeout(_OPEN_S):
                self._opened = await in_thread(opened, undo=self._abandon)
        except TimeoutError:
            raise DeviceStuck(f"{self._direction.value}: ALSA does not come back from opening it") from None
        self._look_later(0)

    async def close(self) -> None:
        """End the stream and free the device, waiting at most a second for ALSA. May be called twice."""
        opened, self._opened = self._opened, None
        self._ending = True
        if self._watch is not None:
            self._watch.cancel()
        if opened is not None:
            try:
                async with asyncio.timeout(_CLOSE_S):
                    await in_thread(opened.close)
            except TimeoutError:  # the thread is left behind
                opened.stuck = opened.closing  # or another card is being opened

    def _called(self, pcm: bytes | None, count: int, times: Times, status: int) -> tuple[bytes | None, int]:
        """Do one callback's work, on PortAudio's thread."""
        self._callbacks += 1
        if self._ending:
            return None, ABORT
        try:
            return self._turn(pcm or b"", count, times, status), CONTINUE
        except RuntimeError:  # the event loop is closed: there is nobody to hear or to speak
            return None, ABORT

    def _look_later(self, idle_looks: int) -> None:
        self._watch = self._loop.call_later(_LOOK_S, self._look, self._callbacks, idle_looks)

    def _look(self, callbacks_before: int, idle_looks: int) -> None:
        """Look whether the stream still lives, and again in a while."""
        assert self._opened is not None
        part = self._direction.value
        idle_looks = idle_looks + 1 if self._callbacks == callbacks_before else 0
        if self._opened.stale:
            self._on_lost(f"{part}: given up, because a sound card was plugged in")
        elif not self._opened.active:
            self._on_lost(f"{part}: the sound card is gone. Look at its plug")
        elif idle_looks == _PATIENCE_LOOKS:
            self._on_lost(f"{part}: the sound card has not moved for a second. Look at its plug")
        else:
            self._look_later(idle_looks)

    def _abandon(self, opened: OpenStream) -> None:
        """Close what was opened too late for anybody to use it; on a thread."""
        self._ending = True
        opened.close()
