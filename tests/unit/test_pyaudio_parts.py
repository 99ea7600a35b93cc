"""What the PyAudio drivers do in PortAudio's callbacks, called here in its place, and what they make of its times."""

from __future__ import annotations

import asyncio
import os
from types import SimpleNamespace

import pytest

from hardware import pyaudio_microphone
from hardware.pcm import DOWN, FRAME_S, UP
from hardware.pyaudio_host import ABORT, CONTINUE, INPUT_OVERFLOW, OUTPUT_UNDERFLOW, _chatter_held_back, _refusal
from hardware.pyaudio_microphone import PyAudioMicrophone, _captured_s
from hardware.pyaudio_speaker import PyAudioSpeaker, _delay_s
from hardware.settings import MicrophoneSettings
from tests.support.known_sound import known_sound

NOW_S = 500.0


def times(*, adc_s: float = 0.0, dac_s: float = 0.0) -> dict[str, float]:
    """Return what PortAudio says at 1000 s of its own clock."""
    return {"current_time": 1000.0, "input_buffer_adc_time": 1000.0 + adc_s, "output_buffer_dac_time": 1000.0 + dac_s}


@pytest.mark.parametrize(
    ("adc_s", "captured_s"),
    [
        (-0.020, NOW_S),  # the frame has just become complete
        (-0.025, NOW_S - 0.005),
        (-0.080, NOW_S - 0.060),  # three more frames wait in the card
        (0.0, NOW_S),
        (-0.001, NOW_S),
        (+5.0, NOW_S),
        (-0.7, NOW_S),
        (-1000.0, NOW_S),  # the time was 0
    ],
)
def test_a_frame_is_dated_back_by_what_waits_behind_it(adc_s: float, captured_s: float) -> None:
    assert _captured_s(NOW_S, times(adc_s=adc_s)) == pytest.approx(captured_s)


@pytest.mark.parametrize(("dac_s", "delay_s"), [(0.03, 0.03), (0.0, 0.04), (-0.01, 0.04), (-1000.0, 0.04), (2.0, 0.04)])
def test_the_speakers_delay_is_alsas_or_else_portaudios(dac_s: float, delay_s: float) -> None:
    assert _delay_s(times(dac_s=dac_s), 0.04) == pytest.approx(delay_s)


def test_an_overflow_is_counted_at_least_once_and_by_the_gap_in_time() -> None:
    frames = ((0.40, 0), (0.38, INPUT_OVERFLOW), (0.28, INPUT_OVERFLOW | 0x1), (0.26, 0))

    async def story() -> list[int]:
        microphone = PyAudioMicrophone(MicrophoneSettings())
        for ago_s, status in frames:
            microphone._captured(UP.silence, UP.frame_samples, times(adc_s=-ago_s - FRAME_S), status)
        return [(await microphone.read()).lost_frames for _ in frames]

    assert asyncio.run(story()) == [0, 1, 4, 0]


def test_a_card_that_reports_having_run_dry_is_counted() -> None:
    async def story() -> list[int]:
        speaker = PyAudioSpeaker()
        counts = []
        for status in (0, OUTPUT_UNDERFLOW, 0, OUTPUT_UNDERFLOW | 0x10):
            speaker._serve(b"", DOWN.frame_samples, times(), status)
            counts.append(speaker.xruns)
        return counts

    assert asyncio.run(story()) == [0, 1, 1, 2]


def test_a_frame_that_was_only_partly_captured_while_muted_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    sound = known_sound(UP, FRAME_S)

    async def story(unmuted_s: float) -> list[bool]:
        microphone = PyAudioMicrophone(MicrophoneSettings())
        now_s = NOW_S
        monkeypatch.setattr(pyaudio_microphone, "time", SimpleNamespace(monotonic=lambda: now_s))

        def captured() -> None:
            microphone._captured(sound, UP.frame_samples, times(adc_s=-FRAME_S), 0)

        captured()
        microphone.muted = True
        now_s = NOW_S + unmuted_s
        microphone.muted = False
        for frames in (1, 2, 3):
            now_s = NOW_S + frames * FRAME_S
            captured()
        return [any((await microphone.read()).pcm) for _ in range(4)]

    assert asyncio.run(story(0.001)) == [True, False, True, True]
    assert asyncio.run(story(0.019)) == [True, False, True, True]
    assert asyncio.run(story(0.021)) == [True, False, False, True]


def test_callbacks_end_the_stream_quietly_once_the_loop_is_closed() -> None:
    async def story() -> PyAudioMicrophone:
        return PyAudioMicrophone(MicrophoneSettings())

    async def open_story() -> tuple[bytes | None, int]:
        return PyAudioMicrophone(MicrophoneSettings()).stream._called(UP.silence, UP.frame_samples, times(), 0)

    assert asyncio.run(open_story()) == (None, CONTINUE)
    stream = asyncio.run(story()).stream
    assert stream._called(UP.silence, UP.frame_samples, times(), 0) == (None, ABORT)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(-9985, "Device unavailable"), "Device unavailable (-9985). Something else holds it: `fuser"),
        (OSError("Invalid sample rate", -9997), "Invalid sample rate (-9997). Name a PCM of type plug"),
        (OSError(-9999, "Unanticipated host error"), "host error (-9999). Unplug it"),
    ],
)
def test_portaudios_errors_come_with_something_to_do(error: OSError, words: str) -> None:
    assert words in _refusal("speaker", "USB", error)
    assert _refusal("speaker", "USB", error).startswith('speaker: "USB" cannot be opened: ')
    assert _refusal("speaker", "", error).startswith("speaker: the system's default device cannot be opened: ")


def test_only_the_sound_libraries_chatter_is_kept_off_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before\n")
    with _chatter_held_back():
        os.write(2, b"ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM cards.pcm.rear\nsomebody's log line\n")
        os.write(2, b"jack server is not running or cannot be started\n\n")
        os.write(2, b"Traceback (most recent call last):\n")
    os.write(2, b"after\n")
    printed = capfd.readouterr().err
    assert printed == "before\nsomebody's log line\nTraceback (most recent call last):\nafter\n"
