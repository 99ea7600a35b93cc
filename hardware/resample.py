"""Another sample rate for a stream of audio, block by block: each comes out at once, and no seam can be heard.

    from_hz  | block | block | block |          every output sample is a weighted sum of the `taps` nearest samples
    to_hz      | block | block | block |        of the slower rate; the weights are a windowed sinc
              ├┤ delay_s

soxr and the like hand out bursts; here n samples make exactly n * to_hz / from_hz (hardware.md section 3).
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.pcm import s16le, samples

_CUTOFF: Final = 0.470
"""Where the filter is at -6 dB, as a share of the slower rate. What aliases ends up in the topmost tenth of the band,
where speech has nothing; with a lower one the passband would suffer instead."""
_WINDOW_BETA: Final = 8.3
"""Of the Kaiser window: -83 dB beyond the transition."""


class BlockFir:
    """A polyphase filter from one rate to another, for one stream of mono s16le.

    Any thread may use it, but one at a time. With 32 taps it passes up to 0.42 of the slower rate with less than 1 dB,
    and images and aliases from 0.56 of it on are below -80 dB.

    Args:
        from_hz: The rate of what comes in.
        to_hz: The rate of what goes out; the same one passes everything on as it is.
        taps: How many samples at the slower rate each output sample is made of; even. More are steeper and later.
    """

    def __init__(self, from_hz: int, to_hz: int, taps: int = 32) -> None:
        common = math.gcd(from_hz, to_hz)
        self._up: Final = to_hz // common
        self._down: Final = from_hz // common
        slower_hz = min(from_hz, to_hz)
        self.delay_s: Final = 0.0 if from_hz == to_hz else taps / 2 / slower_hz
        """How much later what comes out is than what went in, the same for every frequency."""
        self._weights: Final = _weights(self._up, self._down, taps)
        span = self._weights.shape[1]
        self._starts: Final = np.arange(self._up) * self._down // self._up
        self._past_samples: Final = span - 1
        self._held = np.zeros(self._past_samples, np.float32)
        """The samples before those to come: the past of the filter, and the rest that made no whole output yet."""

    def __repr__(self) -> str:
        return f"<BlockFir {self._down}:{self._up}, {1000 * self.delay_s:.1f} ms>"

    @property
    def step_samples(self) -> int:
        """Of how many input samples a block must be a multiple to come out whole: 3 for 48 to 16 kHz, 441 for 44.1."""
        return self._down

    def convert(self, pcm: bytes) -> bytes:
        """Return what `pcm` (s16le) is at the other rate, clipped at full scale.

        A multiple of `step_samples` comes out as exactly so many samples as it lasts; of anything else, the rest is
        kept and comes out with the next block. However a stream is cut, the same samples come out, but for the last
        bit of one that lies between two.
        """
        if self._up == self._down:
            return pcm
        return s16le(self.filtered(samples(pcm).astype(np.float32)))

    def filtered(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what `values` are at the other rate, in whatever unit they have; else as `convert`."""
        if self._up == self._down:
            return values
        stream = np.concatenate((self._held, values))
        steps = (len(stream) - self._past_samples) // self._down
        used = steps * self._down
        self._held = stream[used:]
        if not steps:
            return stream[:0]
        span = self._weights.shape[1]
        windows = np.ndarray((used, span), np.float32, stream, 0, (4, 4))
        starts = self._starts + self._down * np.arange(steps)[:, np.newaxis]
        # einsum, not a matrix product: BLAS may wake its threads for it, which then spin for longer than a period.
        out: NDArray[np.float32] = np.einsum("sut,ut->su", windows[starts], self._weights)
        return out.reshape(-1)

    def reset(self) -> None:
        """Forget what came before: the next block follows on silence."""
        self._held = np.zeros(self._past_samples, np.float32)


def _weights(up: int, down: int, taps: int) -> NDArray[np.float32]:
    """Return for each of `up` output samples of a step how much of each input sample in its window is in it."""
    faster = max(1.0, down / up)
    """Input samples for one at the slower rate."""
    span = math.ceil(taps * faster)
    late = taps * faster / 2
    """The delay in input samples."""
    phase = (np.arange(up) * down % up / up)[:, np.newaxis]
    # The newest sample of a window is as old as `phase`; the weight's argument counts slower-rate samples.
    age = phase + (span - 1 - np.arange(span))
    away = (age - late) / faster
    inside = np.clip(1.0 - (2.0 * away / taps) ** 2, 0.0, 1.0)
    window = np.i0(_WINDOW_BETA * np.sqrt(inside)) / np.i0(_WINDOW_BETA) * (np.abs(away) <= taps / 2)
    weights = np.sinc(2.0 * _CUTOFF * away) * window
    weights /= weights.sum(axis=1, keepdims=True)
    return weights.astype(np.float32)
