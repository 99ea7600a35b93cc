"""The main street: one presses, speaks, and hears an answer."""

import asyncio

from daemon.events import TurnState
from tests.scenario.story import Story, running
from tests.support.virtual_time import run


def test_hold_ask_and_hear_the_answer() -> None:
    async def story() -> None:
        async with running(Story("hold")) as s:
            await asyncio.sleep(1.0)
            await s.ask(1)
            assert s.turn is TurnState.LISTENING
            await s.until_turn(TurnState.SPEAKING)
            await s.until_turn(TurnState.IDLE)
            assert s.windows() == ["start 1", "end 1"]
            (turn,) = s.service.turns
            assert turn.answered
            assert turn.complete
            (done,) = s.told("turn.done")
            assert done["outcome"] == "answered"
            assert done["underruns"] == 0
            assert done["sounded_ms"] == round(1000 * turn.answer_bytes / 48000)

    run(story())
