"""Reading a recording a little faster or slower than it was made, from a place between two samples."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hardware.pcm import SAMPLE_BYTES, s16le, samples

_HALF: Final = 8
"""Samples on either side that make one between them."""
_PHASES: Final = 256
"""Places between two samples."""


def stretched(sound: bytes | bytearray, first: float, step: float, count: int) -> bytes:
    """Return `count` samples of `sound` (s16le) from `first` on, each `step` after the one before; zeros beyond it."""
    places = np.rint((first + step * np.arange(count)) * _PHASES).astype(np.int64)
    whole, phase = places // _PHASES, places % _PHASES
    begin, end = int(whole[0]) - _HALF + 1, int(whole[-1]) + _HALF + 1
    part = bytes(sound[max(0, begin) * SAMPLE_BYTES : max(0, end) * SAMPLE_BYTES])
    around = np.zeros(end - begin, np.float32)
    offset = max(0, -begin)
    around[offset : offset + len(part) // SAMPLE_BYTES] = samples(part)
    if not around.any():
        return bytes(count * SAMPLE_BYTES)
    windows = sliding_window_view(around, 2 * _HALF)[whole - whole[0]]
    values = np.einsum("ij,ij->i", windows, _KERNELS[phase])
    return s16le(values)


def _kernels() -> NDArray[np.float32]:
    """Return the weights for each place between two samples: windowed sincs, whose sum is 1."""
    at = np.arange(2 * _HALF) - (_HALF - 1) - np.arange(_PHASES)[:, np.newaxis] / _PHASES
    taps = np.sinc(at) * np.i0(6.0 * np.sqrt(np.maximum(0.0, 1.0 - (at / _HALF) ** 2)))
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), dtype=np.float32)


_KERNELS: Final = _kernels()
