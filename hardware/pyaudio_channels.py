"""All channels of a microphone on PyAudio at once: one stream, and of every 20 ms a frame for each channel."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from hardware.card_format import CardFormat, Intake, formats
from hardware.frame_queue import FrameQueue
from hardware.interfaces import Frame
from hardware.pcm import FRAME_S
from hardware.pyaudio_api import Times
from hardware.pyaudio_stream import WatchedStream
from hardware.settings import MicrophoneSettings
from hardware.sound_devices import Direction, SoundDevice


class PyAudioChannels:
    """`Channels`, without any gain. `open_channels` makes one."""

    def __init__(self, count: int) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._queues: Final = tuple(FrameQueue() for _ in range(count))
        self._intakes: tuple[Intake, ...] = ()
        """Made before the first callback, from then on used by PortAudio's thread alone."""
        self._stream: Final = WatchedStream(Direction.CAPTURE, self._captured, self._fail)

    def __repr__(self) -> str:
        return f"<PyAudioChannels {len(self._queues)} {self._stream!r}>"

    async def open(self, settings: MicrophoneSettings) -> None:
        """Open the device that `settings` name. Once, and first; raises `DeviceMissing`."""

        def wishes(device: SoundDevice) -> tuple[CardFormat, ...]:
            last = len(self._queues) - 1
            return formats(device, Direction.CAPTURE, rate_hz=settings.rate_hz, channel=last)

        await self._stream.open(settings.device, wishes, period_s=FRAME_S, prepare=self._prepare)

    async def read(self, channel: int) -> Frame:
        """Wait for the next frame of one channel; see `Channels.read`."""
        return await self._queues[channel].get()

    async def close(self) -> None:
        """Stop capturing and free the device. May be called twice."""
        self._fail("microphone: closed")
        await self._stream.close()

    def _prepare(self, card: CardFormat) -> None:
        self._intakes = tuple(Intake(card, channel=channel, gain=1.0) for channel in range(card.channels))

    def _captured(self, raw: bytes, _count: int, _times: Times, _status: int) -> None:
        """Take 20 ms of all channels, on PortAudio's thread."""
        frames = [intake.taken(raw) for intake in self._intakes]
        self._loop.call_soon_threadsafe(self._put, frames, time.monotonic())

    def _put(self, frames: list[bytes], captured_s: float) -> None:
        for queue, pcm in zip(self._queues, frames, strict=True):
            queue.put(pcm, captured_s)

    def _fail(self, reason: str) -> None:
        for queue in self._queues:
            queue.fail(reason)


async def open_channels(settings: MicrophoneSettings, count: int) -> PyAudioChannels:
    """Open the first `count` channels of the microphone that `settings.device` names.

    Raises:
        DeviceMissing: It cannot be opened now, or has fewer.
    """
    opened = PyAudioChannels(count)
    await opened.open(settings)
    return opened
