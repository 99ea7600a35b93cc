"""The link is closed when nobody speaks, and a session ends when it is old; the next press hides both."""

import asyncio

from daemon.status import LinkState, TurnState
from tests.scenario.story import Story, running, scenario
from tests.support.virtual_time import START_S


@scenario
async def test_a_link_that_nobody_uses_is_closed_and_the_next_press_resumes() -> None:
    async with running(Story(config={"limits": {"idle_hangup_s": 60}})) as s:
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await s.until_turn(TurnState.IDLE)
        await s.until_link(LinkState.RESTING)
        assert s.told("link.left")[-1]["reason"] == "idle"
        await asyncio.sleep(600.0)
        assert len(s.connector.links) == 1
        await s.ask(2)
        await s.until_turn(TurnState.SPEAKING)
        assert s.connector.attempts[-1].handle is not None
        assert [turn.answered for turn in s.service.turns] == [True, True]


@scenario
async def test_every_word_said_while_the_link_rests_is_heard() -> None:
    async with running(Story(config={"limits": {"idle_hangup_s": 60}})) as s:
        await s.until_link(LinkState.RESTING)
        pressed_s = s.now()
        await s.ask(1)
        released_s = s.now()
        await s.until_turn(TurnState.SPEAKING)
        (turn,) = s.service.turns
        said = s.captured(pressed_s, released_s)
        assert turn.digests[-len(said) :] == said


@scenario
async def test_a_session_that_is_too_old_is_followed_by_a_new_one_between_turns() -> None:
    async with running(Story(config={"limits": {"idle_hangup_s": 0, "session_max_minutes": 1}})) as s:
        await asyncio.sleep(55.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await s.until(lambda: s.now() > START_S + 60.5)
        assert s.turn is TurnState.SPEAKING, "a turn under way is not cut short"
        await s.until_link(LinkState.RESTING)
        assert s.told("link.left")[-1]["reason"] == "too_old"
        await s.ask(2)
        await s.until_turn(TurnState.SPEAKING)
        assert s.connector.attempts[-1].handle is None
        assert len(s.service.sessions) == 2


@scenario
async def test_a_question_that_waited_for_minutes_is_given_up() -> None:
    async with running(Story()) as s:
        s.network.cut()
        await s.ask(1)
        await s.until_turn(TurnState.IDLE, 400.0)
        (given_up,) = s.told("turn.given_up")
        assert given_up["waited_s"] >= 120
        s.network.restore()
        await s.until_link(LinkState.UP)
        await asyncio.sleep(30.0)
        assert not any(turn.answered for turn in s.service.turns)
