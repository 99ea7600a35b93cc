"""How far apart two sound cards' clocks are, and how that changes, from times that are not exact.

observations 50 a second, each some milliseconds wrong ──► median of each second ──► a line through the last minute
"""

from __future__ import annotations

from collections import deque
from statistics import median  # NumPy's loads a MiB of masked arrays
from typing import Final

import numpy as np

_BLOCK: Final = 50
"""Observations of each card to one point: a second of frames."""
_POINTS: Final = 60
_FEWEST_FOR_A_SLOPE, _ENOUGH_FOR_A_SLOPE = 8, 30
_SURE: Final = 6.0
"""Between those two, a slope counts if it is so many times what chance would make of it."""
_JUMP_S: Final = 0.008
"""A point so far beside the line is no drift: a card ran dry, or changed its mind about its delay."""


class Drift:
    """The smoothed difference between two clocks, each given as its offset: what time it was at its sample 0.

    Of a minute at most is kept. A jump is followed within a second, a drift without lag.
    """

    def __init__(self) -> None:
        self._points: Final = deque[float](maxlen=_POINTS)
        self._ones: list[float] = []
        self._others: list[float] = []
        self.difference_s = 0.0
        """The first offset less the other; after the first observations a rough one, after a second a good one."""
        self.ppm = 0.0
        """How many millionths faster the other card's clock runs than the first one's; 0 until it is known."""

    def __repr__(self) -> str:
        return f"<Drift {1000 * self.difference_s:.1f} ms, {self.ppm:+.0f} ppm, {len(self._points)} points>"

    @property
    def settled(self) -> bool:
        """Whether the difference is a good one."""
        return bool(self._points)

    def note_one(self, offset_s: float) -> None:
        """Note what the first clock's offset seems to be. Those beyond 200 in a second are not needed."""
        if len(self._ones) < 4 * _BLOCK:
            self._ones.append(offset_s)

    def note_other(self, offset_s: float) -> bool:
        """Note the other's, with every frame. Return whether that completed a second, and so made a new difference."""
        self._others.append(offset_s)
        complete = len(self._others) >= _BLOCK
        if self._ones and (complete or not self.settled):
            value_s = median(self._ones) - median(self._others)
            if complete:
                self._add(value_s)
            else:
                self.difference_s = value_s
        if complete:
            self._ones, self._others = [], []
        return complete

    def clear(self) -> None:
        """Forget everything but the drift: the same cards, begun anew."""
        self._points.clear()
        self._ones, self._others = [], []

    def _add(self, value_s: float) -> None:
        """Draw the line through the last points anew, and take its end."""
        if self._points and abs(value_s - self.difference_s) > _JUMP_S:
            self._points.clear()
        self._points.append(value_s)
        self.difference_s = median(list(self._points)[-5:])
        count = len(self._points)
        if count < _FEWEST_FOR_A_SLOPE:
            return
        values = np.array(self._points)
        ages = np.arange(count) - (count - 1)
        slope, end = (float(value) for value in np.polyfit(ages, values, 1))
        beside = values - (slope * ages + end)
        chance = float(np.sqrt(beside @ beside / (count - 2) / (count * float(np.var(ages)))))
        if count >= _ENOUGH_FOR_A_SLOPE or abs(slope) > _SURE * chance:
            self.difference_s, self.ppm = end, slope * 1e6
