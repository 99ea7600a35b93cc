"""The ring as a picture of square pixels, two of them in each cell of a terminal. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import Rgb

_HOUSING: Final = np.array([44.0, 46.0, 52.0])
"""A pixel that is dark can still be seen."""
_GAMMA: Final = 1 / 1.7
"""From how much light an LED gives to what a screen must be told: half the light is not half the number."""
_RADIUS: Final = 0.40
"""Of the circle that the LEDs sit on, in sides of the picture."""
_GLOW: Final = 0.30
_LEAST: Final = 72
"""Of the three colours together: what is darker would look darker than the window."""
_STEP: Final = 8
"""Colours are rounded to it: fewer cells change from one picture to the next."""


def drawn(pixels: Sequence[Rgb], side: int) -> list[list[Rgb | None]]:
    """Return a picture of `side` by `side` points, None where nothing is; the first LED is at the top, then clockwise.

    Args:
        pixels: What the LEDs show, at least one.
        side: Points; 16 or more, or the LEDs are not to be told apart.
    """
    cores, glows = _weights(len(pixels), side)
    light = 255.0 * (np.array(pixels, dtype=np.float64) / 255.0) ** _GAMMA
    points = np.clip(np.maximum(cores @ light, _GLOW * (glows @ light)), 0.0, 255.0)
    body = cores.sum(axis=1, keepdims=True).clip(0.0, 1.0)
    points = np.maximum(points, body * _HOUSING)
    rounded = (np.rint(points / _STEP) * _STEP).clip(0, 255).astype(int).reshape(side, side, 3)
    return [[_rgb(point) for point in row] for row in rounded.tolist()]


def _rgb(point: list[int]) -> Rgb | None:
    red, green, blue = point
    return (red, green, blue) if red + green + blue > _LEAST else None


@lru_cache(maxsize=4)
def _weights(count: int, side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much of each LED's light is in each point (rows) of its body, and of the glow around it."""
    middle = (side - 1) / 2
    angles = 2 * math.pi * np.arange(count) / count
    circle = _RADIUS * side if count > 1 else 0.0
    at_x, at_y = middle + circle * np.sin(angles), middle - circle * np.cos(angles)
    body = min(0.09 * side, 0.40 * 2 * math.pi * circle / count) if count > 1 else 0.25 * side
    y, x = np.mgrid[0:side, 0:side].reshape(2, -1, 1)
    away = np.hypot(x - at_x, y - at_y)
    cores = np.clip(body - away + 0.5, 0.0, 1.0)
    glows = np.clip(1.0 - away / (2.2 * body), 0.0, 1.0) ** 2
    return cores / np.maximum(cores.sum(axis=1, keepdims=True), 1.0), glows
