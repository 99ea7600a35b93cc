"""Who cuts a pause between two links short, and how far."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from daemon.events import TurnGivenUp
from daemon.live.hurry import HURRY_S, Hurry
from daemon.live.replay import Replay
from daemon.live.unanswered import KEEP_TURN_S, Unanswered
from daemon.live.upward import Speech
from tests.support.virtual_time import run

PAUSE_S = 60.0


def hurry(replay: Replay | None = None, given_up: Callable[[TurnGivenUp], None] = lambda _: None) -> Hurry:
    return Hurry(Unanswered(replay or Replay(60.0, 30.0), tell=lambda *_, **__: None, dispatch=given_up))


def slept_s(
    before: Callable[[Hurry], None] | None = None,
    meanwhile: Callable[[Hurry], None] | None = None,
    *,
    patient: bool = False,
    was_up: bool = False,
) -> float:
    """Return how long a pause took, where something happened before it, and 10 s after its beginning."""

    async def story() -> float:
        loop, waits = asyncio.get_running_loop(), hurry()
        waits.begin()
        if before is not None:
            before(waits)
        if meanwhile is not None:
            loop.call_later(10.0, meanwhile, waits)
        began_s = loop.time()
        await waits.pause(PAUSE_S, patient=patient, was_up=was_up)
        return loop.time() - began_s

    return run(story())


EVERYBODY = [Hurry.want, Hurry.renew, Hurry.network_came]


def test_nobody_is_in_a_hurry() -> None:
    assert slept_s() == pytest.approx(PAUSE_S)


@pytest.mark.parametrize("somebody", EVERYBODY)
def test_somebody_comes_meanwhile(somebody: Callable[[Hurry], None]) -> None:
    assert slept_s(meanwhile=somebody) == pytest.approx(10.0)


@pytest.mark.parametrize("somebody", EVERYBODY)
def test_who_came_during_an_attempt_that_failed_counts_and_a_little_is_waited(
    somebody: Callable[[Hurry], None],
) -> None:
    assert slept_s(somebody) == pytest.approx(HURRY_S)
    assert slept_s(somebody, was_up=True) == pytest.approx(PAUSE_S), "it was served by the link that was up"


@pytest.mark.parametrize(("somebody", "lasts_s"), [(Hurry.want, PAUSE_S), (Hurry.renew, 10.0)])
def test_what_only_the_owner_can_mend_waits_for_another_configuration(
    somebody: Callable[[Hurry], None], lasts_s: float
) -> None:
    assert slept_s(meanwhile=somebody, patient=True) == pytest.approx(lasts_s)


def test_what_becomes_too_old_is_given_up_in_the_middle_of_a_pause() -> None:
    async def story() -> tuple[list[float], float]:
        loop = asyncio.get_running_loop()
        replay, given_up_s, began_s = Replay(60.0, 30.0), list[float](), loop.time()
        replay.begin(1)
        replay.say(Speech(bytes(640), began_s))
        replay.end(1)

        def forget(event: TurnGivenUp) -> None:
            given_up_s.append(loop.time() - began_s)
            replay.answered(event.turn_id)

        await hurry(replay, forget).pause(2 * KEEP_TURN_S, patient=False, was_up=False)
        return given_up_s, loop.time() - began_s

    given_up_s, lasted_s = run(story())
    assert given_up_s == [pytest.approx(KEEP_TURN_S)]
    assert lasted_s == pytest.approx(2 * KEEP_TURN_S)


@pytest.mark.parametrize("served", [False, True])
def test_a_link_rests_until_it_is_wanted_and_not_for_who_was_served(served: bool) -> None:
    async def story() -> float:
        loop, waits = asyncio.get_running_loop(), hurry()
        waits.want()
        loop.call_later(5.0, waits.want)
        began_s = loop.time()
        await waits.until_wanted(served=served)
        await asyncio.sleep(6.0)  # the timer is over
        return loop.time() - began_s - 6.0

    assert run(story()) == pytest.approx(5.0 if served else 0.0)
