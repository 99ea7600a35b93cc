"""How its owner wants to talk to the device."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from .effects import Attack, Ending, Watch
from .status import Fault, Status, TurnState

HINDRANCES: Final = frozenset((Fault.KEY, Fault.SETUP, Fault.MICROPHONE, Fault.LIMIT))
"""With one of these no turn begins."""
UNWATCHED: Final = Watch(Attack.NONE)


class Mode(Enum):
    """What opens and closes the gate."""

    HOLD = "hold"
    """It is open while the button is held, and never otherwise."""
    TAP = "tap"
    """A press opens it; silence after speech, or a second press, closes it."""
    HANDS_FREE = "hands_free"
    """A voice opens it as well."""


class AnswerCut(Enum):
    """What becomes of a turn whose answer was cut off by the network."""

    AUTO = "auto"
    """It is said again when less than half of what had come was heard."""
    AGAIN = "again"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Ways:
    """The owner's choices, as far as the conversation depends on them."""

    mode: Mode = Mode.HOLD
    wakes: bool = False
    """In mode hands_free: a voice begins a conversation at any time."""
    follow_up_s: float = 0.0
    """In mode hands_free: for so long after an answer, in audio, a voice goes on; 0 for not at all."""
    barges_in: bool = False
    """In the modes tap and hands_free: a voice stops an answer, and goes on with a question that has none yet."""
    served: bool = False
    """The service finds the ends of turns: its answer may come while the gate is open."""
    looks: bool = False
    """There is a camera that may look, so a double press differs from two presses."""
    answer_cut: AnswerCut = AnswerCut.AUTO
    chimes: bool = False
    """A press that opens the gate is answered by a sound."""


def watch_for(ways: Ways, status: Status, ended_by: Ending) -> Watch:
    """Return which voices count at the closed gate, where the newest turn was ended by `ended_by`."""
    if ways.mode is Mode.HOLD or status.muted or status.faults & HINDRANCES:
        return UNWATCHED
    match status.turn:
        case TurnState.LISTENING | TurnState.SPEAKING:
            return UNWATCHED
        case TurnState.THINKING:
            # Who ended it with a tap has said that it is over, and what never ends is no question.
            may_go_on = ended_by not in {Ending.TAPPED, Ending.TOO_LONG}
            return Watch(Attack.EASY) if ways.barges_in and may_go_on else UNWATCHED
        case TurnState.IDLE:
            if status.follow_up:
                return Watch(Attack.EASY, ways.follow_up_s)
            return Watch(Attack.STRICT) if ways.wakes and ways.mode is Mode.HANDS_FREE else UNWATCHED
        case _:
            assert_never(status.turn)
