"""Sketches: what vanishes in them and what does not; and what makes JPEGs small enough."""

from __future__ import annotations

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from simplejpeg import encode_jpeg

from daemon.sight import is_news
from hardware.grey_jpeg import grey_jpeg
from hardware.jpeg import (
    LIMIT_BYTES,
    Levels,
    encoded,
    encoded_yuyv,
    has_huffman_tables,
    levels,
    pixels,
    scaled_to_limit,
    size_px,
)
from hardware.jpeg_quality import LOWEST_PERCENT, JpegQuality
from hardware.sketch import COLUMNS, ROWS, difference, sketch_of, sketch_of_levels

LIMIT = 100_000


def scenery(seed: int = 1, width_px: int = 832, height_px: int = 640) -> Levels:
    """Return a picture with as much of the coarse and of the fine as pictures have (its spectrum falls with 1/f)."""
    across, down = np.fft.rfftfreq(width_px)[None, :], np.fft.fftfreq(height_px)[:, None]
    falling = np.sqrt(across**2 + down**2)
    falling[0, 0] = 1.0
    noise = np.fft.rfft2(np.random.default_rng(seed).standard_normal((height_px, width_px)))
    picture = np.fft.irfft2(noise / falling, s=(height_px, width_px))
    scenery: Levels = np.clip((picture - picture.mean()) / picture.std() * 50 + 120, 0, 255).astype(np.uint8)
    return scenery


def seen(shift_px: int = 0) -> Levels:
    """Return 768 x 576 pixels of the same scenery, by a lens that has moved."""
    return scenery()[32 + shift_px : 608 + shift_px, 32 + shift_px : 800 + shift_px]


def jpeg_of(picture: Levels, quality: int = 75) -> bytes:
    return bytes(encode_jpeg(np.ascontiguousarray(picture)[:, :, None], quality, "GRAY", "Gray"))


def changed(picture: Levels) -> bool:
    return is_news(sketch_of(jpeg_of(picture)), sketch_of(jpeg_of(seen())))


# --- sketches --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [0, 7, 128, 255])
@pytest.mark.parametrize("size", [(768, 576), (640, 360), (107, 97), (16, 12)])
def test_the_sketch_of_a_grey_is_that_grey(size: tuple[int, int], level: int) -> None:
    assert sketch_of(grey_jpeg(*size, level)) == bytes([level]) * COLUMNS * ROWS


@given(width=st.integers(COLUMNS, 70), height=st.integers(ROWS, 70), seed=st.integers(0, 9))
def test_every_field_is_the_mean_of_its_pixels(width: int, height: int, seed: int) -> None:
    picture = np.random.default_rng(seed).integers(0, 256, (height, width), dtype=np.uint8)
    tops, lefts = (
        [side * at // count for at in range(count + 1)] for side, count in ((height, ROWS), (width, COLUMNS))
    )
    fields = [picture[top:foot, left:right] for top, foot in pairwise(tops) for left, right in pairwise(lefts)]
    assert list(sketch_of_levels(picture)) == [round(float(field.mean())) for field in fields]


@given(st.binary(min_size=192, max_size=192), st.binary(min_size=192, max_size=192))
def test_the_difference_is_the_mean_distance_of_the_fields(one: bytes, other: bytes) -> None:
    assert difference(one, other) == pytest.approx(sum(abs(a - b) for a, b in zip(one, other, strict=True)) / 192)
    assert difference(one, other) == difference(other, one)
    assert difference(one, one) == 0.0


def test_the_first_picture_is_news_whatever_it_shows() -> None:
    assert is_news(bytes(192), None)
    assert not is_news(bytes(192), bytes(192))


def test_noise_compression_and_a_lens_that_trembles_by_a_pixel_are_no_news() -> None:
    noisy = np.clip(seen() + np.random.default_rng(2).normal(0.0, 8.0, seen().shape), 0, 255).astype(np.uint8)
    assert not changed(noisy)
    assert not is_news(sketch_of(jpeg_of(seen(), 20)), sketch_of(jpeg_of(seen(), 90)))
    assert not changed(seen(1))


def test_a_thing_held_up_another_light_and_a_turned_head_are_news() -> None:
    held = seen().copy()
    held[200:350, 300:450] = 255
    assert changed(held)
    assert changed((seen() * 0.9).astype(np.uint8))
    assert changed(seen(8))


@pytest.mark.parametrize("least_bytes", [1, 100_000, 200_000])
def test_a_picture_can_be_as_large_as_one_of_something(least_bytes: int) -> None:
    jpeg = grey_jpeg(64, 48, 128, least_bytes=least_bytes)
    assert least_bytes <= len(jpeg) < least_bytes + 1000
    assert sketch_of(jpeg) == bytes([128]) * COLUMNS * ROWS


@pytest.mark.parametrize("broken", [b"", b"\xff\xd8\xff\xd9", grey_jpeg(64, 48, 3)[:-30] + b"\xff\xd9", b"PNG"])
def test_what_is_no_jpeg_is_refused(broken: bytes) -> None:
    for read in (sketch_of, size_px, lambda jpeg: pixels(jpeg, longest_px=10)):
        with pytest.raises(ValueError):  # noqa: PT011 - simplejpeg's words differ with what is broken
            read(broken) if read is not size_px else read(broken[:8])


# --- reading and making ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("size", "longest_px", "scaled"),
    [
        ((1280, 720), 768, (640, 360)),
        ((1024, 768), 768, (768, 576)),
        ((800, 600), 768, (700, 525)),
        ((480, 640), 768, (480, 640)),
        ((1200, 1600), 768, (450, 600)),
        ((1601, 1201), 768, (601, 451)),
        ((8000, 6000), 768, (1000, 750)),
    ],
)
def test_a_picture_is_read_at_the_most_eighths_that_are_small_enough(
    size: tuple[int, int], longest_px: int, scaled: tuple[int, int]
) -> None:
    width_px, height_px = size
    picture = pixels(grey_jpeg(width_px, height_px, 55), longest_px=longest_px)
    assert picture.shape == (scaled[1], scaled[0], 3)
    assert {55} == set(picture.reshape(-1).tolist())


def test_a_raw_picture_is_read_with_its_gaps_between_the_lines() -> None:
    raw = (bytes([200, 128, 60, 128]) * 32 + b"\0" * 40) * 48
    jpeg = encoded_yuyv(raw, 64, 48, 168)
    assert size_px(jpeg) == (64, 48)
    assert levels(jpeg, columns=8, rows=6).mean() == pytest.approx(130, abs=1)
    with pytest.raises(ValueError, match="buffer is smaller"):
        encoded_yuyv(raw[:-1], 64, 48, 168)


def test_what_we_make_says_how_it_is_coded() -> None:
    assert has_huffman_tables(encoded(np.zeros((16, 16, 3), np.uint8), 50))
    assert has_huffman_tables(grey_jpeg(8, 8, 3))
    assert not has_huffman_tables(b"\xff\xd8\xff\xda" + bytes(8))
    assert not has_huffman_tables(b"")


def test_pictures_decode_elsewhere_too() -> None:
    image = pytest.importorskip("PIL.Image", reason="decodes JPEG; comes with matplotlib")
    with image.open(BytesIO(encoded(np.full((48, 64, 3), (200, 10, 10), np.uint8), 90))) as picture:
        red, green, blue = picture.getpixel((30, 20))
    assert (red, green, blue) == pytest.approx((200, 10, 10), abs=3)


def test_what_fits_at_no_quality_is_made_half_as_wide_until_it_does() -> None:
    noise = np.random.default_rng(3).integers(0, 256, (1152, 1536, 3), dtype=np.uint8)
    jpeg = scaled_to_limit(encoded(noise, LOWEST_PERCENT), LOWEST_PERCENT)
    assert len(jpeg) <= LIMIT_BYTES
    assert size_px(jpeg) == (768, 576)
    small = grey_jpeg(64, 48, 9)
    assert scaled_to_limit(small, 50) is small


# --- quality ---------------------------------------------------------------------------------------------


class Scene:
    """Encodes the same picture with any quality, and counts."""

    def __init__(self, bytes_a_percent: float) -> None:
        self.bytes_a_percent = bytes_a_percent
        self.tried: list[int] = []

    def encode(self, percent: int) -> bytes:
        self.tried.append(percent)
        return bytes(int(percent * self.bytes_a_percent))


def test_a_picture_that_fits_is_encoded_once_with_the_wanted_quality() -> None:
    quality, scene = JpegQuality(75, LIMIT), Scene(1000)
    assert [len(quality.fit(scene.encode)) for _ in range(3)] == [75_000] * 3
    assert scene.tried == [75] * 3


def test_one_that_is_too_large_is_encoded_lower_and_the_next_ones_begin_there() -> None:
    quality, scene = JpegQuality(75, LIMIT), Scene(4000)
    assert len(quality.fit(scene.encode)) <= LIMIT
    assert scene.tried == [75, 22]
    quality.fit(scene.encode)
    assert scene.tried == [75, 22, 22]
    assert repr(quality) == "<JpegQuality 22 of 75>"


def test_the_quality_creeps_up_to_the_wanted_one_and_no_further_once_there_is_room() -> None:
    quality, scene = JpegQuality(75, LIMIT), Scene(4000)
    quality.fit(scene.encode)
    scene.bytes_a_percent = 1000
    for _ in range(40):
        quality.fit(scene.encode)
    assert scene.tried[2:] == [*range(22, 75, 2), *[75] * 13]


def test_in_a_steady_scene_no_picture_is_encoded_twice_for_ever() -> None:
    for bytes_a_percent in (1200, 1400, 2000, 3000, 5000):
        quality, scene = JpegQuality(75, LIMIT), Scene(bytes_a_percent)
        for _ in range(50):
            quality.fit(scene.encode)
        assert len(scene.tried) <= 50 + 3


@given(
    wanted=st.integers(1, 100),
    scenes=st.lists(st.floats(10, 30_000, allow_nan=False), min_size=1, max_size=20),
)
def test_it_ends_and_every_picture_fits_or_has_the_lowest_quality(wanted: int, scenes: list[float]) -> None:
    quality = JpegQuality(wanted, LIMIT)
    for bytes_a_percent in scenes:
        scene = Scene(bytes_a_percent)
        size = len(quality.fit(scene.encode))
        assert size <= LIMIT or scene.tried[-1] <= LOWEST_PERCENT
        assert all(1 <= percent <= wanted for percent in scene.tried)
        assert len(scene.tried) <= 20
