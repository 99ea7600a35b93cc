"""How one talks to the device: hold, tap, the ways in which a turn ends, and what of it the service hears."""

from __future__ import annotations

import asyncio

import pytest

from daemon.rehearsal.stand_in.faults import Faults
from daemon.rehearsal.voices import question
from daemon.status import LinkState, TurnState
from hardware.pcm import FRAME_S, UP
from tests.scenario.story import ANSWER_S, PRE_ROLL_S, Story, running, scenario


def heard(s: Story) -> list[str]:
    """The digests of all frames of the turns that the service answered."""
    return [digest for turn in s.service.turns if turn.answered for digest in turn.digests]


@scenario
async def test_while_the_button_is_held_the_service_hears_every_frame_and_half_a_second_from_before() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        await s.say(1)
        released_s = s.release()
        await s.until_answered()
        assert heard(s) == s.captured(pressed_s - PRE_ROLL_S, released_s)
        assert s.windows() == ["start 1", "end 1"]
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_frames_leave_as_they_are_captured() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        await s.say(1)
        s.release()
        await s.until_answered()
        live = [(at_s, item) for at_s, item in s.spoken_up() if item.captured_s > pressed_s]
        assert all(at_s == pytest.approx(item.captured_s) for at_s, item in live)


@scenario
async def test_a_tap_listens_until_the_user_has_been_silent() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.005)
        pressed_s = await s.tap()
        await s.say(2)
        said_s = s.now()
        assert s.turn is TurnState.LISTENING
        await s.until_turn(TurnState.THINKING)
        ended_s = s.now()
        assert ended_s - said_s == pytest.approx(0.7, abs=0.15), "the hangover after the last voiced frame"
        await s.until_answered()
        assert s.sounding_at(ended_s, ended_s + 0.3), "one hears that it was heard"
        assert heard(s) == s.captured(pressed_s - PRE_ROLL_S, ended_s)
        assert s.told("turn.done")[0]["ending"] == "silence"


@scenario
async def test_the_user_may_pause_for_half_a_second_in_a_sentence() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.005)
        await s.tap()
        await s.say(2)
        await asyncio.sleep(0.5)
        await s.say(1)
        await s.until_answered()
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_second_tap_ends_the_turn_at_once() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.005)
        await s.tap()
        await s.say(1, seconds=2.0)
        tapped_s = await s.tap()
        assert s.turn is TurnState.THINKING
        assert max(item.captured_s for _, item in s.spoken_up()) <= tapped_s
        await s.until_answered()
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_second_tap_before_a_word_asks_nothing() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.005)
        began_s = await s.tap()
        await asyncio.sleep(1.005)
        await s.tap()
        await asyncio.sleep(20.0)
        assert s.outcomes() == ["1 empty"]
        assert s.windows() == ["start 1", "end 1"], "an open window would wedge the service"
        assert not s.sounding_at(began_s, s.now()), "the service's answer to nothing is for nobody's ears"


@scenario
async def test_after_a_tap_nothing_is_said_and_nothing_happens() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.005)
        began_s = await s.tap()
        await s.until_turn(TurnState.IDLE)
        assert s.now() - began_s == pytest.approx(8.0, abs=0.05)
        await asyncio.sleep(20.0)
        assert s.outcomes() == ["1 empty"]
        assert not s.sounding_at(began_s, s.now())


@scenario
async def test_a_turn_that_gets_too_long_is_ended_and_answered() -> None:
    async with running(Story("hold", config={"turn": {"longest_s": 5.0}})) as s:
        await asyncio.sleep(1.005)
        began_s = s.press()
        s.board.mic.say(question(1) + question(2))
        await s.until_turn(TurnState.THINKING)
        assert s.now() - began_s == pytest.approx(5.0, abs=0.05)
        await s.until_turn(TurnState.SPEAKING)
        s.release()
        await s.until_turn(TurnState.IDLE)
        assert s.told("turn.done")[0]["ending"] == "too_long"
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_a_short_press_in_hold_mode_asks_nothing() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        began_s = await s.tap()
        await asyncio.sleep(20.0)
        assert s.outcomes() == ["1 empty"]
        assert s.windows() == ["start 1", "end 1"]
        assert not s.sounding_at(began_s, s.now())


@scenario
async def test_a_contact_that_bounces_is_one_press_and_one_release() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        s.press()
        s.board.push_button.bounce()
        await s.say(1)
        s.release()
        s.board.push_button.bounce()
        await s.until_answered()
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_speaking_again_before_the_answer_gets_one_answer_to_both() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        await s.ask(1)
        await asyncio.sleep(0.2)
        await s.ask(2)
        await s.until_answered()
        assert s.outcomes() == ["1 superseded", "2 answered"]
        first, second = s.service.turns
        assert first.answered_in == second.answered_in == second.number
        assert second.complete


# --- what was said before the press ----------------------------------------------------------------


@scenario
async def test_speech_that_begins_before_the_press_reaches_the_service_whole() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        spoke_s = s.now()
        s.board.mic.say(question(1))
        await asyncio.sleep(0.3)
        s.press()
        await asyncio.sleep(UP.seconds(len(question(1))) - 0.3)
        released_s = s.release()
        await s.until_answered()
        said = s.captured(spoke_s + FRAME_S, released_s)
        assert heard(s)[-len(said) :] == said


@scenario
async def test_nothing_from_before_the_pre_roll_leaves_the_device() -> None:
    async with running(Story("hold")) as s:
        await s.say(1)
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        await asyncio.sleep(1.005)
        s.release()
        await s.until_answered()
        assert min(item.captured_s for _, item in s.spoken_up()) >= pressed_s - PRE_ROLL_S


@pytest.mark.parametrize("after_s", [-2.0, -0.2, 0.2])
@scenario
async def test_the_devices_own_voice_is_not_in_the_pre_roll_of_the_next_turn(after_s: float) -> None:
    """Pressed in the answer, near its end, and while the room still rings."""
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(ANSWER_S + after_s)
        already = len(s.spoken_up())
        pressed_s = s.press()
        await s.say(2)
        s.release()
        await s.until_answered()
        assert min(item.captured_s for _, item in s.spoken_up()[already:]) > pressed_s


@scenario
async def test_half_a_second_after_the_room_is_quiet_there_is_a_whole_pre_roll_again() -> None:
    async with running(Story("hold")) as s:
        await asyncio.sleep(1.005)
        await s.ask(1)
        await s.until_answered()
        await asyncio.sleep(0.3 + PRE_ROLL_S + 0.1)
        already = len(s.spoken_up())
        pressed_s = s.press()
        await s.say(2)
        s.release()
        await s.until_answered()
        oldest_s = min(item.captured_s for _, item in s.spoken_up()[already:])
        assert oldest_s == pytest.approx(pressed_s - PRE_ROLL_S, abs=0.025 + 4 * FRAME_S)


# --- before the link is up -------------------------------------------------------------------------


@scenario
async def test_what_is_said_while_connecting_is_answered_once_and_in_order() -> None:
    async with running(Story("hold", faults=Faults(setup_complete_after_s=6.0)), linked=False) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        await s.say(1)
        released_s = s.release()
        assert s.app.conversation.status.link is LinkState.CONNECTING
        assert s.sent == []
        await s.until_answered()
        assert heard(s) == s.captured(pressed_s - PRE_ROLL_S, released_s)
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_link_that_comes_up_in_mid_sentence_hears_the_sentence_from_its_beginning() -> None:
    async with running(Story("hold", faults=Faults(setup_complete_after_s=2.5)), linked=False) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        await s.say(1)
        released_s = s.release()
        await s.until_answered()
        (link,) = s.connector.links
        assert link.up_s is not None
        assert pressed_s < link.up_s < released_s
        assert heard(s) == s.captured(pressed_s - PRE_ROLL_S, released_s)


@scenario
async def test_two_questions_from_before_the_link_are_answered_as_one() -> None:
    async with running(Story("hold", faults=Faults(setup_complete_after_s=9.0)), linked=False) as s:
        await asyncio.sleep(1.005)
        spans = []
        for number in (1, 2):
            pressed_s = s.press()
            await s.say(number)
            spans.append((pressed_s - PRE_ROLL_S, s.release()))
            await asyncio.sleep(0.61)
        await s.until_answered()
        assert heard(s) == s.captured(*spans[0]) + s.captured(*spans[1])
        assert s.outcomes() == ["1 superseded", "2 answered"]
        assert s.windows() == ["start 2", "end 2"]
