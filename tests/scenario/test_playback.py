"""The loudspeaker's side over whole stories: what sounds, when, how much of it, and that silence is silence."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
import pytest

from daemon.audio.earcon import Earcon, sound
from daemon.audio.playback import Heard, Playback
from hardware.interfaces import DeviceMissing, Speaker
from hardware.pcm import DOWN, FRAME_S, level_dbfs, mixed, samples, scaled
from hardware.play_queue import FRAMES
from hardware.simulated import SimulatedSpeaker
from tests.support.known_sound import known_sound, trimmed
from tests.support.virtual_time import START_S, run

DELAY_S = 0.04
"""What the simulated card holds: no flush calls it back."""


@dataclass
class Story:
    """A playback on a simulated speaker, and what came of it. Times are seconds from the beginning."""

    volume_percent: int = 100
    sleep_after_s: float = 0.0
    speaker: SimulatedSpeaker = field(default_factory=lambda: SimulatedSpeaker(delay_s=DELAY_S))
    sounding: list[tuple[float, int]] = field(default_factory=list)
    sounded: list[tuple[float, Heard]] = field(default_factory=list)
    faults: list[tuple[float, bool]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.playback = Playback(
            self.open,
            volume_percent=self.volume_percent,
            on_sounding=lambda turn_id: self.sounding.append((now_s(), turn_id)),
            on_sounded=self.note,
            on_fault=lambda lost: self.faults.append((now_s(), lost)),
            tell=self.tell,
            sleep_after_s=self.sleep_after_s,
        )

    async def open(self) -> Speaker:
        self.speaker.open()
        return self.speaker

    def note(self, turn_id: int, heard: Heard) -> None:
        assert heard.turn_id == turn_id
        self.sounded.append((now_s(), heard))

    def tell(self, event: str, **fields: object) -> None:
        details = [f"{name}={value}" for name, value in fields.items() if name not in {"level", "outage_s", "asleep_s"}]
        self.told.append(" ".join([event, *details]))

    @property
    def all_heard(self) -> bytes:
        """Everything that sounded, without the silence before and after."""
        return trimmed(self.speaker.heard(START_S, START_S + now_s() + 1.0))

    def heard(self, from_s: float, to_s: float) -> bytes:
        return self.speaker.heard(START_S + from_s, START_S + to_s)

    @asynccontextmanager
    async def running(self, *, from_s: float = 0.0) -> AsyncIterator[Playback]:
        """Run it; the story begins at `from_s`, with the device somewhere in its period."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(self.playback.run())
            await until(from_s)
            yield self.playback
            task.cancel()
        assert not self.speaker.is_open


def now_s() -> float:
    return asyncio.get_running_loop().time() - START_S


async def until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - now_s()))


async def stream(playback: Playback, turn_id: int, reply: bytes, chunk_s: float, period_s: float) -> None:
    """Play `reply` in chunks of `chunk_s`, one every `period_s`, then end it."""
    size = DOWN.bytes_in(chunk_s)
    begin_s = now_s()
    for number, start in enumerate(range(0, len(reply), size)):
        await until(begin_s + number * period_s)
        playback.play(turn_id, reply[start : start + size])
    playback.end(turn_id)


# --- an answer -------------------------------------------------------------------------------------


@pytest.mark.parametrize("from_s", [1.0, 1.003, 1.007, 1.013, 1.019])
def test_an_answer_sounds_at_once_and_every_sample_of_it(from_s: float) -> None:
    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 3.01)
        async with tale.running(from_s=from_s) as playback:
            await stream(playback, 1, reply, 0.1, 0.03)
            await until(6.0)
        assert tale.all_heard == reply
        first_s, turn_id = tale.sounding[0]
        assert turn_id == 1
        assert first_s - from_s - DELAY_S <= 0.01 + FRAME_S
        [(ended_s, heard)] = tale.sounded
        assert ended_s == pytest.approx(first_s + 3.02)
        assert heard.sounded_s == pytest.approx(3.01)
        assert heard.dropped_s == 0.0
        assert heard.underruns == 0
        assert heard.first_chunk_s == START_S + from_s
        assert heard.first_sound_s == pytest.approx(START_S + first_s)
        assert tale.heard(first_s, first_s + 3.01) == reply

    run(story())


@pytest.mark.parametrize("from_s", [1.0, 1.004, 1.009, 1.016])
@pytest.mark.parametrize("chunk_s", [0.02, 0.04, 0.1, 0.3])
def test_an_answer_at_the_speed_of_speech_has_no_gap(from_s: float, chunk_s: float) -> None:
    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 3.0)
        async with tale.running(from_s=from_s) as playback:
            await stream(playback, 1, reply, chunk_s, chunk_s)
            await until(6.0)
        assert tale.all_heard == reply
        assert tale.sounded[0][1].underruns == 0

    run(story())


def test_an_answer_in_200_parts_of_any_size() -> None:
    async def story() -> None:
        tale = Story()
        dice = random.Random(4)
        reply = known_sound(DOWN, 20.0)
        cuts = sorted(dice.sample(range(1, len(reply)), 199))
        async with tale.running() as playback:
            for start, end in zip([0, *cuts], [*cuts, len(reply)], strict=True):
                playback.play(1, reply[start:end])
                await asyncio.sleep(dice.choice([0.0, 0.0, 0.03]))
            playback.end(1)
            await until(25.0)
        assert tale.all_heard == reply
        assert tale.sounded[0][1].sounded_s == pytest.approx(20.0)

    run(story())


@pytest.mark.parametrize("parts", [[], [b""], [b"\x01"]])
def test_an_empty_answer_has_sounded_as_soon_as_it_ends(parts: list[bytes]) -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            for part in parts:
                playback.play(1, part)
            playback.end(1)
            assert tale.sounded == []
            playback.end(1)
            await until(1.1)
            playback.end(1)
            await until(2.0)
        assert [(at_s, heard.turn_id, heard.sounded_s) for at_s, heard in tale.sounded] == [(1.0, 1, 0.0)]
        assert tale.sounding == []
        assert tale.speaker.played == []

    run(story())


def test_an_end_that_is_known_late_is_the_end_of_what_sounded() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, known_sound(DOWN, 0.5))
            await until(3.0)
            assert tale.sounded == []
            playback.end(1)
            await until(4.0)
        [(at_s, heard)] = tale.sounded
        assert at_s == 3.0
        assert heard.sounded_s == pytest.approx(0.5)
        assert heard.underruns == 0

    run(story())


@pytest.mark.parametrize("ends_s", [1.38, 1.4, 1.42, 1.44, 1.46, 1.48, 1.5])
def test_an_end_that_is_known_in_the_last_moment_is_announced_when_the_last_sample_has_sounded(ends_s: float) -> None:
    """The last frames may be with the speaker, or just on their way to it."""

    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, known_sound(DOWN, 0.5))
            await until(ends_s)
            playback.end(1)
            await until(4.0)
        [(at_s, heard)] = tale.sounded
        assert at_s == pytest.approx(tale.sounding[0][0] + 0.5)
        assert heard.sounded_s == pytest.approx(0.5)

    run(story())


def test_a_chunk_after_the_end_is_dropped_and_told_of_once() -> None:
    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 0.5)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, reply)
            playback.end(1)
            playback.play(1, reply)
            playback.play(1, reply)
            await until(3.0)
        assert tale.all_heard == reply
        assert tale.told == ["playback.chunk_dropped turn_id=1 reason=ended"]
        assert tale.sounded[0][1].dropped_s == pytest.approx(1.0)

    run(story())


def test_what_nobody_would_listen_to_is_dropped_and_told_of_once() -> None:
    async def story() -> None:
        tale = Story(speaker=SimulatedSpeaker(log=False))
        async with tale.running(from_s=1.0) as playback:
            for _ in range(130):
                playback.play(1, known_sound(DOWN, 1.0))
            playback.end(1)
            await until(200.0)
        assert tale.told == ["playback.chunk_dropped turn_id=1 reason=full"]
        assert tale.sounded[0][1].sounded_s == pytest.approx(120.0)
        assert tale.sounded[0][1].dropped_s == pytest.approx(10.0)

    run(story())


def test_a_gap_in_the_network_is_a_gap_in_the_sound_and_in_the_account() -> None:
    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 1.0)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, reply[:24_000])
            await until(1.8)
            playback.play(1, reply[24_000:])
            playback.end(1)
            await until(4.0)
        [(_, heard)] = tale.sounded
        assert heard.underruns == 1
        assert heard.sounded_s == pytest.approx(1.0)
        assert 0.28 <= heard.underrun_s < 0.34
        first_s = tale.sounding[0][0]
        assert tale.heard(first_s, first_s + 0.5) == reply[:24_000]
        concealed = samples(tale.heard(first_s + 0.5, first_s + 0.52))
        assert concealed[:100].any()
        assert not concealed[120:].any()
        assert tale.all_heard.endswith(reply[24_000 + 240 :])

    run(story())


# --- silence ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("at_s", [1.0, 1.001, 1.03, 1.05, 1.055, 1.06, 1.3, 1.309, 1.313])
def test_silence_is_immediate_and_the_account_is_right(at_s: float) -> None:
    """8 s of unplayed audio are queued when the user interrupts: live-api.md 0.13."""

    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 10.0)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, reply)
            await until(at_s)
            heard = playback.silence(1)
            playback.play(1, reply)
            playback.end(1)
            await until(3.0)
        assert not any(tale.heard(at_s + DELAY_S + FRAME_S + 0.005, 4.0))
        assert tale.sounded == []
        assert heard.sounded_s + heard.dropped_s == pytest.approx(10.0)
        first_s = tale.sounding[0][0] if tale.sounding else at_s
        assert heard.sounded_s == pytest.approx(max(0.0, at_s - first_s), abs=1e-6)
        assert all(sounding_s <= at_s for sounding_s, _ in tale.sounding)

    run(story())


@pytest.mark.parametrize("at_s", [1.3, 1.307, 1.315])
def test_a_new_answer_right_after_silence_is_all_that_sounds(at_s: float) -> None:
    """The frame that was on its way to the device is the classic way to hear old sound."""

    async def story() -> None:
        tale = Story()
        old, new = known_sound(DOWN, 5.0), known_sound(DOWN, 1.0, seed=9)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, old)
            await until(at_s)
            playback.silence(1)
            playback.play(2, new)
            playback.play(1, old)
            playback.end(2)
            await until(5.0)
        first_s = next(at for at, turn_id in tale.sounding if turn_id == 2)
        assert tale.heard(first_s, first_s + 1.0) == new
        assert first_s - at_s <= DELAY_S + 0.01 + 2 * FRAME_S
        assert not any(tale.heard(first_s + 1.0, 5.0))
        assert [heard.turn_id for _, heard in tale.sounded] == [2]

    run(story())


def test_what_was_silenced_before_it_came_never_sounds() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            assert playback.silence(3) == Heard(3)
            playback.play(3, known_sound(DOWN, 1.0))
            playback.play(2, known_sound(DOWN, 1.0))
            playback.end(3)
            await until(3.0)
        assert tale.speaker.played == []
        assert tale.sounded == []

    run(story())


def test_silencing_an_older_turn_leaves_the_present_one_alone() -> None:
    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 1.0)
        async with tale.running(from_s=1.0) as playback:
            playback.play(2, reply)
            await until(1.3)
            assert playback.silence(1) == Heard(1)
            playback.end(2)
            await until(3.0)
        assert tale.all_heard == reply

    run(story())


def test_a_later_turn_replaces_an_earlier_one_for_good() -> None:
    async def story() -> None:
        tale = Story()
        old, new = known_sound(DOWN, 5.0), known_sound(DOWN, 1.0, seed=9)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, old)
            await until(1.5)
            playback.play(2, new)
            playback.play(1, old)
            playback.end(1)
            playback.end(2)
            await until(5.0)
        assert tale.all_heard.endswith(new)
        assert [heard.turn_id for _, heard in tale.sounded] == [2]
        assert len(tale.all_heard) <= DOWN.bytes_in(0.5 + 1.0 + 0.1)

    run(story())


def test_an_answer_that_is_all_with_the_speaker_is_not_cut_by_the_next() -> None:
    async def story() -> None:
        tale = Story()
        old, new = known_sound(DOWN, 0.5), known_sound(DOWN, 0.5, seed=9)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, old)
            playback.end(1)
            await until(1.5)
            assert tale.sounded == []
            playback.play(2, new)
            playback.end(2)
            await until(3.0)
        first_s = tale.sounding[0][0]
        assert tale.heard(first_s, first_s + 0.5) == old
        assert tale.all_heard.endswith(new)
        assert [heard.turn_id for _, heard in tale.sounded] == [1, 2]

    run(story())


def test_an_empty_answer_is_over_after_the_one_whose_end_still_sounds() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, known_sound(DOWN, 0.5))
            playback.end(1)
            await until(1.5)
            assert tale.sounded == []
            playback.end(2)
            await until(3.0)
        assert [heard.turn_id for _, heard in tale.sounded] == [1, 2]

    run(story())


# --- earcons ---------------------------------------------------------------------------------------


def test_an_earcon_sounds_at_once_when_nothing_plays() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.007) as playback:
            playback.earcon(sound(Earcon.DONE))
            await until(2.0)
        assert tale.all_heard == trimmed(sound(Earcon.DONE))
        assert tale.speaker.played[0][0] - START_S - 1.007 - DELAY_S <= FRAME_S
        assert not tale.sounding
        assert not tale.sounded

    run(story())


def test_an_earcon_is_mixed_over_speech_and_not_queued_behind_it() -> None:
    async def story() -> None:
        tale = Story()
        reply, bell = known_sound(DOWN, 5.0), sound(Earcon.MUTED)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, reply)
            playback.end(1)
            await until(2.0)
            playback.earcon(bell)
            await until(8.0)
        first_s = tale.sounding[0][0]
        difference = samples(tale.heard(first_s, first_s + 5.0)).astype(int) - samples(reply).astype(int)
        starts = int(np.flatnonzero(difference)[0]) // DOWN.frame_samples
        over = difference[starts * DOWN.frame_samples :][: len(bell) // 2]
        assert (over == samples(bell)).all()
        assert np.count_nonzero(difference) == np.count_nonzero(samples(bell))
        assert first_s + starts * FRAME_S - 2.0 - DELAY_S <= (FRAMES + 2) * FRAME_S

    run(story())


def test_what_is_too_loud_together_is_clipped_and_never_wraps() -> None:
    async def story() -> None:
        tale = Story()
        loud = np.full(DOWN.rate_hz // 2, 30_000, "<i2").tobytes()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, loud)
            playback.end(1)
            playback.earcon(loud)
            await until(3.0)
        assert set(samples(tale.all_heard)) == {32_767}

    run(story())


def test_two_earcons_at_once_are_one_sound() -> None:
    async def story() -> None:
        tale = Story()
        one, other = sound(Earcon.DONE), sound(Earcon.ERROR)
        async with tale.running(from_s=1.0) as playback:
            playback.earcon(one)
            playback.earcon(other)
            await until(2.0)
        assert tale.all_heard == trimmed(mixed(one.ljust(len(other), b"\0"), other))

    run(story())


def test_an_earcon_of_any_length_is_played_whole() -> None:
    async def story() -> None:
        tale = Story()
        bell = known_sound(DOWN, 0.033)
        async with tale.running(from_s=1.0) as playback:
            playback.earcon(bell)
            await until(2.0)
        assert tale.all_heard == bell

    run(story())


def test_an_earcon_is_not_cut_by_an_answer_that_begins() -> None:
    async def story() -> None:
        tale = Story()
        bell, reply = sound(Earcon.DONE), bytes(DOWN.bytes_in(0.5))
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, known_sound(DOWN, 1.0))
            await until(1.5)
            playback.silence(1)
            await until(2.0)
            playback.earcon(bell)
            await until(2.05)
            playback.play(2, reply)
            await until(4.0)
        assert tale.all_heard.endswith(trimmed(bell))

    run(story())


def test_silence_silences_earcons_too() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.earcon(known_sound(DOWN, 1.0))
            await until(1.2)
            playback.silence(1)
            await until(3.0)
        assert not any(tale.heard(1.2 + DELAY_S + FRAME_S + 0.005, 3.0))

    run(story())


# --- what others see -------------------------------------------------------------------------------


def test_audible_from_handing_over_until_the_room_is_quiet() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            assert not playback.audible
            playback.play(1, known_sound(DOWN, 0.5))
            playback.end(1)
            await asyncio.sleep(0.011)
            assert playback.audible
            await until(2.0)
            [(ended_s, _)] = tale.sounded
        async with tale.running(from_s=3.0) as playback:
            playback.play(2, known_sound(DOWN, 0.5))
            playback.end(2)
            await until(3.0 + ended_s - 1.0 + 0.25)
            assert playback.audible
            await until(3.0 + ended_s - 1.0 + 0.35)
            assert not playback.audible

    run(story())


def test_the_level_is_that_of_what_sounds_now_whatever_the_volume() -> None:
    async def story() -> None:
        tale = Story(volume_percent=10)
        reply = known_sound(DOWN, 0.5) + bytes(DOWN.bytes_in(0.5))
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, reply)
            playback.end(1)
            assert playback.level == 0.0
            await until(1.3)
            assert playback.level == pytest.approx((level_dbfs(reply[:24_000]) + 60) / 50, abs=0.02)
            await until(1.9)
            assert playback.level == 0.0
            await until(3.0)
            assert playback.level == 0.0

    run(story())


def test_the_volume_is_applied_to_speech_and_earcons() -> None:
    async def story() -> None:
        tale = Story(volume_percent=40)
        reply = known_sound(DOWN, 0.5)
        async with tale.running(from_s=1.0) as playback:
            gain = 10 ** (-50.0 * 60 / 99 / 20)
            playback.play(1, reply)
            playback.end(1)
            await until(3.0)
            assert trimmed(scaled(reply, gain)) == tale.all_heard
            playback.volume.set(0)
            playback.earcon(sound(Earcon.DONE))
            await until(3.5)
            heard = tale.heard(3.0, 3.5)
            assert trimmed(heard)[2 * DOWN.frame_samples :] == b""

    run(story())


def test_at_volume_zero_an_answer_is_played_but_nobody_can_hear_it() -> None:
    async def story() -> None:
        tale = Story(volume_percent=0)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, known_sound(DOWN, 0.5))
            playback.end(1)
            await until(1.3)
            assert not playback.audible
            await until(3.0)
        assert tale.all_heard == b""
        assert [heard.sounded_s for _, heard in tale.sounded] == [pytest.approx(0.5)]

    run(story())


# --- a device that fails ---------------------------------------------------------------------------


def test_a_speaker_that_cannot_be_opened_at_the_start_is_the_owners_to_know() -> None:
    async def story() -> None:
        tale = Story()
        tale.speaker.lose()
        with pytest.raises(DeviceMissing):
            await tale.playback.run()

    run(story())


def test_an_answer_goes_on_where_it_was_when_a_lost_speaker_is_back_soon() -> None:
    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 5.0)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, reply)
            playback.end(1)
            await until(2.0)
            tale.speaker.lose()
            await until(3.5)
            tale.speaker.restore()
            await until(12.0)
        assert [(round(at_s, 1), lost) for at_s, lost in tale.faults] == [(3.0, True), (4.0, False)]
        before = tale.heard(tale.sounding[0][0], 2.0)
        after = trimmed(tale.heard(3.5, 12.0))
        assert reply.startswith(before)
        assert reply.endswith(after)
        assert len(reply) - len(before) - len(after) <= DOWN.bytes_in(DELAY_S + (FRAMES + 1) * FRAME_S)
        assert [heard.turn_id for _, heard in tale.sounded] == [1]
        assert [line.split(" reason")[0] for line in tale.told] == [
            "device.lost part=speaker",
            "device.back part=speaker",
        ]

    run(story())


@pytest.mark.parametrize("ends_s", [1.5, 9.0, 30.0])
def test_an_answer_is_given_up_when_a_lost_speaker_does_not_come_back(ends_s: float) -> None:
    async def story() -> None:
        tale = Story()
        reply = known_sound(DOWN, 20.0)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, reply)
            await until(min(ends_s, 2.0))
            if ends_s < 2.0:
                playback.end(1)
            await until(2.0)
            tale.speaker.lose()
            await until(ends_s)
            playback.end(1)
            await until(40.0)
            tale.speaker.restore()
            await until(60.0)
            [(sounded_s, heard)] = tale.sounded
            assert sounded_s == pytest.approx(max(13.0, ends_s), abs=0.05)
            assert heard.sounded_s + heard.dropped_s == pytest.approx(20.0)
            assert not any(tale.heard(3.0, 60.0))
            playback.play(2, reply[:48_000])
            playback.end(2)
            await until(63.0)
        assert trimmed(tale.heard(59.0, 63.0)) == reply[:48_000]
        assert "playback.given_up turn_id=1" in tale.told

    run(story())


def test_answers_and_earcons_for_a_speaker_that_is_gone_are_not_kept() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            tale.speaker.lose()
            playback.play(1, known_sound(DOWN, 1.0))
            playback.end(1)
            await until(20.0)
            playback.earcon(known_sound(DOWN, 1.0))
            playback.play(2, known_sound(DOWN, 1.0))
            playback.end(2)
            await until(20.1)
            assert [heard.turn_id for _, heard in tale.sounded] == [1, 2]
            assert tale.sounded[1][1].dropped_s == pytest.approx(1.0)
            tale.speaker.restore()
            await until(50.0)
        assert tale.all_heard == b""

    run(story())


def test_silence_while_the_speaker_is_gone_is_silence_when_it_is_back() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, known_sound(DOWN, 10.0))
            await until(2.0)
            tale.speaker.lose()
            await until(3.5)
            playback.silence(1)
            tale.speaker.restore()
            await until(8.0)
            assert tale.faults[-1][1] is False
        assert not any(tale.heard(2.0 + DELAY_S + FRAME_S, 8.0))

    run(story())


# --- sleep -----------------------------------------------------------------------------------------


def test_a_speaker_that_has_nothing_to_play_falls_asleep_and_is_not_missed() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        async with tale.running(from_s=9.9):
            assert tale.speaker.is_open
            await until(10.1)
            assert not tale.speaker.is_open
            await until(1000.0)
        assert tale.told == ["speaker.asleep"]
        assert tale.faults == []

    run(story())


def test_without_a_time_to_sleep_it_never_does() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=3000.0):
            assert tale.speaker.is_open
        assert tale.told == []

    run(story())


def test_it_sleeps_so_long_after_the_last_sound_not_after_the_first() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        reply = known_sound(DOWN, 30.0)
        async with tale.running(from_s=5.0) as playback:
            playback.play(1, reply)
            playback.end(1)
            await until(44.9)
            assert tale.speaker.is_open
            await until(45.2)
            assert not tale.speaker.is_open
        assert tale.all_heard == reply

    run(story())


def test_an_answer_interrupted_at_its_end_does_not_send_it_to_sleep_at_once() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, known_sound(DOWN, 30.0))
            await until(20.0)
            playback.silence(1)
            await until(29.0)
            assert tale.speaker.is_open
            await until(31.0)
            assert not tale.speaker.is_open

    run(story())


@pytest.mark.parametrize("woken_s", [0.0, 0.05, 1.0])
def test_who_wakes_it_in_time_waits_for_nothing(woken_s: float) -> None:
    """The gate opens long before there is an answer; only the rest of the lead-in is waited for."""

    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        reply = known_sound(DOWN, 1.0)
        async with tale.running(from_s=20.0) as playback:
            assert not tale.speaker.is_open
            playback.wake()
            await until(20.0 + woken_s)
            playback.play(1, reply)
            playback.end(1)
            await until(25.0)
        assert tale.all_heard == reply
        opened_to_sound_s = tale.sounding[0][0] - 20.0
        assert opened_to_sound_s >= 0.1 + DELAY_S
        assert opened_to_sound_s <= max(0.1, woken_s) + DELAY_S + 0.01 + 2 * FRAME_S
        assert tale.told[:2] == ["speaker.asleep", "speaker.awake"]
        assert tale.sounded[0][1].underruns == 0

    run(story())


def test_an_answer_to_a_sleeping_speaker_wakes_it_and_loses_nothing() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        reply = known_sound(DOWN, 3.0)
        async with tale.running(from_s=20.0) as playback:
            await stream(playback, 1, reply, 0.1, 0.1)
            await until(30.0)
        assert tale.all_heard == reply
        assert not any(tale.heard(20.0, 20.1))
        assert tale.sounded[0][1].sounded_s == pytest.approx(3.0)

    run(story())


def test_an_earcon_to_a_sleeping_speaker_wakes_it_and_is_whole() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        async with tale.running(from_s=20.0) as playback:
            playback.earcon(sound(Earcon.DONE))
            await until(25.0)
        assert tale.all_heard == trimmed(sound(Earcon.DONE))

    run(story())


def test_what_was_silenced_before_it_woke_is_not_heard() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        async with tale.running(from_s=20.0) as playback:
            playback.play(1, known_sound(DOWN, 1.0))
            playback.earcon(sound(Earcon.DONE))
            await until(20.05)
            assert playback.silence(1).dropped_s == pytest.approx(1.0)
            await until(25.0)
        assert tale.all_heard == b""

    run(story())


def test_it_sleeps_again_when_nothing_comes_of_its_waking() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        async with tale.running(from_s=20.0) as playback:
            playback.wake()
            await until(29.9)
            assert tale.speaker.is_open
            await until(30.2)
            assert not tale.speaker.is_open
        assert tale.told == ["speaker.asleep", "speaker.awake", "speaker.asleep"]

    run(story())


def test_a_speaker_that_is_gone_when_it_is_woken_was_lost_and_the_answer_waits_for_it() -> None:
    async def story() -> None:
        tale = Story(sleep_after_s=10.0)
        reply = known_sound(DOWN, 2.0)
        async with tale.running(from_s=15.0) as playback:
            tale.speaker.lose()
            await until(20.0)
            assert tale.faults == []
            playback.earcon(sound(Earcon.DONE))
            playback.play(1, reply)
            playback.end(1)
            await until(22.0)
            tale.speaker.restore()
            await until(30.0)
        assert tale.all_heard == reply
        assert [(round(at_s), lost) for at_s, lost in tale.faults] == [(20, True), (23, False)]
        assert [line.split(" ")[0] for line in tale.told] == [
            "speaker.asleep",
            "speaker.awake",
            "device.lost",
            "device.back",
        ]

    run(story())


# --- everything at random --------------------------------------------------------------------------


@dataclass
class Chaos:
    """Whatever a conversation can do to a playback, at random, and what must follow from it.

    Each turn has a loudness of its own, so that what is heard tells whose it is.
    """

    tale: Story
    dice: random.Random
    turn_id: int = 0
    may_grow: bool = False
    """More of this turn's answer may come."""
    received_s: dict[int, float] = field(default_factory=dict)
    over_from_s: dict[int, float] = field(default_factory=dict)
    """Since when a turn must not be heard any more."""
    ended: set[int] = field(default_factory=set)
    accounts: list[Heard] = field(default_factory=list)

    async def step(self) -> None:
        if self.tale.sleep_after_s and self.dice.random() < 0.05:
            await asyncio.sleep(self.dice.choice([10.0, 12.0, 12.01, 12.05]))
        steps = [self.turn, self.chunk, self.chunk, self.chunk, self.end, self.silence]
        if self.dice.random() < 0.3:
            await asyncio.sleep(self.dice.choice([0.0, 0.005, 0.02, 0.1, 0.5]))
        self.dice.choice(steps)()

    def turn(self) -> None:
        self.turn_id += 1
        self.may_grow = True

    def chunk(self) -> None:
        if not self.may_grow:
            return
        if self.turn_id not in self.received_s:
            self.received_s[self.turn_id] = 0.0
            for before in range(1, self.turn_id):
                if before not in self.ended:
                    self.over_from_s.setdefault(before, now_s())
        pcm = np.full(int(self.dice.uniform(0.001, 0.6) * DOWN.rate_hz), 100 * self.turn_id, "<i2").tobytes()
        self.received_s[self.turn_id] += DOWN.seconds(len(pcm))
        self.tale.playback.play(self.turn_id, pcm)

    def end(self) -> None:
        if self.may_grow:
            self.tale.playback.end(self.turn_id)
            self.ended.add(self.turn_id)
            self.may_grow = False

    def silence(self) -> None:
        heard = self.tale.playback.silence(self.turn_id)
        if self.turn_id in self.received_s:
            self.accounts.append(heard)
        self.over_from_s.setdefault(self.turn_id, now_s())
        self.may_grow = False

    def check(self) -> None:
        whole = samples(self.tale.heard(0.0, now_s()))
        for turn_id, from_s in self.over_from_s.items():
            after = whole[round((from_s + DELAY_S + FRAME_S + 0.005) * DOWN.rate_hz) :]
            sounds = np.convolve(after == 100 * turn_id, np.ones(50)) >= 50  # a louder one's fade passes through, too
            assert not sounds.any(), f"turn {turn_id} sounds after {from_s} s"
        told = [heard.turn_id for _, heard in self.tale.sounded]
        assert told == sorted(set(told))
        assert set(told) <= self.ended
        assert all(heard.dropped_s == 0.0 for _, heard in self.tale.sounded)
        for heard in [*self.accounts, *(heard for _, heard in self.tale.sounded)]:
            received_s = self.received_s.get(heard.turn_id, 0.0)
            assert heard.sounded_s + heard.dropped_s == pytest.approx(received_s, abs=1e-6)


@pytest.mark.parametrize("seed", range(40))
def test_whatever_happens_nothing_stale_sounds_and_every_answer_is_accounted_for(seed: int) -> None:
    async def story() -> None:
        dice = random.Random(seed)
        tale = Story(sleep_after_s=dice.choice([0.0, 10.0]))
        chaos = Chaos(tale, dice)
        async with tale.running(from_s=dice.uniform(0.5, 0.52)):
            chaos.turn()
            for _ in range(80):
                await chaos.step()
            chaos.turn()
            chaos.chunk()
            chaos.end()
            await asyncio.sleep(10.0)
            chaos.check()
        assert tale.sounded[-1][1].turn_id == chaos.turn_id

    run(story())
