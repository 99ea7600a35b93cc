"""Real speech for rehearsals: what a person asks and what the service answers, from the packaged recordings.

The recordings are in the public domain; `speech/LICENCE.txt` says where they come from.
"""

from __future__ import annotations

import io
import wave
from functools import cache
from importlib import resources
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware import pcm
from hardware.resample import BlockFir

QUESTION_WORDS: Final = {
    1: "He was not an ill-disposed young man.",
    2: "Unless to be rather cold-hearted and rather selfish?",
}
"""What each question says, by its number."""
ANSWER_WORDS: Final = (
    "Had he married a more amiable woman, he might have been made still more respectable than he was: "
    "he might even have been made amiable himself."
)
"""What the answer says."""
SOFTEST_DB: Final = 30.0
"""Below the loudest of a sentence: softer things before and after it are breath, and the room it was recorded in."""

_HALF_LENGTH: Final = 96
"""Taps on either side of the filter's middle, at 48 kHz: a transition band of about 1 kHz, 100 dB down."""
_CUTOFF_HZ: Final = 7_500
"""Middle of the transition band; the speech ends at 8 kHz."""


def question(number: int) -> bytes:
    """Return what a person says, 16 kHz s16le mono, 3 to 4 s. `number` is one of `QUESTION_WORDS`."""
    assert number in QUESTION_WORDS, number
    return _recorded(f"question_{number}.wav")


@cache
def sounding_s(number: int) -> tuple[float, float]:
    """Return from when to when a recorded question sounds; see `sounding`."""
    return sounding(question(number))


def sounding(sound: bytes) -> tuple[float, float]:
    """Return from when to when 16 kHz s16le sounds: between its first 20 ms within 30 dB of the loudest and its last.

    Of digital silence that is all of it.
    """
    levels_db = [pcm.level_dbfs(sound[at : at + pcm.UP.frame_bytes]) for at in range(0, len(sound), pcm.UP.frame_bytes)]
    loud = [index for index, level_db in enumerate(levels_db) if level_db >= max(levels_db) - SOFTEST_DB]
    return loud[0] * pcm.FRAME_S, (loud[-1] + 1) * pcm.FRAME_S


@cache
def answer() -> bytes:
    """Return what the service says, 24 kHz s16le mono, 9.3 s. The same bytes each time."""
    return raised(_recorded("answer.wav"))


def raised(up: bytes) -> bytes:
    """Return 16 kHz s16le mono audio at 24 kHz, the same length in time to the sample.

    By the book: three times the rate with zeros between, a linear-phase low-pass at 48 kHz, every second sample kept.
    """
    source = pcm.samples(up).astype(np.float64)
    tripled = np.zeros(3 * len(source) + 2 * _HALF_LENGTH)
    tripled[_HALF_LENGTH : _HALF_LENGTH + 3 * len(source) : 3] = source
    filtered = np.convolve(tripled, _low_pass(), mode="valid")
    wanted = pcm.DOWN.rate_hz * len(source) // pcm.UP.rate_hz
    kept = filtered[::2][:wanted]
    return pcm.s16le(kept)


def read_wav(data: bytes) -> bytes:
    """Return the audio of a WAV file, 16 or 24 kHz 16-bit mono, as 24 kHz s16le.

    Raises:
        ValueError: It is something else.
    """
    audio, rate_hz = audio_of(data)
    match rate_hz:
        case pcm.DOWN.rate_hz:
            return audio
        case pcm.UP.rate_hz:
            return raised(audio)
        case _:
            raise ValueError(f"the WAV file has {rate_hz} Hz, not 16000 or 24000")


def _low_pass() -> NDArray[np.float64]:
    """Return a windowed-sinc low-pass for 48 kHz whose gain of 3 makes up for the zeros."""
    at = np.arange(-_HALF_LENGTH, _HALF_LENGTH + 1)
    width = 2 * _CUTOFF_HZ / (3 * pcm.UP.rate_hz)
    taps = np.sinc(width * at) * np.kaiser(len(at), 10.0)
    return np.asarray(3.0 * taps / taps.sum(), dtype=np.float64)


@cache
def _recorded(name: str) -> bytes:
    audio, rate_hz = audio_of(resources.files("daemon.rehearsal").joinpath("speech", name).read_bytes())
    assert rate_hz == pcm.UP.rate_hz, name
    return audio


def lowered(audio: bytes, rate_hz: int) -> bytes:
    """Return s16le mono audio of any rate at 16 kHz, a few milliseconds of silence at its ends."""
    step = BlockFir(rate_hz, pcm.UP.rate_hz)
    steps = len(audio) // pcm.SAMPLE_BYTES // step.step_samples + 2
    return step.convert(audio.ljust(steps * step.step_samples * pcm.SAMPLE_BYTES, b"\0"))


def audio_of(data: bytes) -> tuple[bytes, int]:
    """Return the audio of a WAV file, 16-bit mono as s16le, and its rate.

    Raises:
        ValueError: It is something else.
    """
    try:
        with wave.open(io.BytesIO(data)) as recording:
            if (recording.getnchannels(), recording.getsampwidth()) != (1, pcm.SAMPLE_BYTES):
                raise ValueError("the WAV file is not 16-bit mono")
            return recording.readframes(recording.getnframes()), recording.getframerate()
    except (wave.Error, EOFError) as error:
        raise ValueError(f"not a WAV file: {error}") from error
