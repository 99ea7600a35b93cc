"""What every `Microphone` promises: the simulated one, and PyAudio's on a private PulseAudio, which promises more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import pytest

from hardware.board import open_channels
from hardware.file_microphone import FileMicrophone
from hardware.interfaces import DeviceLost, DeviceMissing, Frame, Microphone, Speaker
from hardware.pcm import DOWN, FRAME_S, UP, gain_of_db, samples, scaled
from hardware.pyaudio_host import PORTAUDIO
from hardware.pyaudio_microphone import open_microphone
from hardware.pyaudio_speaker import open_speaker
from hardware.settings import BoardSettings, MicrophoneSettings, SpeakerSettings
from hardware.simulated import SimulatedBoard
from hardware.web_microphone import open_web_microphone
from tests.support import pulse, virtual_time
from tests.support.known_sound import known_sound, trimmed
from tests.support.page import Stage

T = TypeVar("T")


class Room(Protocol):
    """A microphone together with what it hears, and the kind of time that both live in."""

    exact: bool
    """Every sample comes out as it was said."""

    def run(self, story: Coroutine[Any, Any, T]) -> T: ...

    async def open(self, *, gain_db: float = 0.0) -> Microphone: ...

    def say(self, pcm: bytes) -> None: ...

    def freeze(self) -> None: ...

    def restore(self) -> None: ...


class SimulatedRoom:
    exact = True

    def __init__(self) -> None:
        self.board = SimulatedBoard()

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return virtual_time.run(story)

    async def open(self, *, gain_db: float = 0.0) -> Microphone:
        if gain_db:
            self.board = SimulatedBoard(BoardSettings(microphone=MicrophoneSettings(gain_db=gain_db)))
        return await self.board.microphone()

    def say(self, pcm: bytes) -> None:
        self.board.mic.say(pcm)

    def freeze(self) -> None:
        self.board.mic.lose()

    def restore(self) -> None:
        self.board.mic.restore()


class FileRoom(SimulatedRoom):
    """A recording speaks, as far as it is told to."""

    def __init__(self) -> None:
        self.microphone = FileMicrophone([])

    async def open(self, *, gain_db: float = 0.0) -> Microphone:
        if gain_db:
            self.microphone = FileMicrophone([], gain_db=gain_db)
        self.microphone.open()
        return self.microphone

    def say(self, pcm: bytes) -> None:
        self.microphone.say(pcm)

    def freeze(self) -> None:
        self.microphone.lose()

    def restore(self) -> None:
        self.microphone.restore()


class PulseRoom:
    def __init__(self, private: pulse.PrivatePulse, cards: pulse.Cards = pulse.NATIVE) -> None:
        private.become(cards)
        self.private = private
        self.exact = cards == pulse.NATIVE
        self.rate_hz = 0 if self.exact else cards.room_hz

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(story)

    async def open(self, *, gain_db: float = 0.0) -> Microphone:
        settings = MicrophoneSettings(device=pulse.MICROPHONE, gain_db=gain_db, rate_hz=self.rate_hz)
        return await open_microphone(settings)

    def say(self, pcm: bytes) -> None:
        self.private.feed(pcm)

    def freeze(self) -> None:
        self.private.freeze(True)

    def restore(self) -> None:
        self.private.freeze(False)


class WebRoom:
    exact = True

    def __init__(self) -> None:
        self.stage = Stage(UP.rate_hz)
        self.run = self.stage.run

    async def open(self, *, gain_db: float = 0.0) -> Microphone:
        return await open_web_microphone(self.stage.page, MicrophoneSettings(gain_db=gain_db))

    def say(self, pcm: bytes) -> None:
        self.stage.fake.say(pcm)

    def freeze(self) -> None:
        self.stage.fake.freeze()

    def restore(self) -> None:
        self.stage.fake.restore()


@pytest.fixture
def pulse_room(private_pulse: pulse.PrivatePulse) -> PulseRoom:
    return PulseRoom(private_pulse)


@pytest.fixture(params=["simulated", "file", "web", *pulse.KINDS], scope="module")
def kind(request: pytest.FixtureRequest) -> str:
    """In a scope of its own, so that all tests of one kind come together."""
    return str(request.param)


@pytest.fixture
def room(kind: str, request: pytest.FixtureRequest) -> Room:
    if kind in {"simulated", "file"}:
        return SimulatedRoom() if kind == "simulated" else FileRoom()
    if kind == "web":
        return WebRoom()
    return PulseRoom(request.getfixturevalue("private_pulse"), pulse.KINDS[kind])


def assert_heard(said: bytes, frames: list[Frame], room: Room) -> None:
    """What was said is in `frames`, and nothing else: to the sample, unless the rate had to be converted."""
    heard = sound(frames)
    if room.exact:
        assert said in heard
    else:
        assert pulse.likeness(said, heard) > 0.9


async def read(microphone: Microphone, frames: int) -> list[Frame]:
    return [await microphone.read() for _ in range(frames)]


def sound(frames: list[Frame]) -> bytes:
    return b"".join(frame.pcm for frame in frames)


async def play(speaker: Speaker, pcm: bytes) -> None:
    for start in range(0, len(pcm), DOWN.frame_bytes):
        await speaker.write(pcm[start : start + DOWN.frame_bytes])


# --- every microphone ----------------------------------------------------------------------------------


def test_frames_of_20_ms_come_in_order_and_in_real_time(room: Room) -> None:
    async def story() -> tuple[list[Frame], float]:
        microphone = await room.open()
        await read(microphone, 5)
        begun_s = asyncio.get_running_loop().time()
        frames = await read(microphone, 20)
        took_s = asyncio.get_running_loop().time() - begun_s
        await microphone.close()
        return frames, took_s

    frames, took_s = room.run(story())
    captured_s = [frame.captured_s for frame in frames]
    assert {len(frame.pcm) for frame in frames} == {UP.frame_bytes}
    assert captured_s == sorted(captured_s)
    assert captured_s[-1] - captured_s[0] == pytest.approx(19 * FRAME_S, rel=0.1)
    assert took_s == pytest.approx(20 * FRAME_S, abs=0.15)  # those before may have been read late


def test_every_sample_arrives_as_it_sounded(room: Room) -> None:
    said = known_sound(UP, 0.5)

    async def story() -> list[Frame]:
        microphone = await room.open()
        await microphone.read()
        room.say(said)
        frames = await read(microphone, 70)
        await microphone.close()
        return frames

    frames = room.run(story())
    assert_heard(said, frames, room)
    assert sum(frame.lost_frames for frame in frames) == 0


def test_gain_is_applied_and_clips(room: Room) -> None:
    said = known_sound(UP, 0.1)

    async def story() -> list[Frame]:
        microphone = await room.open(gain_db=18.0)
        await microphone.read()
        room.say(said)
        frames = await read(microphone, 60)
        await microphone.close()
        return frames

    louder = scaled(said, gain_of_db(18.0))
    assert b"\xff\x7f" in louder
    assert_heard(louder, room.run(story()), room)


def test_nothing_captured_or_read_while_muted_is_ever_heard(room: Room) -> None:
    said = known_sound(UP, 1.0)

    async def story() -> tuple[list[Frame], list[Frame], list[Frame]]:
        microphone = await room.open()
        await microphone.read()
        room.say(said)
        while not any((await microphone.read()).pcm):
            pass
        await asyncio.sleep(0.1)  # several frames with sound in them wait, unread, when the owner mutes
        microphone.muted = True
        waiting = await read(microphone, 5)
        muted = await read(microphone, 10)
        await asyncio.sleep(0.1)
        microphone.muted = False
        freed = await read(microphone, 12)
        await microphone.close()
        return waiting, muted, freed

    waiting, muted, freed = room.run(story())
    assert not any(sound(waiting + muted))
    gap_s = muted[-1].captured_s - muted[0].captured_s
    assert gap_s == pytest.approx(9 * FRAME_S, rel=0.25)
    silent = [not any(frame.pcm) for frame in freed]
    assert 4 <= silent.index(False) <= 6  # captured while muted: still silent
    assert not any(silent[silent.index(False) :])


def test_at_most_25_unread_frames_are_kept_and_the_loss_is_counted(room: Room) -> None:
    async def story() -> list[Frame]:
        microphone = await room.open()
        before = await microphone.read()
        await asyncio.sleep(35 * FRAME_S)
        frames = await read(microphone, 27)
        await microphone.close()
        return [before, *frames]

    before, first, *others = room.run(story())
    assert 7 <= first.lost_frames <= 13
    assert first.captured_s - before.captured_s == pytest.approx((first.lost_frames + 1) * FRAME_S, abs=0.015)
    assert sum(frame.lost_frames for frame in others) == 0
    assert others[-1].captured_s - first.captured_s == pytest.approx(26 * FRAME_S, rel=0.1)


def test_cancelled_reads_lose_nothing(room: Room) -> None:
    said = known_sound(UP, 0.2)

    async def story() -> tuple[list[Frame], int]:
        microphone = await room.open()
        await microphone.read()
        room.say(said)
        frames: list[Frame] = []
        cancelled = 0
        while len(frames) < 25:
            try:
                async with asyncio.timeout(0.007):
                    frames.append(await microphone.read())
            except TimeoutError:
                cancelled += 1
        await microphone.close()
        return frames, cancelled

    frames, cancelled = room.run(story())
    assert cancelled > 20
    assert_heard(said, frames, room)


def test_a_tone_is_in_tune_and_as_loud_as_it_was(room: Room) -> None:
    pitch_hz = 1000.0
    tone = (8000 * np.sin(2 * np.pi * pitch_hz * np.arange(UP.rate_hz // 2) / UP.rate_hz)).astype("<i2")

    async def story() -> list[Frame]:
        microphone = await room.open()
        await microphone.read()
        room.say(tone.tobytes())
        frames = await read(microphone, 70)
        await microphone.close()
        return frames

    heard = samples(trimmed(sound(room.run(story()))))
    middle = heard[2000:6000].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    assert np.argmax(spectrum) * UP.rate_hz / len(middle) == pytest.approx(pitch_hz, abs=4.0)
    assert np.sqrt(2.0 * np.mean(middle**2)) == pytest.approx(8000, rel=0.05)


def test_a_microphone_that_stops_is_lost_after_a_second_and_can_be_opened_again(room: Room) -> None:
    async def story() -> tuple[float, Frame]:
        microphone = await room.open()
        await microphone.read()
        room.freeze()
        loop = asyncio.get_running_loop()
        begun_s = loop.time()
        with pytest.raises(DeviceLost, match="microphone"):
            await read(microphone, 50)
        lost_s = loop.time() - begun_s
        with pytest.raises(DeviceLost):
            await microphone.read()
        await microphone.close()
        room.restore()
        again = await room.open()
        frame = await again.read()
        await again.close()
        return lost_s, frame

    lost_s, frame = room.run(story())
    assert 0.9 < lost_s < 1.6
    assert len(frame.pcm) == UP.frame_bytes


def test_closing_ends_a_waiting_read_and_may_happen_twice(room: Room) -> None:
    async def story() -> None:
        microphone = await room.open()
        reading = asyncio.ensure_future(read(microphone, 100))
        await asyncio.sleep(0.05)
        await microphone.close()
        with pytest.raises(DeviceLost, match="closed"):
            await reading
        await microphone.close()
        with pytest.raises(DeviceLost, match="closed"):
            await read(microphone, 26)

    room.run(story())


# --- PyAudio -------------------------------------------------------------------------------------------


def test_a_card_that_vanishes_with_an_error_is_lost_at_once_and_found_again(pulse_room: PulseRoom) -> None:
    async def story() -> float:
        microphone = await pulse_room.open()
        await microphone.read()
        await asyncio.to_thread(pulse_room.private.kill)
        begun_s = time.monotonic()
        with pytest.raises(DeviceLost, match="gone"):
            await read(microphone, 50)
        lost_s = time.monotonic() - begun_s
        await microphone.close()
        with pytest.raises(DeviceMissing, match="none at all"):
            await pulse_room.open()
        await asyncio.to_thread(pulse_room.private.start)
        again = await pulse_room.open()
        await again.read()
        await again.close()
        return lost_s

    assert pulse_room.run(story()) < 0.6


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ("USB PnP", r'microphone: no device fits "USB PnP"\. There are: "microphone", "loudspeaker", "default"\.'),
        ("hw:CARD=nobody", r'no device fits "hw:CARD=nobody"'),
        ("p", r'"p" fits several devices: "microphone", "loudspeaker"\. Set microphone\.device to more of one name'),
    ],
)
def test_a_name_that_fits_none_or_several_is_refused_with_all_names(
    pulse_room: PulseRoom, device: str, words: str
) -> None:
    async def story() -> None:
        with pytest.raises(DeviceMissing, match=words):
            await open_microphone(MicrophoneSettings(device=device))

    pulse_room.run(story())


def test_the_default_device_needs_no_name(pulse_room: PulseRoom) -> None:
    async def story() -> None:
        microphone = await open_microphone(MicrophoneSettings())
        await microphone.read()
        await microphone.close()

    pulse_room.run(story())


def test_opening_does_not_stall_the_loop_and_a_cancelled_one_leaves_nothing_open(pulse_room: PulseRoom) -> None:
    async def story() -> None:
        opening = asyncio.ensure_future(pulse_room.open())
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        await asyncio.sleep(0.3)
        assert repr(PORTAUDIO) == "<PortAudio 0 streams>"

    pulse_room.run(story())


def test_a_new_card_makes_every_stream_be_opened_again(
    pulse_room: PulseRoom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = tmp_path / "cards"
    cards.write_text(" 0 [vc4hdmi        ]: vc4-hdmi - vc4-hdmi\n")
    monkeypatch.setattr(PORTAUDIO, "_cards", cards)  # what the kernel would write

    async def story() -> None:
        speaker = await open_speaker(SpeakerSettings(device=pulse.LOUDSPEAKER))
        microphone = await pulse_room.open()
        await microphone.close()
        cards.write_text(cards.read_text() + " 1 [Device         ]: USB-Audio - USB PnP Sound Device\n")
        with pytest.raises(DeviceMissing, match="plugged in"):
            await pulse_room.open()
        with pytest.raises(DeviceLost, match="given up"):
            await play(speaker, DOWN.silence * 100)
        await speaker.close()
        microphone = await pulse_room.open()
        speaker = await open_speaker(SpeakerSettings(device=pulse.LOUDSPEAKER))
        await microphone.read()
        await microphone.close()
        await speaker.close()

    pulse_room.run(story())


def test_callbacks_after_the_loop_has_closed_are_silent(
    pulse_room: PulseRoom, capfd: pytest.CaptureFixture[str]
) -> None:
    microphone = pulse_room.run(pulse_room.open())
    time.sleep(0.1)
    asyncio.run(microphone.close())
    printed = capfd.readouterr()
    # Sound libraries may say something of their own; Python must not.
    assert printed.out == ""
    assert "Traceback" not in printed.err
    assert "Error" not in printed.err


def test_each_channel_of_a_card_is_heard_by_itself(private_pulse: pulse.PrivatePulse) -> None:
    private_pulse.become(pulse.Cards(16_000, 24_000, 2))
    sound = samples(known_sound(UP, 0.5))
    right = np.stack([np.zeros_like(sound), sound], axis=1).tobytes()

    async def story() -> tuple[bytes, bytes]:
        opened = await open_channels(MicrophoneSettings(device=pulse.MICROPHONE, rate_hz=16_000), 2)
        private_pulse.feed(right, channels=2)
        both = [(await opened.read(0), await opened.read(1)) for _ in range(round(1.5 / FRAME_S))]
        await opened.close()
        await opened.close()
        return b"".join(one.pcm for one, _ in both), b"".join(other.pcm for _, other in both)

    left, heard = asyncio.run(story())
    assert not any(left)
    assert trimmed(heard) == trimmed(sound.tobytes())


def test_more_channels_than_there_are_cannot_be_opened(private_pulse: pulse.PrivatePulse) -> None:
    with pytest.raises(DeviceMissing, match="the first is 0"):
        asyncio.run(open_channels(MicrophoneSettings(device=pulse.MICROPHONE), 33))
