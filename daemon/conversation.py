"""The one place where decisions are made: what happened goes in, what is to be done comes out.

Pure: `handle(event) -> effects`. Audio never passes through here, and nothing else decides, but for what becomes of a
turn once it has begun: `turn_taking`, which this alone knows.

A press counts in every state; of voices only those that the gate was told to watch for (`Watch`), and those that talk
over an answer (`BargedIn`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from .announcing.excuses import Excuses
from .effects import Attack, Begun, Cue, Effect, Ending, KeepMuted, Look, SetMuted, Sound, StopRinging
from .events import (
    BargedIn,
    Doubled,
    Event,
    FaultFound,
    FaultMended,
    LinkChanged,
    LongPressed,
    MuteAsked,
    MuteSwitched,
    Pressed,
    PromptAsked,
    Released,
    RingingChanged,
    SightChanged,
    StopAsked,
    VoiceHeard,
)
from .status import Fault, Status, TurnState
from .turn_taking import TurnTaking
from .ways import HINDRANCES, UNWATCHED, Mode, Ways, watch_for

SHORTEST_HOLD_S: Final = 0.25
"""A hold shorter than this is not a question: it stops what sounds, and asks for nothing."""


class Conversation:
    """Who may speak, and what follows from what happens."""

    def __init__(self, ways: Ways) -> None:
        self._turns: Final = TurnTaking(ways)
        self._status = Status()
        """Whose turn it is is left out of it."""
        self._excuses: Final = Excuses()
        self._watch = UNWATCHED
        """What the closed gate was told last."""
        self._pressed_turn_id = 0
        """The turn that the newest press opened; 0 if it opened none."""
        self._press_spent = False
        """The newest press stopped what was ringing, and means nothing else however long it lasts."""
        self._mute_asked = False
        """What the owner said of muting last: it holds again once the switch is moved back."""

    def __repr__(self) -> str:
        return f"<Conversation {self.ways.mode.value} turn={self.turn_id} {self.status}>"

    @property
    def status(self) -> Status:
        """Everything that is to be shown."""
        turns = self._turns
        return replace(self._status, turn=turns.state, overflowing=turns.overflowing, follow_up=turns.follow_up)

    @property
    def turn_id(self) -> int:
        """The newest turn of the user; 0 before the first."""
        return self._turns.turn_id

    @property
    def ways(self) -> Ways:
        """How its owner wants to talk to the device."""
        return self._turns.ways

    def go_by(self, ways: Ways) -> list[Effect]:
        """Let the device be talked to in `ways` from now on; return what is to be done. Nobody's turn is under way."""
        assert self._turns.state is TurnState.IDLE, "a turn ends in the way in which it began"
        self._turns.ways = ways
        return self._watch_anew()

    def handle(self, event: Event) -> list[Effect]:
        """Take one event and return what is to be done, in order."""
        hushed = self._excuses.before(event)
        decided = self._decide(event)
        return [*hushed, *decided, *self._excuses.after(self.status), *self._watch_anew()]

    def _decide(self, event: Event) -> list[Effect]:  # noqa: C901, PLR0912 - one match over every event is the point
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
            case VoiceHeard():
                effects = self._voice_heard()
            case BargedIn():
                effects = self._barged_in()
            case LinkChanged(link):
                self._status = replace(self._status, link=link)
                self._excuses.link_changed(link)
            case FaultFound(fault):
                self._status = replace(self._status, faults=self._status.faults | {fault})
                if fault is Fault.MICROPHONE:
                    effects = self._turns.break_off(Ending.MICROPHONE_LOST)
            case FaultMended(fault):
                self._status = replace(self._status, faults=self._status.faults - {fault})
            case MuteAsked(muted):
                effects = self._mute(muted)
            case MuteSwitched(muted):
                effects = self._mute_switched(muted)
            case StopAsked():
                stopped = self._stop_ringing() if self._status.ringing else []
                effects = [*stopped, *self._turns.interrupt()]
            case PromptAsked(text):
                effects = self._ask_in_writing(text)
            case RingingChanged(ringing):
                self._status = replace(self._status, ringing=ringing)
            case SightChanged(seeing):
                self._status = replace(self._status, seeing=seeing)
            case _:
                effects = self._turns.handle(event)
        return effects

    # --- the button --------------------------------------------------------------------------------

    def _pressed(self, found: bool = False) -> list[Effect]:
        self._pressed_turn_id = 0
        self._press_spent = self._status.ringing
        if self._press_spent:
            return self._stop_ringing()
        if found and self.ways.mode is not Mode.HOLD:
            return []
        if self._turns.state is TurnState.LISTENING:
            return [] if self.ways.mode is Mode.HOLD else self._turns.break_off(Ending.TAPPED)
        effects = self._begin_turn(Begun.BUTTON)
        if self._turns.listens_to(self.turn_id):
            self._pressed_turn_id = self.turn_id
        return effects

    def _released(self, held_s: float) -> list[Effect]:
        if self.ways.mode is not Mode.HOLD:
            return []
        if held_s < SHORTEST_HOLD_S:
            return self._turns.drop(self.turn_id, Ending.TOO_SHORT)
        return self._turns.end(self.turn_id, Ending.RELEASED)

    def _doubled(self) -> list[Effect]:
        """The second of two presses asks with a look, and does not close what the first one opened."""
        if not self.ways.looks:
            return self._pressed()
        goes_on = self.ways.mode is not Mode.HOLD and self._turns.state is TurnState.LISTENING
        effects = [] if goes_on else self._pressed()
        return [*effects, Look(self.turn_id)] if self._turns.state is TurnState.LISTENING else effects

    def _long_pressed(self) -> list[Effect]:
        """Mute or unmute. In mode hold a long press is talking, unless muted: it can mean nothing else then."""
        if self._press_spent:
            return []
        if self.ways.mode is Mode.HOLD:
            return self._mute(False)
        meant_otherwise = self._turns.listens_to(self._pressed_turn_id)
        dropped = self._turns.drop(self.turn_id, Ending.MUTED) if meant_otherwise else []
        return [*dropped, *self._mute(not self._status.muted)]

    def _stop_ringing(self) -> list[Effect]:
        self._status = replace(self._status, ringing=False)
        return [StopRinging()]

    # --- muting ------------------------------------------------------------------------------------

    def _mute(self, muted: bool) -> list[Effect]:
        """Do as the owner says, unless the switch on the device says otherwise: nothing undoes that but a hand."""
        if self._status.muted_by_switch and not muted:
            return [Sound(Cue.MUTED)]
        if muted == self._mute_asked:
            return []
        self._mute_asked = muted
        return [KeepMuted(muted), *self._mute_as_said(by_switch=False)]

    def _mute_switched(self, muted: bool) -> list[Effect]:
        if muted == self._status.muted_by_switch:
            return []
        self._status = replace(self._status, muted_by_switch=muted)
        still = [] if muted or not self._mute_asked else [Sound(Cue.MUTED)]
        return [*self._mute_as_said(by_switch=True), *still]

    def _mute_as_said(self, *, by_switch: bool) -> list[Effect]:
        muted = self._mute_asked or self._status.muted_by_switch
        if muted == self._status.muted:
            return []
        ended = self._turns.break_off(Ending.MUTED)
        self._status = replace(self._status, muted=muted)
        return [SetMuted(muted, by_switch), *ended, Sound(Cue.MUTED if muted else Cue.UNMUTED)]

    # --- voices ------------------------------------------------------------------------------------

    def _voice_heard(self) -> list[Effect]:
        watched = self._watch.attack is not Attack.NONE
        may_begin = self._turns.state in {TurnState.IDLE, TurnState.THINKING}
        return self._begin_turn(Begun.VOICE) if watched and may_begin else []

    def _barged_in(self) -> list[Effect]:
        if not self.ways.barges_in or self.ways.mode is Mode.HOLD:
            return []
        stopped = self._stop_ringing() if self._status.ringing else []
        over_answer = self._turns.state is TurnState.SPEAKING
        over_ringing = bool(stopped) and self._turns.state is TurnState.IDLE
        begun = self._begin_turn(Begun.BARGE_IN) if over_answer or over_ringing else []
        return [*stopped, *begun]

    def _watch_anew(self) -> list[Effect]:
        """Tell the closed gate which voices count from now on, if that has changed."""
        watch = watch_for(self.ways, self.status, self._turns.ended_by)
        if watch.for_s is None:
            self._turns.follow_up = False
        if self._turns.state is TurnState.LISTENING:
            self._watch = UNWATCHED
        if watch == self._watch:
            return []
        self._watch = watch
        return [watch]

    # --- who may begin -----------------------------------------------------------------------------

    def _begin_turn(self, begun: Begun) -> list[Effect]:
        """The user wants to speak, and is not speaking: let him, or say why not."""
        refused: list[Effect] = []
        if self._status.muted:
            refused = [Sound(Cue.MUTED)]
        elif self._status.faults & HINDRANCES:
            refused = self._excuses.refusal(self._status.faults)
        else:
            self._excuses.turn_began(begun)
        return self._turns.begin(begun, refused)

    def _ask_in_writing(self, text: str) -> list[Effect]:
        if self._turns.state is not TurnState.IDLE or self._status.faults & HINDRANCES:
            return []
        self._excuses.turn_began(Begun.PROMPT)
        return self._turns.ask_in_writing(text)
