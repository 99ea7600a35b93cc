"""The reducer: what happens, and what is to be done about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.conversation import (
    AnswerCut,
    CloseGate,
    Conversation,
    Cue,
    Effect,
    Ending,
    Forget,
    LetSound,
    Mode,
    OpenGate,
    Outcome,
    SayAgain,
    SetMuted,
    Silence,
    Sound,
    TurnOver,
)
from daemon.events import (
    Event,
    Fault,
    FaultFound,
    FaultMended,
    LinkChanged,
    LinkState,
    MuteAsked,
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
    TurnState,
    TurnTooLong,
)

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
    conversation = Conversation(Mode.HOLD)
    assert told(conversation, PRESS) == [OpenGate(1, endpointing=False)]
    assert turn_of(conversation) is TurnState.LISTENING
    assert told(conversation, RELEASE) == [CloseGate(1, Ending.RELEASED)]
    assert turn_of(conversation) is TurnState.THINKING


def test_tap_listens_until_the_user_is_silent() -> None:
    conversation = Conversation(Mode.TAP)
    assert told(conversation, PRESS) == [OpenGate(1, endpointing=True)]
    assert told(conversation, TAPPED) == []
    assert told(conversation, SpeechStarted(1)) == []
    assert told(conversation, SpeechEnded(1)) == [CloseGate(1, Ending.SILENCE), Sound(Cue.DONE)]
    assert turn_of(conversation) is TurnState.THINKING


def test_a_second_tap_ends_the_turn_at_once() -> None:
    conversation = Conversation(Mode.TAP)
    assert told(conversation, PRESS, TAPPED, SpeechStarted(1), PRESS) == [CloseGate(1, Ending.TAPPED)]
    assert turn_of(conversation) is TurnState.THINKING


def test_a_second_tap_before_a_word_asks_nothing() -> None:
    conversation = Conversation(Mode.TAP)
    expected = [CloseGate(1, Ending.TAPPED), Silence(1), Forget(1), TurnOver(1, Outcome.EMPTY)]
    assert told(conversation, PRESS, TAPPED, PRESS) == expected
    assert turn_of(conversation) is TurnState.IDLE


def test_a_tap_in_hold_mode_stops_the_answer_and_asks_nothing() -> None:
    conversation = Conversation(Mode.HOLD)
    stopped = told(conversation, PRESS, RELEASE, ReplySounding(1), PRESS)
    assert stopped == [Silence(1), Forget(1), TurnOver(1, Outcome.INTERRUPTED), OpenGate(2, endpointing=False)]
    expected = [CloseGate(2, Ending.TOO_SHORT), Silence(2), Forget(2), TurnOver(2, Outcome.EMPTY)]
    assert told(conversation, TAPPED) == expected


def test_an_answer_sounds_and_is_over() -> None:
    conversation = Conversation(Mode.HOLD)
    assert told(conversation, PRESS, RELEASE, ReplySounding(1)) == []
    assert turn_of(conversation) is TurnState.SPEAKING
    assert told(conversation, ReplyGenerated(1)) == [Forget(1), LetSound(1)]
    assert told(conversation, ReplySounded(1)) == [TurnOver(1, Outcome.ANSWERED)]
    assert turn_of(conversation) is TurnState.IDLE
    assert told(conversation, ReplyDone(1)) == []


def test_speaking_again_before_the_answer_keeps_what_was_said() -> None:
    conversation = Conversation(Mode.HOLD)
    expected = [Silence(1), TurnOver(1, Outcome.SUPERSEDED), OpenGate(2, endpointing=False)]
    assert told(conversation, PRESS, RELEASE, PRESS) == expected


def test_no_answer_at_all_is_heard_as_an_error() -> None:
    conversation = Conversation(Mode.HOLD)
    assert told(conversation, PRESS, RELEASE, ReplyDone(1, "MALFORMED_FUNCTION_CALL")) == [Forget(1), LetSound(1)]
    assert told(conversation, ReplySounded(1)) == [Forget(1), Sound(Cue.ERROR), TurnOver(1, Outcome.UNANSWERED)]


def test_the_server_interrupting_the_current_answer_silences_it() -> None:
    conversation = Conversation(Mode.HOLD)
    expected = [Silence(1), Forget(1), TurnOver(1, Outcome.INTERRUPTED)]
    assert told(conversation, PRESS, RELEASE, ReplySounding(1), ReplyInterrupted(1)) == expected


def test_terminal_messages_of_an_older_turn_are_ignored() -> None:
    conversation = Conversation(Mode.HOLD)
    told(conversation, PRESS, RELEASE, ReplySounding(1), PRESS, RELEASE)
    terminal = (ReplyInterrupted(1), ReplyGenerated(1), ReplyDone(1), ReplySounded(1))
    for stale in (*terminal, ReplySounding(1), ReplyLost(1, 0.0)):
        assert told(conversation, stale) == []
    assert turn_of(conversation) is TurnState.THINKING


@pytest.mark.parametrize(
    ("answer_cut", "heard_share", "again"),
    [
        (AnswerCut.AUTO, 0.4, True),
        (AnswerCut.AUTO, 0.6, False),
        (AnswerCut.AGAIN, 0.9, True),
        (AnswerCut.NEVER, 0.0, False),
    ],
)
def test_a_link_lost_in_the_answer(answer_cut: AnswerCut, heard_share: float, again: bool) -> None:
    conversation = Conversation(Mode.HOLD, answer_cut)
    told(conversation, PRESS, RELEASE, ReplySounding(1))
    assert told(conversation, LinkChanged(LinkState.DOWN)) == []
    effects = told(conversation, ReplyLost(1, heard_share))
    if again:
        assert effects == [Silence(1), TurnOver(1, Outcome.CUT), SayAgain(1, 2)]
        turns = []
        for event in (ReplySounding(1), ReplySounding(2)):
            told(conversation, event)
            turns.append(conversation.status.turn)
        assert turns == [TurnState.THINKING, TurnState.SPEAKING]
    else:
        assert effects == [Forget(1), LetSound(1)]


def test_a_turn_that_is_given_up_is_heard_as_an_error() -> None:
    conversation = Conversation(Mode.HOLD)
    told(conversation, PRESS, RELEASE)
    expected = [Silence(1), Forget(1), Sound(Cue.ERROR), TurnOver(1, Outcome.UNANSWERED)]
    assert told(conversation, TurnGivenUp(1)) == expected
    assert told(conversation, TurnGivenUp(1)) == [Forget(1)]


def test_a_link_lost_before_the_answer_changes_nothing_for_the_turn() -> None:
    conversation = Conversation(Mode.HOLD)
    told(conversation, PRESS, RELEASE, LinkChanged(LinkState.DOWN))
    assert turn_of(conversation) is TurnState.THINKING
    assert conversation.status.link is LinkState.DOWN


def test_muting_in_mid_sentence_ends_the_sentence() -> None:
    conversation = Conversation(Mode.HOLD)
    told(conversation, PRESS)
    assert told(conversation, MuteAsked(True)) == [SetMuted(True), CloseGate(1, Ending.MUTED), Sound(Cue.MUTED)]
    assert told(conversation, MuteAsked(True)) == []
    assert told(conversation, RELEASE) == []


def test_a_press_while_muted_opens_nothing() -> None:
    conversation = Conversation(Mode.TAP)
    told(conversation, MuteAsked(True))
    assert told(conversation, PRESS) == [Sound(Cue.MUTED)]
    assert turn_of(conversation) is TurnState.IDLE


@pytest.mark.parametrize("fault", [Fault.KEY, Fault.SETUP, Fault.MICROPHONE])
def test_a_press_that_cannot_lead_anywhere_says_so(fault: Fault) -> None:
    conversation = Conversation(Mode.TAP)
    told(conversation, FaultFound(fault))
    assert told(conversation, PRESS) == [Sound(Cue.ERROR)]
    told(conversation, FaultMended(fault))
    assert told(conversation, PRESS) == [OpenGate(1, endpointing=True)]


def test_a_turn_that_got_too_long_is_answered() -> None:
    conversation = Conversation(Mode.HOLD)
    assert told(conversation, PRESS, TurnTooLong(1)) == [CloseGate(1, Ending.TOO_LONG), Sound(Cue.DONE)]
    assert told(conversation, RELEASE) == []


EVENTS = st.one_of(
    st.just(PRESS),
    st.sampled_from([RELEASE, TAPPED]),
    st.builds(MuteAsked, st.booleans()),
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


@given(st.sampled_from(Mode), st.lists(EVENTS, max_size=60))
def test_whatever_happens_the_gate_and_the_ring_agree(mode: Mode, events: list[Event]) -> None:
    """Gates open and close in turn, never while muted, exactly while the status says listening; turns end once."""
    conversation = Conversation(mode)
    is_open, over = False, set()
    for event in events:
        for effect in conversation.handle(event):
            match effect:
                case OpenGate(turn_id):
                    assert not is_open
                    assert not conversation.status.muted
                    assert turn_id == conversation.turn_id
                    is_open = True
                case CloseGate():
                    assert is_open
                    is_open = False
                case TurnOver(turn_id):
                    assert turn_id not in over
                    over.add(turn_id)
                case _:
                    pass
        assert is_open == (conversation.status.turn is TurnState.LISTENING)
    expected_open = set() if conversation.status.turn is TurnState.IDLE else {conversation.turn_id}
    assert over == set(range(1, conversation.turn_id + 1)) - expected_open
