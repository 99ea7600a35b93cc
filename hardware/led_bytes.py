"""Pixels as bytes: dimmed once, then written in the way that each kind of LED reads its wire. Pure.

*Levels* are what the LEDs are to be driven with: one byte per channel, red, green and blue of each pixel in order.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from hardware.interfaces import Rgb

GAMMA: Final = 2.2
"""Eyes see ratios: without it the lower half of a fade looks as bright as the upper one."""
CHANNEL_MA: Final = 20
"""What one channel draws at level 255 (APA102 and WS2812 data sheets)."""
IDLE_MA: Final = 1
"""What the chip in a pixel draws while it is dark."""

APA102_HZ: Final = 4_000_000
"""hardware.md section 4: 1 to 8 MHz, mode 0. Slow enough for some centimetres of loose wire."""

WS2812_HZ: Final = 3_200_000
"""At 4 SPI bits per bit: 312 ns high is a 0, 625 ns high is a 1, 1.25 us in all."""
_WS2812_RESET: Final = bytes(120)
"""300 us low: tells the pixels to show what they have. Newer ones need 280 us."""
WS2812_MOST_PIXELS: Final = (4096 - 2 * len(_WS2812_RESET)) // 12
"""spidev sends at most 4096 bytes in one go; the pause before a second go would show half a picture."""


class Dimmer:
    """Turns colours into levels: gamma, then brightness, then the limit on the current, each exactly once."""

    def __init__(self, brightness_percent: int, max_current_ma: int) -> None:
        self._max_current_ma: Final = max_current_ma
        self._table: Final = bytes(_level(value, brightness_percent / 100) for value in range(256))

    def levels(self, pixels: Sequence[Rgb]) -> bytes:
        """Return the levels of `pixels`, 3 bytes each, dimmed as a whole where they would draw too much.

        A channel that is not 0 stays visible at every brightness above 0: a faint light still says something.
        Only the limit on the current may put it out.

        Raises:
            ValueError: A channel is not in 0 to 255.
        """
        levels = bytes(channel for pixel in pixels for channel in pixel).translate(self._table)
        light_ma = sum(levels) * CHANNEL_MA / 255
        allowed_ma = max(0, self._max_current_ma - IDLE_MA * len(pixels))
        if light_ma <= allowed_ma:
            return levels
        share = allowed_ma / light_ma
        return bytes(int(level * share) for level in levels)


def current_ma(levels: bytes) -> float:
    """Estimate what pixels at these levels draw."""
    return sum(levels) * CHANNEL_MA / 255 + IDLE_MA * len(levels) / 3


def apa102(levels: bytes) -> bytes:
    """Return the SPI bytes that make APA102 or SK9822 pixels show `levels`.

        00 00 00 00 | FF blue green red | ... | 00 00 00 00 | 00 ...
        start         one per pixel             SK9822 shows   half a clock for each pixel

    The five bits of brightness stay at their highest: the two parts dim differently by them (hardware.md section 4).
    Each pixel hands the data on half a clock late, so one more bit is needed for every two pixels; zeros, because
    ones would light a pixel beyond the last.
    """
    count = len(levels) // 3
    pixels = bytearray(b"\xff" * (4 * count))
    pixels[1::4], pixels[2::4], pixels[3::4] = levels[2::3], levels[1::3], levels[0::3]
    return bytes(4) + pixels + bytes(4) + bytes((count + 15) // 16)


def ws2812(levels: bytes) -> bytes:
    """Return the SPI bytes, to be sent at `WS2812_HZ` in one go, that make WS2812 pixels show `levels`.

        reset | green red blue, the most significant bit first, 4 bytes a channel | ... | reset

    Every byte ends in a 0, so a gap between two bytes only makes a low phase longer, which the pixels forgive. There
    is a reset before the data too, because the wire may idle high (hardware.md section 4).
    """
    ordered = bytearray(len(levels))
    ordered[0::3], ordered[1::3], ordered[2::3] = levels[1::3], levels[0::3], levels[2::3]
    return _WS2812_RESET + b"".join(_WS2812_CODES[level] for level in ordered) + _WS2812_RESET


def _level(value: int, brightness: float) -> int:
    if value == 0 or brightness == 0:
        return 0
    return max(1, round(255 * brightness * math.pow(value / 255, GAMMA)))


def _ws2812_code(level: int) -> bytes:
    """Return the 32 SPI bits of 8 bits: 1000 for a 0, 1100 for a 1."""
    bits = "".join("1100" if bit == "1" else "1000" for bit in f"{level:08b}")
    return int(bits, 2).to_bytes(4, "big")


_WS2812_CODES: Final = tuple(_ws2812_code(level) for level in range(256))
