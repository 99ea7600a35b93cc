"""The models differ in what an answer is; the owner hears no difference."""

import pytest

from daemon.status import TurnState
from tests.scenario.story import Story, running, scenario

MODELS: dict[str, dict[str, object]] = {
    "gemini-3.8-live": {},
    "gemini-3.8-live-extended-thinking": {"thinking_level": "low"},
    "gemini-3.1-flash-live-preview": {},
    "gemini-2.5-flash-native-audio-preview-12-2025": {},
}


@pytest.mark.parametrize("model", MODELS)
@scenario
async def test_an_answer_is_heard_to_its_end_and_is_over_once(model: str) -> None:
    async with running(Story(config={"live": {"model": model, **MODELS[model]}})) as s:
        for _ in range(2):
            await s.ask(1, seconds=1.0)
            await s.until_turn(TurnState.SPEAKING)
            await s.until_turn(TurnState.IDLE)
        first, second = s.service.turns
        assert first.complete
        assert second.complete
        done = s.told("turn.done")
        assert [line["outcome"] for line in done] == ["answered", "answered"]
        assert [line["sounded_ms"] for line in done] == [round(turn.answer_bytes / 48) for turn in (first, second)]


@scenario
async def test_where_the_service_is_not_to_be_interrupted_the_old_answer_stays_silent_all_the_same() -> None:
    async with running(Story(config={"live": {"activity_handling": "no_interruption"}})) as s:
        await s.ask(1, seconds=1.0)
        await s.until_turn(TurnState.SPEAKING)
        pressed_s = s.press()
        await s.say(2, seconds=1.0)
        s.release()
        assert not s.sounding_at(pressed_s + 0.1, s.now())
        await s.until_turn(TurnState.SPEAKING)
        await s.until_turn(TurnState.IDLE)
        assert [line["outcome"] for line in s.told("turn.done")] == ["interrupted", "answered"]
