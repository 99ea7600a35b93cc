"""Muted is muted: nothing is heard, nothing is sent, and the ring says so."""

from __future__ import annotations

import asyncio

from daemon.events import LinkState, Status, TurnState
from daemon.live.upward import Speech
from daemon.panel.lights import lights
from daemon.rehearsal.voices import question
from hardware.pcm import UP
from tests.scenario.story import Story, running, scenario


@scenario
async def test_a_press_while_muted_opens_nothing_and_says_so() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        s.mute()
        await asyncio.sleep(2.0)
        pressed_s = s.press()
        await s.say(1, seconds=0.9)
        s.release()
        await s.say(1)
        await asyncio.sleep(10.0)
        assert s.turn is TurnState.IDLE
        assert s.sent == []
        assert s.sounding_at(pressed_s, pressed_s + 0.5)
        muted = lights(Status(LinkState.UP, muted=True), s.now(), s.board.ring.count)
        assert s.board.ring.pixels == muted


@scenario
async def test_muted_in_mid_sentence_ends_the_sentence_there_and_it_is_answered() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        await s.say(1, seconds=1.5)
        s.mute()
        muted_s = s.now()
        s.board.mic.say(question(2))
        await asyncio.sleep(1.0)
        s.release()
        await s.until_answered()
        (turn,) = s.service.turns
        assert turn.digests == s.captured(pressed_s - 0.5, muted_s)
        assert s.windows() == ["start 1", "end 1"]
        assert s.told("turn.done")[0]["ending"] == "muted"


@scenario
async def test_what_was_said_while_muted_is_not_in_the_pre_roll_afterwards() -> None:
    async with running(Story(config={"speaker": {"earcons": False}})) as s:
        await asyncio.sleep(1.005)
        s.mute()
        await s.say(1)
        s.mute(False)
        unmuted_s = s.now()
        await asyncio.sleep(0.2)
        s.press()
        await s.say(2)
        released_s = s.release()
        await s.until_answered()
        (turn,) = s.service.turns
        assert turn.digests == s.captured(unmuted_s, released_s)


@scenario
async def test_a_question_asked_before_muting_is_answered_while_muted() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        s.mute()
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_muted_while_the_link_is_down_sends_only_what_was_said_before() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        s.network.cut()
        pressed_s = s.press()
        await s.say(1)
        s.mute()
        muted_s = s.now()
        await asyncio.sleep(20.0)
        s.network.restore()
        await s.until_answered()
        said = [item for _, item in s.link.sent if isinstance(item, Speech)]
        assert UP.seconds(sum(len(item.pcm) for item in said)) > 3.0
        assert (
            pressed_s - 0.5 <= min(item.captured_s for item in said) <= max(item.captured_s for item in said) <= muted_s
        )


@scenario
async def test_a_press_while_muted_that_stops_a_question_lets_it_be_forgotten() -> None:
    """Nobody waits for its answer any more, so it must not be said again to a later link."""
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        s.mute()
        await s.tap()
        assert s.outcomes() == ["1 superseded"]
        await asyncio.sleep(20.0)
        s.network.reset()
        await asyncio.sleep(60.0)
        assert len(s.connector.links) == 2
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_voice_from_before_it_was_muted_is_not_heard_afterwards() -> None:
    """The detector hears a voice for some frames more than there is one: it is not to count them when it is unmuted."""
    config = {"turn": {"barge_in": "voice"}, "echo": {"mode": "off"}}
    async with running(Story("hands_free", config=config)) as s:
        await asyncio.sleep(1.005)
        await s.tap()
        await s.say(1, seconds=2.7)
        s.mute()
        assert s.turn is TurnState.THINKING, "a voice goes on with the question, as long as there is no answer"
        await asyncio.sleep(0.6)
        s.mute(False)
        await asyncio.sleep(0.3)
        assert len(s.told("gate.opened")) == 1
