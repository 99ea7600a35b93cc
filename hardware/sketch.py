"""A picture in 192 bytes: how bright it is in each of 16 x 12 fields. Enough to see whether something has changed.

Noise and what JPEG loses vanish in a field's mean; a hand that comes into the picture does not.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.jpeg import Levels, levels

COLUMNS: Final = 16
ROWS: Final = 12


def sketch_of(jpeg: bytes) -> bytes:
    """Return the sketch of a JPEG. Blocks for some milliseconds.

    Raises:
        ValueError: It is damaged, or no JPEG.
    """
    return sketch_of_levels(levels(jpeg, columns=COLUMNS, rows=ROWS))


def sketch_of_levels(picture: Levels) -> bytes:
    """Return the mean brightness, 0 to 255, of each field of `picture`: row by row, a byte each.

    `picture` has at least 16 columns and 12 rows.
    """
    height_px, width_px = picture.shape
    tops, lefts = np.arange(ROWS) * height_px // ROWS, np.arange(COLUMNS) * width_px // COLUMNS
    sums = np.add.reduceat(np.add.reduceat(picture.astype(np.uint32), tops, axis=0), lefts, axis=1)
    sizes = np.outer(np.diff(tops, append=height_px), np.diff(lefts, append=width_px))
    means: NDArray[np.uint8] = np.rint(sums / sizes).astype(np.uint8)
    return means.tobytes()


def difference(one: bytes, other: bytes) -> float:
    """Return how far the fields of two sketches are apart on average, 0 (alike) to 255."""
    a, b = (np.frombuffer(each, np.uint8).astype(np.int16) for each in (one, other))
    return float(np.abs(a - b).mean())
