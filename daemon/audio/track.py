"""Sound on a clock: samples in a row, and what the drivers said of when they sounded or were captured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import Frame
from hardware.pcm import DOWN, UP, samples
from hardware.played import Piece

Wave: TypeAlias = NDArray[np.float64]
"""Samples between -1 and 1."""


@dataclass(frozen=True, slots=True)
class Track:
    """Samples in a row, and what the driver said of when some of them sounded or were captured."""

    wave: Wave
    rate_hz: int
    marks: NDArray[np.float64]
    """Pairs: a sample's number, and its time."""

    def at_s(self, index: float) -> float:
        """Return when the sample `index` was, by the marks within half a second of it: one alone may be off."""
        near = np.abs(self.marks[:, 0] - index) <= 0.5 * self.rate_hz
        numbers, times_s = self.marks[near].T
        return float(np.median(times_s - numbers / self.rate_hz)) + index / self.rate_hz

    def index(self, at_s: float) -> int:
        """Return the sample nearest to a time."""
        numbers, times_s = self.marks[np.argsort(np.abs(self.marks[:, 1] - at_s))[:50]].T
        return round((at_s - float(np.median(times_s - numbers / self.rate_hz))) * self.rate_hz)


def played(pieces: Sequence[Piece]) -> Track:
    """Return what a speaker handed to its device, 24 kHz; its times are those at which the driver says it sounds."""
    waves = [wave_of(piece.pcm) for piece in pieces]
    begins = np.cumsum([0, *map(len, waves)])[:-1]
    return Track(np.concatenate(waves), DOWN.rate_hz, _marks(begins, [piece.sounds_s for piece in pieces]))


def captured(frames: Sequence[Frame]) -> Track:
    """Return what a microphone heard, 16 kHz. Frames that were lost are silence: those after them keep their place."""
    waves: list[Wave] = []
    for frame in frames:
        waves += [np.zeros(frame.lost_frames * UP.frame_samples), wave_of(frame.pcm)]
    ends = np.cumsum([len(wave) for wave in waves])[1::2]
    return Track(np.concatenate(waves), UP.rate_hz, _marks(ends, [frame.captured_s for frame in frames]))


def onsets(track: Track, silence_s: float) -> list[int]:
    """Return the samples with which sound begins after more than so much digital silence."""
    sounding = np.flatnonzero(track.wave)
    return [int(one) for one in sounding[np.diff(sounding, prepend=-track.rate_hz) > silence_s * track.rate_hz]]


def wave_of(pcm: bytes) -> Wave:
    """Return s16le as samples between -1 and 1."""
    return samples(pcm) / 32768.0


def _marks(numbers: NDArray[np.int64], times_s: Sequence[float]) -> NDArray[np.float64]:
    return np.stack([numbers.astype(np.float64), np.array(times_s)], axis=1)
