"""An ear that knows its answers apart: each is a tone of its own pitch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import numpy as np

from daemon.audio.earcon import Earcon, sound
from hardware.pcm import DOWN, samples

LOWEST_HZ: Final = 400
STEP_HZ: Final = 100
"""Twice what 20 ms of sound can tell apart."""
TONES: Final = 80
"""So many fit below 8.4 kHz."""
AMPLITUDE: Final = 8000
AUDIBLE: Final = 200
"""Of the peak of a frame: beyond the fade of a sound that was stopped."""


def tone(number: int, seconds: float) -> bytes:
    """Return answer `number` (from 0): s16le mono 24 kHz."""
    assert number < TONES, "the ear knows no more tones"
    at_s = np.arange(round(seconds * DOWN.rate_hz)) / DOWN.rate_hz
    wave = AMPLITUDE * np.sin(2 * np.pi * (LOWEST_HZ + STEP_HZ * number) * at_s)
    pcm: bytes = np.rint(wave).astype("<i2").tobytes()
    return pcm


class Ear:
    """Listens to what a loudspeaker has played.

    Attributes:
        first_heard_s: When each answer was first heard, by its number.
        errors_s: When the sound of an error was heard.
    """

    def __init__(self, played: Sequence[tuple[float, bytes]]) -> None:
        self._played: Final = played
        self._listened = 0
        self.first_heard_s: Final[dict[int, float]] = {}
        self.errors_s: Final[list[float]] = []

    def __repr__(self) -> str:
        return f"<Ear answers={sorted(self.first_heard_s)} errors={len(self.errors_s)}>"

    def listen(self) -> None:
        """Take in what has been played since."""
        for at_s, frame in self._played[self._listened :]:
            if frame in _earcons():
                if frame == _error():
                    self.errors_s.append(at_s)
            elif (number := _number(frame)) is not None:
                self.first_heard_s.setdefault(number, at_s)
        self._listened = len(self._played)


def _number(frame: bytes) -> int | None:
    """Return which answer a frame is of; None for silence."""
    heard = samples(frame).astype(np.float64)
    if np.abs(heard).max() < AUDIBLE:
        return None
    pitch_hz = float(np.argmax(np.abs(np.fft.rfft(heard)))) * DOWN.rate_hz / len(heard)
    number = round((pitch_hz - LOWEST_HZ) / STEP_HZ)
    return number if 0 <= number < TONES else None


@cache
def _earcons() -> frozenset[bytes]:
    size = DOWN.frame_bytes
    return frozenset(
        sound(earcon)[at : at + size] for earcon in Earcon for at in range(0, len(sound(earcon)), size)
    ) - {DOWN.silence}


@cache
def _error() -> bytes:
    """Return the frame by which the sound of an error is known."""
    return sound(Earcon.ERROR)[: DOWN.frame_bytes]
