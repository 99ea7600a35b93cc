"""The service says go-away: the device moves to a new link by itself, and nobody notices."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from daemon.live.upward import Speech
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.faults import Faults, GoAway, Moment, Strike
from daemon.rehearsal.voices import question
from daemon.status import LinkState, TurnState
from tests.scenario.story import Story, running, scenario


def told_to_go(s: Story, time_left_s: float, moment: Moment, *, silent: bool = False, nth: int = 1) -> None:
    """Let the service say go-away at that moment."""
    order = GoAway(time_left_s, silent=silent)
    s.service.faults = Faults(strikes=(Strike(moment, (order,), nth=nth),))


def resumed_in_good_order(s: Story) -> bool:
    """Every link but the first resumed the one session, after the old socket was gone."""
    first, *later = s.connector.attempts
    old_first = all(
        old.link is not None and old.link.closed_s is not None and old.link.closed_s <= new.at_s
        for old, new in itertools.pairwise(s.connector.attempts)
    )
    return (
        first.handle is None and all(attempt.handle for attempt in later) and old_first and len(s.service.sessions) == 1
    )


@scenario
async def test_between_turns_it_moves_at_once() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        told_to_go(s, 50.0, Moment.TURN_COMPLETE)
        await s.ask(1)
        await s.until_answered()
        await asyncio.sleep(5.0)
        old, new = s.connector.links
        assert old.closed_politely
        assert new.up_s is not None
        assert old.closed_s is not None
        assert new.up_s - old.closed_s < 0.5
        assert resumed_in_good_order(s)
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_in_the_answer_it_waits_until_all_of_it_has_come() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        told_to_go(s, 50.0, Moment.ANSWER_CHUNK)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        assert s.app.conversation.status.link is LinkState.DRAINING
        await s.until_turn(TurnState.IDLE)
        await s.until_link(LinkState.UP)
        assert s.told("turn.done")[0]["sounded_ms"] == 4000
        assert s.windows() == ["start 1", "end 1"], "what was answered is not said again"
        assert resumed_in_good_order(s)


@scenario
async def test_in_mid_sentence_it_waits_for_the_answer() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        told_to_go(s, 50.0, Moment.AUDIO, nth=60)
        await s.ask(1)
        await s.until_answered()
        await s.until_link(LinkState.UP)
        assert s.windows() == ["start 1", "end 1"]
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_a_sentence_that_outlasts_the_link_is_said_again_whole_on_the_next() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        told_to_go(s, 4.0, Moment.AUDIO, nth=20)
        pressed_s = s.press()
        s.board.mic.say(question(1) + question(2))
        await asyncio.sleep(6.8)
        released_s = s.release()
        await s.until_answered()
        assert len(s.connector.links) == 2
        (turn,) = (turn for turn in s.service.turns if turn.answered)
        assert turn.digests == s.captured(pressed_s - 0.5, released_s)


@scenario
async def test_a_service_that_falls_silent_after_its_go_away_cannot_hide_the_moment() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        told_to_go(s, 6.0, Moment.ACTIVITY_END, silent=True)
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert resumed_in_good_order(s)


@scenario
async def test_every_link_ends_sometime_and_the_session_goes_on() -> None:
    async with running(Story()) as s:
        s.service.conduct.manners = Manners(connection_s=60.0, go_away_s=10.0)
        s.network.reset()
        for _ in range(4):
            await s.until_link(LinkState.UP)
            await s.ask(1)
            await s.until_answered()
            await asyncio.sleep(25.0)
        assert s.outcomes() == [f"{turn} answered" for turn in range(1, 5)]
        assert len(s.connector.links) >= 4
        assert len(s.service.sessions) == 2, "the first had no handle yet when it was reset"


@pytest.mark.parametrize("time_left_s", [0.0, 1.0, 300.0])
@scenario
async def test_a_service_that_always_says_go_away_at_once_is_not_stormed(time_left_s: float) -> None:
    """It was seen 1 s into a session, with 300 s left (live-api.md 1.6)."""
    always = Strike(Moment.SETUP_COMPLETE, (GoAway(time_left_s),), times=None)
    async with running(Story(faults=Faults(strikes=(always,)), hum=False), linked=False) as s:
        await asyncio.sleep(60.0)
        assert len(s.connector.attempts) <= 14
        s.service.faults = Faults()
        await s.ask(1)
        await s.until_answered()


@scenario
async def test_with_such_a_service_a_question_is_answered_all_the_same() -> None:
    always = Strike(Moment.SETUP_COMPLETE, (GoAway(300.0),), times=None)
    async with running(Story(faults=Faults(strikes=(always,)), hum=False), linked=False) as s:
        for _ in range(3):
            await asyncio.sleep(5.0)
            await s.ask(1)
            await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered", "3 answered"]


@scenario
async def test_nothing_is_sent_twice_when_it_moves_between_turns() -> None:
    async with running(Story()) as s:
        s.service.conduct.manners = Manners(connection_s=30.0, go_away_s=20.0)
        s.network.reset()
        for number in (1, 2, 1, 2):
            await asyncio.sleep(5.0)
            await s.ask(number)
            await s.until_answered()
        frames = [item.captured_s for _, item in s.sent if isinstance(item, Speech)]
        assert len(frames) == len(set(frames))
        assert s.outcomes() == [f"{turn} answered" for turn in range(1, 5)]


# --- when nobody speaks ----------------------------------------------------------------------------

RESTS = {"limits": {"idle_hangup_s": 30.0}}


@scenario
async def test_having_hung_up_it_rests_until_somebody_comes() -> None:
    """A press from before the hanging up is no reason to connect again."""
    async with running(Story(config=RESTS, hum=False)) as s:
        await s.ask(1)
        await s.until_link(LinkState.RESTING)
        await asyncio.sleep(120.0)
        assert len(s.connector.attempts) == 1


@scenario
async def test_a_press_in_the_instant_of_hanging_up_is_not_lost() -> None:
    async with running(Story(config=RESTS, hum=False)) as s:
        await s.ask(1)
        await s.until_answered()
        await s.until_link(LinkState.RESTING)
        s.press()
        await s.until(lambda: s.app.conversation.status.link is not LinkState.RESTING, 1.0)
        await s.say(1)
        s.release()
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]
