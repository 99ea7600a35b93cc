"""How long a question waits for a link: as long as it makes sense to answer it, and not as long as the next attempt."""

from __future__ import annotations

import asyncio

import pytest

from daemon.live.unanswered import KEEP_TURN_S
from daemon.rehearsal.stand_in.faults import Faults
from daemon.status import LinkState, TurnState
from tests.scenario.story import Story, running, scenario


@pytest.mark.parametrize("refusals", [2, 3])
@scenario
async def test_a_question_is_given_up_at_its_time_however_far_away_the_next_attempt_is(refusals: int) -> None:
    """After some refusals of the key that is minutes away; nobody waits for the answer then."""
    async with running(Story(hum=False)) as s:
        await asyncio.sleep(1.0)
        s.service.faults = Faults(refuse_upgrade=401)
        s.network.reset()
        await s.until(lambda: len(s.service.refusals) == refusals - 1, 1200.0)
        s.service.faults = Faults()
        await s.until_link(LinkState.UP, 1200.0)
        s.service.faults = Faults(refuse_upgrade=401)
        asyncio.get_running_loop().call_later(1.0, s.network.reset)
        _, said_s = await s.ask(1)
        await s.until_turn(TurnState.IDLE, 1200.0)
        assert s.outcomes() == ["1 unanswered"]
        assert s.now() - said_s == pytest.approx(KEEP_TURN_S, abs=0.3)
        assert [line["waited_s"] for line in s.told("turn.given_up")] == [KEEP_TURN_S]
        assert s.app.conversation.status.link is LinkState.DOWN
