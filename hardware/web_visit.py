"""One opening of the page: what it says and is told, from the first message of its WebSocket to the last.

    page ──► {"sound": {"rate_hz": 48000, "latency_ms": 12}}      it has been switched on; {"sound": null}: off again
             {"button": true}                                     pressed; false: let go
             {"ask": ["volume", "60"]}                            what the control socket would be asked for
             {"camera": 3, "why": "..."}                          there is no picture for capture 3
             1, n, late, samples (int32, none without a microphone)   20 ms have passed: the period n of its sound
             2, 3, 0, JPEG                                        the picture of capture 3
    page ◄── {"ring": [r, g, b, ...]} {"shown": {...}} {"parts": [...]} {"muted": true}    the newest of each counts
             {"capture": 3, "width_px": 768, "quality": 0.75}  {"rest": true}  {"flush": true}  {"notice": "..."}
             1, n, samples (int16)                                what sounds `LEAD_PERIODS` after the end of period n

Numbers before samples and JPEGs are unsigned, 32 bits, little-endian. What arrives is checked here; whatever else comes
ends the visit.
"""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from hardware.pcm import FRAME_S

Message: TypeAlias = str | bytes
Taker: TypeAlias = Callable[[int, bytes], None]
"""Takes the number of a period and what was captured in it: 32 bits a sample, mono, at the page's rate."""

LEAD_PERIODS: Final = 3
"""How long after the end of a period its answer sounds; a page may be busy for so long without being heard."""
SILENCE_UNTIL_LOST_S: Final = 1.0
MOST_WAITING: Final = 256
"""Messages that a page may leave unread, five seconds of sound: one that does not read at all is given up."""
_RATES_HZ: Final = range(8_000, 192_001, 50)
_HEAD: Final = struct.Struct("<III")
_SOUND: Final = struct.Struct("<II")


@dataclass(frozen=True, slots=True)
class PageSound:
    """The page's sound card."""

    rate_hz: int
    """Of microphone and loudspeaker alike."""
    latency_s: float
    """From what the page hands out to what is heard, as the browser knows it."""


class Visit:
    """One page that is open now. Everything happens on the event loop's thread.

    Parts that are opened on it put what is to be called into `on_period`, `on_button` and `on_sound_end`, `on_end`.
    """

    def __init__(self) -> None:
        """Begin; to be called on the event loop."""
        self._loop: Final = asyncio.get_running_loop()
        self._waiting: Final[dict[str | int, Message]] = {}
        """What is to be told, the oldest first; what has a name takes the place of an older one of that name."""
        self._numbers = 0
        self._news: Final = asyncio.Event()
        self._watch: asyncio.TimerHandle | None = None
        self._sound: PageSound | None = None
        self.sounding: Final = asyncio.Event()
        """Set while the periods of its sound arrive."""
        self.pressed = False
        self.late = 0
        """How much of what was sent came too late to be heard, in periods."""
        self.ended = ""
        """Why it is over."""
        self.over: Final = asyncio.Event()
        """Set when it is."""
        self.on_period: Final[list[Taker]] = []
        self.on_button: Final[list[Callable[[bool], None]]] = []
        self.on_sound_end: Final[list[Callable[[str], None]]] = []
        self.on_end: Final[list[Callable[[str], None]]] = []
        self.on_ask: Callable[[tuple[str, ...]], None] = lambda _: None
        self.on_picture: Callable[[int, bytes, str], None] = lambda *_: None
        """Told of a capture's number, its JPEG, and if that is empty, why there is none."""

    def __repr__(self) -> str:
        return f"<Visit {self.ended or self._sound} {len(self._waiting)} waiting>"

    @property
    def sound(self) -> PageSound:
        """Its sound card; only while `sounding` is set."""
        assert self._sound is not None
        return self._sound

    # --- to the page ---

    def tell(self, message: dict[str, object], *, newest_of: str = "") -> None:
        """Have the page told; with a name, in the place of what waits under that name."""
        self._put(json.dumps(message), newest_of)

    def play(self, period: int, pcm: bytes) -> None:
        """Have `pcm` (s16le, mono, 20 ms at the page's rate) sound after `period`."""
        self._put(_SOUND.pack(1, period) + pcm, "")

    async def next_message(self) -> Message:
        """Wait for what is to be told next, and take it."""
        while not self._waiting:
            self._news.clear()
            await self._news.wait()
        return self._waiting.pop(next(iter(self._waiting)))

    def end(self, reason: str) -> None:
        """Let it be over, and all parts lost that were opened on it. May be called twice."""
        if self.ended:
            return
        self.ended = reason
        self._end_sound(reason)
        for ended in tuple(self.on_end):
            ended(reason)
        self.over.set()

    # --- from the page ---

    def heard(self, message: Message) -> None:
        """Take what the page said.

        Raises:
            ValueError: No page of ours says that.
        """
        if isinstance(message, str):
            self._heard_words(json.loads(message))
            return
        if len(message) < _HEAD.size:
            raise ValueError("the page sent too little")
        kind, number, late = _HEAD.unpack_from(message)
        match kind:
            case 1:
                self.late = late
                self._period(number, message[_HEAD.size :])
            case 2:
                self.on_picture(number, message[_HEAD.size :], "")
            case _:
                raise ValueError("the page sent something unknown")

    def _heard_words(self, said: object) -> None:
        match said:
            case {"sound": None}:
                self._end_sound("its sound was switched off in the page")
            case {"sound": {"rate_hz": int(rate_hz), "latency_ms": int(latency_ms)}} if rate_hz in _RATES_HZ:
                self._end_sound("its sound was switched on anew in the page")
                self._sound = PageSound(rate_hz, min(max(latency_ms, 0), 1000) / 1000)
            case {"button": bool(pressed)}:
                self._move(pressed)
            case {"ask": [*words]} if words and all(isinstance(word, str) for word in words):
                self.on_ask(tuple(words))
            case {"camera": int(number), "why": str(why)}:
                self.on_picture(number, b"", why)
            case _:
                raise ValueError("the page said something unknown")

    def _move(self, pressed: bool) -> None:
        if pressed != self.pressed:
            self.pressed = pressed
            for moved in tuple(self.on_button):
                moved(pressed)

    def _period(self, number: int, captured: bytes) -> None:
        if self._sound is None:
            return  # it was under way when the sound was switched off
        if len(captured) not in (0, round(self._sound.rate_hz * FRAME_S) * 4):
            raise ValueError("the page sent a period of another length")
        if self._watch is not None:
            self._watch.cancel()
        self._watch = self._loop.call_later(SILENCE_UNTIL_LOST_S, self._stalled)
        self.sounding.set()
        for take in tuple(self.on_period):
            take(number, captured)

    def _stalled(self) -> None:
        self.sounding.clear()
        self._tell_sound_end("the page delivered nothing for a second")

    def _end_sound(self, reason: str) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._sound = None
        self.sounding.clear()
        self._tell_sound_end(reason)

    def _tell_sound_end(self, reason: str) -> None:
        for ended in tuple(self.on_sound_end):
            ended(reason)

    def _put(self, message: Message, newest_of: str) -> None:
        if self.ended:
            return
        self._numbers += 1
        self._waiting[newest_of or self._numbers] = message
        self._news.set()
        if len(self._waiting) > MOST_WAITING:
            self._waiting.clear()
            self.end("the page does not take what it is sent")
