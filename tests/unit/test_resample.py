"""Changing the sample rate: what passes, what must not, how late it is, and that blocks leave no seam."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from hardware.pcm import samples
from hardware.resample import BlockFir

RATES = [
    (48_000, 16_000),
    (44_100, 16_000),
    (96_000, 16_000),
    (32_000, 16_000),
    (24_000, 16_000),
    (8_000, 16_000),
    (24_000, 48_000),
    (24_000, 44_100),
    (24_000, 96_000),
    (24_000, 32_000),
]
AMPLITUDE = 16_000.0
Values = NDArray[np.floating[Any]]


def tone(pitch_hz: float, rate_hz: int, length_s: float = 0.5) -> NDArray[np.float32]:
    return (AMPLITUDE * np.sin(2 * np.pi * pitch_hz * np.arange(round(rate_hz * length_s)) / rate_hz)).astype("f4")


def level_db(values: Values) -> float:
    """Return the level relative to a tone of `AMPLITUDE`, without the 20 ms in which the filter fills."""
    rest = values[len(values) // 10 :].astype(np.float64)
    return float(10 * np.log10(np.mean(rest**2) / (AMPLITUDE**2 / 2) + 1e-20))


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_speech_passes_as_it_is_and_in_tune(from_hz: int, to_hz: int) -> None:
    for share in (0.02, 0.1, 0.2, 0.3, 0.4):
        pitch_hz = share * min(from_hz, to_hz)
        fir = BlockFir(from_hz, to_hz)
        out = fir.filtered(tone(pitch_hz, from_hz))
        late = pitch_hz * (np.arange(len(out)) / to_hz - fir.delay_s)
        error = out - AMPLITUDE * np.sin(2 * np.pi * late)
        assert abs(level_db(out)) < 0.1
        assert level_db(error) < -40.0


@pytest.mark.parametrize(("from_hz", "to_hz"), [rates for rates in RATES if rates[0] > rates[1]])
def test_what_the_slower_rate_cannot_hold_is_gone(from_hz: int, to_hz: int) -> None:
    for pitch_hz in np.linspace(0.56 * to_hz, 0.49 * from_hz, 25):
        assert level_db(BlockFir(from_hz, to_hz).filtered(tone(pitch_hz, from_hz))) < -80.0


@pytest.mark.parametrize(("from_hz", "to_hz"), [rates for rates in RATES if rates[0] < rates[1]])
def test_no_image_of_the_slower_rate_appears(from_hz: int, to_hz: int) -> None:
    for pitch_hz in np.linspace(0.02 * from_hz, 0.44 * from_hz, 12):
        out = BlockFir(from_hz, to_hz).filtered(tone(pitch_hz, from_hz))[to_hz // 20 :]
        power = np.abs(np.fft.rfft(out * np.blackman(len(out)))) ** 2
        foreign = abs(np.fft.rfftfreq(len(out), 1 / to_hz) - pitch_hz) > 0.01 * from_hz
        assert 10 * np.log10(float(np.sum(power[foreign])) / float(np.sum(power))) < -80.0


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_a_block_of_whole_steps_comes_out_at_once_and_as_long_as_it_went_in(from_hz: int, to_hz: int) -> None:
    fir = BlockFir(from_hz, to_hz)
    assert (from_hz // 100) % fir.step_samples == 0
    for _ in range(3):
        assert len(fir.convert(bytes(2 * from_hz // 100))) == 2 * to_hz // 100
        assert len(fir.convert(bytes(2 * fir.step_samples))) == 2 * fir.step_samples * to_hz // from_hz


@pytest.mark.parametrize(("from_hz", "to_hz"), RATES)
def test_it_is_as_late_as_it_says(from_hz: int, to_hz: int) -> None:
    fir = BlockFir(from_hz, to_hz)
    click = np.zeros(from_hz // 10, np.float32)
    click[from_hz // 50] = AMPLITUDE
    out = fir.filtered(click)
    assert np.argmax(out) / to_hz - 0.02 == pytest.approx(fir.delay_s, abs=0.6 / to_hz)
    assert fir.delay_s <= 0.002


@settings(deadline=None, max_examples=60)
@given(
    rates=st.sampled_from(RATES),
    cuts=st.lists(st.integers(0, 6000), max_size=12),
    seed=st.integers(0, 5),
)
def test_however_it_is_cut_the_same_comes_out(rates: tuple[int, int], cuts: list[int], seed: int) -> None:
    """A sum that lies between two steps of 16 bit may be rounded either way."""
    sound = (known_sound_of(6000, seed)).tobytes()
    whole = samples(BlockFir(*rates).convert(sound)).astype(int)
    fir = BlockFir(*rates)
    edges = [0, *sorted(cuts), 6000]
    parts = [sound[2 * start : 2 * end] for start, end in pairwise(edges)]
    cut = samples(b"".join(fir.convert(part) for part in parts)).astype(int)
    assert len(cut) == len(whole) == 6000 // fir.step_samples * fir.step_samples * rates[1] // rates[0]
    assert abs(cut - whole).max() <= 1


def known_sound_of(count: int, seed: int) -> NDArray[np.int16]:
    return np.random.default_rng(seed).integers(-20_000, 20_000, count, dtype=np.int16)


def test_what_is_louder_than_full_scale_is_clipped_and_not_wrapped() -> None:
    square = np.where(np.arange(4800) // 48 % 2, 32_767, -32_768).astype("<i2")
    out = samples(BlockFir(48_000, 16_000).convert(square.tobytes())).astype(int)
    assert out.max() == 32_767
    assert out.min() == -32_768
    assert np.max(abs(np.diff(out[40:]))) > 20_000
    assert ((out[40:] > 0) == (np.roll(square, 48)[120::3] > 0)).mean() > 0.95


def test_the_same_rate_is_left_as_it_is() -> None:
    sound = known_sound_of(777, 1).tobytes()
    fir = BlockFir(16_000, 16_000)
    assert fir.convert(sound) == sound
    assert fir.delay_s == 0.0


def test_after_a_reset_nothing_of_before_is_left() -> None:
    fir = BlockFir(44_100, 16_000)
    first = fir.convert(known_sound_of(1000, 2).tobytes())
    fir.reset()
    assert fir.convert(known_sound_of(1000, 2).tobytes()) == first
    assert repr(fir) == "<BlockFir 441:160, 1.0 ms>"
