"""Whose turn it is, from the moment in which the user is let speak until the answer has sounded.

    IDLE ── begin ──► LISTENING ── release, silence, second tap ──► THINKING ── first sound ──► SPEAKING ──┐
     ▲                    ▲                                            │  nothing came, lost      │        │
     │                    └─────────────────── begin ─────────────────┴────────── begin ─────────┘        │
     └────────────────────────────────── all of the answer has sounded ────────────────────────────────────┘

Where the service finds the ends of turns, LISTENING also ends with the answer's first sound. Pure. What may begin a
turn, and who may not, is decided in `conversation`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, assert_never

from .effects import (
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
from .events import (
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
    TurnTooLong,
    WatchOver,
)
from .status import TurnState
from .ways import AnswerCut, Mode, Ways

SAID_AGAIN_AT_MOST: Final = 2
"""So often one question is asked anew because its answer was cut off. Each time is billed, and heard from its start."""


@dataclass(slots=True)
class _Turn:
    """The newest turn of the user. Nothing that is true of it is true of the next one."""

    turn_id: int = 0
    follows: bool = False
    """A voice began it, which went on from an answer: if it was none, another may do so."""
    completes: bool = False
    """It began while the one before had no answer: its answer will be to both."""
    spoke: bool = False
    """Speech was detected in it."""
    withdrawn: bool = False
    """The service began to answer while it was listened to, and heard that it goes on."""
    acted: bool = False
    """The model had something done in it: it need not say anything."""
    said_again: int = 0
    """How often it has been said again; each time has a number of its own."""
    ended_by: Ending = Ending.RELEASED
    """How it was ended, if it was."""


class TurnTaking:
    """The turns of the user and their answers. Turns are numbered from 1, rising.

    Args:
        ways: How the owner wants to talk to the device; to be changed only while nobody's turn is under way.
    """

    def __init__(self, ways: Ways) -> None:
        self.ways = ways
        self.state = TurnState.IDLE
        self.overflowing = False
        """See `Status`."""
        self.follow_up = False
        """See `Status`."""
        self._turn = _Turn()

    def __repr__(self) -> str:
        return f"<TurnTaking {self.state.value} {self._turn}>"

    @property
    def turn_id(self) -> int:
        """The newest turn; 0 before the first."""
        return self._turn.turn_id

    @property
    def ended_by(self) -> Ending:
        """How the newest turn was ended, if it was."""
        return self._turn.ended_by

    def listens_to(self, turn_id: int) -> bool:
        """Return whether the user speaks, and in this turn."""
        return turn_id == self.turn_id and self.state is TurnState.LISTENING

    def handle(self, event: TurnEvent) -> list[Effect]:  # noqa: C901, PLR0912 - one match over its events is the point
        """Take what happened in a turn or its answer, and return what is to be done, in order."""
        effects: list[Effect] = []
        match event:
            case SpeechStarted(turn_id):
                self._turn.spoke = self._turn.spoke or turn_id == self.turn_id
            case SpeechEnded(turn_id):
                effects = self.end(turn_id, Ending.SILENCE)
            case SpeechDropped(turn_id):
                self.overflowing = self.listens_to(turn_id)
            case TurnTooLong(turn_id):
                effects = self.end(turn_id, Ending.TOO_LONG)
            case NothingSaid(turn_id):
                effects = self.drop(turn_id, Ending.NOTHING_SAID)
            case WatchOver():
                self.follow_up = False
            case ReplySounding(turn_id):
                effects = self._sounding(turn_id)
            case ReplySounded(turn_id):
                effects = self._sounded(turn_id)
            case ReplyInterrupted(turn_id):
                effects = self._interrupted(turn_id)
            case ReplyGenerated(turn_id):
                effects = self._generated(turn_id)
            case ReplyDone(turn_id):
                effects = self._generated(turn_id)
                self._turn.withdrawn = False
            case ReplyLost(turn_id, heard_share):
                effects = self._lost(turn_id, heard_share)
            case ToolsCalled(turn_id):
                self._turn.acted = self._turn.acted or turn_id == self.turn_id
            case TurnGivenUp(turn_id):
                effects = self._given_up(turn_id)
            case _:
                assert_never(event)
        return effects

    # --- turns begin and end -----------------------------------------------------------------------

    def begin(self, begun: Begun, refused: list[Effect]) -> list[Effect]:
        """Let the user speak, unless that is `refused`: then those effects say so. An answer ends in either case.

        What was said and not answered stays held: the new turn may only complete it. Not while one is listened to.
        """
        if self.state is TurnState.IDLE:
            return refused or self._open(begun)
        turn_id, unanswered = self.turn_id, self.state is TurnState.THINKING
        self._be(TurnState.IDLE)
        opened = refused or self._open(begun)
        held = unanswered and not refused  # otherwise no next turn will complete it
        self._turn.completes = held
        forgotten: list[Effect] = [] if held else [Forget(turn_id)]
        outcome = Outcome.SUPERSEDED if unanswered else Outcome.INTERRUPTED
        return [Silence(turn_id), *forgotten, TurnOver(turn_id, outcome), *opened]

    def ask_in_writing(self, text: str) -> list[Effect]:
        """Nobody speaks: the service is told something, and what it says to that is for the user's ears."""
        self._turn = _Turn(self.turn_id + 1, ended_by=Ending.ANSWERED)
        self._be(TurnState.THINKING)
        return [AskInWriting(self.turn_id, text)]

    def end(self, turn_id: int, ending: Ending) -> list[Effect]:
        """The user has finished, if that turn is listened to: the service is to answer."""
        if not self.listens_to(turn_id):
            return []
        self._turn.ended_by = ending
        self._be(TurnState.THINKING)
        heard = [Sound(Cue.DONE)] if ending in {Ending.SILENCE, Ending.TOO_LONG} else []
        return [CloseGate(turn_id, ending), *heard]

    def break_off(self, ending: Ending) -> list[Effect]:
        """Nothing more can be said in this turn: what was said until now is all of it, if anything was."""
        if self.ways.mode is not Mode.HOLD and not self._turn.spoke:
            return self.drop(self.turn_id, ending)
        return self.end(self.turn_id, ending)

    def drop(self, turn_id: int, ending: Ending) -> list[Effect]:
        """Nothing was said: the service is told that the turn has ended, and its answer is not for anybody's ears.

        Unless it is the answer to what was said before, and nobody has waved that away with the button.
        """
        if self._turn.completes and ending not in {Ending.TAPPED, Ending.TOO_SHORT}:
            return self.end(turn_id, ending)
        if not self.listens_to(turn_id):
            return []
        self._be(TurnState.IDLE)
        if self._turn.follows and ending is Ending.NOTHING_SAID:
            self._offer_follow_up()
        return [CloseGate(turn_id, ending), Silence(turn_id), Forget(turn_id), TurnOver(turn_id, Outcome.EMPTY)]

    def interrupt(self) -> list[Effect]:
        """Let nothing more of the newest turn's answer be heard, now or later, if there is to be one."""
        if not self._awaits(self.turn_id):
            return []
        self._be(TurnState.IDLE)
        return [Silence(self.turn_id), Forget(self.turn_id), TurnOver(self.turn_id, Outcome.INTERRUPTED)]

    def _open(self, begun: Begun) -> list[Effect]:
        follows = (self.follow_up and begun is Begun.VOICE) or begun is Begun.BARGE_IN
        self._turn = _Turn(self.turn_id + 1, follows=follows)
        self._be(TurnState.LISTENING)
        chime = [Sound(Cue.LISTENING)] if self.ways.chimes and begun is Begun.BUTTON else []
        return [OpenGate(self.turn_id, endpointing=self.ways.mode is not Mode.HOLD, begun=begun), *chime]

    # --- answers -----------------------------------------------------------------------------------

    def _sounding(self, turn_id: int) -> list[Effect]:
        if self._may_be_answered(turn_id):
            self._turn.ended_by = Ending.ANSWERED
            self._be(TurnState.SPEAKING)
            return [CloseGate(turn_id, Ending.ANSWERED)]
        if self._awaits(turn_id):
            self._be(TurnState.SPEAKING)
        return []

    def _generated(self, turn_id: int) -> list[Effect]:
        """All of the answer has come: what is left of it sounds."""
        closed: list[Effect] = []
        if self._may_be_answered(turn_id) and not self._turn.withdrawn:
            closed = self.end(turn_id, Ending.ANSWERED)
        return [*closed, Forget(turn_id), LetSound(turn_id)] if self._awaits(turn_id) else []

    def _lost(self, turn_id: int, heard_share: float) -> list[Effect]:
        """The rest of the answer will not come: say the turn again, or be content with what did come."""
        if self._may_be_answered(turn_id):
            return [Withdraw(turn_id)]  # the turn goes on, and so it is held
        if not self._awaits(turn_id):
            return []
        match self.ways.answer_cut:
            case AnswerCut.AUTO:
                again = heard_share < 0.5
            case AnswerCut.AGAIN:
                again = True
            case AnswerCut.NEVER:
                again = False
            case _:
                assert_never(self.ways.answer_cut)
        said_again = self._turn.said_again
        if not again or said_again == SAID_AGAIN_AT_MOST:
            return [Forget(turn_id), LetSound(turn_id)]
        # The answer to come is another one: chunks of the old are never to be heard again.
        self._turn = replace(self._turn, turn_id=turn_id + 1, said_again=said_again + 1)
        self._be(TurnState.THINKING)
        return [Silence(turn_id), TurnOver(turn_id, Outcome.CUT), SayAgain(turn_id, self.turn_id)]

    def _given_up(self, turn_id: int) -> list[Effect]:
        if not self._awaits(turn_id):
            return [Forget(turn_id)]
        self._be(TurnState.IDLE)
        return [Silence(turn_id), Forget(turn_id), Sound(Cue.ERROR), TurnOver(turn_id, Outcome.UNANSWERED)]

    def _sounded(self, turn_id: int) -> list[Effect]:
        if not self._awaits(turn_id):
            return []
        answered = self.state is TurnState.SPEAKING
        self._be(TurnState.IDLE)
        if answered:
            self._offer_follow_up()
            return [TurnOver(turn_id, Outcome.ANSWERED)]
        if self._turn.acted:
            return [Forget(turn_id), Sound(Cue.DONE), TurnOver(turn_id, Outcome.ANSWERED)]
        return [Forget(turn_id), Sound(Cue.ERROR), TurnOver(turn_id, Outcome.UNANSWERED)]

    def _interrupted(self, turn_id: int) -> list[Effect]:
        if self._may_be_answered(turn_id):
            self._turn.withdrawn = True
            return [Withdraw(turn_id)]  # the service heard that the user goes on
        return self.interrupt() if turn_id == self.turn_id else []

    def _offer_follow_up(self) -> None:
        self.follow_up = self.ways.mode is Mode.HANDS_FREE and self.ways.follow_up_s > 0.0

    def _awaits(self, turn_id: int) -> bool:
        return turn_id == self.turn_id and self.state in {TurnState.THINKING, TurnState.SPEAKING}

    def _may_be_answered(self, turn_id: int) -> bool:
        """Whether the user may have finished, and the service is the one to say so."""
        return self.ways.served and self.listens_to(turn_id)

    def _be(self, state: TurnState) -> None:
        self.state, self.overflowing, self.follow_up = state, False, False
