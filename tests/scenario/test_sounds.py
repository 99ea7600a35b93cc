"""What somebody hears who asks and cannot be served, what the start sounds like, and the sound of the opening gate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest

from daemon.announcing.phrases import Phrase
from daemon.audio.earcon import Earcon, sound
from daemon.audio.whoosh import whoosh
from daemon.rehearsal.stand_in.faults import Faults
from daemon.rehearsal.voices import answer
from daemon.status import Fault, LinkState, TurnState
from hardware.pcm import DOWN, FRAME_S
from hardware.settings import BoardSettings, LedSettings
from hardware.simulated import SimulatedBoard
from hardware.simulated_room import Room
from tests.scenario.story import SILENT_AFTER_S, Story, running, scenario

LOUD = {"speaker": {"volume_percent": 100}}
"""What sounds can be told from what is played: nothing is changed on its way."""
FETCHED = {
    phrase: answer()[DOWN.bytes_in(4.2 + 1.2 * at) : DOWN.bytes_in(5.4 + 1.2 * at)] for at, phrase in enumerate(Phrase)
}
"""As if the model had said them; no two are alike, and none is like an answer."""


def story(mode: str = "hold", **sections: Mapping[str, object]) -> Story:
    """A device that has fetched its phrases."""
    made = Story(mode, config={**LOUD, **sections})
    made.app.sounds.phrases = FETCHED
    return made


async def offline(s: Story) -> None:
    """Let the network go, and wait until the device has noticed."""
    s.network.cut(unreachable=True)
    await s.until(lambda: len(s.told("link.failed")) > 0, 60.0)
    await s.until_link(LinkState.DOWN)


def heard(s: Story, from_s: float) -> bytes:
    """What has sounded since then."""
    return s.board.loudspeaker.heard(from_s, s.now() - FRAME_S)


def begin(pcm: bytes) -> bytes:
    """The first second of a sound, or all of it."""
    return pcm[: DOWN.bytes_in(1.0)]


# --- faults ----------------------------------------------------------------------------------------


@scenario
async def test_offline_the_phrase_is_said_once_after_the_question_and_the_question_is_answered_later() -> None:
    async with running(story()) as s:
        await offline(s)
        asked_s = s.now()
        span = await s.ask(1)
        assert not any(heard(s, asked_s)), "not while the button is held"
        await asyncio.sleep(15.0)
        assert heard(s, span[1]).count(begin(FETCHED[Phrase.NO_NETWORK])) == 1
        s.network.restore()
        await s.until_answered()
        (turn,) = s.answered_turns()
        assert turn.digests == s.captured(*span)


@scenario
async def test_a_press_silences_the_phrase_at_once() -> None:
    async with running(story()) as s:
        await offline(s)
        _, released_s = await s.ask(1, seconds=1.0)
        await asyncio.sleep(0.6)
        pressed_s = s.press()
        await asyncio.sleep(1.5)
        assert s.sounding_at(released_s, pressed_s)
        assert not s.sounding_at(pressed_s + SILENT_AFTER_S, s.now())
        assert s.turn is TurnState.LISTENING


@scenario
async def test_an_answer_takes_the_place_of_the_phrase() -> None:
    async with running(story()) as s:
        phrase = answer()[DOWN.bytes_in(4.2) : DOWN.bytes_in(9.2)]
        s.app.sounds.phrases = {Phrase.NO_NETWORK: phrase}
        await offline(s)
        _, released_s = await s.ask(1, seconds=1.0)
        s.network.restore()
        await s.until_turn(TurnState.SPEAKING)
        await s.until_turn(TurnState.IDLE)
        played = heard(s, released_s)
        assert phrase[: DOWN.bytes_in(0.2)] in played
        assert phrase not in played
        assert begin(answer()) in played
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_in_the_background_nothing_is_ever_said() -> None:
    async with running(story("hands_free")) as s:
        s.service.faults = Faults(refuse_upgrade=401)
        s.network.reset()
        await asyncio.sleep(300.0)
        assert Fault.KEY in s.app.conversation.status.faults
        s.network.cut(unreachable=True)
        await asyncio.sleep(300.0)
        assert not any(heard(s, s.now() - 600.0))


@scenario
async def test_a_refused_key_is_told_to_who_presses() -> None:
    async with running(story("tap")) as s:
        s.service.faults = Faults(refuse_upgrade=401)
        s.network.reset()
        await s.until(lambda: Fault.KEY in s.app.conversation.status.faults)
        pressed_s = await s.tap()
        await asyncio.sleep(3.0)
        assert begin(FETCHED[Phrase.KEY_REFUSED]) in heard(s, pressed_s)
        assert s.turn is TurnState.IDLE


@pytest.mark.parametrize(
    ("limits", "phrase"),
    [({"turns_per_hour": 1}, Phrase.HOURLY_LIMIT), ({"daily_tokens": 1}, Phrase.DAILY_LIMIT)],
)
@scenario
async def test_which_limit_is_reached_is_said(limits: Mapping[str, object], phrase: Phrase) -> None:
    async with running(story(limits=limits)) as s:
        await s.ask(1, seconds=1.0)
        await s.until_answered()
        await asyncio.sleep(1.0)
        pressed_s = s.press()
        await asyncio.sleep(0.4)
        assert s.sounding_at(pressed_s, s.now()), "at once: no turn has begun"
        s.release()
        await asyncio.sleep(3.0)
        assert begin(FETCHED[phrase]) in heard(s, pressed_s)


@scenario
async def test_without_a_phrase_it_is_a_sound_of_its_own() -> None:
    async with running(story()) as s:
        s.app.sounds.phrases = {}
        await offline(s)
        _, released_s = await s.ask(1, seconds=1.0)
        await asyncio.sleep(3.0)
        assert sound(Earcon.NO_NETWORK) in heard(s, released_s)


@pytest.mark.parametrize(
    "off",
    [
        {"sounds": {"no_network": False}},
        {"speaker": {"volume_percent": 100, "earcons": False}},
    ],
)
@scenario
async def test_what_is_switched_off_is_silent(off: Mapping[str, Mapping[str, object]]) -> None:
    made = Story(config={**LOUD, **off})
    made.app.sounds.phrases = FETCHED
    async with running(made) as s:
        await offline(s)
        _, released_s = await s.ask(1, seconds=1.0)
        await asyncio.sleep(5.0)
        assert not any(heard(s, released_s))


@pytest.mark.parametrize(
    ("key", "sounds"),
    [("muted", True), ("muted", False), ("error", True), ("error", False)],
)
@scenario
async def test_each_switch_is_about_its_own_sound(key: str, sounds: bool) -> None:
    async with running(story(sounds={key: sounds})) as s:
        begun_s = s.now()
        s.mute()
        s.mute(False)
        await asyncio.sleep(0.5)
        unmuted = any(heard(s, begun_s))
        s.service.faults = Faults(answers=False)
        _, released_s = await s.ask(1, seconds=1.0)
        await s.until_turn(TurnState.IDLE, 200.0)
        await asyncio.sleep(0.5)
        failed = any(heard(s, released_s))
        assert (unmuted if key == "muted" else failed) is sounds
        assert (failed if key == "muted" else unmuted) is True


# --- the start -------------------------------------------------------------------------------------


@scenario
async def test_once_it_is_ready_after_power_on_it_says_so() -> None:
    async with running(story(sounds={"start": True})) as s:
        await asyncio.sleep(1.0)
        assert heard(s, s.now() - 2.0).count(sound(Earcon.START)) == 1


@scenario
async def test_where_the_canceller_is_to_learn_the_room_the_rush_comes_first() -> None:
    async with running(story("tap", sounds={"start": True}, echo={"mode": "cancel"})) as s:
        await asyncio.sleep(3.0)
        pause = DOWN.silence * 5
        assert whoosh() + pause + sound(Earcon.START) in heard(s, s.now() - 4.0)


@scenario
async def test_without_a_key_it_is_not_ready_and_does_not_say_so() -> None:
    async with running(Story(config={**LOUD, "sounds": {"start": True}}, key=False), linked=False) as s:
        await asyncio.sleep(2.0)
        assert not any(heard(s, s.now() - 3.0))


# --- the opening gate ------------------------------------------------------------------------------


@pytest.mark.parametrize("echo", ["cancel", "level", "half_duplex"])
@scenario
async def test_the_sound_of_the_opening_gate_is_never_taken_for_speech(echo: str) -> None:
    board = SimulatedBoard(BoardSettings(leds=LedSettings(count=3)), room=Room(echo_db=-10.0))
    chimes: dict[str, Mapping[str, object]] = {"sounds": {"listening": True}, "echo": {"mode": echo}}
    async with running(Story("tap", config={**LOUD, **chimes}, board=board)) as s:
        await asyncio.sleep(3.0)
        pressed_s = await s.tap()
        await asyncio.sleep(0.5)
        assert sound(Earcon.LISTENING) in heard(s, pressed_s)
        await s.until_turn(TurnState.IDLE)
        assert [(done["outcome"], done["ending"]) for done in s.told("turn.done")] == [("empty", "nothing_said")]


@scenario
async def test_with_it_every_word_still_arrives() -> None:
    async with running(Story("tap", config={**LOUD, "sounds": {"listening": True}})) as s:
        await asyncio.sleep(1.005)
        pressed_s = await s.tap()
        await s.say(1)
        await s.until_turn(TurnState.THINKING)
        (turn,) = s.service.turns
        wanted = s.captured(pressed_s - 0.5, pressed_s + 3.0)
        assert turn.digests[: len(wanted)] == wanted
        await s.until_answered()
