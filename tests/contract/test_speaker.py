"""What every `Speaker` promises: the simulated one, and PyAudio's on a private PulseAudio, which promises more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pytest

from hardware.file_speaker import FileSpeaker
from hardware.interfaces import DeviceLost, DeviceMissing, Speaker
from hardware.pcm import DOWN, FRAME_S, samples
from hardware.pyaudio_speaker import open_speaker
from hardware.settings import SpeakerSettings
from hardware.simulated import SimulatedBoard
from hardware.web_speaker import open_web_speaker
from tests.support import pulse, virtual_time
from tests.support.known_sound import known_sound, trimmed
from tests.support.page import Stage

T = TypeVar("T")
SOUND = known_sound(DOWN, 0.4)
"""20 frames."""


class Ear(Protocol):
    """A speaker together with the one who listens, and the kind of time that both live in."""

    exact: bool
    """Every sample is heard as it was written."""

    def run(self, story: Coroutine[Any, Any, T]) -> T: ...

    async def open(self) -> Speaker: ...

    def listening(self) -> AbstractContextManager[Callable[[], bytes]]:
        """Listen in the body; the function returns what was heard so far."""
        ...

    def freeze(self) -> None: ...

    def restore(self) -> None: ...


class SimulatedEar:
    exact = True

    def __init__(self) -> None:
        self.board = SimulatedBoard()

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return virtual_time.run(story)

    async def open(self) -> Speaker:
        return await self.board.speaker()

    @contextmanager
    def listening(self) -> Iterator[Callable[[], bytes]]:
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        yield lambda: self.board.loudspeaker.heard(begun_s, loop.time())

    def freeze(self) -> None:
        self.board.loudspeaker.lose()

    def restore(self) -> None:
        self.board.loudspeaker.restore()


class FileEar:
    """Reads what was written down."""

    exact = True

    def __init__(self, file: Path) -> None:
        self.file = file
        self.speaker = FileSpeaker(str(file))

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(story)

    async def open(self) -> Speaker:
        await self.speaker.begin()
        return self.speaker

    @contextmanager
    def listening(self) -> Iterator[Callable[[], bytes]]:
        begun = self.file.stat().st_size
        yield lambda: self.file.read_bytes()[begun:]

    def freeze(self) -> None:
        self.speaker.lose()

    def restore(self) -> None:
        self.speaker.restore()


class PulseEar:
    def __init__(self, private: pulse.PrivatePulse, cards: pulse.Cards = pulse.NATIVE) -> None:
        private.become(cards)
        self.private = private
        self.exact = cards == pulse.NATIVE
        self.rate_hz = 0 if self.exact else cards.speaker_hz

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(story)

    async def open(self) -> Speaker:
        return await open_speaker(SpeakerSettings(device=pulse.LOUDSPEAKER, rate_hz=self.rate_hz))

    @contextmanager
    def listening(self) -> Iterator[Callable[[], bytes]]:
        with self.private.recording() as path:
            yield path.read_bytes

    def freeze(self) -> None:
        self.private.freeze(True)

    def restore(self) -> None:
        self.private.freeze(False)


class WebEar:
    exact = True

    def __init__(self) -> None:
        self.stage = Stage(DOWN.rate_hz)
        self.run = self.stage.run

    async def open(self) -> Speaker:
        return await open_web_speaker(self.stage.page)

    @contextmanager
    def listening(self) -> Iterator[Callable[[], bytes]]:
        fake = self.stage.fake
        begun = fake.position
        yield lambda: fake.heard(begun)

    def freeze(self) -> None:
        self.stage.fake.freeze()

    def restore(self) -> None:
        self.stage.fake.restore()


@pytest.fixture
def pulse_ear(private_pulse: pulse.PrivatePulse) -> PulseEar:
    return PulseEar(private_pulse)


@pytest.fixture(params=["simulated", "file", "web", *pulse.KINDS], scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    """In a scope of its own, so that all tests of one kind come together."""
    return str(request.param)


@pytest.fixture
def ear(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Ear:
    if kind == "simulated":
        return SimulatedEar()
    if kind == "file":
        return FileEar(tmp_path / "speaker.wav")
    if kind == "web":
        return WebEar()
    return PulseEar(request.getfixturevalue("private_pulse"), pulse.KINDS[kind])


def assert_sounded(written: bytes, heard: bytes, ear: Ear) -> None:
    """What was written was heard, between silences: to the sample, unless the rate had to be converted."""
    if ear.exact:
        assert trimmed(heard) == written
    else:
        assert pulse.likeness(written, heard) > 0.9


async def play(speaker: Speaker, pcm: bytes) -> list[float]:
    frames = (pcm[start : start + DOWN.frame_bytes] for start in range(0, len(pcm), DOWN.frame_bytes))
    return [await speaker.write(frame) for frame in frames]


# --- every speaker -------------------------------------------------------------------------------------


def test_what_is_written_sounds_as_it_is_between_silences_and_when_it_was_said_to(ear: Ear) -> None:
    async def story() -> tuple[list[float], float, float, bytes]:
        loop = asyncio.get_running_loop()
        speaker = await ear.open()
        with ear.listening() as heard:
            await asyncio.sleep(0.1)
            begun_s = loop.time()
            starts_s = await play(speaker, SOUND)
            wrote_s = loop.time() - begun_s
            await asyncio.sleep(0.25)
            pcm = heard()
        assert speaker.xruns == 0
        await speaker.close()
        return starts_s, begun_s, wrote_s, pcm

    starts_s, begun_s, wrote_s, pcm = ear.run(story())
    assert_sounded(SOUND, pcm, ear)
    assert 0.0 < starts_s[0] - begun_s < 0.1
    steps_s = [later - earlier for earlier, later in pairwise(starts_s)]
    assert steps_s == pytest.approx([FRAME_S] * 19, abs=0.012)
    assert 14 * FRAME_S < wrote_s < 22 * FRAME_S  # four frames are taken at once, each other one when there is room


def test_a_flush_ends_all_sound_within_two_periods_even_what_was_waiting_to_be_queued(ear: Ear) -> None:
    async def story() -> tuple[float, float, bytes, bytes]:
        speaker = await ear.open()
        await asyncio.sleep(0.1)
        flushed = asyncio.Event()
        with ear.listening() as heard:
            writing = asyncio.ensure_future(play_until(flushed, speaker))
            await asyncio.sleep(0.2)
            speaker.flush()
            flushed.set()
            flushed_s = asyncio.get_running_loop().time()
            first_s = await writing  # its last write waited across the flush
            await asyncio.sleep(0.15)
            before = heard()
            await play(speaker, SOUND[: 4 * DOWN.frame_bytes])
            await asyncio.sleep(0.25)
            after = heard()[len(before) :]
        await speaker.close()
        return first_s, flushed_s, before, after

    async def play_until(flushed: asyncio.Event, speaker: Speaker) -> float:
        starts_s: list[float] = []
        while not flushed.is_set():
            starts_s += await play(speaker, SOUND[len(starts_s) * DOWN.frame_bytes :][: DOWN.frame_bytes])
        return starts_s[0]

    first_s, flushed_s, before, after = ear.run(story())
    sounded = trimmed(before)
    ended_s = first_s + DOWN.seconds(len(sounded))
    assert ended_s - flushed_s < 0.06  # two periods, the fade, and a little for the scheduler
    fade_bytes = DOWN.bytes_in(0.005)
    exact = len(sounded) - fade_bytes
    assert 4 * DOWN.frame_bytes < exact
    assert_sounded(SOUND[:exact], sounded[:exact], ear)
    assert sounded[exact:] != SOUND[exact : len(sounded)]  # the fade
    assert_sounded(SOUND[: 4 * DOWN.frame_bytes], after, ear)


def test_a_tone_is_in_tune_and_as_loud_as_it_was(ear: Ear) -> None:
    pitch_hz = 1000.0
    tone = (8000 * np.sin(2 * np.pi * pitch_hz * np.arange(DOWN.rate_hz // 2) / DOWN.rate_hz)).astype("<i2")

    async def story() -> bytes:
        speaker = await ear.open()
        with ear.listening() as heard:
            await asyncio.sleep(0.1)
            await play(speaker, tone.tobytes())
            await asyncio.sleep(0.25)
            pcm = heard()
        await speaker.close()
        return pcm

    middle = samples(trimmed(ear.run(story())))[3000:9000].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * DOWN.rate_hz / len(middle) == pytest.approx(pitch_hz, abs=4.0)
    assert np.sqrt(2.0 * np.mean(middle**2)) == pytest.approx(8000, rel=0.05)


def test_nothing_sounds_that_was_not_written(ear: Ear) -> None:
    async def story() -> bytes:
        speaker = await ear.open()
        with ear.listening() as heard:
            speaker.flush()
            await asyncio.sleep(0.2)
            pcm = heard()
        await speaker.close()
        return pcm

    pcm = ear.run(story())
    assert len(pcm) > 5 * DOWN.frame_bytes
    assert not any(pcm)


def test_a_speaker_that_stops_is_lost_after_a_second_and_can_be_opened_again(ear: Ear) -> None:
    async def story() -> tuple[float, bytes]:
        speaker = await ear.open()
        await play(speaker, DOWN.silence)
        ear.freeze()
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        with pytest.raises(DeviceLost, match="speaker"):
            await play(speaker, SOUND)
        lost_s = loop.time() - begun_s
        with pytest.raises(DeviceLost):
            await speaker.write(DOWN.silence)
        await speaker.close()
        ear.restore()
        again = await ear.open()
        await asyncio.sleep(0.1)
        with ear.listening() as heard:
            await play(again, SOUND)
            await asyncio.sleep(0.25)
            pcm = heard()
        await again.close()
        return lost_s, pcm

    lost_s, pcm = ear.run(story())
    assert 0.9 < lost_s < 1.6
    assert_sounded(SOUND, pcm, ear)


def test_closing_ends_a_waiting_write_and_may_happen_twice(ear: Ear) -> None:
    async def story() -> None:
        speaker = await ear.open()
        writing = asyncio.ensure_future(play(speaker, SOUND))
        await asyncio.sleep(0.05)
        await speaker.close()
        with pytest.raises(DeviceLost, match="closed"):
            await writing
        await speaker.close()
        with pytest.raises(DeviceLost, match="closed"):
            await speaker.write(DOWN.silence)

    ear.run(story())


def test_silence_for_want_of_a_frame_is_counted_and_silence_that_was_written_is_not(ear: Ear) -> None:
    async def story() -> list[float]:
        speaker = await ear.open()
        await play(speaker, DOWN.silence)
        silent_s = [speaker.reference.silent_s]
        await play(speaker, 8 * DOWN.silence)
        silent_s.append(speaker.reference.silent_s)
        await asyncio.sleep(0.3)
        await play(speaker, DOWN.silence)
        silent_s.append(speaker.reference.silent_s)
        await speaker.close()
        return silent_s

    first_s, kept_up_s, late_s = ear.run(story())
    assert kept_up_s == first_s
    assert 0.1 < late_s - first_s < 0.3  # of 300 ms, those after the four frames


# --- PyAudio -------------------------------------------------------------------------------------------


def test_a_card_that_vanishes_with_an_error_is_lost_at_once_and_found_again(pulse_ear: PulseEar) -> None:
    async def story() -> float:
        speaker = await pulse_ear.open()
        await play(speaker, DOWN.silence)
        await asyncio.to_thread(pulse_ear.private.kill)
        begun_s = time.monotonic()
        with pytest.raises(DeviceLost, match="gone"):
            await play(speaker, 5 * SOUND)
        lost_s = time.monotonic() - begun_s
        await speaker.close()
        with pytest.raises(DeviceMissing, match="none at all"):
            await pulse_ear.open()
        await asyncio.to_thread(pulse_ear.private.start)
        again = await pulse_ear.open()
        await play(again, DOWN.silence * 8)
        await again.close()
        return lost_s

    assert pulse_ear.run(story()) < 0.6
