"""The reducer: what happens, and what is to be done about it."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.conversation import Conversation
from daemon.effects import (
    Attack,
    Begun,
    CloseGate,
    Cue,
    Effect,
    Ending,
    Forget,
    KeepMuted,
    Look,
    OpenGate,
    Outcome,
    SetMuted,
    Silence,
    Sound,
    TurnOver,
    Watch,
)
from daemon.events import (
    BargedIn,
    Doubled,
    Event,
    FaultFound,
    FaultMended,
    LinkChanged,
    LongPressed,
    MuteAsked,
    MuteSwitched,
    NothingSaid,
    Pressed,
    Released,
    ReplyDone,
    ReplyGenerated,
    ReplyInterrupted,
    ReplyLost,
    ReplySounded,
    ReplySounding,
    SightChanged,
    SpeechEnded,
    SpeechStarted,
    TurnGivenUp,
    TurnTooLong,
    VoiceHeard,
    WatchOver,
)
from daemon.status import Fault, LinkState, TurnState
from daemon.ways import AnswerCut, Mode, Ways

PRESS = Pressed(0.0)
RELEASE = Released(1.0, held_s=1.0)
TAPPED = Released(0.1, held_s=0.1)


def told(conversation: Conversation, *events: Event) -> list[Effect]:
    """Handle all events; return the effects of the last."""
    effects: list[Effect] = []
    for event in events:
        effects = conversation.handle(event)
    return effects


def turn_of(conversation: Conversation) -> TurnState:
    return conversation.status.turn


def test_hold_opens_while_the_button_is_down() -> None:
    conversation = Conversation(Ways(Mode.HOLD))
    assert told(conversation, PRESS) == [OpenGate(1, endpointing=False)]
    assert turn_of(conversation) is TurnState.LISTENING
    assert told(conversation, RELEASE) == [CloseGate(1, Ending.RELEASED)]
    assert turn_of(conversation) is TurnState.THINKING


def test_tap_listens_until_the_user_is_silent() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    assert told(conversation, PRESS) == [OpenGate(1, endpointing=True)]
    assert told(conversation, TAPPED) == []
    assert told(conversation, SpeechStarted(1)) == []
    assert told(conversation, SpeechEnded(1)) == [CloseGate(1, Ending.SILENCE), Sound(Cue.DONE)]
    assert turn_of(conversation) is TurnState.THINKING


def test_a_second_tap_ends_the_turn_at_once() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    assert told(conversation, PRESS, TAPPED, SpeechStarted(1), PRESS) == [CloseGate(1, Ending.TAPPED)]
    assert turn_of(conversation) is TurnState.THINKING


def test_a_second_tap_before_a_word_asks_nothing() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    expected = [CloseGate(1, Ending.TAPPED), Silence(1), Forget(1), TurnOver(1, Outcome.EMPTY)]
    assert told(conversation, PRESS, TAPPED, PRESS) == expected
    assert turn_of(conversation) is TurnState.IDLE


def test_a_tap_in_hold_mode_stops_the_answer_and_asks_nothing() -> None:
    conversation = Conversation(Ways(Mode.HOLD))
    stopped = told(conversation, PRESS, RELEASE, ReplySounding(1), PRESS)
    assert stopped == [Silence(1), Forget(1), TurnOver(1, Outcome.INTERRUPTED), OpenGate(2, endpointing=False)]
    expected = [CloseGate(2, Ending.TOO_SHORT), Silence(2), Forget(2), TurnOver(2, Outcome.EMPTY)]
    assert told(conversation, TAPPED) == expected


def test_speaking_again_before_the_answer_keeps_what_was_said() -> None:
    conversation = Conversation(Ways(Mode.HOLD))
    expected = [Silence(1), TurnOver(1, Outcome.SUPERSEDED), OpenGate(2, endpointing=False)]
    assert told(conversation, PRESS, RELEASE, PRESS) == expected


def test_a_link_lost_before_the_answer_changes_nothing_for_the_turn() -> None:
    conversation = Conversation(Ways(Mode.HOLD))
    told(conversation, PRESS, RELEASE, LinkChanged(LinkState.DOWN))
    assert turn_of(conversation) is TurnState.THINKING
    assert conversation.status.link is LinkState.DOWN


def test_muting_in_mid_sentence_ends_the_sentence() -> None:
    conversation = Conversation(Ways(Mode.HOLD))
    told(conversation, PRESS)
    assert told(conversation, MuteAsked(True)) == [
        KeepMuted(True),
        SetMuted(True),
        CloseGate(1, Ending.MUTED),
        Sound(Cue.MUTED),
    ]
    assert told(conversation, MuteAsked(True)) == []
    assert told(conversation, RELEASE) == []


def test_the_switch_ends_the_sentence_too_and_is_not_kept() -> None:
    conversation = Conversation(Ways(Mode.HOLD))
    told(conversation, PRESS)
    assert told(conversation, MuteSwitched(True)) == [
        SetMuted(True, by_switch=True),
        CloseGate(1, Ending.MUTED),
        Sound(Cue.MUTED),
    ]
    assert told(conversation, MuteSwitched(True)) == []
    assert told(conversation, MuteSwitched(False)) == [SetMuted(False, by_switch=True), Sound(Cue.UNMUTED)]


@pytest.mark.parametrize("undo", [MuteAsked(False), LongPressed(0.0)])
def test_nothing_undoes_the_switch_but_the_switch(undo: Event) -> None:
    conversation = Conversation(Ways(Mode.TAP))
    told(conversation, MuteSwitched(True))
    assert told(conversation, undo) == [Sound(Cue.MUTED)]
    assert conversation.status.muted
    told(conversation, MuteSwitched(False))
    assert not conversation.status.muted, "what was refused was not said"


def test_moved_back_the_switch_leaves_what_the_owner_said_last() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    told(conversation, MuteSwitched(True))
    assert told(conversation, MuteAsked(True)) == [KeepMuted(True)]
    assert told(conversation, MuteAsked(False)) == [Sound(Cue.MUTED)]
    assert told(conversation, MuteSwitched(False)) == [Sound(Cue.MUTED)]
    assert conversation.status.muted
    assert told(conversation, MuteAsked(False)) == [KeepMuted(False), SetMuted(False), Sound(Cue.UNMUTED)]


def test_a_press_while_muted_opens_nothing() -> None:
    conversation = Conversation(Ways(Mode.TAP))
    told(conversation, MuteAsked(True))
    assert told(conversation, PRESS) == [Sound(Cue.MUTED)]
    assert turn_of(conversation) is TurnState.IDLE


@pytest.mark.parametrize(
    ("fault", "cue"),
    [
        (Fault.KEY, Cue.KEY_REFUSED),
        (Fault.SETUP, Cue.ERROR),
        (Fault.MICROPHONE, Cue.ERROR),
        (Fault.LIMIT, Cue.LIMIT),
    ],
)
def test_a_press_that_cannot_lead_anywhere_says_so(fault: Fault, cue: Cue) -> None:
    conversation = Conversation(Ways(Mode.TAP))
    told(conversation, FaultFound(fault))
    assert told(conversation, PRESS) == [Sound(cue)]
    told(conversation, FaultMended(fault))
    assert told(conversation, PRESS)[-1] == OpenGate(1, endpointing=True)


def test_a_turn_that_got_too_long_is_answered() -> None:
    conversation = Conversation(Ways(Mode.HOLD))
    assert told(conversation, PRESS, TurnTooLong(1)) == [CloseGate(1, Ending.TOO_LONG), Sound(Cue.DONE)]
    assert told(conversation, RELEASE) == []


# --- voices ----------------------------------------------------------------------------------------

FREE = Ways(Mode.HANDS_FREE, wakes=True, follow_up_s=8.0, barges_in=True, looks=True)
SAID = (SpeechStarted(1), SpeechEnded(1))


def free(*events: Event, ways: Ways = FREE) -> Conversation:
    """A conversation after `events`, with a link."""
    conversation = Conversation(ways)
    told(conversation, LinkChanged(LinkState.UP), *events)
    return conversation


def test_hands_free_watches_strictly_until_somebody_speaks() -> None:
    conversation = Conversation(FREE)
    assert told(conversation, LinkChanged(LinkState.UP)) == [Watch(Attack.STRICT)]
    assert told(conversation, VoiceHeard()) == [OpenGate(1, endpointing=True, begun=Begun.VOICE)]
    assert told(conversation, *SAID) == [CloseGate(1, Ending.SILENCE), Sound(Cue.DONE), Watch(Attack.EASY)]
    assert told(conversation, ReplySounding(1)) == [Watch(Attack.NONE)]
    assert told(conversation, ReplySounded(1)) == [TurnOver(1, Outcome.ANSWERED), Watch(Attack.EASY, 8.0)]
    assert conversation.status.follow_up
    assert told(conversation, WatchOver()) == [Watch(Attack.STRICT)]
    assert not conversation.status.follow_up


@pytest.mark.parametrize(
    ("ways", "before", "thinking", "after"),
    [
        (Ways(Mode.HOLD, wakes=True, follow_up_s=8.0, barges_in=True), [], [], []),
        (Ways(Mode.TAP, wakes=True, follow_up_s=8.0), [], [], []),
        (Ways(Mode.TAP, barges_in=True), [], [Watch(Attack.EASY)], []),
        (Ways(Mode.HANDS_FREE, follow_up_s=5.0), [], [], [Watch(Attack.EASY, 5.0)]),
        (Ways(Mode.HANDS_FREE, wakes=True), [Watch(Attack.STRICT)], [], [Watch(Attack.STRICT)]),
    ],
)
def test_who_is_watched_for_and_when(
    ways: Ways, before: list[Effect], thinking: list[Effect], after: list[Effect]
) -> None:
    conversation = Conversation(ways)

    def watches(*events: Event) -> list[Effect]:
        return [effect for effect in told(conversation, *events) if isinstance(effect, Watch)]

    assert watches(LinkChanged(LinkState.UP)) == before
    assert watches(PRESS) == []
    assert watches(SpeechStarted(1)) == []
    ended = SpeechEnded(1) if ways.mode is not Mode.HOLD else RELEASE
    assert watches(ended) == thinking
    told(conversation, ReplySounding(1))
    assert watches(ReplySounded(1)) == after


@pytest.mark.parametrize("hindrance", [MuteAsked(True), FaultFound(Fault.MICROPHONE), FaultFound(Fault.LIMIT)])
def test_nobody_is_watched_for_while_no_turn_can_begin(hindrance: Event) -> None:
    conversation = free(PRESS, *SAID, ReplySounding(1), ReplySounded(1))
    assert told(conversation, hindrance)[-1] == Watch(Attack.NONE)
    assert not conversation.status.follow_up, "the window does not go on afterwards"
    assert told(conversation, VoiceHeard()) == []


def test_the_watch_goes_on_when_a_turn_can_begin_again() -> None:
    conversation = free(MuteAsked(True))
    assert told(conversation, MuteAsked(False))[-1] == Watch(Attack.STRICT)


@pytest.mark.parametrize("ending", [PRESS, TurnTooLong(1)])
def test_a_turn_that_was_closed_on_purpose_or_never_ends_is_not_reopened_by_a_voice(ending: Event) -> None:
    conversation = free(PRESS, SpeechStarted(1), ending)
    assert turn_of(conversation) is TurnState.THINKING
    assert told(conversation, VoiceHeard()) == []


def test_a_voice_over_the_answer_stops_it_and_is_listened_to() -> None:
    conversation = free(PRESS, *SAID, ReplySounding(1))
    assert told(conversation, BargedIn()) == [
        Silence(1),
        Forget(1),
        TurnOver(1, Outcome.INTERRUPTED),
        OpenGate(2, endpointing=True, begun=Begun.BARGE_IN),
    ]


@pytest.mark.parametrize("ways", [Ways(Mode.HOLD, barges_in=True), Ways(Mode.TAP), Ways(Mode.HANDS_FREE, wakes=True)])
def test_where_the_button_alone_stops_an_answer_no_voice_does(ways: Ways) -> None:
    conversation = free(PRESS, RELEASE, *SAID, ReplySounding(1), ways=ways)
    assert told(conversation, BargedIn()) == []
    assert turn_of(conversation) is TurnState.SPEAKING


@pytest.mark.parametrize("before", [(), (PRESS,), (PRESS, *SAID)])
def test_a_barge_in_means_nothing_when_no_answer_sounds(before: tuple[Event, ...]) -> None:
    assert told(free(*before), BargedIn()) == []


@pytest.mark.parametrize("ending", [NothingSaid(2), MuteAsked(True), FaultFound(Fault.MICROPHONE)])
def test_a_voice_before_the_answer_that_was_none_costs_no_answer(ending: Event) -> None:
    """What was said before is answered with the turn that only seemed to go on from it."""
    conversation = free(PRESS, *SAID)
    opened = told(conversation, VoiceHeard())
    assert opened == [
        Silence(1),
        TurnOver(1, Outcome.SUPERSEDED),
        OpenGate(2, endpointing=True, begun=Begun.VOICE),
    ]
    effects = told(conversation, ending)
    assert not any(isinstance(effect, Forget | TurnOver) for effect in effects)
    assert turn_of(conversation) is TurnState.THINKING
    assert told(conversation, ReplySounding(2), ReplySounded(2))[0] == TurnOver(2, Outcome.ANSWERED)


def test_a_voice_in_between_that_was_none_is_dropped() -> None:
    conversation = free(VoiceHeard())
    assert TurnOver(1, Outcome.EMPTY) in told(conversation, NothingSaid(1))
    assert turn_of(conversation) is TurnState.IDLE


@pytest.mark.parametrize("voice", [VoiceHeard(), BargedIn()])
def test_a_voice_after_an_answer_that_was_none_does_not_cost_the_follow_up(voice: Event) -> None:
    """Or else, where a press wakes the device, nobody could go on with the conversation."""
    ways = replace(FREE, wakes=False)
    answered = (ReplySounded(1),) if isinstance(voice, VoiceHeard) else ()
    conversation = free(PRESS, *SAID, ReplySounding(1), *answered, voice, ways=ways)
    assert turn_of(conversation) is TurnState.LISTENING
    assert told(conversation, NothingSaid(2))[-1] == Watch(Attack.EASY, 8.0)
    assert conversation.status.follow_up
    told(conversation, PRESS, NothingSaid(3))
    assert not conversation.status.follow_up, "a press that says nothing ends the conversation"


# --- what the button means besides -----------------------------------------------------------------


def test_a_long_press_drops_what_it_opened_and_mutes() -> None:
    conversation = free(PRESS, SpeechStarted(1))
    assert told(conversation, LongPressed(1.0)) == [
        CloseGate(1, Ending.MUTED),
        Silence(1),
        Forget(1),
        TurnOver(1, Outcome.EMPTY),
        KeepMuted(True),
        SetMuted(True),
        Sound(Cue.MUTED),
    ]


def test_a_long_press_does_not_drop_what_an_earlier_one_opened() -> None:
    conversation = free(PRESS, TAPPED, SpeechStarted(1))
    assert told(conversation, PRESS) == [CloseGate(1, Ending.TAPPED)]
    told(conversation, LongPressed(1.0))
    assert turn_of(conversation) is TurnState.THINKING
    assert conversation.status.muted


def test_a_look_is_asked_for_once_a_turn_is_there() -> None:
    conversation = free(PRESS, TAPPED)
    assert told(conversation, Doubled(0.2)) == [Look(1)]
    assert told(free(MuteAsked(True)), Doubled(0.2)) == [Sound(Cue.MUTED)]


EVENTS = st.one_of(
    st.sampled_from([PRESS, Pressed(0.0, found=True), Doubled(0.0), LongPressed(0.0)]),
    st.sampled_from([VoiceHeard(), WatchOver(), BargedIn()]),
    st.sampled_from([RELEASE, TAPPED]),
    st.builds(MuteAsked, st.booleans()),
    st.builds(MuteSwitched, st.booleans()),
    st.builds(SightChanged, st.booleans()),
    st.builds(LinkChanged, st.sampled_from(LinkState)),
    st.builds(FaultFound, st.sampled_from(Fault)),
    st.builds(FaultMended, st.sampled_from(Fault)),
    st.builds(ReplyLost, st.integers(0, 6), st.floats(0, 1)),
    *[
        st.builds(kind, st.integers(0, 6))
        for kind in (
            SpeechStarted,
            SpeechEnded,
            NothingSaid,
            TurnTooLong,
            ReplyInterrupted,
            ReplyGenerated,
            ReplyDone,
            TurnGivenUp,
            ReplySounding,
            ReplySounded,
        )
    ],
)


WAYS = st.builds(
    Ways,
    mode=st.sampled_from(Mode),
    wakes=st.booleans(),
    follow_up_s=st.sampled_from([0.0, 8.0]),
    barges_in=st.booleans(),
    served=st.booleans(),
    looks=st.booleans(),
    answer_cut=st.sampled_from(AnswerCut),
)


@settings(max_examples=300)
@given(WAYS, st.lists(EVENTS, max_size=60))
def test_whatever_happens_the_gate_and_the_ring_agree(ways: Ways, events: list[Event]) -> None:
    """Gates open and close in turn, never while muted, exactly while the status says listening; turns end once.

    A closed gate is watched only where a voice may open it, and a follow-up is shown exactly while it runs.
    """
    conversation = Conversation(ways)
    is_open, over = False, set()
    watch, switched = Watch(Attack.NONE), False
    for event in events:
        for effect in conversation.handle(event):
            match effect:
                case OpenGate(turn_id):
                    assert not is_open
                    assert not conversation.status.muted
                    assert not conversation.status.muted_by_switch
                    assert turn_id == conversation.turn_id
                    is_open, watch = True, Watch(Attack.NONE)
                case CloseGate():
                    assert is_open
                    is_open = False
                case Watch():
                    assert not is_open
                    assert effect != watch
                    watch = effect
                case Look(turn_id):
                    assert is_open
                    assert turn_id == conversation.turn_id
                    assert ways.looks
                case TurnOver(turn_id):
                    assert turn_id not in over
                    over.add(turn_id)
                case _:
                    pass
        status = conversation.status
        if isinstance(event, MuteSwitched):
            switched = event.muted
        assert status.muted >= status.muted_by_switch == switched, "software cannot undo what the switch says"
        assert is_open == (status.turn is TurnState.LISTENING)
        assert status.follow_up == (watch.for_s is not None)
        if watch.attack is not Attack.NONE:
            assert not status.muted
            assert ways.mode is not Mode.HOLD
            assert status.turn in {TurnState.IDLE, TurnState.THINKING}
    expected_open = set() if conversation.status.turn is TurnState.IDLE else {conversation.turn_id}
    assert over == set(range(1, conversation.turn_id + 1)) - expected_open
