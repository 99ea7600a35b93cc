"""Voices that begin, go on and interrupt, without a finger on the button; and those that must not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from daemon.rehearsal.stand_in.answer import BURSTS, Pacing
from daemon.rehearsal.stand_in.memory import digest
from daemon.rehearsal.voices import question
from daemon.status import TurnState
from hardware.pcm import FRAME_S, UP, level_dbfs
from tests.scenario.story import ANSWER_S, PRE_ROLL_S, SILENT_AFTER_S, Story, running, scenario
from tests.support.virtual_time import run

LOUD_DBFS = -45.0
"""Above this a frame of the recordings is speech."""
SLOW = Pacing(think_s=4.0)
FOLLOW_UP_S = 8.0
SURE_S = 0.3
"""How much voice opens the gate when nobody is expected to speak."""


def free(
    *, pacing: Pacing = BURSTS, hum: bool = True, limits: Mapping[str, object] | None = None, **turn: Any
) -> Story:
    """A device that listens to voices, with headphones on: nothing of it comes back as an echo."""
    config: dict[str, Mapping[str, object]] = {"turn": turn, "echo": {"mode": "off"}, "limits": limits or {}}
    return Story("hands_free", config=config, pacing=pacing, hum=hum)


def abrupt(number: int) -> bytes:
    """A question from its first loud frame on."""
    speech = question(number)
    frames = range(0, len(speech), UP.frame_bytes)
    first = next(at for at in frames if level_dbfs(speech[at : at + UP.frame_bytes]) > LOUD_DBFS)
    return speech[first:]


def cough() -> bytes:
    """A tenth of a second of noise."""
    return np.random.default_rng(1).normal(0.0, 6000.0, UP.rate_hz // 10).astype("<i2").tobytes()


def heard(s: Story) -> list[str]:
    return [name for turn in s.service.turns if turn.answered for name in turn.digests]


def begun(s: Story) -> list[str]:
    """What began each turn that is over."""
    return [done["begun"] for done in s.told("turn.done")]


# --- a voice begins --------------------------------------------------------------------------------


def test_after_a_silent_hour_no_word_is_clipped() -> None:
    """The first 20 ms of speech reach the wire, though the link has been hung up long ago."""

    async def story() -> None:
        async with running(free(hum=False)) as s:
            await asyncio.sleep(3600.0)
            assert s.sent == []
            spoke_s = s.now()
            s.board.mic.say(abrupt(1))
            await s.until_answered()
            said = s.captured(spoke_s + FRAME_S / 2, spoke_s + UP.seconds(len(abrupt(1))))
            assert said[0] != digest(UP.silence)
            assert set(said) <= set(heard(s))
            assert begun(s) == ["voice"]

    run(story(), limit_s=3700.0)


@pytest.mark.parametrize("offset_s", [0.003, 0.011, 0.017])
@pytest.mark.parametrize("number", [1, 2])
@scenario
async def test_no_voice_loses_its_first_frame_whatever_it_says(number: int, offset_s: float) -> None:
    async with running(free()) as s:
        await asyncio.sleep(2.0 + offset_s)
        spoke_s = s.now()
        s.board.mic.say(abrupt(number))
        await s.until_answered()
        said = s.captured(spoke_s, spoke_s + UP.seconds(len(abrupt(number))))
        assert set(said) <= set(heard(s))
        assert s.outcomes() == ["1 answered"]
        assert s.told("turn.done")[0]["ending"] == "silence"


@scenario
async def test_nothing_leaves_while_nobody_speaks_and_only_what_was_just_before_when_somebody_does() -> None:
    async with running(free()) as s:
        await asyncio.sleep(30.0)
        assert s.sent == []
        s.board.mic.say(question(1))
        await s.until_turn(TurnState.LISTENING)
        opened_s = s.told("gate.opened")[0]["at_s"]
        await s.until_answered()
        before = s.captured(opened_s - PRE_ROLL_S - SURE_S + FRAME_S / 2, opened_s)
        assert heard(s)[: len(before)] == before


@scenario
async def test_a_cough_begins_nothing() -> None:
    async with running(free()) as s:
        for _ in range(5):
            s.board.mic.say(cough())
            await asyncio.sleep(2.0)
        assert s.told("gate.opened") == []


@pytest.mark.parametrize("mode", ["hold", "tap"])
@scenario
async def test_only_hands_free_begins_with_a_voice(mode: str) -> None:
    async with running(Story(mode, config={"echo": {"mode": "off"}})) as s:
        await s.say(1)
        await asyncio.sleep(1.0)
        assert s.told("gate.opened") == []


@scenario
async def test_a_muted_device_hears_no_voice_and_does_again_afterwards() -> None:
    async with running(free()) as s:
        await asyncio.sleep(1.0)
        s.mute()
        await s.say(1)
        assert s.told("gate.opened") == []
        s.mute(False)
        await asyncio.sleep(1.0)
        assert s.told("gate.opened") == []
        s.board.mic.say(question(2))
        await s.until_answered()
        assert begun(s) == ["voice"]


@scenario
async def test_when_a_limit_is_reached_a_voice_is_told_once_and_then_left_alone() -> None:
    async with running(free(limits={"turns_per_hour": 1})) as s:
        await asyncio.sleep(1.0)
        s.board.mic.say(question(1))
        await s.until_answered()
        for _ in range(3):
            await asyncio.sleep(10.0)
            await s.say(2)
        assert s.outcomes() == ["1 answered"]
        assert len(s.told("limit.reached")) == 1


# --- a voice goes on -------------------------------------------------------------------------------


@scenario
async def test_with_wake_by_button_a_voice_only_goes_on_within_the_follow_up() -> None:
    async with running(free(wake="button")) as s:
        await asyncio.sleep(1.0)
        await s.say(1)
        await asyncio.sleep(3.0)
        assert s.told("gate.opened") == [], "nobody has pressed"
        await s.tap()
        await s.say(1)
        await s.until_answered()
        await asyncio.sleep(FOLLOW_UP_S - 1.0)
        s.board.mic.say(question(2))
        await s.until_answered()
        assert begun(s) == ["button", "voice"]
        await asyncio.sleep(FOLLOW_UP_S + 0.5)
        await s.say(1)
        await asyncio.sleep(3.0)
        assert len(s.told("gate.opened")) == 2, "the window has passed"


@scenario
async def test_the_follow_up_is_as_long_as_it_is_said_to_be_and_the_ring_counts_it_down() -> None:
    async with running(free()) as s:
        await asyncio.sleep(1.0)
        s.board.mic.say(question(1))
        await s.until_answered()
        answered_s = s.now()
        assert s.app.conversation.status.follow_up
        await s.until(lambda: not s.app.conversation.status.follow_up)
        assert s.now() - answered_s == pytest.approx(FOLLOW_UP_S, abs=0.1)
        await asyncio.sleep(0.1)
        shown = [(at_s, pixels) for at_s, pixels in s.board.ring.shown if at_s >= answered_s + 0.3]
        assert all(green >= max(red, blue) for _, pixels in shown for red, green, blue in pixels)
        light = [sum(map(sum, pixels)) for _, pixels in shown]
        assert light == sorted(light, reverse=True)
        assert light[0] > 100
        assert light[-1] == 0


@scenario
async def test_without_a_follow_up_there_is_none() -> None:
    async with running(free(wake="button", follow_up_s=0.0)) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await s.until_answered()
        assert not s.app.conversation.status.follow_up
        await s.say(2)
        await asyncio.sleep(2.0)
        assert len(s.told("gate.opened")) == 1


@pytest.mark.parametrize("mode", ["tap", "hands_free"])
@scenario
async def test_a_voice_before_the_answer_goes_on_with_the_question(mode: str) -> None:
    story = Story(mode, config={"echo": {"mode": "off"}}, pacing=SLOW)
    async with running(story) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await s.until_turn(TurnState.THINKING)
        await asyncio.sleep(0.5)
        s.board.mic.say(question(2))
        await s.until_answered()
        assert s.outcomes() == ["1 superseded", "2 answered"]
        assert begun(s) == ["button", "voice"]
        first, second = s.service.turns
        assert first.answered_in == second.answered_in == second.number
        assert second.complete


@scenario
async def test_a_cough_before_the_answer_costs_no_answer_and_little_time() -> None:
    async with running(free(pacing=SLOW)) as s:
        await asyncio.sleep(1.0)
        s.board.mic.say(question(1))
        await s.until_turn(TurnState.THINKING)
        await asyncio.sleep(1.0)
        s.board.mic.say(cough() + cough())
        coughed_s = s.now()
        await s.until_turn(TurnState.SPEAKING)
        assert s.now() - coughed_s < SLOW.think_s + 2.0
        await s.until_turn(TurnState.IDLE)
        assert s.told("turn.done")[-1]["outcome"] == "answered"


@pytest.mark.parametrize(("turn", "tapped"), [({"barge_in": "button"}, False), ({}, True)])
@scenario
async def test_whoever_wants_no_voice_to_go_on_gets_the_answer(turn: dict[str, Any], tapped: bool) -> None:
    """By configuration, or because a tap said that this was all."""
    async with running(free(pacing=SLOW, **turn)) as s:
        await asyncio.sleep(1.0)
        s.board.mic.say(question(1))
        await s.until_turn(TurnState.LISTENING)
        if tapped:
            await asyncio.sleep(2.0)
            await s.tap()
        await s.until_turn(TurnState.THINKING)
        s.board.mic.say(question(2)[: UP.bytes_in(1.5)])
        await s.until_turn(TurnState.SPEAKING)
        assert len(s.told("gate.opened")) == 1


# --- a voice interrupts ----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["tap", "hands_free"])
@scenario
async def test_whoever_talks_over_an_answer_is_heard_from_the_first_word_and_the_answer_is_silent(mode: str) -> None:
    async with running(Story(mode, config={"echo": {"mode": "off"}})) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(1.0)
        spoke_s = s.now()
        s.board.mic.say(abrupt(2))
        await s.until(lambda: s.turn is TurnState.LISTENING)
        stopped_s = s.told("gate.opened")[1]["at_s"]
        assert stopped_s - spoke_s < 0.4
        await asyncio.sleep(1.0)
        assert not s.sounding_at(stopped_s + SILENT_AFTER_S, s.now())
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]
        assert begun(s) == ["button", "barge_in"]
        said = s.captured(spoke_s, spoke_s + UP.seconds(len(abrupt(2))))
        assert set(said) <= set(heard(s))


@scenario
async def test_with_the_canceller_somebody_who_talks_over_an_answer_is_heard_too() -> None:
    """Nothing comes back as an echo here; that the canceller takes it out is held by its own tests."""
    async with running(Story("hands_free", config={"echo": {"mode": "cancel"}})) as s:
        await asyncio.sleep(1.0)
        s.board.mic.say(question(1))
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(1.0)
        s.board.mic.say(question(2))
        await s.until(lambda: s.turn is TurnState.LISTENING, 3.0)
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]
        assert begun(s) == ["voice", "barge_in"]


@pytest.mark.parametrize(("mode", "barge_in"), [("hold", "voice"), ("tap", "button"), ("hands_free", "button")])
@scenario
async def test_where_the_button_alone_stops_an_answer_a_voice_does_not(mode: str, barge_in: str) -> None:
    story = Story(
        mode, config={"echo": {"mode": "off"}, "turn": {"barge_in": barge_in, "follow_up_s": 0.0, "wake": "button"}}
    )
    async with running(story) as s:
        await asyncio.sleep(1.0)
        s.press()
        await asyncio.sleep(0.2)
        if mode != "hold":
            s.release()
        await s.say(1)
        s.release()
        await s.until_turn(TurnState.SPEAKING)
        spoke_s = s.now()
        s.board.mic.say(question(2)[: UP.bytes_in(ANSWER_S - 0.5)])
        await s.until_turn(TurnState.IDLE)
        assert s.now() - spoke_s == pytest.approx(ANSWER_S, abs=0.3)
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_half_duplex_hears_nobody_in_an_answer_and_a_press_stops_it() -> None:
    async with running(Story("hands_free")) as s:
        await asyncio.sleep(1.0)
        s.board.mic.say(question(1))
        await s.until_turn(TurnState.SPEAKING)
        s.board.mic.say(question(2)[: UP.bytes_in(2.0)])
        await asyncio.sleep(2.5)
        assert s.outcomes() == []
        pressed_s = await s.tap()
        assert s.turn is TurnState.LISTENING
        assert not s.sounding_at(pressed_s + SILENT_AFTER_S, s.now())
