"""The owner's volume: a curve for the ear, and no click when it changes."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from daemon.audio.volume import Volume, gain_of
from hardware.pcm import DOWN, samples
from tests.support.known_sound import known_sound


@pytest.mark.parametrize(("percent", "decibel"), [(1, -50.0), (50, -25.25), (70, -15.15), (100, 0.0)])
def test_the_curve(percent: int, decibel: float) -> None:
    assert 20.0 * math.log10(gain_of(percent)) == pytest.approx(decibel, abs=0.01)


def test_each_step_is_louder_and_nothing_is_nothing() -> None:
    gains = [gain_of(percent) for percent in range(101)]
    assert gains[0] == 0.0
    assert all(below < above for below, above in pairwise(gains))


@pytest.mark.parametrize("percent", [-1, 101])
def test_what_is_no_volume_is_refused_and_changes_nothing(percent: int) -> None:
    volume = Volume(30)
    with pytest.raises(ValueError, match="0 to 100"):
        volume.set(percent)
    assert volume.percent == 30


def test_full_volume_changes_no_sample() -> None:
    frame = known_sound(DOWN, 0.02)
    assert Volume(100).applied(frame) == frame


def test_a_change_glides_over_one_frame() -> None:
    volume = Volume(100)
    frame = np.full(DOWN.frame_samples, 10_000, "<i2").tobytes()
    volume.applied(frame)
    volume.set(0)
    gliding = samples(volume.applied(frame)).astype(int)
    assert gliding[0] == 10_000
    assert gliding[-1] == 0
    assert int(np.abs(np.diff(gliding)).max()) < 30
    assert volume.applied(frame) == DOWN.silence
