"""The network goes away, or the service behaves strangely: nothing that was said is lost, and nobody is stormed."""

from __future__ import annotations

import asyncio

import pytest

from daemon.rehearsal.stand_in.faults import (
    ABORT,
    ERROR_FRAME,
    MALFORMED_JSON,
    STALL,
    UNKNOWN_MESSAGE,
    Act,
    Faults,
    Moment,
    Strike,
    huge_message,
)
from daemon.rehearsal.stand_in.messages import Close
from daemon.status import LinkState, TurnState
from tests.scenario.story import Story, running, scenario

# --- the network goes away -------------------------------------------------------------------------


@pytest.mark.parametrize("unreachable", [False, True], ids=["packets vanish", "no route"])
@pytest.mark.parametrize("outage_s", [2.0, 30.0])
@scenario
async def test_cut_off_in_mid_sentence_the_sentence_is_answered_when_the_network_is_back(
    outage_s: float, unreachable: bool
) -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, lambda: s.network.cut(unreachable=unreachable))
        loop.call_later(1.0 + outage_s, s.network.restore)
        span = await s.ask(1)
        await s.until(lambda: s.turn is TurnState.SPEAKING, 120.0)
        await s.until_turn(TurnState.IDLE)
        (turn,) = s.answered_turns()
        assert turn.digests == s.captured(*span)
        assert s.outcomes() == ["1 answered"]


@pytest.mark.parametrize("seed", range(1, 7))
@scenario
async def test_a_network_that_carries_nothing_at_first_is_tried_again_soon(seed: int) -> None:
    async with running(Story(hum=False, seed=seed)) as s:
        s.network.cut(unreachable=True)
        await asyncio.sleep(300.0)
        assert s.app.lifeline.supervisor is not None
        s.app.lifeline.supervisor.network_came()
        await asyncio.sleep(3.0)
        s.network.restore()
        came_s = s.now()
        await s.until_link(LinkState.UP)
        assert s.now() - came_s < 10.0, "the pauses grew to a minute while there was no network"


@scenario
async def test_a_question_that_waited_for_minutes_is_given_up_by_the_link_that_comes_at_last() -> None:
    async with running(Story(hum=False)) as s:
        await asyncio.sleep(1.0)
        s.service.faults = Faults(refuse_upgrade=401)
        asyncio.get_running_loop().call_later(1.0, s.network.reset)
        span = await s.ask(1)
        await s.until(lambda: len(s.service.refusals) == 2, 300.0)
        assert s.turn is TurnState.THINKING
        s.service.faults = Faults()
        await s.until_link(LinkState.UP, 300.0)
        assert s.now() - span[1] > 120.0
        assert s.outcomes() == ["1 unanswered"]
        assert s.windows(s.link) == []


@scenario
async def test_while_the_network_is_away_the_device_does_not_storm() -> None:
    async with running(Story(hum=False)) as s:
        s.network.cut(unreachable=True)
        await asyncio.sleep(300.0)
        later = [attempt for attempt in s.connector.attempts if attempt.at_s > 1060.0]
        assert 3 <= len(later) <= 20, "it tries for ever, twice a minute on average"


@scenario
async def test_an_impatient_finger_does_not_make_it_storm() -> None:
    async with running(Story("tap", hum=False)) as s:
        s.network.cut(unreachable=True)
        await asyncio.sleep(60.0)
        before = len(s.connector.attempts)
        for _ in range(60):
            await s.tap()
            await asyncio.sleep(0.4)
        assert 1 <= len(s.connector.attempts) - before <= 31, "once a second at most"


@scenario
async def test_a_press_shortens_the_wait_for_the_next_attempt() -> None:
    async with running(Story(hum=False)) as s:
        s.network.cut(unreachable=True)
        await asyncio.sleep(100.0)
        s.network.restore()
        before = len(s.connector.attempts)
        await s.ask(1)
        assert len(s.connector.attempts) > before
        await s.until_answered()


@scenario
async def test_a_question_longer_than_the_buffer_keeps_its_end() -> None:
    async with running(Story(config={"network": {"offline_buffer_s": 5.0}})) as s:
        await asyncio.sleep(1.0)
        s.network.cut()
        s.network.reset()
        for number in (1, 2):
            await s.ask(number)
            await asyncio.sleep(0.5)
        s.network.restore()
        await s.until_answered()
        (turn,) = s.answered_turns()
        assert turn.heard_s == pytest.approx(5.0)
        assert s.told("turn.done")[-1]["dropped_ms"] > 2000
        assert len(s.told("speech.dropped")) == 1


# --- the service behaves strangely -----------------------------------------------------------------


@pytest.mark.parametrize("moment", [Moment.ACTIVITY_START, Moment.AUDIO, Moment.ACTIVITY_END])
@scenario
async def test_a_service_that_neither_reads_nor_writes_is_found_out_by_what_it_owes(moment: Moment) -> None:
    async with running(Story(faults=Faults(strikes=(Strike(moment, (STALL,)),)))) as s:
        await asyncio.sleep(1.005)
        span = await s.ask(1)
        await s.until_answered()
        assert s.connector.attempts[1].at_s - span[1] == pytest.approx(10.0, abs=0.5)
        (turn,) = s.answered_turns()
        assert turn.digests == s.captured(*span)
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_a_network_that_takes_nothing_is_left_and_the_sentence_said_again() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, s.network.congest)
        loop.call_later(4.5, s.network.relieve)
        span = await s.ask(1)
        await s.until_answered()
        assert len(s.connector.links) == 2
        assert s.answered_turns()[-1].digests == s.captured(*span)


@scenario
async def test_a_stalled_uplink_of_two_seconds_loses_and_repeats_nothing() -> None:
    """As it was measured (live-api.md 2)."""
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        loop = asyncio.get_running_loop()
        loop.call_later(1.0, s.network.congest)
        loop.call_later(3.3, s.network.relieve)
        span = await s.ask(1)
        await s.until_answered()
        (turn,) = s.answered_turns()
        assert turn.digests == s.captured(*span)
        assert len(s.connector.links) == 1


STRANGE = [UNKNOWN_MESSAGE, ERROR_FRAME, MALFORMED_JSON, ABORT, Close(1000), Close(1001), Close(1011, "Internal error")]


@pytest.mark.parametrize(
    ("strange", "moment"),
    [*((strange, Moment.AUDIO) for strange in STRANGE), (ABORT, Moment.SETUP_COMPLETE), (ABORT, Moment.ACTIVITY_END)],
    ids=str,
)
@scenario
async def test_whatever_ends_a_link_the_question_is_answered(strange: Act, moment: Moment) -> None:
    async with running(Story(faults=Faults(strikes=(Strike(moment, (strange,)),))), linked=False) as s:
        await asyncio.sleep(1.005)
        span = await s.ask(1)
        await s.until_answered()
        (turn,) = s.answered_turns()
        assert turn.digests == s.captured(*span)
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_a_huge_message_is_read() -> None:
    async with running(Story(faults=Faults(strikes=(Strike(Moment.ANSWER_CHUNK, (huge_message(),)),)))) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        assert len(s.connector.links) == 1
