"""The JPEG quality with which pictures are small enough: found with the first that is not, and remembered. Pure.

wanted ────┐ too large: again, lower                ┌──── wanted
           └──┐ still too large          ┌──────────┘
              └── small enough ── creeps up, a step a picture, as long as there is room

A scene with much detail costs a second encoding once, and not for each of its pictures.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

LOWEST_PERCENT: Final = 10
"""Below it there are squares instead of a picture."""
_STEP_PERCENT: Final = 2
_LEAST_DROP_PERCENT: Final = 5
_ROOM: Final = 0.8
"""A picture that takes less than this share of the limit would still fit at a slightly better quality."""
_AIM: Final = 0.9
"""Sizes are not quite proportional to the quality, so the next try aims somewhat below the limit."""


class JpegQuality:
    """Finds the quality for one camera.

    Args:
        wanted_percent: What is used while pictures fit, 1 to 100.
        limit_bytes: What a picture may have at most.
    """

    def __init__(self, wanted_percent: int, limit_bytes: int) -> None:
        self._wanted_percent: Final = wanted_percent
        self._lowest_percent: Final = min(LOWEST_PERCENT, wanted_percent)
        self._limit_bytes: Final = limit_bytes
        self.percent = wanted_percent
        """What the next picture is tried with first."""

    def __repr__(self) -> str:
        return f"<JpegQuality {self.percent} of {self._wanted_percent}>"

    def fit(self, encode: Callable[[int], bytes]) -> bytes:
        """Return what `encode` makes of one picture, with the best quality found that fits.

        If even the lowest does not, it is returned all the same: such a picture must be scaled down.
        """
        jpeg = encode(self.percent)
        if len(jpeg) < _ROOM * self._limit_bytes:
            self.percent = min(self._wanted_percent, self.percent + _STEP_PERCENT)
            return jpeg
        while len(jpeg) > self._limit_bytes and self.percent > self._lowest_percent:
            aim_percent = int(self.percent * _AIM * self._limit_bytes / len(jpeg))
            self.percent = max(self._lowest_percent, min(self.percent - _LEAST_DROP_PERCENT, aim_percent))
            jpeg = encode(self.percent)
        return jpeg
