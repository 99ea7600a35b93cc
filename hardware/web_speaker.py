"""The loudspeaker of whoever has the page open.

The page's own clock asks for each 20 ms, and has them sound 60 ms later, or not at all:

    page   |── period n ──|── n+1 ──|── n+2 ──|── n+3 ──|── n sounds ──|
                          └► asks for n                 └ too late from here on
"""

from __future__ import annotations

import asyncio
from typing import Final

from hardware.card_format import CardFormat, Outlet
from hardware.pcm import DOWN, FRAME_S
from hardware.play_queue import PlayQueue
from hardware.played import Played
from hardware.web_page import Page
from hardware.web_visit import LEAD_PERIODS, Visit


class WebSpeaker:
    """A `Speaker`. `open_web_speaker` makes one.

    What a flush calls back from the page is in `reference`, though it did not sound.
    """

    def __init__(self, visit: Visit) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._visit: Final = visit
        self._card: Final = CardFormat(visit.sound.rate_hz, 1, 16)
        self._outlet = Outlet(self._card)
        self._delay_s: Final = LEAD_PERIODS * FRAME_S + self._outlet.delay_s + visit.sound.latency_s
        self._play: Final = PlayQueue(self._loop.time() + self._delay_s)
        self._rings_out = False
        """The newest sample is not wholly out of the converter of rates yet."""
        self._late_before: Final = visit.late
        visit.on_period.append(self._serve)
        visit.on_sound_end.append(self._lost)

    def __repr__(self) -> str:
        return f"<WebSpeaker {self._play!r} xruns={self.xruns}>"

    @property
    def reference(self) -> Played:
        """What was handed to the page; see `Speaker.reference`."""
        return self._play.played

    @property
    def xruns(self) -> int:
        """How many frames came to the page too late to be heard."""
        return self._visit.late - self._late_before

    async def write(self, frame: bytes) -> float:
        """Queue one frame; see `Speaker.write`."""
        return await self._play.put(frame)

    def flush(self) -> None:
        """Drop what has not sounded; see `Speaker.flush`. The page fades what it has begun, and drops the rest."""
        self._play.flush(fading=False)
        self._outlet = Outlet(self._card)
        self._rings_out = False
        self._visit.tell({"flush": True})

    async def close(self) -> None:
        """Stop playing at once; see `Speaker.close`."""
        self._play.fail("speaker: closed")
        if self._serve in self._visit.on_period:
            self._visit.on_period.remove(self._serve)
            self._visit.on_sound_end.remove(self._lost)
            self._visit.tell({"flush": True})

    def _serve(self, number: int, _captured: bytes) -> None:
        count = self._card.samples_in(FRAME_S)
        piece, sounds = self._play.take(DOWN.frame_bytes, self._loop.time() + self._delay_s)
        assert self._outlet.bytes_for(count) == len(piece)
        if sounds or self._rings_out:
            self._visit.play(number, self._outlet.given(piece))
        if sounds:
            self._play.freed()
        self._rings_out = sounds

    def _lost(self, reason: str) -> None:
        self._play.fail(f"speaker: {reason}")


async def open_web_speaker(page: Page) -> WebSpeaker:
    """Wait until somebody has the page open and switched on, and open its loudspeaker."""
    return WebSpeaker(await page.sounding())
