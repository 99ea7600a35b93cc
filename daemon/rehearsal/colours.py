"""Which colours the ring shows, as a person names them."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from typing import Final

from hardware.interfaces import Rgb

from .expected import Colour

_HUES: Final[tuple[tuple[float, Colour], ...]] = (
    (0.03, "red"),
    (0.16, "amber"),
    (0.42, "green"),
    (0.58, "cyan"),
    (0.70, "blue"),
    (0.83, "violet"),
    (0.97, "rose"),
    (1.00, "red"),
)
"""Up to which hue each reaches, in turns from red."""
_PALEST: Final = 0.25
"""What is less saturated is white."""
_DARKEST: Final = 24
"""Of 255: what no pixel exceeds is dark."""


def colours(pixels: Sequence[Rgb]) -> frozenset[Colour]:
    """Return the colours of those pixels that one sees."""
    return frozenset(_colour(pixel) for pixel in pixels if max(pixel) >= _DARKEST)


def _colour(pixel: Rgb) -> Colour:
    hue, saturation, _ = colorsys.rgb_to_hsv(*(value / 255 for value in pixel))
    if saturation < _PALEST:
        return "white"
    return next(name for up_to, name in _HUES if hue <= up_to)
