"""The start-up sound is soft, short, without a click, and has every frequency in it."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.audio.whoosh import LENGTH_S, LEVEL_DB, whoosh
from hardware.pcm import DOWN, level_dbfs, samples


def test_it_is_a_second_of_whole_frames_as_soft_as_it_says() -> None:
    assert DOWN.seconds(len(whoosh())) == LENGTH_S
    assert len(whoosh()) % DOWN.frame_bytes == 0
    assert level_dbfs(whoosh()) == pytest.approx(LEVEL_DB, abs=0.1)
    assert np.abs(samples(whoosh()).astype(int)).max() < 32768 / 2


def test_it_begins_and_ends_without_a_click() -> None:
    values = np.abs(samples(whoosh()).astype(int))
    edge = DOWN.rate_hz // 200  # 5 ms
    assert max(values[:edge].max(), values[-edge:].max()) < 0.05 * values.max()


def test_every_octave_that_a_voice_has_is_in_it() -> None:
    power = np.abs(np.fft.rfft(samples(whoosh()).astype(float))) ** 2
    frequencies_hz = np.fft.rfftfreq(len(samples(whoosh())), 1 / DOWN.rate_hz)
    octaves = [power[(frequencies_hz >= low) & (frequencies_hz < 2 * low)].sum() for low in (125, 250, 500, 1000, 2000)]
    assert max(octaves) < 2 * min(octaves)
