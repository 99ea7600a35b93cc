"""A speaker on PyAudio: 24 kHz mono, made what the card takes in its callback; silence if there is nothing to play."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from hardware.card_format import CardFormat, Outlet, formats, opened_as
from hardware.pcm import DOWN
from hardware.play_queue import PlayQueue
from hardware.played import Played
from hardware.pyaudio_api import OUTPUT_UNDERFLOW, Times
from hardware.pyaudio_stream import WatchedStream
from hardware.settings import SpeakerSettings
from hardware.sound_devices import Direction, SoundDevice

_PERIOD_S: Final = 0.01
"""What one callback hands out. PortAudio keeps four such buffers in the card (measured, and `numPeriods_` in its
pa_linux_alsa.c): 40 ms, which no flush can call back. With whole frames they would be 80 ms."""
_LONGEST_S: Final = 1.0
"""No card's buffer holds more than this; a longer delay is a wrong one."""


class PyAudioSpeaker:
    """A `Speaker`. `open_speaker` makes one."""

    def __init__(self) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._play: Final = PlayQueue(self._loop.time())
        self.stream: Final = WatchedStream(Direction.PLAYBACK, self._serve, self._play.fail)
        self._outlet = Outlet(CardFormat(DOWN.rate_hz, 1, 16))
        """Made by `open`, from then on used by PortAudio's thread alone."""
        self.opened_as = ""
        """How the card was opened, in words; empty before."""
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

    async def open(self, settings: SpeakerSettings) -> None:
        """Open the device that `settings` name, looked up afresh. Once, and first; raises `DeviceMissing`."""

        def wishes(device: SoundDevice) -> tuple[CardFormat, ...]:
            return formats(device, Direction.PLAYBACK, rate_hz=settings.rate_hz, channel=0)

        await self.stream.open(settings.device, wishes, period_s=_PERIOD_S, prepare=self._prepare)

    def _prepare(self, card: CardFormat) -> None:
        self._outlet = Outlet(card)
        self.opened_as = opened_as(card, DOWN)

    def _serve(self, _pcm: bytes, count: int, times: Times, status: int) -> bytes:
        """Hand out the next samples, on PortAudio's thread."""
        if status & OUTPUT_UNDERFLOW:
            self._xruns += 1
        delay_s = _delay_s(times, self.stream.output_latency_s) + self._outlet.delay_s
        piece, sounds = self._play.take(self._outlet.bytes_for(count), time.monotonic() + delay_s)
        if sounds:
            self._loop.call_soon_threadsafe(self._play.freed)
        return self._outlet.given(piece)


async def open_speaker(settings: SpeakerSettings) -> PyAudioSpeaker:
    """Open the speaker that `settings.device` names, looked up afresh.

    Raises:
        DeviceMissing: It cannot be opened now.
    """
    speaker = PyAudioSpeaker()
    await speaker.open(settings)
    return speaker


def _delay_s(times: Times, latency_s: float) -> float:
    """Return how long the samples that a callback hands out wait for the converter: what ALSA says, if it makes sense.

    Some plug-ins say 0, and all do before the card has started; then `latency_s`, PortAudio's own estimate, stands.
    """
    delay_s = times["output_buffer_dac_time"] - times["current_time"]
    return delay_s if 0.0 < delay_s < _LONGEST_S else latency_s
