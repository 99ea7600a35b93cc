"""The owner's own limits: reached, shown, said, and over again."""

from daemon.events import PromptAsked
from daemon.status import Fault, TurnState
from tests.scenario.story import Story, running, scenario


@scenario
async def test_after_so_many_turns_an_hour_a_press_asks_nothing() -> None:
    async with running(Story(config={"limits": {"turns_per_hour": 2}})) as s:
        for _ in range(2):
            await s.ask(1, seconds=1.0)
            await s.until_turn(TurnState.SPEAKING)
            await s.until_turn(TurnState.IDLE)
        await s.ask(1, seconds=1.0)
        assert s.turn is TurnState.IDLE
        assert Fault.LIMIT in s.app.conversation.status.faults
        (reached,) = s.told("limit.reached")
        assert reached["limit"] == "turns_per_hour"
        assert 3500 < reached["resets_in_s"] <= 3600
        assert len(list(s.service.turns)) == 2


@scenario
async def test_what_is_asked_in_writing_is_limited_too() -> None:
    """Else a script that has the device say something could spend what a person may not."""
    async with running(Story(config={"limits": {"turns_per_hour": 2}})) as s:
        for _ in range(2):
            s.app.dispatch(PromptAsked("hello"))
            await s.until_answered()
        s.app.dispatch(PromptAsked("hello"))
        assert s.turn is TurnState.IDLE
        assert Fault.LIMIT in s.app.conversation.status.faults
        assert [line["limit"] for line in s.told("limit.reached")] == ["turns_per_hour"]


@scenario
async def test_a_limit_that_was_raised_is_forgotten_at_once_so_that_a_voice_is_heard_again() -> None:
    async with running(Story("hands_free", config={"limits": {"turns_per_hour": 1}, "turn": {"wake": "voice"}})) as s:
        for _ in range(2):
            s.app.dispatch(PromptAsked("hello"))
            await s.until(lambda: s.turn is TurnState.IDLE)
        assert Fault.LIMIT in s.app.conversation.status.faults
        s.write(limits={"turns_per_hour": 5})
        await s.app.reload.reload()
        assert not s.app.conversation.status.faults
        await s.say(1)
        await s.until_answered()


@scenario
async def test_the_ring_forgets_a_limit_when_the_next_day_begins_without_a_press() -> None:
    story = Story(config={"limits": {"daily_tokens": 1}})
    async with running(story) as s:
        await s.ask(1, seconds=1.0)
        await s.until_turn(TurnState.IDLE)
        await s.ask(1, seconds=1.0)
        assert Fault.LIMIT in s.app.conversation.status.faults
        s.clock_ahead_s += 24 * 3600.0
        await s.until(lambda: not s.app.conversation.status.faults, 61.0)
        await s.ask(1, seconds=1.0)
        await s.until_turn(TurnState.SPEAKING)


@scenario
async def test_the_day_has_so_many_tokens_and_their_price_is_told() -> None:
    prices = {"input_per_million_tokens": 3.0, "output_per_million_tokens": 12.0}
    async with running(Story(config={"limits": {"daily_tokens": 1000}, "prices": prices})) as s:
        presses = 0
        while Fault.LIMIT not in s.app.conversation.status.faults:
            presses += 1
            await s.ask(1, seconds=1.0)
            await s.until_turn(TurnState.IDLE)
        done = [line for line in s.told("turn.done") if "total_tokens" in line]
        assert done[-1]["day_tokens"] >= 1000
        assert done[-2]["day_tokens"] < 1000
        first = done[0]
        expected = (3.0 * first["prompt_tokens"] + 12.0 * first["response_tokens"]) / 1e6
        assert abs(first["cost_estimate"] - expected) < 1e-6
        assert first["currency"] == "USD"
        assert presses == len(done) + 1
