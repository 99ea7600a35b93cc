"""The sound of starting: a soft rush of wind. It says "ready", and it teaches the canceller the room.

Every frequency is in it at once, so that the canceller hears each echo the room has before there is an answer to be
talked over (hardware.md section 2: a chime or a sweep makes it worse). In 48 simulated rooms one first answer was taken
for a voice after it, with 0.7 s of that answer guarded; without it 4 of 24, with 3 s guarded.
"""

from __future__ import annotations

from functools import cache
from hashlib import shake_128
from typing import Final

import numpy as np

from hardware.pcm import DOWN, gain_of_db, s16le

LENGTH_S: Final = 1.0
LEVEL_DB: Final = -26.0
"""Root mean square relative to full scale, before the owner's volume: 6 dB below an answer."""
_FADE_S: Final = 0.15
_LOWEST_HZ: Final = 50.0
"""Below this no small loudspeaker sounds."""


@cache
def whoosh() -> bytes:
    """Return 1 s of pink noise as s16le mono 24 kHz, whole frames, faded in and out; always the same."""
    count = round(LENGTH_S * DOWN.rate_hz)
    frequencies_hz = np.fft.rfftfreq(count, 1 / DOWN.rate_hz)
    # Chance that is always the same; NumPy's own is 2 MiB that nothing else here needs.
    dice = np.frombuffer(shake_128(b"whoosh").digest(4 * len(frequencies_hz)), "<u4") / 2.0**32
    phases = np.exp(2j * np.pi * dice)
    wave = np.fft.irfft(phases / np.sqrt(np.maximum(frequencies_hz, _LOWEST_HZ)), count)
    fade = 0.5 - 0.5 * np.cos(np.linspace(0.0, np.pi, round(_FADE_S * DOWN.rate_hz)))
    wave[: len(fade)] *= fade
    wave[-len(fade) :] *= fade[::-1]
    wave *= gain_of_db(LEVEL_DB) * 32768.0 / np.sqrt(np.mean(wave**2))
    return s16le(wave)
