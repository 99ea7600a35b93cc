"""The link breaks: in the middle of everything, with and without a word, and nothing that was said is lost."""

from __future__ import annotations

import asyncio

import pytest

from daemon.rehearsal.stand_in.answer import REAL_TIME
from daemon.rehearsal.stand_in.faults import (
    ABORT,
    Faults,
    Handles,
    Moment,
    Strike,
)
from daemon.status import LinkState, TurnState
from tests.scenario.story import Story, running, scenario


@pytest.mark.parametrize("after_s", [0.0, 0.03, 1.0, 2.95])
@scenario
async def test_reset_in_mid_sentence_the_whole_sentence_reaches_the_next_session_once(after_s: float) -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        asyncio.get_running_loop().call_later(after_s, s.network.reset)
        span = await s.ask(1)
        await s.until_answered()
        (turn,) = s.answered_turns()
        assert turn.digests == s.captured(*span)
        assert s.windows(s.link) == ["start 1", "end 1"]
        assert s.outcomes() == ["1 answered"]


@pytest.mark.parametrize("after_s", [0.0, 0.01, 0.03, 0.3, 0.6])
@scenario
async def test_reset_after_the_sentence_and_before_the_answer_says_it_again(after_s: float) -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        span = await s.ask(1)
        await asyncio.sleep(after_s)
        assert s.turn is TurnState.THINKING
        s.network.reset()
        await s.until_answered()
        (turn,) = s.answered_turns()
        assert turn.digests == s.captured(*span)
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_reset_early_in_the_answer_asks_again() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        span = await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(0.2)
        s.network.reset()
        await s.until(lambda: s.outcomes() == ["1 cut"])
        await s.until_answered()
        assert s.outcomes() == ["1 cut", "2 answered"]
        assert s.answered_turns()[-1].digests == s.captured(*span)


@scenario
async def test_reset_late_in_the_answer_lets_what_came_sound() -> None:
    async with running(Story(pacing=REAL_TIME)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(4.0)
        s.network.reset()
        await s.until_turn(TurnState.IDLE)
        assert s.outcomes() == ["1 answered"]
        assert 3900 < s.told("turn.done")[0]["sounded_ms"] < 4500
        await asyncio.sleep(5.0)
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_an_owner_who_wants_no_question_asked_twice_hears_what_came() -> None:
    async with running(Story(config={"network": {"answer_cut": "never"}})) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(0.5)
        s.network.reset()
        await s.until_turn(TurnState.IDLE)
        assert s.outcomes() == ["1 answered"]
        (turn,) = s.service.turns
        assert s.told("turn.done")[0]["sounded_ms"] == pytest.approx(turn.answer_bytes / 48, abs=251)
        await asyncio.sleep(5.0)
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_link_that_breaks_in_every_answer_does_not_ask_for_ever() -> None:
    """Each time is billed, and somebody sits there listening to the same three words."""
    cut = Strike(Moment.ANSWER_CHUNK, (ABORT,), nth=2, times=None)
    async with running(Story(faults=Faults(strikes=(cut,)), hum=False)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await asyncio.sleep(60.0)
        assert s.turn is TurnState.IDLE
        assert len(list(s.service.turns)) <= 4
        assert len(s.connector.attempts) <= 15


@scenario
async def test_reset_between_turns_is_mended_without_anybody_noticing() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        s.network.reset()
        await s.until_link(LinkState.UP)
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert s.windows() == ["start 1", "end 1", "start 2", "end 2"]
        assert len(s.service.sessions) == 1, "it was resumed"


# --- handles ---------------------------------------------------------------------------------------


@scenario
async def test_a_handle_that_the_service_does_not_know_is_tried_once_and_never_again() -> None:
    async with running(Story(faults=Faults(handles=Handles.CUT))) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        await asyncio.sleep(2.0)
        s.network.reset()
        await s.until_link(LinkState.DOWN)
        await s.until_link(LinkState.UP)
        used = [attempt.handle for attempt in s.connector.attempts]
        assert used[0] is None
        assert used[1] is not None
        assert used[2:] == [None]
        s.service.faults = Faults()
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_while_the_service_holds_the_old_socket_the_handle_is_not_given_up() -> None:
    """Cut off without a word, the service learns of it later than we do (live-api.md 0.11)."""
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        s.network.cut()
        await s.until_link(LinkState.DOWN)
        s.network.restore()
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert len(s.service.sessions) <= 2
