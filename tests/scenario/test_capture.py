"""The microphone's side over whole stories: what leaves, in what order, and what happens when it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from daemon.audio.capture import Capture
from daemon.audio.echo import Cleaned, EchoControl, HalfDuplex
from daemon.audio.gate import Gate, GateSettings, Marker
from hardware.interfaces import DeviceBusy, DeviceMissing, DeviceStuck, Frame, Microphone
from hardware.pcm import FRAME_S, SILENCE_DBFS, UP, level_dbfs, scaled
from hardware.simulated import SimulatedMicrophone
from tests.support.known_sound import known_sound
from tests.support.virtual_time import START_S, run


class AnySound:
    """A voice detector that takes every sound for a voice."""

    def voiced(self, pcm: bytes) -> bool:
        return any(pcm)


@dataclass
class Story:
    """A capture on a simulated microphone, and what came of it. Times are seconds from the beginning."""

    microphone: SimulatedMicrophone = field(default_factory=SimulatedMicrophone)
    settings: GateSettings = field(default_factory=GateSettings)
    sent: list[tuple[bytes, float]] = field(default_factory=list)
    sent_at_s: list[float] = field(default_factory=list)
    markers: list[tuple[float, Marker]] = field(default_factory=list)
    faults: list[tuple[float, bool]] = field(default_factory=list)
    barge_ins_s: list[float] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    audible: bool = False
    echo: EchoControl = field(default_factory=HalfDuplex)
    closes: bool = False
    """Whether each marker closes the gate, as in the daemon."""
    opened_at_s: list[float] = field(default_factory=list)
    reopened: DeviceMissing | None = None
    """What comes of opening it."""

    def __post_init__(self) -> None:
        self.capture = Capture(
            self.open,
            Gate(self.settings),
            self.echo,
            AnySound(),
            listener=self,
            audible=lambda: self.audible,
            tell=self.tell,
        )

    async def open(self) -> Microphone:
        self.opened_at_s.append(now_s())
        if self.reopened is not None:
            raise self.reopened
        self.microphone.open()
        return self.microphone

    def noticed(self, marker: Marker) -> None:
        self.markers.append((now_s(), marker))
        if self.closes:
            self.capture.close_gate()

    def said(self, pcm: bytes, captured_s: float) -> None:
        self.sent.append((pcm, captured_s - START_S))
        self.sent_at_s.append(now_s())

    def barged_in(self) -> None:
        self.barge_ins_s.append(now_s())

    def microphone_lost(self, lost: bool) -> None:
        self.faults.append((now_s(), lost))

    def tell(self, event: str, **fields: object) -> None:
        details = [f"{name}={value}" for name, value in fields.items() if name not in {"level", "reason"}]
        self.told.append(" ".join([event, *details]))

    @property
    def sound(self) -> bytes:
        """All that was sent."""
        return b"".join(pcm for pcm, _ in self.sent)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Capture]:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.capture.run())
            await self.capture.ready.wait()
            yield self.capture
            task.cancel()
        assert not self.microphone.is_open


def now_s() -> float:
    return asyncio.get_running_loop().time() - START_S


async def until(at_s: float) -> None:
    """Wait until `at_s`, and a little longer, so that the frame that ends then has been taken."""
    await asyncio.sleep(at_s + 0.001 - now_s())


def test_what_was_said_before_the_press_is_sent_first_and_everything_once() -> None:
    async def story() -> None:
        tale = Story()
        words = known_sound(UP, 2.0)
        async with tale.running() as capture:
            tale.microphone.say(words, at_s=START_S)
            await until(1.0)
            assert tale.sent == []
            capture.open_gate(endpointing=False)
            assert len(tale.sent) == 25
            await until(1.5)
            capture.close_gate()
            await until(2.0)
        assert tale.sound == words[UP.bytes_in(0.5) : UP.bytes_in(1.5)]
        assert [at_s for _, at_s in tale.sent] == pytest.approx([0.52 + number * FRAME_S for number in range(50)])
        assert tale.sent_at_s[25:] == pytest.approx([1.02 + number * FRAME_S for number in range(25)])

    run(story())


def test_no_word_is_sent_in_two_turns() -> None:
    async def story() -> None:
        tale = Story()
        words = known_sound(UP, 2.0)
        async with tale.running() as capture:
            tale.microphone.say(words, at_s=START_S)
            for opens_s in (0.2, 0.6, 0.8, 1.9):
                await until(opens_s)
                capture.open_gate(endpointing=False)
                await until(opens_s + 0.1)
                capture.close_gate()
        assert tale.sound == words[: UP.bytes_in(0.9)] + words[UP.bytes_in(1.4) : UP.bytes_in(2.0)]
        times_s = [at_s for _, at_s in tale.sent]
        assert times_s == sorted(set(times_s))

    run(story())


def test_the_gate_notices_when_the_user_begins_and_ends() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running() as capture:
            await until(1.0)
            capture.open_gate(endpointing=True)
            tale.microphone.say(known_sound(UP, 1.0), at_s=START_S + 2.0)
            await until(5.0)
        assert [marker for _, marker in tale.markers] == [Marker.SPEECH_STARTED, Marker.SPEECH_ENDED]
        assert [at_s for at_s, _ in tale.markers] == pytest.approx([2.1, 3.7])

    run(story())


def test_a_gate_closed_by_its_own_marker_lets_no_further_frame_out() -> None:
    async def story() -> None:
        tale = Story(settings=GateSettings(longest_s=1.0), closes=True)
        async with tale.running() as capture:
            capture.open_gate(endpointing=False)
            await until(3.0)
        assert len(tale.sent) == 50

    run(story())


def test_what_is_heard_while_the_loudspeaker_sounds_is_not_kept() -> None:
    async def story() -> None:
        tale = Story()
        words = known_sound(UP, 1.0)
        async with tale.running() as capture:
            tale.microphone.say(words, at_s=START_S)
            await until(0.6)
            tale.audible = True
            await until(0.8)
            tale.audible = False
            await until(1.0)
            capture.open_gate(endpointing=False)
        assert tale.sound == words[UP.bytes_in(0.8) :]
        assert [at_s for _, at_s in tale.sent] == pytest.approx([0.82 + number * FRAME_S for number in range(10)])

    run(story())


# --- muted -----------------------------------------------------------------------------------------


def test_muted_nothing_leaves_and_nothing_is_kept_but_frames_still_count() -> None:
    async def story() -> None:
        tale = Story()
        words = known_sound(UP, 3.0)
        async with tale.running() as capture:
            tale.microphone.say(words, at_s=START_S)
            await until(1.0)
            capture.muted = True
            assert tale.microphone.muted
            capture.open_gate(endpointing=False)
            await until(2.0)
            assert capture.frames == 100
            assert capture.level_db == SILENCE_DBFS
            capture.close_gate()
            capture.muted = False
            capture.open_gate(endpointing=False)
            assert tale.sent == []
            await until(2.2)
        # The driver silences the frame in which it was unmuted, too.
        assert tale.sound[UP.frame_bytes :] == words[UP.bytes_in(2.02) : UP.bytes_in(2.2)]

    run(story())


def test_muted_in_mid_sentence_time_goes_on() -> None:
    async def story() -> None:
        tale = Story(settings=GateSettings(longest_s=2.0))
        async with tale.running() as capture:
            tale.microphone.say(known_sound(UP, 3.0), at_s=START_S)
            capture.open_gate(endpointing=True)
            await until(1.0)
            capture.muted = True
            await until(3.0)
        assert len(tale.sent) == 50
        assert [marker for _, marker in tale.markers] == [Marker.SPEECH_STARTED, Marker.TOO_LONG]
        assert tale.markers[1][0] == pytest.approx(2.0)

    run(story())


def test_mute_set_before_the_microphone_is_open_or_while_it_is_lost_holds() -> None:
    async def story() -> None:
        tale = Story()
        tale.capture.muted = True
        async with tale.running() as capture:
            assert tale.microphone.muted
            tale.microphone.lose()
            await until(2.0)
            tale.microphone.restore()
            await until(5.0)
            assert tale.faults[-1][1] is False
            assert tale.microphone.muted
            assert capture.muted

    run(story())


# --- a device that fails ---------------------------------------------------------------------------


def test_frames_the_device_lost_are_time_and_told_when_the_gate_closes() -> None:
    async def story() -> None:
        tale = Story(settings=GateSettings(longest_s=2.0))
        async with tale.running() as capture:
            tale.microphone.overflow(7)
            await until(0.5)
            capture.open_gate(endpointing=False)
            await until(1.0)
            tale.microphone.overflow(5)
            await until(3.0)
            capture.close_gate()
            capture.open_gate(endpointing=False)
            capture.close_gate()
        assert [at_s for at_s, _ in tale.markers] == pytest.approx([2.5])
        assert tale.told == ["microphone.overflow lost_ms=100"]

    run(story())


def test_a_microphone_that_cannot_be_opened_at_the_start_is_the_owners_to_know() -> None:
    async def story() -> None:
        tale = Story()
        tale.microphone.lose()
        with pytest.raises(DeviceMissing):
            await tale.capture.run()
        assert not tale.capture.ready.is_set()

    run(story())


def test_a_lost_microphone_is_opened_again_for_ever_and_told_of_once() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running() as capture:
            await until(20.0)
            tale.microphone.lose()
            await until(60.5)
            frames = capture.frames
            tale.microphone.restore()
            await until(70.0)
            assert capture.frames > frames
        assert tale.opened_at_s == pytest.approx([0.0, 21.0, 22.0, 24.0, 28.0, 36.0, 46.0, 56.0, 66.0], abs=0.05)
        assert [(round(at_s), lost) for at_s, lost in tale.faults] == [(21, True), (66, False)]
        assert tale.told == ["device.lost part=microphone", "device.back part=microphone outage_s=45.0"]

    run(story())


def test_a_microphone_that_somebody_takes_meanwhile_is_told_of_once() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running():
            await until(20.0)
            tale.reopened = DeviceBusy("microphone: it is in use. arecord holds it: stop that")
            tale.microphone.lose()
            await until(30.0)
            tale.reopened = None
            tale.microphone.restore()
            await until(40.0)
        assert [told.split()[0] for told in tale.told] == ["device.lost", "device.missing", "device.back"]

    run(story())


def test_a_microphone_that_only_another_process_can_open_is_not_tried_again() -> None:
    async def story() -> None:
        tale = Story()
        running = asyncio.ensure_future(tale.capture.run())
        await until(20.0)
        tale.reopened = DeviceStuck("microphone: ALSA hangs")
        tale.microphone.lose()
        with pytest.raises(DeviceStuck):
            await running
        assert tale.opened_at_s == pytest.approx([0.0, 21.0], abs=0.05)
        assert not tale.microphone.is_open

    run(story())


def test_a_loose_plug_does_not_make_it_try_ever_faster() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running():
            for _ in range(4):
                tale.microphone.lose()
                await asyncio.sleep(1.1)
                tale.microphone.restore()
                await asyncio.sleep(8.2)
        pauses_s = [back - lost for (lost, _), (back, _) in zip(tale.faults[::2], tale.faults[1::2], strict=True)]
        assert pauses_s == pytest.approx([1.0, 2.0, 4.0, 8.0])

    run(story())


def test_after_it_has_worked_for_a_while_the_first_pause_is_short_again() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running():
            for lost_s, back_s in ((20.0, 30.0), (60.0, 61.5)):
                await until(lost_s)
                tale.microphone.lose()
                await until(back_s)
                tale.microphone.restore()
            await until(70.0)
        assert [round(at_s) for at_s, lost in tale.faults if not lost] == [36, 62]

    run(story())


def test_what_was_heard_before_an_outage_is_not_sent_after_it() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running() as capture:
            tale.microphone.say(known_sound(UP, 1.0), at_s=START_S)
            await until(1.0)
            tale.microphone.lose()
            await until(2.5)
            tale.microphone.restore()
            await until(3.1)
            capture.open_gate(endpointing=False)
        assert 0 < len(tale.sent) < 10
        assert not any(tale.sound)

    run(story())


# --- around it -------------------------------------------------------------------------------------


def test_the_level_rises_at_once_and_falls_gently() -> None:
    async def story() -> None:
        tale = Story()
        loud = known_sound(UP, 1.0)
        async with tale.running() as capture:
            tale.microphone.say(loud, at_s=START_S + 0.1)
            await until(0.1)
            assert capture.level_db == SILENCE_DBFS
            await until(0.12)
            assert capture.level_db == level_dbfs(loud[: UP.frame_bytes])
            await until(1.1)
            before_db = capture.level_db
            await until(2.1)
            assert capture.level_db == pytest.approx(before_db - 30.0, abs=0.1)

    run(story())


@dataclass
class Halving:
    """An echo control that halves what it hears, and remembers what it was told."""

    mode: str = "halving"
    kept: bool = True
    users: bool = True
    barges_in_at: int = -1
    heard_frames: list[tuple[float, int, bool]] = field(default_factory=list)
    """Of each frame: when it was captured, how many were lost before it, and whether we were audible."""

    def heard(self, frame: Frame, *, audible: bool) -> Cleaned:
        self.heard_frames.append((round(frame.captured_s - START_S, 2), frame.lost_frames, audible))
        barged_in = len(self.heard_frames) == self.barges_in_at
        return Cleaned(scaled(frame.pcm, 0.5), self.kept, self.users, barged_in)


def test_what_is_left_of_a_frame_is_judged_kept_and_sent() -> None:
    async def story() -> None:
        tale = Story(echo=Halving())
        words = known_sound(UP, 1.0)
        async with tale.running() as capture:
            tale.microphone.say(words, at_s=START_S)
            await until(0.5)
            capture.open_gate(endpointing=False)
            await until(1.0)
            assert tale.sound == b"".join(
                scaled(words[at : at + UP.frame_bytes], 0.5) for at in range(0, len(words), UP.frame_bytes)
            )
            assert capture.level_db == pytest.approx(max(level_dbfs(pcm) for pcm, _ in tale.sent[-3:]), abs=2.0)

    run(story())


def test_what_may_hold_our_own_voice_is_in_no_pre_roll_and_a_voice_that_may_be_ours_is_none() -> None:
    async def story() -> None:
        echo = Halving(kept=False, users=False)
        tale = Story(echo=echo)
        async with tale.running() as capture:
            tale.microphone.say(known_sound(UP, 3.0), at_s=START_S)
            capture.watch(100)
            await until(1.0)
            assert tale.markers == []
            echo.users = True
            await until(1.5)
            assert [marker for _, marker in tale.markers] == [Marker.VOICE]
            capture.open_gate(endpointing=True, to_voice=True)
            assert tale.sent == []

    run(story())


def test_the_echo_control_hears_of_every_frame_that_it_does_not_get() -> None:
    """Muted or lost: the loudspeaker went on, and what it hears next belongs to a later moment."""

    async def story() -> None:
        echo = Halving()
        tale = Story(echo=echo)
        async with tale.running() as capture:
            await until(0.1)
            capture.muted = True
            await until(0.2)
            tale.microphone.overflow(3)
            await until(0.3)
            capture.muted = False
            tale.audible = True
            await until(0.36)
            tale.microphone.overflow(2)
            await until(0.44)
        times_s = [at_s for at_s, _, _ in echo.heard_frames]
        lost = [frames for _, frames, _ in echo.heard_frames]
        assert lost == [0] * 5 + [10] + [0] * 2 + [2] + [0]
        for before, after, frames in zip(times_s, times_s[1:], lost[1:], strict=False):
            assert after - before == pytest.approx((frames + 1) * FRAME_S)
        assert [audible for _, _, audible in echo.heard_frames] == [False] * 5 + [True] * 5

    run(story())


def test_who_talks_over_the_answer_is_told_of_and_is_in_the_pre_roll() -> None:
    async def story() -> None:
        tale = Story(echo=Halving(barges_in_at=20))
        async with tale.running() as capture:
            tale.microphone.say(known_sound(UP, 1.0), at_s=START_S)
            await until(1.0)
            assert tale.barge_ins_s == [pytest.approx(0.4)]
            capture.open_gate(endpointing=True, to_voice=True)
            assert len(tale.sent) == 40

    run(story())


def test_a_muted_device_notices_no_voice_but_its_watch_ends() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running() as capture:
            capture.muted = True
            capture.watch(100, 1.0)
            tale.microphone.say(known_sound(UP, 3.0), at_s=START_S)
            await until(2.0)
            ((over_s, marker),) = tale.markers
            assert marker is Marker.WATCH_OVER
            assert over_s == pytest.approx(1.0)

    run(story())
