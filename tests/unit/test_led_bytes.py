"""The bytes on the wire, read back the way the parts' data sheets say that the parts read them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.interfaces import Rgb
from hardware.led_bytes import WS2812_HZ, WS2812_MOST_PIXELS, Dimmer, apa102, current_ma, ws2812

CHANNEL = st.integers(0, 255)
PIXEL = st.tuples(CHANNEL, CHANNEL, CHANNEL)
PICTURE = st.lists(PIXEL, max_size=70)
PLENTY_MA = 1_000_000


def flat(pixels: list[Rgb]) -> bytes:
    return bytes(itertools.chain.from_iterable(pixels))


def bits(data: bytes) -> list[int]:
    return [byte >> shift & 1 for byte in data for shift in range(7, -1, -1)]


# --- APA102 and SK9822 ---------------------------------------------------------------------------------


def apa102_chain(data: bytes, count: int) -> list[tuple[int, int, int, int]]:
    """Clock `data` into `count` pixels; return what they show as (global brightness, red, green, blue).

    After 32 zeros each pixel keeps the first 32 bits that it is given beginning with three ones, and hands on what
    follows, half a clock later. An SK9822 shows its colour at the next 32 zeros.
    """
    stream = bits(data)
    assert stream[:32] == [0] * 32, "start frame"
    shown = []
    for index in range(count):
        word = stream[32 * (index + 1) : 32 * (index + 2)]
        assert word[:3] == [1, 1, 1], f"pixel {index} is not given a colour"
        fields = [word[3:8], word[24:32], word[16:24], word[8:16]]
        shown.append(tuple(int("".join(map(str, field)), 2) for field in fields))
    rest = stream[32 * (count + 1) :]
    assert rest[:32] == [0] * 32, "latch of the SK9822"
    assert not any(rest), "ones after the last pixel would light another one"
    assert 2 * (len(rest) - 32) >= count, "too few clocks to bring the latch to the last pixel"
    return shown  # type: ignore[return-value]  # every tuple has the four fields


@given(pixels=PICTURE)
def test_apa102_pixels_show_their_colours_at_full_global_brightness(pixels: list[Rgb]) -> None:
    assert apa102_chain(apa102(flat(pixels)), len(pixels)) == [(31, *pixel) for pixel in pixels]


def test_apa102_bytes_of_two_pixels() -> None:
    expected = "00000000 ff030201 ff060504 00000000 00"
    assert apa102(bytes([1, 2, 3, 4, 5, 6])) == bytes.fromhex(expected)


# --- WS2812 --------------------------------------------------------------------------------------------

BIT_S = 1 / WS2812_HZ


def phases(data: bytes, gap_s: float) -> Iterator[tuple[int, float]]:
    """What an oscilloscope shows: (level, seconds), the bus resting for `gap_s` after each byte at its last level."""
    wire = [(bit, BIT_S + (gap_s if place % 8 == 7 else 0.0)) for place, bit in enumerate(bits(data))]
    for level, run in itertools.groupby(wire, key=lambda piece: piece[0]):
        yield level, sum(length for _, length in run)


def ws2812_chain(data: bytes, gap_s: float = 0.0) -> bytes:
    """Return the levels that the pixels show, red first, by the times of the data sheet (WS2812B-V5).

    High for 220 to 380 ns is a 0, for 580 to 1000 ns a 1; low for 280 us or more shows what has come.
    """
    received: list[int] = []
    shown: list[int] = []
    for level, length_s in phases(data, gap_s):
        if level:
            zero, one = 220e-9 <= length_s <= 380e-9, 580e-9 <= length_s <= 1000e-9
            assert zero != one, f"{length_s * 1e9:.0f} ns is neither"
            received.append(int(one))
        elif length_s >= 280e-6:
            shown, received = received or shown, []
        else:
            assert length_s >= 580e-9, f"{length_s * 1e9:.0f} ns low is too short"
    assert not received, "the last picture was not shown"
    grb = bytes(int("".join(map(str, shown[i : i + 8])), 2) for i in range(0, len(shown), 8))
    return b"".join(bytes((grb[i + 1], grb[i], grb[i + 2])) for i in range(0, len(grb), 3))


@given(pixels=PICTURE)
def test_ws2812_pixels_show_their_colours(pixels: list[Rgb]) -> None:
    assert ws2812_chain(ws2812(flat(pixels))) == flat(pixels)


@given(pixels=PICTURE, gap_us=st.floats(0.0, 5.0))
def test_a_bus_that_pauses_between_bytes_does_not_change_the_colours(pixels: list[Rgb], gap_us: float) -> None:
    assert ws2812_chain(ws2812(flat(pixels)), gap_us * 1e-6) == flat(pixels)


def test_ws2812_is_silent_for_long_enough_before_and_after_the_data() -> None:
    (first, before_s), *_, (last, after_s) = phases(ws2812(bytes([255, 255, 255])), 0.0)
    assert (first, last) == (0, 0)
    assert before_s >= 280e-6
    assert after_s >= 280e-6


def test_the_longest_ws2812_ring_fits_one_transfer_of_spidev() -> None:
    assert len(ws2812(bytes(3 * WS2812_MOST_PIXELS))) <= 4096 < len(ws2812(bytes(3 * (WS2812_MOST_PIXELS + 1))))


# --- dimming -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("brightness_percent", "value", "level"),
    [
        (100, 255, 255),
        (100, 128, 56),  # 255 * (128 / 255) ** 2.2
        (40, 255, 102),
        (40, 128, 22),
        (40, 1, 1),  # faint, but not off
        (1, 200, 1),
        (40, 0, 0),
        (0, 255, 0),
    ],
)
def test_gamma_and_brightness_are_applied_once(brightness_percent: int, value: int, level: int) -> None:
    assert Dimmer(brightness_percent, PLENTY_MA).levels([(value, 0, value)]) == bytes((level, 0, level))


@given(brightness_percent=st.integers(1, 100), value=st.integers(1, 255))
def test_a_brighter_colour_is_never_shown_darker_and_a_light_never_goes_out(
    brightness_percent: int, value: int
) -> None:
    below, level, _ = Dimmer(brightness_percent, PLENTY_MA).levels([(value - 1, value, 0)])
    assert 0 <= below <= level <= math.ceil(255 * brightness_percent / 100)
    assert level > 0


def test_24_white_pixels_draw_what_hardware_md_section_4_says_and_are_dimmed_to_level_66() -> None:
    white = [(255, 255, 255)] * 24
    assert current_ma(Dimmer(100, PLENTY_MA).levels(white)) == 1464
    assert set(Dimmer(100, 400).levels(white)) == {66}


@given(pixels=PICTURE, brightness_percent=st.integers(0, 100), max_current_ma=st.integers(0, 3000))
def test_no_picture_draws_more_than_is_allowed(pixels: list[Rgb], brightness_percent: int, max_current_ma: int) -> None:
    levels = Dimmer(brightness_percent, max_current_ma).levels(pixels)
    assert current_ma(levels) <= max(max_current_ma, len(pixels)) + 1e-9  # 1 mA a pixel cannot be saved


@given(pixels=PICTURE, max_current_ma=st.integers(0, 3000))
def test_the_limit_dims_the_whole_picture_and_by_no_more_than_needed(pixels: list[Rgb], max_current_ma: int) -> None:
    free = Dimmer(100, PLENTY_MA).levels(pixels)
    limited = Dimmer(100, max_current_ma).levels(pixels)
    if current_ma(free) <= max(max_current_ma, len(pixels)):
        assert limited == free
        return
    share = max(0.0, max_current_ma - len(pixels)) / (current_ma(free) - len(pixels))
    assert all(before * share - 1 < after <= before * share + 1e-9 for before, after in zip(free, limited, strict=True))


def test_a_channel_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="256"):
        Dimmer(100, 400).levels([(256, 0, 0)])
