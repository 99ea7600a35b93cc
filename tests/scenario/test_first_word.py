"""The main street: one presses, speaks, and hears an answer."""

import asyncio

import pytest

from daemon.status import TurnState
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


@pytest.mark.parametrize("after_s", [15.0, 15.03, 15.09])
def test_after_a_long_silence_the_first_word_is_whole_wherever_the_press_falls(after_s: float) -> None:
    """By then frames come several at once; those that had not been handed over are sent like all others, in order."""

    async def story() -> None:
        async with running(Story("hold")) as s:
            await asyncio.sleep(after_s)
            assert s.board.mic.patient
            said = asyncio.ensure_future(s.say(1))
            await asyncio.sleep(0.3)
            pressed_s = s.press()
            await asyncio.sleep(0.01)
            assert not s.board.mic.patient
            await said
            released_s = s.release()
            await s.until_turn(TurnState.SPEAKING)
            (turn,) = s.service.turns
            expected = s.captured(pressed_s - 0.49, released_s)
            assert turn.digests[-len(expected) :] == expected
            assert len(turn.digests) <= len(expected) + 5

    run(story())
