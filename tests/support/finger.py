"""A button, a voice, and what the conversation makes of both, without a device: for a table of what means what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import Enum
from itertools import groupby

from daemon.conversation import Conversation
from daemon.effects import Attack, CloseGate, Cue, Effect, Look, OpenGate, Outcome, SetMuted, Sound, TurnOver, Watch
from daemon.events import (
    BargedIn,
    Event,
    LinkChanged,
    MuteAsked,
    Pressed,
    Released,
    ReplySounded,
    ReplySounding,
    SpeechEnded,
    SpeechStarted,
    VoiceHeard,
)
from daemon.panel.gesture import Gestures
from daemon.status import LinkState, TurnState
from daemon.ways import Mode, Ways
from hardware.debounce import Debouncer
from hardware.interfaces import Edge

DEBOUNCE_S = 0.03
TICK_S = 0.001
START_S = 100.0
OUTAGE_S = 3.0


class State(Enum):
    """What the device is doing when something happens."""

    IDLE = "ready"
    FOLLOW_UP = "just answered"
    WAITING = "listening, no word yet"
    LISTENING = "listening"
    THINKING = "before the answer"
    SPEAKING = "in the answer"
    MUTED = "muted"


class Deed(Enum):
    """What somebody does."""

    SHORT = "a short press"
    PRESS = "a press of half a second"
    BOUNCING = "the same, and the contact bounces"
    DOUBLE = "a double press"
    DOUBLE_HELD = "a double press, the second one held"
    LONG = "a long press"
    OUTAGE = "a press, and the button fails while it is held"
    VOICE = "a voice"


MOVES: dict[Deed, Sequence[tuple[float, bool]]] = {
    Deed.SHORT: ((0.0, True), (0.1, False)),
    Deed.PRESS: ((0.0, True), (0.5, False)),
    Deed.BOUNCING: (
        *((at_ms / 1000, at_ms % 2 == 0) for at_ms in range(7)),
        *((0.5 + at_ms / 1000, at_ms % 2 == 1) for at_ms in range(7)),
    ),
    Deed.DOUBLE: ((0.0, True), (0.1, False), (0.25, True), (0.35, False)),
    Deed.DOUBLE_HELD: ((0.0, True), (0.1, False), (0.25, True), (2.25, False)),
    Deed.LONG: ((0.0, True), (2.0, False)),
}


class Bench:
    """One conversation, a finger and a mouth."""

    def __init__(self, ways: Ways) -> None:
        self.conversation = Conversation(ways)
        self.effects: list[Effect] = []
        self._watch = Attack.NONE
        self.happen(LinkChanged(LinkState.UP))

    @property
    def turn(self) -> TurnState:
        return self.conversation.status.turn

    def happen(self, *events: Event) -> None:
        for event in events:
            effects = self.conversation.handle(event)
            self.effects += effects
            for effect in effects:
                if isinstance(effect, Watch):
                    self._watch = effect.attack

    def bring_to(self, state: State) -> None:
        """Get into a state, and forget how."""
        if state is State.MUTED:
            self.happen(MuteAsked(True))
        elif state is not State.IDLE:
            self.happen(Pressed(0.0))
            number = self.conversation.turn_id
            said = (SpeechStarted(number),)
            thought = (*said, Released(1.0, 1.0), SpeechEnded(number))
            steps: dict[State, tuple[Event, ...]] = {
                State.WAITING: (),
                State.LISTENING: said,
                State.THINKING: thought,
                State.SPEAKING: (*thought, ReplySounding(number)),
                State.FOLLOW_UP: (*thought, ReplySounding(number), ReplySounded(number)),
            }
            self.happen(*steps[state])
        self.effects.clear()

    def do(self, deed: Deed) -> None:
        match deed:
            case Deed.VOICE:
                self._speak()
            case Deed.OUTAGE:
                self._fail_while_pressed()
            case _:
                gestures, debouncer = Gestures(0.0), Debouncer(DEBOUNCE_S)
                for event in _told(gestures, debouncer, MOVES[deed]):
                    self.happen(event)

    def _speak(self) -> None:
        number = self.conversation.turn_id
        match self.turn:
            case TurnState.LISTENING:
                self.happen(SpeechStarted(number), SpeechEnded(number))
            case TurnState.SPEAKING:
                self.happen(BargedIn())
            case TurnState.IDLE | TurnState.THINKING:
                if self._watch is not Attack.NONE and not self.conversation.status.muted:
                    self.happen(VoiceHeard())

    def _fail_while_pressed(self) -> None:
        gestures = Gestures(0.0)
        self.happen(*gestures.edge(Edge(True, START_S)), *gestures.let_go(START_S + 0.5))
        back_s = START_S + 0.5 + OUTAGE_S
        gestures = Gestures(back_s)
        self.happen(*gestures.edge(Edge(True, back_s)))
        for at_s in (back_s + 1.0, back_s + 2.0):
            self.happen(*gestures.due(at_s))

    def said(self) -> str:
        """What came of it, in the words of the table."""
        words = [word for effect in self.effects if (word := self._word(effect))]
        return ", ".join(word for word, _ in groupby(words)) or "nothing"

    def _word(self, effect: Effect) -> str:  # noqa: PLR0911 - one return for each is the table
        match effect:
            case TurnOver(_, Outcome.INTERRUPTED):
                return "stops the answer"
            case TurnOver(_, Outcome.SUPERSEDED):
                return "goes on with the question"
            case TurnOver(_, Outcome.EMPTY):
                return "asks nothing"
            case OpenGate():
                return "listens"
            case CloseGate(turn_id) if TurnOver(turn_id, Outcome.EMPTY) not in self.effects:
                return "asks"
            case Look():
                return "looks"
            case SetMuted(muted):
                return "mutes" if muted else "unmutes"
            case Sound(Cue.MUTED) if not any(isinstance(each, SetMuted) for each in self.effects):
                return "says that it is muted"
            case _:
                return ""


def _told(gestures: Gestures, debouncer: Debouncer, moves: Sequence[tuple[float, bool]]) -> Iterator[Event]:
    """Move the contact, and let the driver and the panel look at it every millisecond."""
    pending = list(moves)
    pressed = False
    for tick in range(round((moves[-1][0] + 1.0) / TICK_S)):
        now_s = START_S + tick * TICK_S
        edges: list[Edge] = []
        while pending and START_S + pending[0][0] <= now_s + TICK_S / 2:
            _, pressed = pending.pop(0)
            edges += debouncer.feed(pressed, now_s)
        edges += debouncer.poll(now_s, pressed)
        yield from gestures.due(now_s)
        for edge in edges:
            yield from gestures.edge(edge)


def states_of(mode: Mode) -> list[State]:
    """What a device can be doing when something happens: while it listens in mode hold, the button is down."""
    match mode:
        case Mode.HOLD:
            impossible = {State.FOLLOW_UP, State.WAITING, State.LISTENING}
        case Mode.TAP:
            impossible = {State.FOLLOW_UP}
        case Mode.HANDS_FREE:
            impossible = set()
    return [state for state in State if state not in impossible]


def ways_of(mode: Mode) -> Ways:
    """The default configuration of a device with a camera."""
    return Ways(mode=mode, wakes=True, follow_up_s=8.0, barges_in=True, looks=True)
