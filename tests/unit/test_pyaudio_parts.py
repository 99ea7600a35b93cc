"""What the PyAudio drivers do in PortAudio's callbacks, called here in its place, and what they make of its times."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from hardware import pyaudio_host, pyaudio_microphone, pyaudio_stream
from hardware.alsa_chatter import chatter_held_back
from hardware.board import sound_devices
from hardware.card_format import CardFormat
from hardware.interfaces import DeviceMissing, DeviceStuck
from hardware.pcm import DOWN, FRAME_S, UP, gain_of_db, samples
from hardware.pyaudio_api import ABORT, CONTINUE, INPUT_OVERFLOW, OUTPUT_UNDERFLOW, Callback, DeviceInfo, refusal
from hardware.pyaudio_host import PortAudio
from hardware.pyaudio_microphone import PyAudioMicrophone, _captured_s, open_microphone
from hardware.pyaudio_speaker import PyAudioSpeaker, _delay_s, open_speaker
from hardware.settings import MicrophoneSettings, SpeakerSettings
from tests.support.known_sound import known_sound
from tests.support.pi_root import PiRoot

NOW_S = 500.0
SILENT_RAW = bytes(4 * UP.frame_samples)
"""20 ms as they come from PortAudio: 32 bits a sample."""


def raw(pcm: bytes) -> bytes:
    """Return what PortAudio makes of a card's 16 bits when it is asked for 32."""
    return (samples(pcm).astype("<i4") << 16).tobytes()


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
            microphone._captured(SILENT_RAW, UP.frame_samples, times(adc_s=-ago_s - FRAME_S), status)
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
        now_s = NOW_S
        monkeypatch.setattr(pyaudio_microphone, "time", SimpleNamespace(monotonic=lambda: now_s))
        microphone = PyAudioMicrophone(MicrophoneSettings())

        def captured() -> None:
            microphone._captured(raw(sound), UP.frame_samples, times(adc_s=-FRAME_S), 0)

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
        return PyAudioMicrophone(MicrophoneSettings()).stream._called(SILENT_RAW, UP.frame_samples, times(), 0)

    assert asyncio.run(open_story()) == (None, CONTINUE)
    stream = asyncio.run(story()).stream
    assert stream._called(SILENT_RAW, UP.frame_samples, times(), 0) == (None, ABORT)


# --- cards that are not like ours ----------------------------------------------------------------------


@dataclass
class FakeStream:
    """A stream that the test calls back itself."""

    callback: Callback
    period: int
    opened: CardFormat
    ended: bool = False
    hangs: threading.Event | None = None
    """Closing it waits for this."""

    def start_stream(self) -> None: ...

    def is_active(self) -> bool:
        return not self.ended

    def get_output_latency(self) -> float:
        return 0.02

    def close(self) -> None:
        if self.hangs is not None:
            self.hangs.wait()
        self.ended = True

    def call(self, captured: bytes = b"") -> bytes:
        """Let one period pass; return what is to be played."""
        answer, flag = self.callback(captured or None, self.period, times(dac_s=0.03, adc_s=-FRAME_S), 0)
        self.ended = flag == ABORT
        return answer or b""


@dataclass
class StrictPyAudio:
    """One card that refuses what it cannot, as a `hw` device does."""

    rates_hz: tuple[int, ...] = (44_100, 48_000)
    inputs: int = 2
    outputs: int = 2
    busy: bool = False
    tried_hz: list[int] = field(default_factory=list)
    streams: list[FakeStream] = field(default_factory=list)

    def get_device_count(self) -> int:
        return 1

    def get_device_info_by_index(self, device_index: int) -> DeviceInfo:
        name = "USB Audio: - (hw:1,0)"
        return {"index": 0, "name": name, "maxInputChannels": self.inputs, "maxOutputChannels": self.outputs}

    def get_default_input_device_info(self) -> DeviceInfo:
        return self.get_device_info_by_index(0)

    def get_default_output_device_info(self) -> DeviceInfo:
        return self.get_device_info_by_index(0)

    def is_format_supported(self, rate: int, *_: object) -> bool:
        if self.busy:
            raise ValueError("Device unavailable", -9985)
        if rate not in self.rates_hz:
            raise ValueError("Invalid sample rate", -9997)
        return True

    def open(self, *, rate: int, channels: int, format: int, **more: Any) -> FakeStream:  # noqa: A002 - PyAudio's
        self.tried_hz.append(rate)
        if self.busy:
            raise OSError(-9985, "Device unavailable")
        if channels > max(self.inputs if more["input"] else 0, self.outputs if more["output"] else 0):
            raise OSError(-9998, "Invalid number of channels")
        if rate not in self.rates_hz:
            raise OSError(-9997, "Invalid sample rate")
        opened = CardFormat(rate, channels, {2: 32, 8: 16}[format])
        self.streams.append(FakeStream(more["stream_callback"], more["frames_per_buffer"], opened))
        return self.streams[-1]

    def terminate(self) -> None: ...


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> StrictPyAudio:
    """The only card, and a PortAudio that knows nothing yet."""
    audio = StrictPyAudio()
    monkeypatch.setitem(sys.modules, "pyaudio", SimpleNamespace(PyAudio=lambda: audio))
    host = PortAudio(tmp_path / "cards")
    monkeypatch.setattr(pyaudio_stream, "PORTAUDIO", host)
    monkeypatch.setattr(pyaudio_host, "PORTAUDIO", host)
    return audio


def tone(pitch_hz: float, rate_hz: int, amplitude: float, length_s: float = 0.4) -> NDArray[np.float64]:
    return amplitude * np.sin(2 * np.pi * pitch_hz * np.arange(round(rate_hz * length_s)) / rate_hz)


def pitch_and_amplitude(pcm: NDArray[np.int16], rate_hz: int) -> tuple[float, float]:
    middle = pcm[len(pcm) // 4 :].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    return float(np.argmax(spectrum) * rate_hz / len(middle)), float(np.sqrt(2 * np.mean(middle**2)))


async def captured(card: StrictPyAudio, microphone: PyAudioMicrophone, sound: NDArray[np.int32]) -> NDArray[np.int16]:
    """Let the card capture `sound` (samples by channels), and return what is read of it."""
    stream = card.streams[-1]
    frames = []
    for start in range(0, len(sound), stream.period):
        stream.call(sound[start : start + stream.period].astype("<i4").tobytes())
        await asyncio.sleep(0)
        frames.append((await microphone.read()).pcm)
    return samples(b"".join(frames))


@pytest.mark.parametrize("rates_hz", [(48_000,), (44_100,), (44_100, 48_000), (96_000, 192_000), (22_050,), (8_000,)])
def test_a_microphone_that_lacks_our_rate_is_converted(card: StrictPyAudio, rates_hz: tuple[int, ...]) -> None:
    card.rates_hz = rates_hz

    async def story() -> None:
        microphone = await open_microphone(MicrophoneSettings(device="USB", channel=1))
        opened = card.streams[0].opened
        assert opened.rate_hz == (48_000 if 48_000 in rates_hz else rates_hz[0])
        assert (opened.channels, opened.bits) == (2, 32)
        assert microphone.opened_as == f"{opened.rate_hz} Hz, 2 channels, converted to 16000 Hz here"
        right = tone(1000.0, opened.rate_hz, 6000.0 * 65_536)
        heard = await captured(card, microphone, np.stack([np.full(len(right), 7 << 24), right], axis=1).astype("i4"))
        await microphone.close()
        assert len(heard) == 6400
        assert pitch_and_amplitude(heard, UP.rate_hz) == pytest.approx((1000.0, 6000.0), rel=0.02)

    asyncio.run(story())


@pytest.mark.parametrize("rate_hz", [16_000, 48_000])
def test_a_quiet_microphone_of_24_bits_keeps_its_resolution_and_loses_its_offset(
    card: StrictPyAudio, rate_hz: int
) -> None:
    """An amplitude of 4 steps of 16 bits, 30 dB of gain, and an offset of 4 % of full scale: an SPH0645, about."""
    card.rates_hz = (rate_hz,)

    async def story() -> None:
        microphone = await open_microphone(MicrophoneSettings(gain_db=30.0))
        sound = tone(491.0, rate_hz, 4.0 * 65_536, 1.0) + 0.04 * 2**31
        heard = await captured(card, microphone, (sound.astype("i4") & ~0xFF)[:, np.newaxis])
        await microphone.close()
        settled = heard[3200:]
        amplitude = 4.0 * gain_of_db(30.0)
        assert pitch_and_amplitude(settled, UP.rate_hz) == pytest.approx((491.0, amplitude), rel=0.02)
        assert abs(settled.mean()) < 0.02 * amplitude
        cut_steps = len(np.unique(settled))
        assert cut_steps > 100  # cut to 16 bits before the gain, there would be 9

    asyncio.run(story())


def test_a_microphone_of_our_rate_and_16_bits_is_left_as_it_is(card: StrictPyAudio) -> None:
    card.rates_hz = (16_000, 48_000)
    said = known_sound(UP, 0.2)

    async def story() -> None:
        microphone = await open_microphone(MicrophoneSettings())
        assert microphone.opened_as == "16000 Hz, 1 channel, native"
        heard = await captured(card, microphone, np.frombuffer(raw(said), "<i4")[:, np.newaxis])
        await microphone.close()
        assert heard.tobytes() == said

    asyncio.run(story())


def test_nothing_of_what_was_captured_while_muted_is_left_in_the_filter(card: StrictPyAudio) -> None:
    async def story() -> list[int]:
        microphone = await open_microphone(MicrophoneSettings())
        stream, silent = card.streams[0], bytes(4 * 960)
        loud = (tone(1000.0, 48_000, 2.0**29, FRAME_S) + 2.0**20).astype("<i4").tobytes()
        stream.call(loud)
        microphone.muted = True
        stream.call(loud)
        microphone.muted = False
        microphone._unmuted_s = 0.0  # long ago
        stream.call(silent)
        await asyncio.sleep(0)
        loudest = [int(np.max(abs(samples((await microphone.read()).pcm).astype(int)))) for _ in range(3)]
        await microphone.close()
        return loudest

    first, muted, after = asyncio.run(story())
    assert first > 1000
    assert muted == 0
    assert after < 20  # the offset that was known of the card, but no sound


@pytest.mark.parametrize("rate_hz", [24_000, 48_000, 44_100, 96_000, 32_000, 88_200, 16_000])
@pytest.mark.parametrize("outputs", [1, 2, 8])
def test_a_loudspeaker_plays_in_tune_on_every_channel_and_the_reference_stays_ours(
    card: StrictPyAudio, rate_hz: int, outputs: int
) -> None:
    card.rates_hz, card.outputs = (rate_hz,), outputs
    said = tone(1000.0, DOWN.rate_hz, 9000.0).astype("<i2").tobytes()

    async def story() -> None:
        speaker = await open_speaker(SpeakerSettings(device="USB"))
        stream = card.streams[0]
        channels = min(2, outputs)
        assert stream.opened == CardFormat(rate_hz, channels, 16)
        assert stream.period == rate_hz // 100
        played = b""
        for start in range(0, len(said), DOWN.frame_bytes):
            await speaker.write(said[start : start + DOWN.frame_bytes])
            played += stream.call() + stream.call()
            await asyncio.sleep(0)
        reference = b"".join(piece.pcm for piece in speaker.reference.take())
        await speaker.close()
        assert len(played) == 2 * channels * round(0.4 * rate_hz)
        both = samples(played).reshape(-1, channels)
        assert (both[:, 0] == both[:, -1]).all()
        assert pitch_and_amplitude(both[:, 0], rate_hz) == pytest.approx((1000.0, 9000.0), rel=0.02)
        assert reference == said

    asyncio.run(story())


def test_what_a_card_took_the_last_time_is_tried_first(card: StrictPyAudio) -> None:
    async def story() -> None:
        for _ in range(2):
            microphone = await open_microphone(MicrophoneSettings())
            await microphone.close()

    card.rates_hz = (44_100,)
    asyncio.run(story())
    assert card.tried_hz == [16_000, 48_000, 44_100, 44_100]


@pytest.mark.parametrize(
    ("able", "settings", "words"),
    [
        ({}, MicrophoneSettings(rate_hz=32_000), r"has 2 channels, 44100, 48000 Hz. Set microphone\.rate_hz to 0"),
        ({"rates_hz": (11_025,)}, MicrophoneSettings(), r"Name a PCM of type plug .* in microphone\.device"),
        ({"inputs": 1}, MicrophoneSettings(channel=1), r"has 1 channel, and the first is 0\. Set microphone\.channel"),
        ({}, MicrophoneSettings(rate_hz=44_123), r"44123 Hz cannot be used\. Set microphone\.rate_hz to a multiple of"),
        ({"busy": True}, MicrophoneSettings(), r"unavailable \(-9985\)\. Something else holds it"),
    ],
)
def test_a_card_that_cannot_says_what_it_can_and_what_to_do(
    card: StrictPyAudio, able: dict[str, Any], settings: MicrophoneSettings, words: str
) -> None:
    for name, value in able.items():
        setattr(card, name, value)

    async def story() -> None:
        with pytest.raises(DeviceMissing, match=r"^microphone: ") as refused:
            await open_microphone(settings)
        assert re.search(words, str(refused.value)), str(refused.value)

    asyncio.run(story())


@pytest.mark.parametrize("listed", [True, False], ids=["listed as busy", "left out by PortAudio"])
def test_a_card_that_is_busy_names_who_holds_it(
    card: StrictPyAudio, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, listed: bool
) -> None:
    pi = PiRoot(tmp_path)
    pi.process(812, "arecord")
    pi.write("/proc/asound/cards", " 1 [Device         ]: USB-Audio - USB Audio\n")
    pi.write("/proc/asound/pcm", "01-00: USB Audio : - : playback 1 : capture 1\n")
    pi.write("/proc/asound/card1/pcm0c/sub0/status", "state: RUNNING\nowner_pid   : 812\n")
    proc = tmp_path / "proc"
    monkeypatch.setattr(pyaudio_stream, "PORTAUDIO", PortAudio(proc / "asound/cards", proc))
    card.busy = True
    card.inputs = 2 if listed else 0

    async def story() -> None:
        words = r"^microphone: .* cannot be opened: .*arecord \(process 812\) holds it"
        with pytest.raises(DeviceMissing, match=words):
            await open_microphone(MicrophoneSettings(device="hw:CARD=Device"))

    asyncio.run(story())


def test_a_card_whose_thread_hangs_is_known_at_once_to_be_open_for_good(
    card: StrictPyAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyaudio_stream, "_CLOSE_S", 0.3)
    answered = threading.Event()

    async def story() -> float:
        microphone, speaker = await open_microphone(MicrophoneSettings()), await open_speaker(SpeakerSettings())
        card.streams[0].hangs = answered
        card.streams[0].ended = card.streams[1].ended = True
        await microphone.close()
        begun_s = asyncio.get_running_loop().time()
        with pytest.raises(DeviceStuck, match=r"^microphone: ALSA hangs"):
            await open_microphone(MicrophoneSettings())
        await speaker.close()  # what can still be closed is not waited for: the process is about to end
        return asyncio.get_running_loop().time() - begun_s

    try:
        assert asyncio.run(story()) < 0.3
    finally:
        answered.set()


def test_a_card_that_has_to_wait_for_another_one_to_be_opened_is_not_stuck(
    card: StrictPyAudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyaudio_stream, "_CLOSE_S", 0.05)

    async def story() -> None:
        microphone = await open_microphone(MicrophoneSettings())
        card.streams[0].ended = True
        with pyaudio_host.PORTAUDIO._turn("speaker"):
            await microphone.close()
        await (await open_microphone(MicrophoneSettings())).close()

    asyncio.run(story())


def test_an_opening_that_never_ends_is_given_up(card: StrictPyAudio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pyaudio_stream, "_OPEN_S", 0.05)
    answered = threading.Event()
    monkeypatch.setattr(FakeStream, "start_stream", lambda _: answered.wait())

    async def story() -> None:
        with pytest.raises(DeviceStuck, match=r"^microphone: ALSA does not come back"):
            await open_microphone(MicrophoneSettings())

    try:
        asyncio.run(story())
    finally:
        answered.set()


def test_all_devices_are_listed_with_what_they_really_support(card: StrictPyAudio) -> None:
    card.outputs = 1
    microphones, speakers = sound_devices()
    assert [str(one) for one in microphones] == ["USB Audio: - (hw:1,0): 2 channels, 44100, 48000 Hz"]
    assert [str(one) for one in speakers] == ["USB Audio: - (hw:1,0): 1 channel, 44100, 48000 Hz"]
    card.busy = True
    card.inputs = 0
    microphones, speakers = sound_devices()
    assert microphones == []
    assert [str(one) for one in speakers] == ["USB Audio: - (hw:1,0): 1 channel, and is in use"]


# --- what PortAudio says -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(-9985, "Device unavailable"), "Device unavailable (-9985). Something else holds it: `sudo "),
        (OSError("Invalid sample rate", -9997), "Invalid sample rate (-9997). Unplug it"),
        (OSError(-9999, "Unanticipated host error"), "host error (-9999). Unplug it"),
    ],
)
def test_portaudios_errors_come_with_something_to_do(error: OSError, words: str) -> None:
    assert words in refusal("speaker", "USB", error)
    assert refusal("speaker", "USB", error).startswith('speaker: "USB" cannot be opened: ')
    assert refusal("speaker", "", error).startswith("speaker: the system's default device cannot be opened: ")


def test_only_the_sound_libraries_chatter_is_kept_off_stderr(capfd: pytest.CaptureFixture[str]) -> None:
    os.write(2, b"before\n")
    with chatter_held_back():
        os.write(2, b"ALSA lib pcm.c:2666:(snd_pcm_open_noupdate) Unknown PCM cards.pcm.rear\nsomebody's log line\n")
        os.write(2, b"jack server is not running or cannot be started\n\n")
        os.write(2, b"Traceback (most recent call last):\n")
    os.write(2, b"after\n")
    printed = capfd.readouterr().err
    assert printed == "before\nsomebody's log line\nTraceback (most recent call last):\nafter\n"
