"""The voice detector: it is the real library, and it tells a voice from silence."""

from __future__ import annotations

import numpy as np
import pytest

from daemon.audio.vad import Vad, WebRtcVad
from hardware.pcm import UP


def vowel(seconds: float) -> list[bytes]:
    """Return frames of a synthetic vowel: a 120 Hz pulse train through three formants, rising and falling."""
    count = round(seconds * UP.rate_hz)
    times_s = np.arange(count) / UP.rate_hz
    wave = np.zeros(count)
    for harmonic in range(1, 40):
        pitch_hz = 120.0 * harmonic
        loudness = sum(1.0 / (1.0 + ((pitch_hz - formant_hz) / 90.0) ** 2) for formant_hz in (700.0, 1220.0, 2600.0))
        wave += loudness * np.sin(2.0 * np.pi * pitch_hz * times_s)
    wave *= 0.5 + 0.5 * np.sin(2.0 * np.pi * 4.0 * times_s)
    pcm = (wave / np.abs(wave).max() * 12_000).astype("<i2").tobytes()
    return [pcm[start : start + UP.frame_bytes] for start in range(0, len(pcm), UP.frame_bytes)]


@pytest.mark.parametrize("aggressiveness", [0, 1, 2, 3])
def test_a_vowel_is_voiced_and_silence_is_not(aggressiveness: int) -> None:
    vad: Vad = WebRtcVad(aggressiveness)
    assert not any(vad.voiced(UP.silence) for _ in range(50))
    assert sum(vad.voiced(frame) for frame in vowel(1.0)) > 30
    assert not any([vad.voiced(UP.silence) for _ in range(50)][20:])


def test_it_never_returns_anything_but_a_bool() -> None:
    assert WebRtcVad(2).voiced(UP.silence) is False


@pytest.mark.parametrize("aggressiveness", [-1, 4])
def test_an_unknown_aggressiveness_is_refused(aggressiveness: int) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        WebRtcVad(aggressiveness)


@pytest.mark.parametrize("size_bytes", [0, 638, 642, 960])
def test_what_is_not_a_frame_is_a_bug(size_bytes: int) -> None:
    with pytest.raises(AssertionError, match="not one frame"):
        WebRtcVad(2).voiced(bytes(size_bytes))
