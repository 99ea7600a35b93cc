"""Who has asked and cannot be served is told so: once, never while he speaks, and nobody else is."""

from __future__ import annotations

from itertools import permutations

import pytest

from daemon.conversation import Conversation
from daemon.effects import Begun, Cue, Effect, Hush, OpenGate, Sound
from daemon.events import (
    Event,
    FaultFound,
    LinkChanged,
    LongPressed,
    NothingSaid,
    Pressed,
    PromptAsked,
    Released,
    SpeechEnded,
    SpeechStarted,
    StopAsked,
    TurnGivenUp,
    VoiceHeard,
)
from daemon.status import Fault, LinkState
from daemon.ways import Mode, Ways

PRESS = Pressed(0.0)
RELEASE = Released(1.0, held_s=1.0)
DOWN, UP, CONNECTING = (LinkChanged(link) for link in (LinkState.DOWN, LinkState.UP, LinkState.CONNECTING))
GONE = [UP, DOWN, CONNECTING, DOWN, CONNECTING]
"""The link is lost, and the first attempt at another one fails, too."""
NO_NETWORK, KEY_REFUSED = Sound(Cue.NO_NETWORK), Sound(Cue.KEY_REFUSED)
HANDS_FREE = Ways(Mode.HANDS_FREE, wakes=True)


def spoken(conversation: Conversation, *events: Event) -> list[Effect]:
    """Handle all events; return what of all the effects is spoken, and what silences it."""
    effects = [effect for event in events for effect in conversation.handle(event)]
    excuses = {NO_NETWORK, KEY_REFUSED, Sound(Cue.LIMIT)}
    return [effect for effect in effects if effect in excuses or isinstance(effect, Hush)]


def utterance(turn_id: int) -> list[Event]:
    """A voice begins a turn, to which there is no answer."""
    return [VoiceHeard(), SpeechStarted(turn_id), SpeechEnded(turn_id), TurnGivenUp(turn_id)]


def test_who_asks_without_a_network_is_told_when_he_has_finished() -> None:
    conversation = Conversation(Ways())
    assert spoken(conversation, *GONE, PRESS) == []
    assert spoken(conversation, DOWN, CONNECTING) == []
    assert spoken(conversation, RELEASE) == [NO_NETWORK]


def test_however_often_the_link_fails_then_it_is_said_once_for_each_press() -> None:
    conversation = Conversation(Ways())
    assert spoken(conversation, *GONE, PRESS, RELEASE, *[DOWN, CONNECTING] * 10) == [NO_NETWORK]
    assert spoken(conversation, PRESS, *[DOWN, CONNECTING] * 3) == [Hush()]
    assert spoken(conversation, RELEASE, DOWN) == [NO_NETWORK]


def test_who_waits_for_an_answer_when_the_network_goes_is_told_at_the_second_failure() -> None:
    conversation = Conversation(Ways())
    assert spoken(conversation, UP, PRESS, RELEASE, DOWN, CONNECTING) == []
    assert spoken(conversation, DOWN) == [NO_NETWORK]


def test_a_link_that_comes_back_at_once_is_not_worth_a_word() -> None:
    conversation = Conversation(Ways())
    assert spoken(conversation, UP, PRESS, RELEASE, *[DOWN, CONNECTING, UP] * 5) == []


def test_nobody_is_told_who_did_not_ask() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    key = FaultFound(Fault.KEY)
    assert spoken(conversation, PromptAsked("eggs"), *GONE, key, *[DOWN, CONNECTING] * 10, TurnGivenUp(1)) == []


def test_a_tap_without_a_word_gets_none() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    assert spoken(conversation, *GONE, PRESS, NothingSaid(1), DOWN) == []


def test_a_press_too_short_to_ask_gets_none() -> None:
    conversation = Conversation(Ways())
    assert spoken(conversation, *GONE, PRESS, Released(0.1, held_s=0.1), DOWN) == []


def test_a_voice_is_answered_once_in_an_outage_for_it_may_be_a_television() -> None:
    conversation = Conversation(HANDS_FREE)
    assert spoken(conversation, *GONE, *utterance(1)) == [NO_NETWORK]
    assert spoken(conversation, *utterance(2)) == [Hush()]
    assert spoken(conversation, *GONE, *utterance(3)) == [NO_NETWORK]


def test_a_key_that_is_refused_while_somebody_waits_is_told_and_no_network_is_not() -> None:
    conversation = Conversation(Ways())
    assert spoken(conversation, PRESS, RELEASE, FaultFound(Fault.KEY), DOWN, CONNECTING, DOWN) == [KEY_REFUSED]


def test_a_refused_setup_is_not_told_as_a_lost_network() -> None:
    conversation = Conversation(Ways())
    assert spoken(conversation, PRESS, RELEASE, DOWN, CONNECTING, FaultFound(Fault.SETUP), DOWN, DOWN) == []


@pytest.mark.parametrize("interruption", [PRESS, LongPressed(1.0), StopAsked()])
def test_a_press_silences_what_is_being_said(interruption: Event) -> None:
    conversation = Conversation(Ways(Mode.TAP))
    assert spoken(conversation, FaultFound(Fault.LIMIT), PRESS) == [Sound(Cue.LIMIT)]
    assert spoken(conversation, interruption)[0] == Hush()


def test_nothing_is_silenced_where_nothing_was_said() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    assert spoken(conversation, PRESS, PRESS, LongPressed(1.0), LongPressed(2.0), StopAsked()) == []


@pytest.mark.parametrize("faults", list(permutations((Fault.KEY, Fault.LIMIT, Fault.MICROPHONE))))
def test_of_several_faults_the_most_pressing_is_told(faults: tuple[Fault, ...]) -> None:
    conversation = Conversation(Ways(Mode.TAP))
    for fault in faults:
        conversation.handle(FaultFound(fault))
    assert conversation.handle(PRESS) == [Sound(Cue.ERROR)]


def test_a_press_is_answered_by_a_sound_only_where_the_owner_wants_it_and_a_voice_never() -> None:
    opened = OpenGate(1, endpointing=True)
    assert Conversation(Ways(Mode.TAP)).handle(PRESS) == [opened]
    assert Conversation(Ways(Mode.TAP, chimes=True)).handle(PRESS) == [opened, Sound(Cue.LISTENING)]
    talkative = Conversation(Ways(Mode.HANDS_FREE, wakes=True, chimes=True))
    talkative.handle(UP)
    assert talkative.handle(VoiceHeard()) == [OpenGate(1, endpointing=True, begun=Begun.VOICE)]
