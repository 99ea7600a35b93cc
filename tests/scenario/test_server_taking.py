"""The service finds the ends of turns (`turn.taking = "server"`): what the whole daemon hears, sends and says then."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from daemon.rehearsal.stand_in.answer import BURSTS, Pacing
from daemon.status import LinkState, TurnState
from tests.scenario.story import ANSWER_S, PRE_ROLL_S, SILENT_AFTER_S, Story, running, scenario

SERVICES_PAUSE_S = 0.8
"""What the service takes for the end of a turn (live-api.md 1.3)."""
LATE_INTERRUPTS = replace(BURSTS, interrupt_s=0.5)
"""As late as was measured (live-api.md 1.3)."""


class Served(Story):
    """A story with a service that listens for itself."""

    def __init__(self, mode: str, *, pacing: Pacing = BURSTS, echo: str = "half_duplex") -> None:
        super().__init__(mode, config={"turn": {"taking": "server"}, "echo": {"mode": echo}}, pacing=pacing)


def oddities(s: Story) -> list[str]:
    """What the service was surprised at."""
    return [oddity for session in s.service.sessions.values() for oddity in session.oddities]


def assert_heard_once(s: Story, from_s: float, to_s: float) -> None:
    """The turns that were answered hold what was captured in that time, whole and in order, and nothing twice."""
    heard = [one for turn in s.answered_turns() for one in turn.digests]
    spoken = s.captured(from_s, to_s)
    first = heard.index(spoken[0])
    assert heard[first : first + len(spoken)] == spoken
    assert len(set(heard)) == len(heard)


@pytest.mark.parametrize("mode", ["tap", "hands_free"])
@scenario
async def test_the_services_answer_ends_the_turn(mode: str) -> None:
    async with running(Served(mode)) as s:
        await asyncio.sleep(1.0)
        for number in (1, 2):
            await s.tap()
            await s.say(number)
            said_s = s.now()
            await s.until_turn(TurnState.SPEAKING)
            assert s.now() - said_s < SERVICES_PAUSE_S + BURSTS.think_s + 0.5
            await s.until_turn(TurnState.IDLE)
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert [line["ending"] for line in s.told("turn.done")] == ["answered", "answered"]
        assert [line["sounded_ms"] for line in s.told("turn.done")] == [round(ANSWER_S * 1000)] * 2
        assert len(list(s.service.turns)) == len(s.answered_turns()) == 2
        assert not oddities(s)
        assert len(s.connector.attempts) == 1


@scenario
async def test_letting_go_of_the_button_asks_at_once() -> None:
    async with running(Served("hold")) as s:
        await asyncio.sleep(1.0)
        _, released_s = await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        assert s.now() - released_s < BURSTS.think_s + 0.3
        await s.until_turn(TurnState.IDLE)
        assert s.outcomes() == ["1 answered"]
        assert not oddities(s)


@scenario
async def test_nothing_leaves_once_the_answer_sounds() -> None:
    async with running(Served("tap")) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await s.until_turn(TurnState.SPEAKING)
        closed_s = s.now()
        await s.until_turn(TurnState.IDLE)
        await asyncio.sleep(2.0)
        assert all(at_s <= closed_s for at_s, _ in s.spoken_up())
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_press_over_an_answer_is_silence_at_once_and_its_rest_is_never_heard() -> None:
    """The service hears of it by what is said, and late: until then the old answer goes on coming."""
    async with running(Served("hold", pacing=LATE_INTERRUPTS)) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(0.3)
        pressed_s = s.press()
        await s.say(2)
        released_s = s.release()
        assert not s.sounding_at(pressed_s + SILENT_AFTER_S, released_s)
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]
        assert s.told("turn.done")[1]["sounded_ms"] == round(ANSWER_S * 1000)
        first, second = s.service.turns
        assert first.interrupted
        assert second.complete


@scenario
async def test_a_voice_over_an_answer_is_a_turn_of_its_own() -> None:
    async with running(Served("hands_free", pacing=LATE_INTERRUPTS, echo="off")) as s:
        await asyncio.sleep(1.0)
        await s.say(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(0.3)
        said_s = s.now()
        await s.say(2)
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]
        assert s.told("turn.done")[1]["begun"] == "barge_in"
        assert s.told("turn.done")[1]["sounded_ms"] == round(ANSWER_S * 1000)
        assert_heard_once(s, said_s + 0.3, said_s + 1.5)
        assert len(s.connector.attempts) == 1


@scenario
async def test_a_press_over_an_answer_with_nothing_said_hears_nothing_of_the_rest() -> None:
    """The service says the old answer to its end: to nobody."""
    async with running(Served("tap")) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await s.until_turn(TurnState.SPEAKING)
        pressed_s = await s.tap()
        await s.until_turn(TurnState.IDLE)
        await asyncio.sleep(20.0)
        assert not s.sounding_at(pressed_s + SILENT_AFTER_S, s.now())
        assert s.outcomes() == ["1 interrupted", "2 empty"]
        assert len(s.connector.attempts) == 1, "nothing is wrong with the link"
        await s.tap()
        await s.say(2)
        await s.until_answered()
        assert s.outcomes()[2:] == ["3 answered"]


@scenario
async def test_who_pauses_too_long_and_goes_on_is_answered_to_all_of_it() -> None:
    async with running(Served("tap", pacing=replace(BURSTS, think_s=2.0))) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await asyncio.sleep(SERVICES_PAUSE_S + 0.4)
        assert s.turn is TurnState.LISTENING
        await s.say(2)
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
        assert [turn.answered_in for turn in s.service.turns] == [2, 2]


@scenario
async def test_what_the_service_does_not_hear_costs_a_sound_and_not_the_link() -> None:
    async with running(Served("hold")) as s:
        await asyncio.sleep(1.0)
        pressed_s = s.press()
        await asyncio.sleep(1.0)
        s.release()
        await s.until_turn(TurnState.IDLE)
        assert s.outcomes() == ["1 unanswered"]
        assert [(line["turn_id"], line["tries"]) for line in s.told("turn.given_up")] == [(1, 1)]
        await asyncio.sleep(0.5)
        assert s.sounding_at(pressed_s + 2.0, s.now()), "the sound of an error"
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes()[1:] == ["2 answered"]
        assert len(s.connector.attempts) == 1


@scenario
async def test_turns_in_which_nothing_is_said_never_cost_the_link() -> None:
    async with running(Served("tap")) as s:
        for _ in range(3):
            await s.tap()
            await s.until_turn(TurnState.IDLE)
            await asyncio.sleep(15.0)
        assert s.outcomes() == ["1 empty", "2 empty", "3 empty"]
        assert len(s.connector.attempts) == 1
        assert s.told("turn.given_up") == []


@scenario
async def test_a_service_that_says_nothing_at_all_any_more_is_left_and_the_question_said_again() -> None:
    async with running(Served("hold")) as s:
        await asyncio.sleep(1.0)
        s.service.faults = replace(s.service.faults, answers=False)
        await s.ask(1)
        await s.until_turn(TurnState.IDLE)
        await s.ask(2)
        await s.until(lambda: len(s.connector.attempts) == 2)
        s.service.faults = replace(s.service.faults, answers=True)
        await s.until_answered()
        assert s.outcomes() == ["1 unanswered", "2 answered"]


@pytest.mark.parametrize("at_s", [0.5, 1.5, 3.6], ids=["early", "in the middle", "in the pause"])
@scenario
async def test_after_a_cut_all_that_was_said_is_answered_once(at_s: float) -> None:
    async with running(Served("tap")) as s:
        await asyncio.sleep(1.0)
        asyncio.get_running_loop().call_later(at_s, s.network.reset)
        pressed_s = await s.tap()
        await s.say(1)
        said_s = s.now()
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
        assert_heard_once(s, pressed_s + 0.5, said_s - 0.2)


@scenario
async def test_the_turn_is_kept_where_there_is_no_network() -> None:
    async with running(Served("hold")) as s:
        await asyncio.sleep(1.0)
        s.network.cut()
        from_s, to_s = await s.ask(1)
        await asyncio.sleep(20.0)
        s.network.restore()
        await s.until_link(LinkState.UP)
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
        assert not oddities(s)
        assert_heard_once(s, from_s + PRE_ROLL_S + 0.5, to_s)


@scenario
async def test_a_noise_while_it_thinks_does_not_cost_the_answer() -> None:
    """It opens the gate, and the service hears nothing in it: the answer on its way is the answer to both."""
    slowly = replace(BURSTS, think_s=1.5)
    async with running(Served("tap", pacing=slowly)) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await s.tap()
        await s.until_turn(TurnState.THINKING)
        await asyncio.sleep(0.4)
        await s.tap()
        await s.until_answered()
        assert s.outcomes() == ["1 superseded", "2 answered"]
        assert len(s.answered_turns()) == 1
        assert len(s.connector.attempts) == 1
