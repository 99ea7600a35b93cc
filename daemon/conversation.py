"""The one place where decisions are made: what happened goes in, what is to be done comes out.

Pure: `handle(event) -> effects`. Audio never passes through here, and nothing else decides.

    IDLE ── press, voice ──► LISTENING ── release, silence, second tap ──► THINKING ── first sound ──► SPEAKING ──┐
     ▲                           ▲                                            │  nothing came, lost      │        │
     │                           └──────────── press, voice ──────────────────┴────── press, voice ──────┘        │
     └───────────────────────────────────────── all of the answer has sounded ────────────────────────────────────┘

A press counts in every state; of voices only those that the gate was told to watch for (`Watch`), and those that talk
over an answer (`BargedIn`). Where the service finds the ends of turns, LISTENING also ends with the answer's first
sound.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final, assert_never

from .announcing.excuses import Excuses
from .effects import (
    AskInWriting,
    Attack,
    Begun,
    CloseGate,
    Cue,
    Effect,
    Ending,
    Forget,
    KeepMuted,
    LetSound,
    Look,
    OpenGate,
    Outcome,
    SayAgain,
    SetMuted,
    Silence,
    Sound,
    StopRinging,
    TurnOver,
    Withdraw,
)
from .events import (
    BargedIn,
    Doubled,
    Event,
    Fault,
    FaultFound,
    FaultMended,
    LinkChanged,
    LongPressed,
    MuteAsked,
    MuteSwitched,
    NothingSaid,
    Pressed,
    PromptAsked,
    Released,
    ReplyDone,
    ReplyGenerated,
    ReplyInterrupted,
    ReplyLost,
    ReplySounded,
    ReplySounding,
    RingingChanged,
    SightChanged,
    SpeechDropped,
    SpeechEnded,
    SpeechStarted,
    Status,
    StopAsked,
    ToolsCalled,
    TurnGivenUp,
    TurnState,
    TurnTooLong,
    VoiceHeard,
    WatchOver,
)
from .ways import HINDRANCES, UNWATCHED, AnswerCut, Mode, Ways, watch_for

SHORTEST_HOLD_S: Final = 0.25
"""A hold shorter than this is not a question: it stops what sounds, and asks for nothing."""
SAID_AGAIN_AT_MOST: Final = 2
"""So often one question is asked anew because its answer was cut off. Each time is billed, and heard from its start."""


class Conversation:
    """Who is speaking, and what follows from what happens. Turns are numbered from 1, rising."""

    def __init__(self, ways: Ways) -> None:
        self._ways = ways
        self.status = Status()
        self.turn_id = 0
        """The newest turn of the user; 0 before the first."""
        self._spoke = False
        """Speech was detected in the turn that is being listened to."""
        self._completes = False
        """That turn began while the one before had no answer: its answer will be to both."""
        self._follows = False
        """A voice began it, which went on from an answer: if it was none, another may do so."""
        self._pressed_turn_id = 0
        """The turn that the newest press opened; 0 if it opened none."""
        self._ended_by = Ending.RELEASED
        """How the newest turn was ended."""
        self._withdrawn = False
        """The service began to answer in the turn that is being listened to, and heard that it goes on."""
        self._said_again = 0
        """How often what the user said last has been said again."""
        self._watch = UNWATCHED
        """What the closed gate was told last."""
        self._acted = False
        """The model had something done in the newest turn: it need not say anything."""
        self._excuses: Final = Excuses()
        self._press_spent = False
        """The newest press stopped what was ringing, and means nothing else however long it lasts."""
        self._mute_asked = False
        """What the owner said of muting last: it holds again once the switch is moved back."""

    def __repr__(self) -> str:
        return f"<Conversation {self.ways.mode.value} turn={self.turn_id} {self.status}>"

    @property
    def ways(self) -> Ways:
        """How its owner wants to talk to the device."""
        return self._ways

    def go_by(self, ways: Ways) -> list[Effect]:
        """Let the device be talked to in `ways` from now on; return what is to be done. Nobody's turn is under way."""
        assert self.status.turn is TurnState.IDLE, "a turn ends in the way in which it began"
        self._ways = ways
        return self._watch_anew()

    def handle(self, event: Event) -> list[Effect]:
        """Take one event and return what is to be done, in order."""
        hushed = self._excuses.before(event)
        decided = self._decide(event)
        return [*hushed, *decided, *self._excuses.after(self.status), *self._watch_anew()]

    def _decide(self, event: Event) -> list[Effect]:  # noqa: C901, PLR0912, PLR0915 - one match over every event is the point
        effects: list[Effect] = []
        match event:
            case Pressed(found=found):
                effects = self._pressed(found)
            case Released(held_s=held_s):
                effects = self._released(held_s)
            case Doubled():
                effects = self._doubled()
            case LongPressed():
                effects = self._long_pressed()
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
            case VoiceHeard():
                effects = self._voice_heard()
            case WatchOver():
                self.status = replace(self.status, follow_up=False)
            case BargedIn():
                effects = self._barged_in()
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
                self._withdrawn = False
            case ReplyLost(turn_id, heard_share):
                effects = self._reply_lost(turn_id, heard_share)
            case ToolsCalled(turn_id):
                self._acted = self._acted or turn_id == self.turn_id
            case TurnGivenUp(turn_id):
                effects = self._given_up(turn_id)
            case LinkChanged(link):
                self.status = replace(self.status, link=link)
                self._excuses.link_changed(link)
            case FaultFound(fault):
                self.status = replace(self.status, faults=self.status.faults | {fault})
                if fault is Fault.MICROPHONE:
                    effects = self._break_off(Ending.MICROPHONE_LOST)
            case FaultMended(fault):
                self.status = replace(self.status, faults=self.status.faults - {fault})
            case MuteAsked(muted):
                effects = self._mute(muted)
            case MuteSwitched(muted):
                effects = self._mute_switched(muted)
            case StopAsked():
                effects = self._stop()
            case PromptAsked(text):
                effects = self._ask_in_writing(text)
            case RingingChanged(ringing):
                self.status = replace(self.status, ringing=ringing)
            case SightChanged(seeing):
                self.status = replace(self.status, seeing=seeing)
            case _:
                assert_never(event)
        return effects

    # --- the button --------------------------------------------------------------------------------

    def _pressed(self, found: bool = False) -> list[Effect]:
        self._pressed_turn_id = 0
        self._press_spent = self.status.ringing
        if self._press_spent:
            return self._stop_ringing()
        if found and self.ways.mode is not Mode.HOLD:
            return []
        match self.status.turn:
            case TurnState.LISTENING:
                return [] if self.ways.mode is Mode.HOLD else self._break_off(Ending.TAPPED)
            case TurnState.SPEAKING | TurnState.THINKING:
                effects = self._go_on(Begun.BUTTON)
            case TurnState.IDLE:
                effects = self._begin_turn(Begun.BUTTON)
            case _:
                assert_never(self.status.turn)
        if self._listens_to(self.turn_id):
            self._pressed_turn_id = self.turn_id
        return effects

    def _released(self, held_s: float) -> list[Effect]:
        if self.ways.mode is not Mode.HOLD:
            return []
        if held_s < SHORTEST_HOLD_S:
            return self._drop_turn(self.turn_id, Ending.TOO_SHORT)
        return self._end_turn(self.turn_id, Ending.RELEASED)

    def _doubled(self) -> list[Effect]:
        """The second of two presses asks with a look, and does not close what the first one opened."""
        if not self.ways.looks:
            return self._pressed()
        goes_on = self.ways.mode is not Mode.HOLD and self.status.turn is TurnState.LISTENING
        effects = [] if goes_on else self._pressed()
        return [*effects, Look(self.turn_id)] if self.status.turn is TurnState.LISTENING else effects

    def _long_pressed(self) -> list[Effect]:
        """Mute or unmute. In mode hold a long press is talking, unless muted: it can mean nothing else then."""
        if self._press_spent:
            return []
        if self.ways.mode is Mode.HOLD:
            return self._mute(False)
        meant_otherwise = self._listens_to(self._pressed_turn_id)
        dropped = self._drop_turn(self.turn_id, Ending.MUTED) if meant_otherwise else []
        return [*dropped, *self._mute(not self.status.muted)]

    def _mute(self, muted: bool) -> list[Effect]:
        """Do as the owner says, unless the switch on the device says otherwise: nothing undoes that but a hand."""
        if self.status.muted_by_switch and not muted:
            return [Sound(Cue.MUTED)]
        if muted == self._mute_asked:
            return []
        self._mute_asked = muted
        return [KeepMuted(muted), *self._mute_as_said(by_switch=False)]

    def _mute_switched(self, muted: bool) -> list[Effect]:
        if muted == self.status.muted_by_switch:
            return []
        self.status = replace(self.status, muted_by_switch=muted)
        still = [] if muted or not self._mute_asked else [Sound(Cue.MUTED)]
        return [*self._mute_as_said(by_switch=True), *still]

    def _mute_as_said(self, *, by_switch: bool) -> list[Effect]:
        muted = self._mute_asked or self.status.muted_by_switch
        if muted == self.status.muted:
            return []
        ended = self._break_off(Ending.MUTED)
        self.status = replace(self.status, muted=muted)
        return [SetMuted(muted, by_switch), *ended, Sound(Cue.MUTED if muted else Cue.UNMUTED)]

    # --- voices ------------------------------------------------------------------------------------

    def _voice_heard(self) -> list[Effect]:
        if self._watch.attack is Attack.NONE:
            return []
        match self.status.turn:
            case TurnState.THINKING:
                return self._go_on(Begun.VOICE)
            case TurnState.IDLE:
                return self._begin_turn(Begun.VOICE)
            case TurnState.LISTENING | TurnState.SPEAKING:
                return []
            case _:
                assert_never(self.status.turn)

    def _barged_in(self) -> list[Effect]:
        if not self.ways.barges_in or self.ways.mode is Mode.HOLD:
            return []
        stopped = self._stop_ringing() if self.status.ringing else []
        if self.status.turn is TurnState.SPEAKING:
            return [*stopped, *self._go_on(Begun.BARGE_IN)]
        if stopped and self.status.turn is TurnState.IDLE:
            return [*stopped, *self._begin_turn(Begun.BARGE_IN)]
        return stopped

    def _watch_anew(self) -> list[Effect]:
        """Tell the closed gate which voices count from now on, if that has changed."""
        watch = watch_for(self.ways, self.status, self._ended_by)
        if self.status.follow_up and watch.for_s is None:
            self.status = replace(self.status, follow_up=False)
        if self.status.turn is TurnState.LISTENING:
            self._watch = UNWATCHED
        if watch == self._watch:
            return []
        self._watch = watch
        return [watch]

    # --- turns begin and end -----------------------------------------------------------------------

    def _begin_turn(self, begun: Begun) -> list[Effect]:
        if self.status.muted:
            return [Sound(Cue.MUTED)]
        if self.status.faults & HINDRANCES:
            return self._excuses.refusal(self.status.faults)
        follows = (self.status.follow_up and begun is Begun.VOICE) or begun is Begun.BARGE_IN
        self._number_turn(TurnState.LISTENING, begun, follows=follows)
        chime = [Sound(Cue.LISTENING)] if self.ways.chimes and begun is Begun.BUTTON else []
        return [OpenGate(self.turn_id, endpointing=self.ways.mode is not Mode.HOLD, begun=begun), *chime]

    def _number_turn(self, turn: TurnState, begun: Begun, *, follows: bool) -> None:
        """Let a new turn be the newest one: nothing of the one before is true of it."""
        self.turn_id += 1
        self._excuses.turn_began(begun)
        self._follows = follows
        self._spoke = self._completes = self._withdrawn = self._acted = False
        self._said_again = 0
        self._be(turn)

    def _go_on(self, begun: Begun) -> list[Effect]:
        """The user wants the floor. What was said and not answered stays held: the next turn may only complete it."""
        turn_id, unanswered = self.turn_id, self.status.turn is TurnState.THINKING
        self._be(TurnState.IDLE)
        opened = self._begin_turn(begun)
        self._completes = unanswered
        outcome = Outcome.SUPERSEDED if unanswered else Outcome.INTERRUPTED
        held = unanswered and self.status.turn is TurnState.LISTENING  # otherwise no next turn will complete it
        forgotten: list[Effect] = [] if held else [Forget(turn_id)]
        return [Silence(turn_id), *forgotten, TurnOver(turn_id, outcome), *opened]

    def _ask_in_writing(self, text: str) -> list[Effect]:
        """Nobody speaks: the service is told something, and what it says to that is for the user's ears."""
        if self.status.turn is not TurnState.IDLE or self.status.faults & HINDRANCES:
            return []
        self._number_turn(TurnState.THINKING, Begun.PROMPT, follows=False)
        self._ended_by = Ending.ANSWERED
        return [AskInWriting(self.turn_id, text)]

    def _stop(self) -> list[Effect]:
        """Be silent, and let nobody's turn begin."""
        stopped = self._stop_ringing() if self.status.ringing else []
        return [*stopped, *self._interrupt()] if self._awaits(self.turn_id) else stopped

    def _stop_ringing(self) -> list[Effect]:
        self.status = replace(self.status, ringing=False)
        return [StopRinging()]

    def _end_turn(self, turn_id: int, ending: Ending) -> list[Effect]:
        """The user has finished: the service is to answer."""
        if not self._listens_to(turn_id):
            return []
        self._ended_by = ending
        self._be(TurnState.THINKING)
        heard = [Sound(Cue.DONE)] if ending in {Ending.SILENCE, Ending.TOO_LONG} else []
        return [CloseGate(turn_id, ending), *heard]

    def _break_off(self, ending: Ending) -> list[Effect]:
        """Nothing more can be said in this turn: what was said until now is all of it, if anything was."""
        if self.ways.mode is not Mode.HOLD and not self._spoke:
            return self._drop_turn(self.turn_id, ending)
        return self._end_turn(self.turn_id, ending)

    def _drop_turn(self, turn_id: int, ending: Ending) -> list[Effect]:
        """Nothing was said: the service is told that the turn has ended, and its answer is not for anybody's ears.

        Unless it is the answer to what was said before, and nobody has waved that away with the button.
        """
        if self._completes and ending not in {Ending.TAPPED, Ending.TOO_SHORT}:
            return self._end_turn(turn_id, ending)
        if not self._listens_to(turn_id):
            return []
        self._be(TurnState.IDLE)
        if self._follows and ending is Ending.NOTHING_SAID:
            self._offer_follow_up()
        return [CloseGate(turn_id, ending), Silence(turn_id), Forget(turn_id), TurnOver(turn_id, Outcome.EMPTY)]

    # --- answers -----------------------------------------------------------------------------------

    def _sounding(self, turn_id: int) -> list[Effect]:
        if self._may_be_answered(turn_id):
            self._ended_by = Ending.ANSWERED
            self._be(TurnState.SPEAKING)
            return [CloseGate(turn_id, Ending.ANSWERED)]
        if self._awaits(turn_id):
            self._be(TurnState.SPEAKING)
        return []

    def _generated(self, turn_id: int) -> list[Effect]:
        """All of the answer has come: what is left of it sounds."""
        closed: list[Effect] = []
        if self._may_be_answered(turn_id) and not self._withdrawn:
            closed = self._end_turn(turn_id, Ending.ANSWERED)
        return [*closed, Forget(turn_id), LetSound(turn_id)] if self._awaits(turn_id) else []

    def _reply_lost(self, turn_id: int, heard_share: float) -> list[Effect]:
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
            self._offer_follow_up()
            return [TurnOver(turn_id, Outcome.ANSWERED)]
        if self._acted:
            return [Forget(turn_id), Sound(Cue.DONE), TurnOver(turn_id, Outcome.ANSWERED)]
        return [Forget(turn_id), Sound(Cue.ERROR), TurnOver(turn_id, Outcome.UNANSWERED)]

    def _offer_follow_up(self) -> None:
        offered = self.ways.mode is Mode.HANDS_FREE and self.ways.follow_up_s > 0.0
        self.status = replace(self.status, follow_up=offered)

    def _interrupted(self, turn_id: int) -> list[Effect]:
        if self._may_be_answered(turn_id):
            self._withdrawn = True
            return [Withdraw(turn_id)]  # the service heard that the user goes on
        return self._interrupt() if self._awaits(turn_id) else []

    def _interrupt(self) -> list[Effect]:
        """Let nothing more of the newest turn's answer be heard, now or later."""
        self._be(TurnState.IDLE)
        return [Silence(self.turn_id), Forget(self.turn_id), TurnOver(self.turn_id, Outcome.INTERRUPTED)]

    def _listens_to(self, turn_id: int) -> bool:
        return turn_id == self.turn_id and self.status.turn is TurnState.LISTENING

    def _awaits(self, turn_id: int) -> bool:
        return turn_id == self.turn_id and self.status.turn in {TurnState.THINKING, TurnState.SPEAKING}

    def _may_be_answered(self, turn_id: int) -> bool:
        """Whether the user may have finished, and the service is the one to say so."""
        return self.ways.served and self._listens_to(turn_id)

    def _be(self, turn: TurnState) -> None:
        self.status = replace(self.status, turn=turn, overflowing=False, follow_up=False)
