"""Earcons: short sounds that mean something, made here rather than recorded.

Each is one to five notes of a small bell: a fundamental and two partials that are not its multiples and die away
sooner, a soft attack, an exponential decay. Rising says "go on", falling says "no more". A fault that the ring blinks
has as many notes as the ring has blinks.
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
SOFT_DB: Final = -30.0
"""The same of one that the microphone is to hear as little of as can be."""
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
E5: Final = 659.26
G5: Final = 783.99
A5: Final = 880.00
C6: Final = 1046.50
E6: Final = 1318.51
A4: Final = 440.00
E_FLAT_4: Final = 311.13
F4: Final = 349.23


class Earcon(Enum):
    """What a sound means."""

    START = "start"
    """It is ready."""
    LISTENING = "listening"
    """The gate is open."""
    DONE = "done"
    """What you said was heard and is being sent."""
    ERROR = "error"
    """That did not work."""
    MUTED = "muted"
    UNMUTED = "unmuted"
    NO_NETWORK = "no_network"
    KEY_REFUSED = "key_refused"
    LIMIT = "limit"
    RING = "ring"
    """A timer, an alarm or a reminder is due."""


@dataclass(frozen=True, slots=True)
class _Score:
    frames: int
    notes: tuple[Note, ...]
    level_db: float = LEVEL_DB


_SCORES: Final = {
    Earcon.START: _Score(19, (Note(0.0, C5, 0.06), Note(0.09, E5, 0.06), Note(0.18, G5, 0.07))),
    Earcon.LISTENING: _Score(4, (Note(0.0, E6, 0.02),), SOFT_DB),
    Earcon.DONE: _Score(8, (Note(0.0, A5, 0.05),)),
    Earcon.ERROR: _Score(12, (Note(0.0, A4, 0.05), Note(0.11, E_FLAT_4, 0.06))),
    Earcon.MUTED: _Score(11, (Note(0.0, G5, 0.05), Note(0.09, C5, 0.06))),
    Earcon.UNMUTED: _Score(11, (Note(0.0, C5, 0.05), Note(0.09, G5, 0.06))),
    Earcon.NO_NETWORK: _Score(26, (Note(0.0, E5, 0.06), Note(0.15, C5, 0.06), Note(0.3, A4, 0.07))),
    Earcon.KEY_REFUSED: _Score(24, (Note(0.0, F4, 0.06), Note(0.24, F4, 0.08))),
    Earcon.LIMIT: _Score(30, tuple(Note(0.1 * beat, A4, 0.04) for beat in range(5))),
    Earcon.RING: _Score(24, (Note(0.0, G5, 0.05), Note(0.12, C6, 0.05), Note(0.24, G5, 0.05), Note(0.36, C6, 0.05))),
}


@cache
def sound(earcon: Earcon) -> bytes:
    """Return the sound as s16le mono 24 kHz, whole 20 ms frames, at most 600 ms.

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
    wave *= gain_of_db(score.level_db) * 32768.0 / np.sqrt(np.mean(wave**2))
    return s16le(wave)


def _stroke(note: Note, length_s: float) -> NDArray[np.float64]:
    """Return one note, `length_s` long: the sum of its partials behind a soft attack."""
    t_s = np.arange(round(length_s * DOWN.rate_hz)) / DOWN.rate_hz
    ring = np.zeros(len(t_s))
    for ratio, amplitude, decay in PARTIALS:
        ring += amplitude * np.exp(-t_s / (decay * note.decay_s)) * np.sin(2.0 * np.pi * ratio * note.pitch_hz * t_s)
    attack = 0.5 - 0.5 * np.cos(np.pi * np.minimum(1.0, t_s / ATTACK_S))
    return note.strength * attack * ring
