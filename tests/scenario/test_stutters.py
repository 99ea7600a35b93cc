"""Gaps in an answer that are our own doing are counted, and nothing else is taken for one."""

from __future__ import annotations

import asyncio
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audio.playback import Heard
from hardware.pcm import DOWN, FRAME_S
from hardware.play_queue import FRAMES
from hardware.simulated import SimulatedSpeaker
from tests.scenario.test_playback import DELAY_S, Story, until
from tests.support.known_sound import known_sound, trimmed
from tests.support.virtual_time import START_S, block, run

REPLY = known_sound(DOWN, 3.0)


def heard_of(tale: Story) -> Heard:
    [(_, heard)] = tale.sounded
    return heard


def counts(heard: Heard) -> tuple[int, int, int]:
    return heard.underruns, heard.stutters, heard.xruns


@pytest.mark.parametrize("phase_s", [0.0, 0.007, 0.013, 0.019])
@pytest.mark.parametrize("late_s", [0.02, 0.04, 0.06])
def test_a_loop_that_is_late_by_60_ms_is_not_heard(late_s: float, phase_s: float) -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, REPLY)
            playback.end(1)
            for number in range(5):
                await until(1.5 + 0.3 * number + phase_s)
                block(late_s)
            await until(6.0)
        assert tale.all_heard == REPLY
        assert counts(heard_of(tale)) == (0, 0, 0)

    run(story())


def test_a_later_one_is_a_gap_each_time_and_nothing_is_lost() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, REPLY)
            playback.end(1)
            for at_s in (1.507, 2.507):
                await until(at_s)
                block(0.2)
            await until(6.0)
        heard = heard_of(tale)
        assert counts(heard) == (0, 2, 0)
        gap_s = heard.stutter_s / 2
        assert 0.2 - (FRAMES + 1) * FRAME_S < gap_s < 0.2 - (FRAMES - 2) * FRAME_S
        assert len(tale.all_heard) - len(REPLY) == pytest.approx(DOWN.bytes_in(heard.stutter_s), abs=2)
        assert heard.sounded_s == pytest.approx(3.0)

    run(story())


def test_silence_that_belongs_there_is_no_gap() -> None:
    """Before an answer, after it, after a flush, between it and an earcon, while the card sleeps; however late."""

    async def story() -> None:
        tale = Story(sleep_after_s=2.0)
        bell = known_sound(DOWN, 0.1)
        async with tale.running(from_s=1.0) as playback:
            block(0.5)
            playback.earcon(bell)
            await until(1.8)
            block(0.3)
            playback.play(1, REPLY[: DOWN.bytes_in(0.5)])
            playback.end(1)
            await until(2.72)  # all of it is handed over
            assert tale.sounded
            block(0.3)
            playback.earcon(bell)
            await until(4.0)
            playback.play(2, REPLY)
            await until(5.0)
            stopped = playback.silence(2)
            block(0.3)
            playback.earcon(bell)
            await until(9.0)
            assert not tale.speaker.is_open
            playback.play(3, REPLY)
            playback.end(3)
            await until(14.0)
        assert [counts(heard) for _, heard in tale.sounded] == [(0, 0, 0)] * 2
        assert counts(stopped) == (0, 0, 0)

    run(story())


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32))
def test_the_network_is_never_taken_for_us(seed: int) -> None:
    """Whatever it does: every gap is an underrun or a pause, and the loop was in time."""

    async def story() -> None:
        dice = random.Random(seed)
        tale = Story(speaker=SimulatedSpeaker(delay_s=DELAY_S, log=False))
        async with tale.running(from_s=1.0 + dice.random() / 50) as playback:
            at_s, place = 1.1, 0
            while place < len(REPLY):
                size = dice.randrange(1, 12_000)
                playback.play(1, REPLY[place : place + size])
                place += size
                at_s += dice.choice([0.0, DOWN.seconds(size), dice.random() * 0.4])
                await until(at_s)
            playback.end(1)
            await until(at_s + 5.0)
        heard = heard_of(tale)
        assert (heard.stutters, heard.xruns) == (0, 0)

    run(story())


class Vague(SimulatedSpeaker):
    """A card whose driver knows only about when a sample sounds."""

    async def write(self, frame: bytes) -> float:
        return await super().write(frame) - 0.04 * self.dice.random()

    dice = random.Random(1)


def test_nor_on_a_card_that_knows_its_times_only_about() -> None:
    """There a frame that came at the last moment, or did not come, is found out too late."""

    async def story() -> None:
        tale = Story(speaker=Vague(delay_s=DELAY_S))
        async with tale.running(from_s=1.0) as playback:
            await until(1.1)
            for place in range(0, len(REPLY), 4800):
                playback.play(1, REPLY[place : place + 4800])
                await asyncio.sleep(0.11)
            playback.end(1)
            await until(8.0)
        heard = heard_of(tale)
        assert heard.underruns > 0
        assert heard.stutters == 0

    run(story())


def test_a_card_that_runs_dry_counts_only_while_the_answer_sounds() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            tale.speaker.xrun()
            await until(2.0)
            playback.play(1, REPLY)
            playback.end(1)
            tale.speaker.xrun()
            begin_s = START_S + 2.0
            for at_s in (3.0, 4.0, 5.02):  # the last one after the last frame was handed over
                await until(at_s)
                tale.speaker.xrun()
            await until(6.0)
            tale.speaker.xrun()
            await until(7.0)
        heard = heard_of(tale)
        assert heard.first_sound_s is not None
        assert heard.first_sound_s > begin_s
        assert counts(heard) == (0, 0, 3)

    run(story())


def test_a_card_that_was_pulled_out_is_no_gap_of_ours() -> None:
    async def story() -> None:
        tale = Story()
        async with tale.running(from_s=1.0) as playback:
            playback.play(1, REPLY)
            playback.end(1)
            await until(2.0)
            tale.speaker.lose()
            await until(3.5)
            tale.speaker.restore()
            await until(9.0)
        assert REPLY.endswith(trimmed(tale.heard(3.5, 9.0)))
        assert counts(heard_of(tale)) == (0, 0, 0)

    run(story())
