"""Muted is muted: nothing is heard, nothing is sent, and the ring says so."""

from __future__ import annotations

import asyncio

from daemon.live.upward import Speech
from daemon.panel.lights import lights
from daemon.panel.scene import meaning
from daemon.rehearsal.voices import question
from daemon.status import Fault, LinkState, Status, TurnState
from hardware.pcm import UP
from tests.scenario.story import Story, running, scenario


@scenario
async def test_a_press_while_muted_opens_nothing_and_says_so() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        s.mute()
        await asyncio.sleep(2.0)
        pressed_s = s.press()
        await s.say(1, seconds=0.9)
        s.release()
        await s.say(1)
        await asyncio.sleep(10.0)
        assert s.turn is TurnState.IDLE
        assert s.sent == []
        assert s.sounding_at(pressed_s, pressed_s + 0.5)
        muted = lights(Status(LinkState.UP, muted=True), s.now(), s.board.ring.count)
        assert s.board.ring.pixels == muted


@scenario
async def test_muted_in_mid_sentence_ends_the_sentence_there_and_it_is_answered() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        pressed_s = s.press()
        await s.say(1, seconds=1.5)
        s.mute()
        muted_s = s.now()
        s.board.mic.say(question(2))
        await asyncio.sleep(1.0)
        s.release()
        await s.until_answered()
        (turn,) = s.service.turns
        assert turn.digests == s.captured(pressed_s - 0.5, muted_s)
        assert s.windows() == ["start 1", "end 1"]
        assert s.told("turn.done")[0]["ending"] == "muted"


@scenario
async def test_what_was_said_while_muted_is_not_in_the_pre_roll_afterwards() -> None:
    async with running(Story(config={"speaker": {"earcons": False}})) as s:
        await asyncio.sleep(1.005)
        s.mute()
        await s.say(1)
        s.mute(False)
        unmuted_s = s.now()
        await asyncio.sleep(0.2)
        s.press()
        await s.say(2)
        released_s = s.release()
        await s.until_answered()
        (turn,) = s.service.turns
        assert turn.digests == s.captured(unmuted_s, released_s)


@scenario
async def test_a_question_asked_before_muting_is_answered_while_muted() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        s.mute()
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_muted_while_the_link_is_down_sends_only_what_was_said_before() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.005)
        s.network.cut()
        pressed_s = s.press()
        await s.say(1)
        s.mute()
        muted_s = s.now()
        await asyncio.sleep(20.0)
        s.network.restore()
        await s.until_answered()
        said = [item for _, item in s.link.sent if isinstance(item, Speech)]
        assert UP.seconds(sum(len(item.pcm) for item in said)) > 3.0
        assert (
            pressed_s - 0.5 <= min(item.captured_s for item in said) <= max(item.captured_s for item in said) <= muted_s
        )


@scenario
async def test_a_press_while_muted_that_stops_a_question_lets_it_be_forgotten() -> None:
    """Nobody waits for its answer any more, so it must not be said again to a later link."""
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await s.ask(1)
        s.mute()
        await s.tap()
        assert s.outcomes() == ["1 superseded"]
        await asyncio.sleep(20.0)
        s.network.reset()
        await asyncio.sleep(60.0)
        assert len(s.connector.links) == 2
        assert s.windows() == ["start 1", "end 1"]


@scenario
async def test_a_voice_from_before_it_was_muted_is_not_heard_afterwards() -> None:
    """The detector hears a voice for some frames more than there is one: it is not to count them when it is unmuted."""
    config = {"turn": {"barge_in": "voice"}, "echo": {"mode": "off"}}
    async with running(Story("hands_free", config=config)) as s:
        await asyncio.sleep(1.005)
        await s.tap()
        await s.say(1, seconds=2.7)
        s.mute()
        assert s.turn is TurnState.THINKING, "a voice goes on with the question, as long as there is no answer"
        await asyncio.sleep(0.6)
        s.mute(False)
        await asyncio.sleep(0.3)
        assert len(s.told("gate.opened")) == 1


# --- the switch on the device --------------------------------------------------------------------------


@scenario
async def test_the_switch_shuts_the_microphone_off_at_once_and_software_cannot_open_it() -> None:
    async with running(Story("tap")) as s:
        await asyncio.sleep(1.005)
        pressed_s = await s.tap()
        await s.say(1, seconds=2.5)
        s.board.slide.flip(True)
        switched_s = s.now()
        s.board.mic.say(question(2))
        await s.until_answered()
        for undo in (lambda: s.mute(False), s.press):
            await asyncio.sleep(1.0)
            undone_s = s.now()
            undo()
            await asyncio.sleep(1.5)
            assert s.board.mic.muted
            assert s.sounding_at(undone_s, undone_s + 0.3), "it says that it stays muted"
        s.release()
        said = [item for _, item in s.spoken_up()]
        assert pressed_s - 0.5 <= said[0].captured_s <= said[-1].captured_s <= switched_s
        assert len(s.told("gate.opened")) == 1
        assert [line["by"] for line in s.told("microphone.muted")] == ["switch"]
        assert s.told("microphone.unmuted") == []
        status = s.app.conversation.status
        assert s.board.ring.pixels == lights(status, s.now(), s.board.ring.count)
        assert meaning(status) == "Muted by the switch on the device, the microphone is shut off."


@scenario
async def test_moved_back_it_is_as_the_owner_left_it() -> None:
    async with running(Story()) as s:
        s.board.slide.flip(True)
        await asyncio.sleep(0.1)
        s.board.slide.flip(False)
        await asyncio.sleep(0.1)
        assert not s.board.mic.muted
        s.mute()
        s.board.slide.flip(True)
        await asyncio.sleep(0.1)
        s.board.slide.flip(False)
        await asyncio.sleep(0.1)
        assert s.board.mic.muted
        assert s.app.keeping.muted, "what the owner said outlives the process, what the switch says does not need to"


@scenario
async def test_the_switch_is_read_before_the_microphone_is_opened() -> None:
    story = Story()
    story.board.slide.flip(True)
    muted_when_opened = []
    open_microphone = story.board.mic.open

    def opened() -> None:
        muted_when_opened.append(story.app.conversation.status.muted)
        open_microphone()

    story.board.mic.open = opened  # type: ignore[method-assign] # a seam to look through
    async with running(story) as s:
        assert muted_when_opened == [True]
        assert s.board.mic.muted
        assert not s.app.keeping.muted


@scenario
async def test_a_switch_that_cannot_be_read_at_the_start_mutes_and_says_so() -> None:
    story = Story()
    story.board.missing.add("mute_switch")
    async with running(story) as s:
        assert s.board.mic.muted
        assert s.told("device.missing")[0]["part"] == "mute_switch"
        assert s.app.conversation.status.fault is Fault.MUTE_SWITCH
        await s.ask(1, seconds=1.0)
        assert s.sent == []
        s.board.missing.clear()
        await asyncio.sleep(5.0)
        assert not s.board.mic.muted
        assert s.app.conversation.status.fault is None
        await s.ask(2)
        await s.until_answered()


@scenario
async def test_a_switch_that_is_lost_later_mutes_until_it_is_back() -> None:
    async with running(Story()) as s:
        s.board.slide.lose()
        await asyncio.sleep(0.1)
        assert s.board.mic.muted
        assert s.told("device.lost")[0]["part"] == "mute_switch"
        s.mute(False)
        assert s.board.mic.muted
        s.board.slide.restore()
        await asyncio.sleep(20.0)
        assert not s.board.mic.muted
        assert s.told("device.back")[0]["part"] == "mute_switch"
