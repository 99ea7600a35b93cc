"""The microphone of whoever has the page open, as the browser hears it: without our own sound, which it takes out."""

from __future__ import annotations

import asyncio
from typing import Final

from hardware.card_format import CardFormat, Intake
from hardware.frame_queue import FrameQueue
from hardware.pcm import FRAME_S, UP, gain_of_db
from hardware.queued_microphone import QueuedMicrophone
from hardware.settings import MicrophoneSettings
from hardware.web_page import Page
from hardware.web_visit import Visit


class WebMicrophone(QueuedMicrophone):
    """A `Microphone`. `open_web_microphone` makes one.

    While `muted` is true the browser's track is disabled, and what it sent all the same becomes zeros here.
    """

    def __init__(self, page: Page, visit: Visit, settings: MicrophoneSettings) -> None:
        self._loop: Final = asyncio.get_running_loop()
        super().__init__(FrameQueue(), self._loop.time)
        self._page: Final = page
        self._visit: Final = visit
        card = CardFormat(visit.sound.rate_hz, 1, 32)
        self._intake: Final = Intake(card, channel=0, gain=gain_of_db(settings.gain_db))
        visit.on_period.append(self._captured)
        visit.on_sound_end.append(self._lost)

    def __repr__(self) -> str:
        return f"<WebMicrophone {self._frames!r}{' muted' if self._muted else ''}>"

    async def close(self) -> None:
        """Listen no more; see `Microphone.close`."""
        self._frames.fail("microphone: closed")
        if self._captured in self._visit.on_period:
            self._visit.on_period.remove(self._captured)
            self._visit.on_sound_end.remove(self._lost)

    def _captured(self, _number: int, raw: bytes) -> None:
        captured_s = self._loop.time() - self._intake.delay_s
        if not raw or self._is_silenced(captured_s - FRAME_S):
            self._intake.skip()
            pcm = UP.silence
        else:
            pcm = self._intake.taken(raw)
        self._frames.put(pcm, captured_s)

    def _mute_device(self, muted: bool) -> None:
        self._page.show("muted", muted)

    def _lost(self, reason: str) -> None:
        self._frames.fail(f"microphone: {reason}")


async def open_web_microphone(page: Page, settings: MicrophoneSettings) -> WebMicrophone:
    """Wait until somebody has the page open and switched on, and open its microphone."""
    return WebMicrophone(page, await page.sounding(), settings)
