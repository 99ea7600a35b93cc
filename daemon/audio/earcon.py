"""Earcons: short sounds that mean something, made here rather than recorded.

Each is one to three notes of a small bell: a fundamental and two partials that are not its multiples and die away
sooner, a soft attack, an exponential decay. Rising says "go on", falling says "no more".
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.pcm import DOWN, FRAME_S, gain_of_db, s16le

LEVEL_DB: Final = -20.0
"""Root mean square of a whole earcon relative to full scale, before the owner's volume."""
ATTACK_S: Final = 0.006
"""Long enough not to click, short enough to answer a press."""
FADE_S: Final = 0.020
PARTIALS: Final = ((1.0, 1.0, 1.0), (2.76, 0.22, 0.45), (5.40, 0.07, 0.2))
"""Frequency, amplitude and decay time of each partial, as shares of the note's; the ratios are a free bar's."""


@dataclass(frozen=True, slots=True)
class Note:
    """One stroke of the bell."""

    at_s: float
    pitch_hz: float
    decay_s: float
    """Time to fall to 1/e."""
    strength: float = 1.0


C5: Final = 523.25
G5: Final = 783.99
A5: Final = 880.00
C6: Final = 1046.50
A4: Final = 440.00
E_FLAT_4: Final = 311.13


class Earcon(Enum):
    """What a sound means."""

    DONE = "done"
    """What you said was heard and is being sent."""
    ERROR = "error"
    """That did not work."""
    MUTED = "muted"
    UNMUTED = "unmuted"
    RING = "ring"
    """A timer, an alarm or a reminder is due."""


@dataclass(frozen=True, slots=True)
class _Score:
    frames: int
    notes: tuple[Note, ...]


_SCORES: Final = {
    Earcon.DONE: _Score(8, (Note(0.0, A5, 0.05),)),
    Earcon.ERROR: _Score(12, (Note(0.0, A4, 0.05), Note(0.11, E_FLAT_4, 0.06))),
    Earcon.MUTED: _Score(11, (Note(0.0, G5, 0.05), Note(0.09, C5, 0.06))),
    Earcon.UNMUTED: _Score(11, (Note(0.0, C5, 0.05), Note(0.09, G5, 0.06))),
    Earcon.RING: _Score(24, (Note(0.0, G5, 0.05), Note(0.12, C6, 0.05), Note(0.24, G5, 0.05), Note(0.36, C6, 0.05))),
}


@cache
def sound(earcon: Earcon) -> bytes:
    """Return the sound as s16le mono 24 kHz, whole 20 ms frames, at most 480 ms.

    It begins and ends in silence, so it can be played beside anything without a click.
    """
    score = _SCORES[earcon]
    total = score.frames * DOWN.frame_samples
    wave = np.zeros(total)
    for note in score.notes:
        start = round(note.at_s * DOWN.rate_hz)
        wave[start:] += _stroke(note, score.frames * FRAME_S - note.at_s)[: total - start]
    fade = round(FADE_S * DOWN.rate_hz)
    wave[-fade:] *= 0.5 + 0.5 * np.cos(np.linspace(0.0, np.pi, fade))
    wave *= gain_of_db(LEVEL_DB) * 32768.0 / np.sqrt(np.mean(wave**2))
    return s16le(wave)


def _stroke(note: Note, length_s: float) -> NDArray[np.float64]:
    """Return one note, `length_s` long: the sum of its partials behind a soft attack."""
    t_s = np.arange(round(length_s * DOWN.rate_hz)) / DOWN.rate_hz
    ring = np.zeros(len(t_s))
    for ratio, amplitude, decay in PARTIALS:
        ring += amplitude * np.exp(-t_s / (decay * note.decay_s)) * np.sin(2.0 * np.pi * ratio * note.pitch_hz * t_s)
    attack = 0.5 - 0.5 * np.cos(np.pi * np.minimum(1.0, t_s / ATTACK_S))
    return note.strength * attack * ring
