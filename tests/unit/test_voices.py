"""The packaged speech."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from daemon.rehearsal import voices
from hardware import pcm


def tone(rate_hz: int, hertz: float, seconds: float = 1.0) -> bytes:
    at = np.arange(int(rate_hz * seconds)) / rate_hz
    data: bytes = np.rint(10_000 * np.sin(2 * np.pi * hertz * at)).astype("<i2").tobytes()
    return data


def wav(audio: bytes, rate_hz: int, channels: int = 1) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as recording:
        recording.setnchannels(channels)
        recording.setsampwidth(2)
        recording.setframerate(rate_hz)
        recording.writeframes(audio)
    return file.getvalue()


@pytest.mark.parametrize("number", voices.QUESTION_WORDS)
def test_a_question_is_some_seconds_of_speech(number: int) -> None:
    said = voices.question(number)
    assert 2.5 < pcm.UP.seconds(len(said)) < 4.0
    assert -35 < pcm.level_dbfs(said) < -15


def test_the_questions_differ() -> None:
    assert voices.question(1)[:32_000] != voices.question(2)[:32_000]


def test_the_answer_lasts_eight_to_ten_seconds() -> None:
    assert 8.0 < pcm.DOWN.seconds(len(voices.answer())) < 10.0
    assert -35 < pcm.level_dbfs(voices.answer()) < -15


@pytest.mark.parametrize("hertz", [100, 1000, 4000, 6500])
def test_raising_the_rate_changes_nothing_else(hertz: float) -> None:
    raised = pcm.samples(voices.raised(tone(16_000, hertz))).astype(float)
    wanted = pcm.samples(tone(24_000, hertz)).astype(float)
    assert len(raised) == len(wanted)
    error = (raised - wanted)[1000:-1000]
    assert np.sqrt(np.mean(error**2)) < 1.0  # a rounding's worth: 80 dB below the tone


def test_raising_the_rate_adds_no_image_above_the_speech() -> None:
    spectrum = np.abs(np.fft.rfft(pcm.samples(voices.raised(tone(16_000, 6500))) * np.hanning(24_000)))
    assert spectrum[8200:].max() < spectrum.max() * 10 ** (-80 / 20)


def test_a_file_of_ones_own_is_taken_at_either_rate() -> None:
    assert voices.read_wav(wav(tone(24_000, 440), 24_000)) == tone(24_000, 440)
    assert len(voices.read_wav(wav(tone(16_000, 440), 16_000))) == 48_000


@pytest.mark.parametrize("data", [b"", b"RIFF", wav(bytes(400), 8000), wav(bytes(400), 24_000, channels=2)])
def test_another_file_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="WAV file"):
        voices.read_wav(data)
