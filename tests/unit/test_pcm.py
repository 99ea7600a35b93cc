"""Pulse-code-modulated audio: sizes, levels, gain, ramps, mixing, mono."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.pcm import (
    DOWN,
    FRAME_S,
    SILENCE_DBFS,
    UP,
    Format,
    gain_of_db,
    level_dbfs,
    mixed,
    mono,
    ramped,
    samples,
    scaled,
)

SAMPLES = st.lists(st.integers(-32768, 32767), max_size=64)


def pcm(*values: int) -> bytes:
    return b"".join(value.to_bytes(2, "little", signed=True) for value in values)


def numbers(audio: bytes) -> list[int]:
    return [int(value) for value in samples(audio)]


@pytest.mark.parametrize(("audio", "frame_samples", "frame_bytes"), [(UP, 320, 640), (DOWN, 480, 960)])
def test_a_frame_is_20_ms(audio: Format, frame_samples: int, frame_bytes: int) -> None:
    assert audio.frame_samples == frame_samples
    assert audio.frame_bytes == len(audio.silence) == frame_bytes
    assert audio.seconds(audio.frame_bytes) == FRAME_S
    assert not any(audio.silence)


@given(st.sampled_from([UP, DOWN]), st.integers(0, 10**7))
def test_bytes_and_seconds_are_each_others_inverse(audio: Format, count: int) -> None:
    assert audio.bytes_in(audio.seconds(2 * count)) == 2 * count


def test_bytes_in_rounds_down_to_whole_samples() -> None:
    assert UP.bytes_in(0.99 / 16_000) == 0
    assert UP.bytes_in(1.99 / 16_000) == 2


@given(SAMPLES)
def test_samples_are_signed_little_endian(values: list[int]) -> None:
    assert numbers(pcm(*values)) == values


def test_half_a_sample_is_refused() -> None:
    with pytest.raises(ValueError, match="buffer size"):
        samples(b"\0\0\0")


@pytest.mark.parametrize(
    ("audio", "dbfs"),
    [
        (b"", SILENCE_DBFS),
        (UP.silence, SILENCE_DBFS),
        (pcm(*[-32768] * 8), 0.0),
        (pcm(*[16384, -16384] * 8), -6.0206),
        (pcm(*[1] * 8), -90.309),
        (pcm(*[1, *[0] * 99]), SILENCE_DBFS),
    ],
    ids=["nothing", "silence", "full scale", "half", "the least", "below the floor"],
)
def test_level(audio: bytes, dbfs: float) -> None:
    assert level_dbfs(audio) == pytest.approx(dbfs, abs=1e-3)


def test_a_full_scale_sine_is_3_db_below_a_square_wave() -> None:
    sine = np.rint(32767 * np.sin(2 * np.pi * np.arange(320) / 32)).astype("<i2").tobytes()
    assert level_dbfs(sine) == pytest.approx(-3.01, abs=0.01)


@given(SAMPLES, st.floats(0, 100))
def test_gain_multiplies_rounds_and_clips_but_never_wraps(values: list[int], gain: float) -> None:
    for before, after in zip(values, numbers(scaled(pcm(*values), gain)), strict=True):
        assert abs(after - max(-32768, min(32767, before * gain))) <= 0.51  # float32 rounds halves either way
        assert after == 0 or (after > 0) == (before > 0)


@given(SAMPLES)
def test_a_gain_of_one_changes_nothing_and_of_nought_leaves_nothing(values: list[int]) -> None:
    assert scaled(pcm(*values), 1.0) == pcm(*values)
    assert not any(scaled(pcm(*values), 0.0))


@pytest.mark.parametrize(("decibel", "gain"), [(0.0, 1.0), (20.0, 10.0), (-6.0206, 0.5), (-math.inf, 0.0)])
def test_gain_of_db(decibel: float, gain: float) -> None:
    assert gain_of_db(decibel) == pytest.approx(gain, rel=1e-5)


def test_a_ramp_reaches_both_of_its_ends() -> None:
    assert numbers(ramped(pcm(*[10_000] * 5), 1.0, 0.0)) == [10_000, 7_500, 5_000, 2_500, 0]
    assert numbers(ramped(pcm(*[-10_000] * 3), 0.0, 1.0)) == [0, -5_000, -10_000]
    assert ramped(b"", 1.0, 0.0) == b""


@given(SAMPLES, st.floats(0, 1), st.floats(0, 1))
def test_a_ramp_between_nought_and_one_never_makes_anything_louder(values: list[int], start: float, end: float) -> None:
    for before, after in zip(values, numbers(ramped(pcm(*values), start, end)), strict=True):
        assert abs(after) <= abs(before)


@given(st.lists(st.tuples(st.integers(-32768, 32767), st.integers(-32768, 32767)), max_size=64))
def test_mixing_adds_and_clips(pairs: list[tuple[int, int]]) -> None:
    one, other = pcm(*(pair[0] for pair in pairs)), pcm(*(pair[1] for pair in pairs))
    expected = [max(-32768, min(32767, sum(pair))) for pair in pairs]
    assert numbers(mixed(one, other)) == numbers(mixed(other, one)) == expected


def test_mixing_refuses_different_lengths() -> None:
    with pytest.raises(ValueError, match="cannot mix 4 with 2 bytes"):
        mixed(pcm(1, 2), pcm(1))


def test_mono_keeps_one_channel() -> None:
    assert mono(pcm(1, 2, 3, 4), 1) == pcm(1, 2, 3, 4)
    assert mono(pcm(1, -1, 2, -2), 2) == pcm(1, 2)
    assert mono(pcm(1, -1, 2, -2), 2, keep=1) == pcm(-1, -2)
