"""Parts of the device go away and come back: the rest goes on, and nothing has to be started again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from daemon.control.status_lines import status_lines
from daemon.panel.lights import lights
from daemon.rehearsal.stand_in.answer import BURSTS
from daemon.rehearsal.voices import question
from daemon.status import Fault, LinkState, Status, TurnState
from tests.scenario.story import SILENT_AFTER_S, Story, running, scenario


async def answered(s: Story, number: int = 1) -> None:
    """Ask, and wait for the whole answer."""
    await s.ask(number)
    await s.until_answered()


def faults(s: Story) -> set[Fault]:
    return set(s.app.conversation.status.faults)


# --- the microphone --------------------------------------------------------------------------------


@scenario
async def test_a_microphone_that_is_lost_between_turns_comes_back_by_itself() -> None:
    async with running(Story()) as s:
        await answered(s)
        s.board.mic.lose()
        await s.until(lambda: Fault.MICROPHONE in faults(s), 1.5)
        status = await s.app.reception.requests.answer(("status",))
        assert "  microphone  does not work: gone. Open it again" in status_lines(status)
        pressed_s = await s.tap()
        await asyncio.sleep(0.5)
        assert s.turn is TurnState.IDLE
        assert s.sounding_at(pressed_s, s.now()), "one hears that it does not work"
        s.board.mic.restore()
        await s.until(lambda: not faults(s), 12.0)
        assert (await s.app.reception.requests.answer(("status",)))["wrong"] == {}
        await answered(s, 2)
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert [line["part"] for line in s.told("device.lost") + s.told("device.back")] == ["microphone"] * 2


@pytest.mark.parametrize("mode", ["hold", "tap"])
@scenario
async def test_lost_in_mid_sentence_what_was_said_until_then_is_answered(mode: str) -> None:
    async with running(Story(mode)) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        if mode == "tap":
            await asyncio.sleep(0.1)
            s.release()
        await s.say(1, seconds=1.5)
        s.board.mic.lose()
        lost_s = s.now()
        await asyncio.sleep(5.0)
        assert s.turn is not TurnState.LISTENING, "a device that cannot hear does not listen"
        s.release()
        await s.until(lambda: s.turn is TurnState.IDLE)
        assert s.outcomes() == ["1 answered"]
        (turn,) = s.service.turns
        assert turn.digests == s.captured(pressed_s - 0.5, lost_s)


@scenario
async def test_a_microphone_that_comes_back_after_minutes_does_not_go_on_listening() -> None:
    """Whoever pressed has long gone: what is said in the room now is for nobody's ears."""
    async with running(Story("tap")) as s:
        await s.tap()
        await s.say(1, seconds=1.0)
        s.board.mic.lose()
        await asyncio.sleep(120.0)
        already = len(s.spoken_up())
        s.board.mic.restore()
        await s.until(lambda: not faults(s), 12.0)
        await s.say(2)
        await asyncio.sleep(5.0)
        assert len(s.spoken_up()) == already


@scenario
async def test_an_overflowing_microphone_loses_frames_and_says_so_but_no_turn() -> None:
    async with running(Story()) as s:
        s.press()
        s.board.mic.say(question(1))
        await asyncio.sleep(1.0)
        s.board.mic.overflow(10)
        await asyncio.sleep(2.0)
        s.release()
        await s.until_answered()
        assert s.told("microphone.overflow")[0]["lost_ms"] == 200


# --- the loudspeaker -------------------------------------------------------------------------------


@scenario
async def test_a_speaker_that_is_lost_for_a_moment_goes_on_with_the_answer() -> None:
    async with running(Story()) as s:
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        await asyncio.sleep(1.0)
        s.board.loudspeaker.lose()
        await s.until(lambda: Fault.SPEAKER in faults(s), 1.5)
        s.board.loudspeaker.restore()
        await s.until_turn(TurnState.IDLE)
        assert s.outcomes() == ["1 answered"]
        assert s.told("turn.done")[0]["sounded_ms"] > 3900
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_speaker_that_is_lost_before_the_answer_plays_it_when_it_is_back() -> None:
    async with running(Story()) as s:
        await s.ask(1)
        s.board.loudspeaker.lose()
        await asyncio.sleep(5.0)
        s.board.loudspeaker.restore()
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_without_a_speaker_for_long_the_answer_is_given_up_and_the_device_goes_on() -> None:
    async with running(Story()) as s:
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        s.board.loudspeaker.lose()
        await s.until_turn(TurnState.IDLE)
        await asyncio.sleep(30.0)
        s.board.loudspeaker.restore()
        await s.until(lambda: not faults(s), 12.0)
        back_s = s.now()
        await asyncio.sleep(3.0)
        assert not s.sounding_at(back_s, s.now()), "nobody waits for the end of that answer any more"
        await answered(s, 2)
        assert s.windows() == ["start 1", "end 1", "start 2", "end 2"]
        assert s.outcomes()[-1] == "2 answered"


@scenario
async def test_a_press_while_the_speaker_is_gone_forgets_the_old_answer() -> None:
    async with running(Story()) as s:
        await s.ask(1)
        await s.until_turn(TurnState.SPEAKING)
        s.board.loudspeaker.lose()
        await asyncio.sleep(2.0)
        pressed_s = s.press()
        s.board.loudspeaker.restore()
        await s.say(2)
        s.release()
        released_s = s.now()
        assert not s.sounding_at(pressed_s + SILENT_AFTER_S, released_s)
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]


# --- the ring and the button -----------------------------------------------------------------------


@scenario
async def test_the_conversation_goes_on_without_the_ring_which_shows_the_present_when_it_is_back() -> None:
    async with running(Story()) as s:
        s.board.ring.lose()
        await answered(s)
        s.mute()
        s.board.ring.restore()
        await asyncio.sleep(35.0)
        assert s.board.ring.pixels == lights(Status(LinkState.UP, muted=True), s.now(), s.board.ring.count)
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_a_button_that_is_lost_while_held_ends_the_sentence() -> None:
    async with running(Story()) as s:
        s.press()
        await s.say(1)
        s.board.push_button.lose()
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]
        s.release()
        s.board.push_button.restore()
        await asyncio.sleep(35.0)
        await answered(s, 2)
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_a_voice_from_before_the_microphone_was_lost_is_not_heard_afterwards() -> None:
    """The detector hears a voice for some frames more than there is one: it is not to count them a second later."""
    config = {"turn": {"barge_in": "voice"}, "echo": {"mode": "off"}}
    async with running(Story("hands_free", config=config, pacing=replace(BURSTS, think_s=5.0))) as s:
        await asyncio.sleep(1.005)
        await s.tap()
        await s.say(1, seconds=2.7)
        s.board.mic.lose()
        await asyncio.sleep(0.2)
        s.board.mic.restore()
        await s.until(lambda: bool(s.told("device.back")))
        assert s.turn is TurnState.THINKING
        await asyncio.sleep(1.0)
        assert len(s.told("gate.opened")) == 1
