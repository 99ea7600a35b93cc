"""What a finger can say besides a press, over the whole device. The table of all of it is docs/gestures.md."""

from __future__ import annotations

import asyncio

import pytest

from daemon.live.upward import Image
from daemon.status import TurnState
from tests.scenario.story import PRE_ROLL_S, Story, running, scenario

CAMERA = {"camera": {"driver": "simulated", "mode": "with_turn"}}


async def long_press(s: Story) -> None:
    s.press()
    await asyncio.sleep(1.2)
    s.release()
    await asyncio.sleep(0.1)


async def double_press(s: Story) -> None:
    await s.tap()
    await asyncio.sleep(0.1)
    await s.tap()


@pytest.mark.parametrize("mode", ["tap", "hands_free"])
@scenario
async def test_a_long_press_mutes_and_another_one_unmutes_and_neither_asks_anything(mode: str) -> None:
    async with running(Story(mode)) as s:
        await asyncio.sleep(1.0)
        await long_press(s)
        assert s.app.conversation.status.muted
        assert s.board.mic.muted
        sent = len(s.spoken_up())
        await s.say(1)
        await asyncio.sleep(2.0)
        assert len(s.spoken_up()) == sent
        await long_press(s)
        assert not s.app.conversation.status.muted
        assert not s.board.mic.muted
        assert s.turn is TurnState.IDLE
        assert s.outcomes() == ["1 empty"]
        assert not s.told("turn.done")[0].get("sounded_ms")


@scenario
async def test_a_long_hold_in_mode_hold_is_talking_and_while_muted_unmutes() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        await s.until_answered()
        s.mute()
        await asyncio.sleep(1.0)
        await long_press(s)
        assert not s.app.conversation.status.muted
        assert s.outcomes() == ["1 answered"]
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_in_mode_tap_a_double_press_goes_on_listening_and_the_camera_sees_the_turn() -> None:
    async with running(Story("tap", config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        await double_press(s)
        await s.say(1)
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
        assert any(isinstance(item, Image) for _, item in s.sent)


@scenario
async def test_in_mode_hold_the_second_press_is_the_question() -> None:
    async with running(Story("hold", config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await asyncio.sleep(0.1)
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes() == ["1 empty", "2 answered"]
        assert any(isinstance(item, Image) for _, item in s.sent)


@scenario
async def test_without_a_camera_the_second_press_closes_what_the_first_one_opened() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.0)
        await double_press(s)
        assert s.turn is TurnState.IDLE
        assert s.outcomes() == ["1 empty"]


@scenario
async def test_a_button_that_fails_while_it_is_held_and_is_still_down_afterwards_ends_no_turn_in_mode_tap() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        s.board.push_button.lose()
        await asyncio.sleep(0.5)
        s.board.push_button.restore()
        await s.say(1)
        await s.until_answered()
        s.release()
        assert s.outcomes() == ["1 answered"]
        assert s.told("turn.done")[0]["ending"] == "silence"
        heard = [name for turn in s.service.turns if turn.answered for name in turn.digests]
        said = s.captured(pressed_s - PRE_ROLL_S, pressed_s + 3.0)
        assert heard[: len(said)] == said
        assert not s.app.conversation.status.muted


@scenario
async def test_in_mode_hold_a_button_that_fails_ends_the_turn_and_listens_again_when_it_is_back() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.0)
        s.press()
        await s.say(1, seconds=1.0)
        s.board.push_button.lose()
        await asyncio.sleep(0.1)
        assert s.turn is TurnState.THINKING, "a press that cannot be followed by a release is over"
        s.board.push_button.restore()
        await s.until_turn(TurnState.LISTENING)
        await s.say(2)
        s.release()
        await s.until_answered()
        assert s.told("turn.done")[-1]["outcome"] == "answered"
