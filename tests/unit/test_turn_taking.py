"""The life of one turn after another: what its events and those of its answer lead to."""

import pytest

from daemon.effects import (
    AskInWriting,
    Begun,
    CloseGate,
    Cue,
    Effect,
    Ending,
    Forget,
    LetSound,
    OpenGate,
    Outcome,
    SayAgain,
    Silence,
    Sound,
    TurnOver,
    Withdraw,
)
from daemon.events import (
    NothingSaid,
    ReplyDone,
    ReplyGenerated,
    ReplyInterrupted,
    ReplyLost,
    ReplySounded,
    ReplySounding,
    SpeechDropped,
    SpeechEnded,
    SpeechStarted,
    ToolsCalled,
    TurnEvent,
    TurnGivenUp,
)
from daemon.status import TurnState
from daemon.turn_taking import SAID_AGAIN_AT_MOST, TurnTaking
from daemon.ways import AnswerCut, Mode, Ways

SERVED = Ways(Mode.TAP, served=True)


def told(turns: TurnTaking, *events: TurnEvent) -> list[Effect]:
    """Handle all events; return the effects of the last."""
    effects: list[Effect] = []
    for event in events:
        effects = turns.handle(event)
    return effects


def listening(ways: Ways = Ways(Mode.TAP)) -> TurnTaking:  # noqa: B008 - frozen
    """In turn 1, the user has begun to speak."""
    turns = TurnTaking(ways)
    turns.begin(Begun.BUTTON, [])
    told(turns, SpeechStarted(1))
    return turns


def thinking(ways: Ways = Ways(Mode.TAP)) -> TurnTaking:  # noqa: B008 - frozen
    """Turn 1 waits for its answer."""
    turns = listening(ways)
    told(turns, SpeechEnded(1))
    return turns


def test_an_answer_sounds_and_is_over() -> None:
    turns = thinking()
    assert told(turns, ReplySounding(1)) == []
    assert told(turns, ReplyGenerated(1)) == [Forget(1), LetSound(1)]
    assert turns.state is TurnState.SPEAKING
    assert told(turns, ReplySounded(1)) == [TurnOver(1, Outcome.ANSWERED)]
    assert told(turns, ReplyDone(1)) == []


def test_no_answer_at_all_is_heard_as_an_error() -> None:
    turns = thinking()
    assert told(turns, ReplyDone(1, "MALFORMED_FUNCTION_CALL")) == [Forget(1), LetSound(1)]
    assert told(turns, ReplySounded(1)) == [Forget(1), Sound(Cue.ERROR), TurnOver(1, Outcome.UNANSWERED)]


def test_a_turn_in_which_something_was_done_needs_no_words() -> None:
    turns = thinking()
    told(turns, ToolsCalled(1), ReplyDone(1))
    assert told(turns, ReplySounded(1)) == [Forget(1), Sound(Cue.DONE), TurnOver(1, Outcome.ANSWERED)]


def test_the_server_interrupting_the_current_answer_silences_it() -> None:
    expected = [Silence(1), Forget(1), TurnOver(1, Outcome.INTERRUPTED)]
    assert told(thinking(), ReplySounding(1), ReplyInterrupted(1)) == expected


def test_terminal_messages_of_an_older_turn_are_ignored() -> None:
    turns = thinking()
    told(turns, ReplySounding(1))
    turns.begin(Begun.BUTTON, [])
    told(turns, SpeechEnded(2))
    terminal = (ReplyInterrupted(1), ReplyGenerated(1), ReplyDone(1), ReplySounded(1))
    for stale in (*terminal, ReplySounding(1), ReplyLost(1, 0.0)):
        assert told(turns, stale) == []
    assert turns.state is TurnState.THINKING


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
    turns = thinking(Ways(Mode.TAP, answer_cut=answer_cut))
    effects = told(turns, ReplySounding(1), ReplyLost(1, heard_share))
    if again:
        assert effects == [Silence(1), TurnOver(1, Outcome.CUT), SayAgain(1, 2)]
        states = []
        for event in (ReplySounding(1), ReplySounding(2)):
            told(turns, event)
            states.append(turns.state)
        assert states == [TurnState.THINKING, TurnState.SPEAKING]
    else:
        assert effects == [Forget(1), LetSound(1)]


def test_one_question_is_not_said_again_for_ever() -> None:
    turns = thinking()
    for turn_id in range(1, SAID_AGAIN_AT_MOST + 1):
        assert told(turns, ReplyLost(turn_id, 0.0))[-1] == SayAgain(turn_id, turn_id + 1)
    assert told(turns, ReplyLost(turns.turn_id, 0.0)) == [Forget(turns.turn_id), LetSound(turns.turn_id)]


def test_a_turn_that_is_given_up_is_heard_as_an_error() -> None:
    turns = thinking()
    expected = [Silence(1), Forget(1), Sound(Cue.ERROR), TurnOver(1, Outcome.UNANSWERED)]
    assert told(turns, TurnGivenUp(1)) == expected
    assert told(turns, TurnGivenUp(1)) == [Forget(1)]


def test_who_may_not_speak_stops_the_answer_all_the_same() -> None:
    refused: list[Effect] = [Sound(Cue.LIMIT)]
    turns = TurnTaking(Ways(Mode.TAP))
    assert turns.begin(Begun.BUTTON, refused) == refused
    turns = thinking()
    expected = [Silence(1), Forget(1), TurnOver(1, Outcome.SUPERSEDED), *refused]
    assert turns.begin(Begun.BUTTON, refused) == expected, "no turn will complete it, so it is not held"
    assert turns.state is TurnState.IDLE


def test_a_question_in_writing_is_answered_as_any_other() -> None:
    turns = TurnTaking(Ways(Mode.TAP))
    assert turns.ask_in_writing("Say hello.") == [AskInWriting(1, "Say hello.")]
    assert told(turns, ReplySounding(1), ReplySounded(1)) == [TurnOver(1, Outcome.ANSWERED)]


def test_what_overflows_is_forgotten_with_the_turn() -> None:
    turns = listening()
    told(turns, SpeechDropped(1))
    assert turns.overflowing
    told(turns, SpeechEnded(1))
    assert not turns.overflowing


def test_nothing_said_leaves_nothing_to_be_answered() -> None:
    turns = TurnTaking(Ways(Mode.TAP))
    turns.begin(Begun.BUTTON, [])
    expected = [CloseGate(1, Ending.NOTHING_SAID), Silence(1), Forget(1), TurnOver(1, Outcome.EMPTY)]
    assert told(turns, NothingSaid(1)) == expected
    assert turns.begin(Begun.BUTTON, []) == [OpenGate(2, endpointing=True)]


# --- the service finds the end ---------------------------------------------------------------------


def test_an_answer_that_sounds_closes_the_gate() -> None:
    turns = listening(SERVED)
    assert told(turns, ReplySounding(1)) == [CloseGate(1, Ending.ANSWERED)]
    assert turns.state is TurnState.SPEAKING
    assert told(turns, ReplyGenerated(1)) == [Forget(1), LetSound(1)]
    assert told(turns, ReplySounded(1)) == [TurnOver(1, Outcome.ANSWERED)]


@pytest.mark.parametrize("terminal", [ReplyGenerated(1), ReplyDone(1)])
def test_an_answer_that_is_whole_before_it_sounds_closes_the_gate_too(terminal: TurnEvent) -> None:
    turns = listening(SERVED)
    assert told(turns, terminal) == [CloseGate(1, Ending.ANSWERED), Forget(1), LetSound(1)]
    assert told(turns, ReplySounding(1), ReplySounded(1)) == [TurnOver(1, Outcome.ANSWERED)]


@pytest.mark.parametrize("cut", [ReplyInterrupted(1), ReplyLost(1, 0.0)])
def test_a_turn_goes_on_when_its_answer_began_too_soon(cut: TurnEvent) -> None:
    turns = listening(SERVED)
    assert told(turns, cut) == [Withdraw(1)]
    assert turns.state is TurnState.LISTENING


def test_the_end_of_an_answer_that_was_interrupted_does_not_end_the_turn() -> None:
    turns = listening(SERVED)
    assert told(turns, ReplyInterrupted(1), ReplyDone(1)) == []
    assert turns.state is TurnState.LISTENING
    assert told(turns, ReplyGenerated(1))[0] == CloseGate(1, Ending.ANSWERED), "that of the next one does"


@pytest.mark.parametrize("event", [ReplySounding(1), ReplyGenerated(1), ReplyDone(1), ReplyInterrupted(1)])
def test_where_we_find_the_end_no_answer_closes_the_gate(event: TurnEvent) -> None:
    turns = listening()
    assert told(turns, event) == []
    assert turns.state is TurnState.LISTENING
