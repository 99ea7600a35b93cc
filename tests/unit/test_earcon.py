"""Earcons are short, soft, click-free, and told apart by ear."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from daemon.audio.earcon import Earcon, sound
from hardware.pcm import DOWN, level_dbfs, samples

FULL_SCALE = 32768.0
UNHURRIED = {Earcon.START, Earcon.NO_NETWORK, Earcon.KEY_REFUSED, Earcon.LIMIT, Earcon.RING}
"""Nobody waits for what comes after them."""


def spectrum(earcon: Earcon) -> NDArray[np.float64]:
    """The loudness at each multiple of 5/3 Hz, of length 1."""
    power: NDArray[np.float64] = np.abs(np.fft.rfft(samples(sound(earcon)).astype(float), DOWN.rate_hz * 6 // 10))
    power /= np.linalg.norm(power)
    return power


def pitch_hz(pcm: bytes) -> float:
    """The strongest frequency."""
    values = samples(pcm).astype(float) * np.hanning(len(pcm) // 2)
    return float(np.argmax(np.abs(np.fft.rfft(values, DOWN.rate_hz))))


@pytest.mark.parametrize("earcon", Earcon)
def test_it_is_whole_frames_and_short(earcon: Earcon) -> None:
    pcm = sound(earcon)
    assert len(pcm) % DOWN.frame_bytes == 0
    assert 0.08 <= DOWN.seconds(len(pcm)) <= (0.6 if earcon in UNHURRIED else 0.25)


@pytest.mark.parametrize("earcon", Earcon)
def test_it_is_neither_loud_nor_lost(earcon: Earcon) -> None:
    pcm = sound(earcon)
    assert level_dbfs(pcm) == pytest.approx(-30.0 if earcon is Earcon.LISTENING else -20.0, abs=0.5)
    assert np.abs(samples(pcm).astype(int)).max() < FULL_SCALE / 2, "6 dB to spare for a mix"


@pytest.mark.parametrize("earcon", Earcon)
def test_it_begins_and_ends_without_a_click(earcon: Earcon) -> None:
    values = samples(sound(earcon)).astype(int)
    peak = np.abs(values).max()
    edge = DOWN.rate_hz // 2000  # half a millisecond
    assert values[0] == 0
    assert values[-1] == 0
    assert np.abs(values[:edge]).max() < 0.05 * peak
    assert np.abs(values[-edge:]).max() < 0.01 * peak


@pytest.mark.parametrize("earcon", Earcon)
def test_nothing_jumps_within_it(earcon: Earcon) -> None:
    """A click is a step: its energy lies above everything that the bell's partials have."""
    values = samples(sound(earcon)).astype(float)
    power = np.abs(np.fft.rfft(values)) ** 2
    above = power[np.fft.rfftfreq(len(values), 1 / DOWN.rate_hz) > 8000.0].sum()
    assert above < 1e-4 * power.sum()


@pytest.mark.parametrize("earcon", Earcon)
def test_its_mean_is_zero(earcon: Earcon) -> None:
    assert abs(samples(sound(earcon)).astype(float).mean()) < 30


def test_it_is_made_once() -> None:
    assert sound(Earcon.DONE) is sound(Earcon.DONE)


def test_any_two_sound_different() -> None:
    """Muted and unmuted have the same notes; their order is what differs."""
    for one, other in itertools.combinations(Earcon, 2):
        if {one, other} != {Earcon.MUTED, Earcon.UNMUTED}:
            assert float(np.dot(spectrum(one), spectrum(other))) < 0.9, (one, other)


@pytest.mark.parametrize(
    ("earcon", "rises"),
    [
        (Earcon.START, True),
        (Earcon.UNMUTED, True),
        (Earcon.MUTED, False),
        (Earcon.NO_NETWORK, False),
        (Earcon.ERROR, False),
    ],
)
def test_opening_rises_and_closing_falls(earcon: Earcon, rises: bool) -> None:
    pcm = sound(earcon)
    third = len(pcm) // 6 * 2
    assert (pitch_hz(pcm[-third:]) > pitch_hz(pcm[:third])) == rises
