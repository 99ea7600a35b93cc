"""The service does not let us in: the ring says what is wrong, and nobody is stormed."""

from __future__ import annotations

import asyncio
import itertools

import pytest

from daemon.panel.lights import lights
from daemon.rehearsal.stand_in.faults import Act, Faults, Moment, Strike
from daemon.rehearsal.stand_in.messages import Close
from daemon.status import Fault, LinkState, TurnState
from tests.scenario.story import Story, running, scenario

TEN_MINUTES_S = 600.0


def refused_with(*acts: Act) -> Faults:
    return Faults(strikes=(Strike(Moment.SETUP, acts, times=None),))


def faults(s: Story) -> set[Fault]:
    return set(s.app.conversation.status.faults)


@pytest.mark.parametrize(
    ("refusal", "fault", "most"),
    [(Faults(refuse_upgrade=401), Fault.KEY, 6), (Faults(refuse_upgrade=503), None, 35)],
    ids=["401", "503"],
)
@scenario
async def test_refused_for_ten_minutes_it_tries_ever_less_often(
    refusal: Faults, fault: Fault | None, most: int
) -> None:
    async with running(Story(faults=refusal, hum=False), linked=False) as s:
        await asyncio.sleep(TEN_MINUTES_S)
        assert faults(s) == ({fault} if fault else set())
        attempts_s = [attempt.at_s for attempt in s.connector.attempts]
        assert 3 <= len(attempts_s) <= most
        assert max(later - earlier for earlier, later in itertools.pairwise(attempts_s)) > 20.0


@pytest.mark.parametrize(
    ("refusal", "fault", "most"),
    [
        (Faults(refuse_upgrade=403), Fault.KEY, 1),
        (Faults(refuse_upgrade=429), Fault.KEY, 1),
        (Faults(refuse_upgrade=404), Fault.SETUP, 1),
        (refused_with(Close(1007, "Request contains an invalid argument.")), Fault.SETUP, 2),
        (refused_with(Close(1007, "API key not valid. Please pass a valid API key.")), Fault.KEY, 1),
        (refused_with(Close(1008, "models/x is not found for API version v1beta")), Fault.SETUP, 2),
        (refused_with(Close(1011, "You exceeded your current quota, please check your plan")), Fault.KEY, 1),
        (refused_with(Close(1011, "The service is currently unavailable.")), None, 10),
        (Faults(setup_complete_after_s=None), None, 10),
    ],
    ids=["403", "429", "404", "1007", "1007 key", "1008", "1011 quota", "1011", "no setupComplete"],
)
@scenario
async def test_refused_the_device_says_what_is_wrong(refusal: Faults, fault: Fault | None, most: int) -> None:
    async with running(Story(faults=refusal, hum=False), linked=False) as s:
        await asyncio.sleep(30.0)
        assert faults(s) == ({fault} if fault else set())
        assert 1 <= len(s.connector.attempts) <= most
        status, ring = s.app.conversation.status, s.board.ring
        if fault:
            assert all(pixels == lights(status, at_s, ring.count) for at_s, pixels in ring.shown[-100:]), "it blinks"


@scenario
async def test_once_the_key_is_good_again_the_fault_is_gone_and_questions_are_answered() -> None:
    async with running(Story(faults=Faults(refuse_upgrade=401), hum=False), linked=False) as s:
        await s.until(lambda: Fault.KEY in faults(s))
        pressed_s = s.press()
        await asyncio.sleep(0.5)
        s.release()
        assert s.turn is TurnState.IDLE, "there is nobody to listen to it"
        assert s.sounding_at(pressed_s, pressed_s + 0.5), "one hears that it does not work"
        s.service.faults = Faults()
        await s.until_link(LinkState.UP, 200.0)
        assert not faults(s)
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_a_press_does_not_hurry_what_only_the_owner_can_mend() -> None:
    async with running(Story("tap", faults=Faults(refuse_upgrade=401), hum=False), linked=False) as s:
        await s.until(lambda: Fault.KEY in faults(s))
        for _ in range(50):
            await s.tap()
            await asyncio.sleep(1.0)
        assert len(s.connector.attempts) == 1


@scenario
async def test_a_key_that_is_withdrawn_in_mid_conversation() -> None:
    async with running(Story(hum=False)) as s:
        await s.ask(1)
        await s.until_answered()
        s.service.faults = Faults(refuse_upgrade=401)
        s.network.reset()
        await s.until(lambda: Fault.KEY in faults(s))
        await asyncio.sleep(130.0)
        assert 3 <= len(s.connector.attempts) <= 4
        handles = {attempt.handle for attempt in s.connector.attempts[1:]}
        assert len(handles) == 1, "an upgrade that is refused says nothing about the session"
        assert None not in handles


@scenario
async def test_without_a_key_the_device_says_so_and_tries_nothing() -> None:
    async with running(Story(key=False, hum=False), linked=False) as s:
        await s.until(lambda: Fault.KEY in faults(s))
        pressed_s = s.press()
        await s.say(1)
        s.release()
        await asyncio.sleep(60.0)
        assert s.connector.attempts == []
        assert s.turn is TurnState.IDLE
        assert s.sounding_at(pressed_s, pressed_s + 0.5)


@scenario
async def test_a_refusal_while_resuming_costs_the_session_and_not_the_conversation() -> None:
    """Resumed state can be bad (live-api.md 1.6): 1007 with the handle, fine without."""
    async with running(Story(hum=False)) as s:
        await s.ask(1)
        await s.until_answered()
        await asyncio.sleep(1.0)
        bad = Strike(Moment.SETUP, (Close(1007, "Request contains an invalid argument."),))
        s.service.faults = Faults(strikes=(bad,))
        s.network.reset()
        await s.ask(2)
        await s.until_answered()
        handles = [attempt.handle for attempt in s.connector.attempts]
        assert handles[1] is not None
        assert handles[2] is None
        assert not faults(s)
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_a_service_that_refuses_and_lets_in_by_turns_is_not_stormed() -> None:
    now_and_then = Strike(Moment.ACTIVITY_START, (Close(1011, "Internal error encountered."),), times=None)
    async with running(Story("hold", faults=Faults(strikes=(now_and_then,)))) as s:
        await s.ask(1)
        await asyncio.sleep(30.0)
        assert len(s.connector.attempts) <= 14
        s.service.faults = Faults()
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
