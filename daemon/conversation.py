"""The one place where decisions are made: what happened goes in, what is to be done comes out.

Pure: `handle(event) -> effects`. Audio never passes through here, and nothing else decides.

    IDLE ── press ──► LISTENING ── release, silence, second tap ──► THINKING ── first sound ──► SPEAKING ──┐
     ▲                    ▲                                            │  nothing came, lost      │        │
     │                    └──────────────── press ─────────────────────┴──────── press ───────────┘        │
     └──────────────────────────────────────── all of the answer has sounded ──────────────────────────────┘
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import Final, TypeAlias, assert_never

from .events import (
    Event,
    Fault,
    FaultFound,
    FaultMended,
    LinkChanged,
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
    SpeechDropped,
    SpeechEnded,
    SpeechStarted,
    Status,
    TurnGivenUp,
    TurnState,
    TurnTooLong,
)


class Mode(Enum):
    """How one talks to the device."""

    HOLD = "hold"
    """The gate is open while the button is held."""
    TAP = "tap"
    """A press opens the gate; silence after speech, or a second press, closes it."""


class AnswerCut(Enum):
    """What becomes of a turn whose answer was cut off by the network."""

    AUTO = "auto"
    """It is said again when less than half of what had come was heard."""
    AGAIN = "again"
    NEVER = "never"


class Cue(Enum):
    """What a sound tells the user. There is none for the opening gate: the microphone would hear it."""

    DONE = "done"
    ERROR = "error"
    MUTED = "muted"
    UNMUTED = "unmuted"


class Ending(Enum):
    """Why the gate was closed: the `ENDING=` of the journal's `turn.done`."""

    RELEASED = "released"
    SILENCE = "silence"
    TAPPED = "tapped"
    TOO_LONG = "too_long"
    NOTHING_SAID = "nothing_said"
    TOO_SHORT = "too_short"
    MUTED = "muted"
    MICROPHONE_LOST = "microphone_lost"


class Outcome(Enum):
    """What became of a turn: the `OUTCOME=` of the journal's `turn.done`."""

    ANSWERED = "answered"
    INTERRUPTED = "interrupted"
    """The user stopped the answer."""
    SUPERSEDED = "superseded"
    """The user spoke again before an answer came; the next answer is to both."""
    UNANSWERED = "unanswered"
    """The service had nothing to say, or could not."""
    EMPTY = "empty"
    """The user said nothing."""
    CUT = "cut"
    """The link broke in the answer, and the turn is said again under a new number."""


# --- effects: what the app carries out, in order, without deciding anything --------------------------


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Begin turn `turn_id`: activityStart, pre-roll, then live frames."""

    turn_id: int
    endpointing: bool


@dataclass(frozen=True, slots=True)
class CloseGate:
    """End turn `turn_id`: no more frames, activityEnd."""

    turn_id: int
    ending: Ending


@dataclass(frozen=True, slots=True)
class Silence:
    """Drop every sound of the answer to `turn_id`, and of all before it, at once."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class LetSound:
    """Nothing more of the answer to `turn_id` will come: play what is there, then say that it has sounded."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class Forget:
    """Turn `turn_id` and all before it need never be said again."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class SayAgain:
    """What is held of turn `turn_id` is said again on the next link, as turn `as_turn_id`."""

    turn_id: int
    as_turn_id: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Play an earcon."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class SetMuted:
    """Have the microphone driver drop its samples, or not."""

    muted: bool


@dataclass(frozen=True, slots=True)
class TurnOver:
    """Turn `turn_id` is over: its story goes to the journal."""

    turn_id: int
    outcome: Outcome


Effect: TypeAlias = OpenGate | CloseGate | Silence | LetSound | Forget | SayAgain | Sound | SetMuted | TurnOver

SHORTEST_HOLD_S: Final = 0.25
"""A hold shorter than this is not a question: it stops what sounds, and asks for nothing."""
SAID_AGAIN_AT_MOST: Final = 2
"""So often one question is asked anew because its answer was cut off. Each time is billed, and heard from its start."""


class Conversation:
    """Who is speaking, and what follows from what happens. Turns are numbered from 1, rising."""

    def __init__(self, mode: Mode, answer_cut: AnswerCut = AnswerCut.AUTO) -> None:
        self.mode = mode
        self.answer_cut = answer_cut
        self.status = Status()
        self.turn_id = 0
        """The newest turn of the user; 0 before the first."""
        self._spoke = False
        """Speech was detected in the turn that is being listened to."""
        self._said_again = 0
        """How often what the user said last has been said again."""

    def __repr__(self) -> str:
        return f"<Conversation {self.mode.value} turn={self.turn_id} {self.status}>"

    def handle(self, event: Event) -> list[Effect]:  # noqa: C901, PLR0912 - one match over every event is the point
        """Take one event and return what is to be done, in order."""
        effects: list[Effect] = []
        match event:
            case Pressed():
                effects = self._pressed()
            case Released(held_s=held_s):
                effects = self._released(held_s)
            case SpeechStarted(turn_id):
                self._spoke = self._spoke or turn_id == self.turn_id
            case SpeechEnded(turn_id):
                effects = self._end_turn(turn_id, Ending.SILENCE)
            case SpeechDropped(turn_id):
                self.status = replace(self.status, overflowing=self._listens_to(turn_id))
            case TurnTooLong(turn_id):
                effects = self._end_turn(turn_id, Ending.TOO_LONG)
            case NothingSaid(turn_id):
                effects = self._drop_turn(turn_id, Ending.NOTHING_SAID)
            case ReplySounding(turn_id):
                self._sounding(turn_id)
            case ReplySounded(turn_id):
                effects = self._sounded(turn_id)
            case ReplyInterrupted(turn_id):
                effects = self._interrupted(turn_id)
            case ReplyGenerated(turn_id) | ReplyDone(turn_id=turn_id):
                effects = [Forget(turn_id), LetSound(turn_id)] if self._awaits(turn_id) else []
            case ReplyLost(turn_id, heard_share):
                effects = self._reply_lost(turn_id, heard_share)
            case TurnGivenUp(turn_id):
                effects = self._given_up(turn_id)
            case LinkChanged(link):
                self.status = replace(self.status, link=link)
            case FaultFound(fault):
                self.status = replace(self.status, faults=self.status.faults | {fault})
                if fault is Fault.MICROPHONE:
                    effects = self._break_off(Ending.MICROPHONE_LOST)
            case FaultMended(fault):
                self.status = replace(self.status, faults=self.status.faults - {fault})
            case MuteAsked(muted):
                effects = self._mute(muted)
            case SightChanged(seeing):
                self.status = replace(self.status, seeing=seeing)
            case _:
                assert_never(event)
        return effects

    def _pressed(self) -> list[Effect]:
        match self.status.turn:
            case TurnState.LISTENING:
                return self._break_off(Ending.TAPPED) if self.mode is Mode.TAP else []
            case TurnState.SPEAKING | TurnState.THINKING:
                stopped, begun = self._stop_reply(), self._begin_turn()
                if any(isinstance(effect, OpenGate) for effect in begun):
                    return [*stopped, *begun]
                return [*stopped, Forget(self.turn_id), *begun]  # no next turn will complete it
            case TurnState.IDLE:
                return self._begin_turn()
            case _:
                assert_never(self.status.turn)

    def _released(self, held_s: float) -> list[Effect]:
        if self.mode is not Mode.HOLD:
            return []
        if held_s < SHORTEST_HOLD_S:
            return self._drop_turn(self.turn_id, Ending.TOO_SHORT)
        return self._end_turn(self.turn_id, Ending.RELEASED)

    def _begin_turn(self) -> list[Effect]:
        if self.status.muted:
            return [Sound(Cue.MUTED)]
        if self.status.faults & {Fault.KEY, Fault.SETUP, Fault.MICROPHONE, Fault.LIMIT}:
            return [Sound(Cue.ERROR)]
        self.turn_id += 1
        self._spoke = False
        self._said_again = 0
        self._be(TurnState.LISTENING)
        return [OpenGate(self.turn_id, endpointing=self.mode is Mode.TAP)]

    def _end_turn(self, turn_id: int, ending: Ending) -> list[Effect]:
        """The user has finished: the service is to answer."""
        if not self._listens_to(turn_id):
            return []
        self._be(TurnState.THINKING)
        heard = [Sound(Cue.DONE)] if ending in {Ending.SILENCE, Ending.TOO_LONG} else []
        return [CloseGate(turn_id, ending), *heard]

    def _break_off(self, ending: Ending) -> list[Effect]:
        """Nothing more can be said in this turn: what was said until now is all of it, if anything was."""
        if self.mode is Mode.TAP and not self._spoke:
            return self._drop_turn(self.turn_id, ending)
        return self._end_turn(self.turn_id, ending)

    def _drop_turn(self, turn_id: int, ending: Ending) -> list[Effect]:
        """Nothing was said: the service is told that the turn has ended, and its answer is not for anybody's ears."""
        if not self._listens_to(turn_id):
            return []
        self._be(TurnState.IDLE)
        return [CloseGate(turn_id, ending), Silence(turn_id), Forget(turn_id), TurnOver(turn_id, Outcome.EMPTY)]

    def _stop_reply(self) -> list[Effect]:
        """The user wants the floor. What was said and not answered stays held: the next turn may only complete it."""
        turn_id, speaking = self.turn_id, self.status.turn is TurnState.SPEAKING
        self._be(TurnState.IDLE)
        if speaking:
            return [Silence(turn_id), Forget(turn_id), TurnOver(turn_id, Outcome.INTERRUPTED)]
        return [Silence(turn_id), TurnOver(turn_id, Outcome.SUPERSEDED)]

    def _sounding(self, turn_id: int) -> None:
        if turn_id == self.turn_id and self.status.turn is TurnState.THINKING:
            self._be(TurnState.SPEAKING)

    def _reply_lost(self, turn_id: int, heard_share: float) -> list[Effect]:
        """The rest of the answer will not come: say the turn again, or be content with what did come."""
        if not self._awaits(turn_id):
            return []
        match self.answer_cut:
            case AnswerCut.AUTO:
                again = heard_share < 0.5
            case AnswerCut.AGAIN:
                again = True
            case AnswerCut.NEVER:
                again = False
            case _:
                assert_never(self.answer_cut)
        if not again or self._said_again == SAID_AGAIN_AT_MOST:
            return [Forget(turn_id), LetSound(turn_id)]
        self._said_again += 1
        self.turn_id += 1  # the answer to come is another one; chunks of the old are never to be heard again
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
        answered = self.status.turn is TurnState.SPEAKING
        self._be(TurnState.IDLE)
        if answered:
            return [TurnOver(turn_id, Outcome.ANSWERED)]
        return [Forget(turn_id), Sound(Cue.ERROR), TurnOver(turn_id, Outcome.UNANSWERED)]

    def _interrupted(self, turn_id: int) -> list[Effect]:
        if not self._awaits(turn_id):
            return []
        self._be(TurnState.IDLE)
        return [Silence(turn_id), Forget(turn_id), TurnOver(turn_id, Outcome.INTERRUPTED)]

    def _mute(self, muted: bool) -> list[Effect]:
        if muted == self.status.muted:
            return []
        ended = self._break_off(Ending.MUTED)
        self.status = replace(self.status, muted=muted)
        return [SetMuted(muted), *ended, Sound(Cue.MUTED if muted else Cue.UNMUTED)]

    def _listens_to(self, turn_id: int) -> bool:
        return turn_id == self.turn_id and self.status.turn is TurnState.LISTENING

    def _awaits(self, turn_id: int) -> bool:
        return turn_id == self.turn_id and self.status.turn in {TurnState.THINKING, TurnState.SPEAKING}

    def _be(self, turn: TurnState) -> None:
        self.status = replace(self.status, turn=turn, overflowing=False)
