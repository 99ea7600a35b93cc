"""A microphone on PyAudio: a callback for every 20 ms, made a frame of 16 kHz mono there."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from hardware.card_format import CardFormat, Intake, formats, opened_as
from hardware.frame_queue import FrameQueue
from hardware.pcm import FRAME_S, UP, gain_of_db
from hardware.pyaudio_api import INPUT_OVERFLOW, Times
from hardware.pyaudio_stream import WatchedStream
from hardware.queued_microphone import QueuedMicrophone
from hardware.settings import MicrophoneSettings
from hardware.sound_devices import Direction, SoundDevice

_OLDEST_S: Final = 0.5
"""No card's buffer holds more than this; a sample that is said to be older has a wrong time."""


class PyAudioMicrophone(QueuedMicrophone):
    """A `Microphone`. `open_microphone` makes one.

    Samples captured while `muted` is true, even a part of a frame of them, are replaced by zeros in PortAudio's
    callback; frames that were captured before and not read yet, in `read`.
    """

    def __init__(self, settings: MicrophoneSettings) -> None:
        super().__init__(FrameQueue(asyncio.get_running_loop().call_soon_threadsafe), time.monotonic)
        self._settings: Final = settings
        self._intake = self._intake_for(CardFormat(UP.rate_hz, settings.channel + 1, 32))
        """Made by `open`, from then on used by PortAudio's thread alone."""
        self.opened_as = ""
        """How the card was opened, in words; empty before."""
        self.stream: Final = WatchedStream(Direction.CAPTURE, self._captured, self._frames.fail)
        self._previous_s = 0.0
        """When the frame before was captured; PortAudio's thread alone uses it."""

    def __repr__(self) -> str:
        return f"<PyAudioMicrophone {self.stream!r} {self._frames!r}{' muted' if self._muted else ''}>"

    async def open(self) -> None:
        """Open the device that the settings name, looked up afresh. Once, and first; raises `DeviceMissing`."""
        settings = self._settings

        def wishes(device: SoundDevice) -> tuple[CardFormat, ...]:
            return formats(device, Direction.CAPTURE, rate_hz=settings.rate_hz, channel=settings.channel)

        await self.stream.open(settings.device, wishes, period_s=FRAME_S, prepare=self._prepare)

    async def close(self) -> None:
        """Stop capturing and free the device; see `Microphone.close`."""
        self._frames.fail("microphone: closed")
        await self.stream.close()

    def _prepare(self, card: CardFormat) -> None:
        self._intake = self._intake_for(card)
        self.opened_as = opened_as(card, UP)

    def _intake_for(self, card: CardFormat) -> Intake:
        return Intake(card, channel=self._settings.channel, gain=gain_of_db(self._settings.gain_db))

    def _captured(self, raw: bytes, _count: int, times: Times, status: int) -> None:
        """Take one frame, on PortAudio's thread."""
        captured_s = _captured_s(time.monotonic(), times) - self._intake.delay_s
        lost_frames = 0
        if status & INPUT_OVERFLOW:
            lost_frames = max(1, round((captured_s - self._previous_s) / FRAME_S) - 1)
        self._previous_s = captured_s
        if self._is_silenced(captured_s - FRAME_S):
            self._intake.skip()
            pcm = UP.silence
        else:
            pcm = self._intake.taken(raw)
        self._frames.put(pcm, captured_s, lost_frames)


async def open_microphone(settings: MicrophoneSettings) -> PyAudioMicrophone:
    """Open the microphone that `settings.device` names, looked up afresh.

    Raises:
        DeviceMissing: It cannot be opened now.
    """
    microphone = PyAudioMicrophone(settings)
    await microphone.open()
    return microphone


def _captured_s(now_s: float, times: Times) -> float:
    """Return when the last sample of a frame was captured, whose callback runs at `now_s`.

    The card may have captured further samples since: ALSA says when it captured the first one. Where it says
    nothing of use (0, the future, or a time as long ago as no buffer is), the frame is taken to be the latest.
    """
    since_s = times["current_time"] - times["input_buffer_adc_time"] - FRAME_S
    return now_s - since_s if 0.0 < since_s < _OLDEST_S else now_s
