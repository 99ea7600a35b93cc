"""A speaker on PyAudio: 24 kHz, mono, silence whenever there is nothing to play."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from hardware.pcm import DOWN, SAMPLE_BYTES
from hardware.play_queue import PlayQueue
from hardware.played import Played
from hardware.pyaudio_host import OUTPUT_UNDERFLOW, Times
from hardware.pyaudio_stream import WatchedStream
from hardware.settings import SpeakerSettings
from hardware.sound_devices import Direction

_BUFFER_SAMPLES: Final = DOWN.frame_samples // 2
"""10 ms. PortAudio keeps four such buffers in the card (measured, and `numPeriods_` in its pa_linux_alsa.c): 40 ms,
which no flush can call back. With whole frames they would be 80 ms."""
_LONGEST_S: Final = 1.0
"""No card's buffer holds more than this; a longer delay is a wrong one."""


class PyAudioSpeaker:
    """A `Speaker`. `open_speaker` makes one."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._play: Final = PlayQueue(self._loop.time())
        self.stream: Final = WatchedStream(Direction.PLAYBACK, self._serve, self._play.fail)
        self._xruns = 0
        """Written by PortAudio's thread alone."""

    def __repr__(self) -> str:
        return f"<PyAudioSpeaker {self.stream!r} {self._play!r} xruns={self._xruns}>"

    @property
    def xruns(self) -> int:
        """How often PortAudio reported that the card had run dry."""
        return self._xruns

    @property
    def reference(self) -> Played:
        """What was handed to the device; see `Speaker.reference`."""
        return self._play.played

    async def write(self, frame: bytes) -> float:
        """Queue one frame; see `Speaker.write`."""
        return await self._play.put(frame)

    def flush(self) -> None:
        """Drop what has not been handed to the card; see `Speaker.flush`. What is in the card, 40 ms, still sounds."""
        self._play.flush()

    async def close(self) -> None:
        """Stop playing at once and free the device; see `Speaker.close`."""
        self._play.fail("speaker: closed")
        await self.stream.close()

    def _serve(self, _pcm: bytes, count: int, times: Times, status: int) -> bytes:
        """Hand out the next samples, on PortAudio's thread."""
        if status & OUTPUT_UNDERFLOW:
            self._xruns += 1
        piece, sounds = self._play.take(
            count * SAMPLE_BYTES, time.monotonic() + _delay_s(times, self.stream.output_latency_s)
        )
        if sounds:
            self._loop.call_soon_threadsafe(self._play.freed)
        return piece


async def open_speaker(settings: SpeakerSettings) -> PyAudioSpeaker:
    """Open the speaker that `settings.device` names, looked up afresh.

    Raises:
        DeviceMissing: It cannot be opened now.
    """
    speaker = PyAudioSpeaker()
    await speaker.stream.open(settings.device, DOWN, _BUFFER_SAMPLES)
    return speaker


def _delay_s(times: Times, latency_s: float) -> float:
    """Return how long the samples that a callback hands out wait for the converter: what ALSA says, if it makes sense.

    Some plug-ins say 0, and all do before the card has started; then `latency_s`, PortAudio's own estimate, stands.
    """
    delay_s = times["output_buffer_dac_time"] - times["current_time"]
    return delay_s if 0.0 < delay_s < _LONGEST_S else latency_s
