"""Pulse-code-modulated audio: formats, frames, level, gain and mono, on plain bytes.

All audio in the house is signed 16-bit little-endian, mono unless a function says otherwise.
A *frame* is exactly 20 ms; a *chunk* is audio of any length.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAME_MS: Final = 20
FRAME_S: Final = FRAME_MS / 1000
SAMPLE_BYTES: Final = 2
SILENCE_DBFS: Final = -96.0
"""Level reported for digital silence: the floor of 16-bit audio."""


@dataclass(frozen=True, slots=True)
class Format:
    """Mono s16le audio at one sample rate."""

    rate_hz: int

    @property
    def frame_samples(self) -> int:
        """Samples in one 20 ms frame."""
        return self.rate_hz * FRAME_MS // 1000

    @property
    def frame_bytes(self) -> int:
        """Bytes in one 20 ms frame."""
        return self.frame_samples * SAMPLE_BYTES

    @property
    def silence(self) -> bytes:
        """One frame of digital silence."""
        return bytes(self.frame_bytes)

    def seconds(self, size_bytes: int) -> float:
        """Return how long `size_bytes` of this audio last."""
        return size_bytes / (SAMPLE_BYTES * self.rate_hz)

    def bytes_in(self, seconds: float) -> int:
        """Return the bytes of `seconds` of this audio, a whole number of samples, rounded down."""
        return int(seconds * self.rate_hz + 1e-9) * SAMPLE_BYTES


UP: Final = Format(16_000)
"""What the microphone delivers and the Live API takes natively (live-api.md 1.1)."""
DOWN: Final = Format(24_000)
"""What the Live API answers with, always (live-api.md 1.1), and the speaker plays."""


def samples(pcm: bytes) -> NDArray[np.int16]:
    """View s16le bytes as int16 samples without copying; the view is read-only.

    Raises:
        ValueError: `pcm` is not a whole number of samples.
    """
    return np.frombuffer(pcm, dtype="<i2")


def level_dbfs(pcm: bytes) -> float:
    """Return the root-mean-square level in dB relative to a full-scale square wave, at least -96."""
    if not pcm:
        return SILENCE_DBFS
    values = samples(pcm).astype(np.float32)
    mean_square = float(np.dot(values, values)) / len(values)
    if mean_square <= 0.0:
        return SILENCE_DBFS
    return max(SILENCE_DBFS, 10.0 * math.log10(mean_square / 32768.0**2))


def loudness(dbfs: float) -> float:
    """Return how loud a level is to be shown: 0 at -60 dBFS and below, 1 at -10 dBFS and above."""
    return min(1.0, max(0.0, (dbfs + 60.0) / 50.0))


def scaled(pcm: bytes, gain: float) -> bytes:
    """Return `pcm` multiplied by the linear `gain`, rounded, and clipped at full scale, never wrapped."""
    if gain == 1.0:
        return pcm
    return s16le(samples(pcm).astype(np.float32) * np.float32(gain))


def gain_of_db(decibel: float) -> float:
    """Return the linear gain of `decibel`; 0 dB is 1.0."""
    return float(10.0 ** (decibel / 20.0))


def ramped(pcm: bytes, start: float, end: float) -> bytes:
    """Return `pcm` with a linear gain ramp from `start` to `end` across it (a fade without a click)."""
    values = samples(pcm).astype(np.float32)
    ramp = np.linspace(start, end, len(values), dtype=np.float32)
    return s16le(values * ramp)


def mixed(one: bytes, other: bytes) -> bytes:
    """Return the clipped sum of two pieces of equal length.

    Raises:
        ValueError: The lengths differ.
    """
    if len(one) != len(other):
        raise ValueError(f"cannot mix {len(one)} with {len(other)} bytes")
    total = samples(one).astype(np.int32) + samples(other).astype(np.int32)
    return _s16(total)


def mono(pcm: bytes, channels: int, keep: int = 0) -> bytes:
    """Return channel `keep` of interleaved `pcm`; with one channel, `pcm` itself."""
    if channels == 1:
        return pcm
    return samples(pcm).reshape(-1, channels)[:, keep].tobytes()


def s16le(values: NDArray[np.float32] | NDArray[np.float64]) -> bytes:
    """Return `values`, in steps of 16 bit, as s16le: rounded, and clipped at full scale, never wrapped."""
    return _s16(np.rint(values))


def _s16(values: NDArray[np.float32] | NDArray[np.float64] | NDArray[np.int32]) -> bytes:
    """Return whole-numbered values as s16le, clipped at full scale."""
    clipped: NDArray[np.int16] = np.clip(values, -32768, 32767).astype("<i2")
    return clipped.tobytes()
