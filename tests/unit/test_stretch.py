"""Reading between samples: nothing but time changes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audio.stretch import stretched
from hardware.pcm import samples

RATE_HZ = 16_000


def tone(hz: float, places: np.ndarray) -> np.ndarray:
    return 10_000 * np.sin(2 * np.pi * hz * places / RATE_HZ)


@pytest.mark.parametrize("hz", [100.0, 1_000.0, 4_000.0])
@pytest.mark.parametrize("step", [1.0, 1.0003, 0.9997])
def test_a_tone_stays_a_tone(hz: float, step: float) -> None:
    sound = np.rint(tone(hz, np.arange(1000))).astype("<i2").tobytes()
    out = samples(stretched(sound, 100.4, step, 320)).astype(float)
    wanted = tone(hz, 100.4 + step * np.arange(320))
    assert np.sqrt(np.mean((out - wanted) ** 2)) < 10_000 * 0.01


def test_frames_follow_on_each_other_without_a_seam() -> None:
    sound = np.rint(tone(700.0, np.arange(2000))).astype("<i2").tobytes()
    whole = stretched(sound, 50.25, 1.00025, 960)
    parts = [stretched(sound, 50.25 + 1.00025 * n, 1.00025, 320) for n in (0, 320, 640)]
    assert np.abs(samples(whole).astype(int) - samples(b"".join(parts)).astype(int)).max() < 50


def test_whole_samples_are_handed_out_as_they_are() -> None:
    sound = np.random.default_rng(1).integers(-20_000, 20_000, 1000).astype("<i2")
    assert np.abs(samples(stretched(sound.tobytes(), 300.0, 1.0, 320)).astype(int) - sound[300:620]).max() <= 1


@given(st.integers(0, 400), st.floats(-2000.0, 2000.0), st.floats(0.999, 1.001))
def test_what_is_not_there_is_silence(count: int, first: float, step: float) -> None:
    out = samples(stretched(b"\x10\x27" * count, first, step, 320))
    assert len(out) == 320
    places = first + step * np.arange(320)
    inside = (places > 9) & (places < count - 10)
    outside = (places < -9) | (places > count + 9)
    assert np.abs(out[inside].astype(int) - 10_000).max(initial=0) <= 1
    assert not out[outside].any()
