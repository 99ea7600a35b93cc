"""What follows from what happens: small frozen records that the conversation decides on, and the app carries out."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Cue(Enum):
    """What a sound, or a phrase, tells the user."""

    LISTENING = "listening"
    """Only where the owner wants it: the microphone hears it."""
    DONE = "done"
    ERROR = "error"
    MUTED = "muted"
    UNMUTED = "unmuted"
    NO_NETWORK = "no_network"
    KEY_REFUSED = "key_refused"
    LIMIT = "limit"
    """One of the owner's own, in an hour or in a day."""


class Begun(Enum):
    """What began a turn: the `BEGUN=` of the journal's `turn.done`."""

    BUTTON = "button"
    VOICE = "voice"
    BARGE_IN = "barge_in"
    """A voice that talked over the answer."""
    PROMPT = "prompt"
    """Nobody: the device was told to speak of something."""


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
    ANSWERED = "answered"
    """The service found the end of what was said: its answer came."""


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


class Attack(Enum):
    """How much voice opens a closed gate."""

    NONE = "none"
    """None does."""
    EASY = "easy"
    """As much as makes speech of it in an open gate: somebody is expected to speak."""
    STRICT = "strict"
    """Enough to be sure, at any time of the day."""


@dataclass(frozen=True, slots=True)
class OpenGate:
    """Begin turn `turn_id`: activityStart, pre-roll, then live frames."""

    turn_id: int
    endpointing: bool
    begun: Begun = Begun.BUTTON


@dataclass(frozen=True, slots=True)
class CloseGate:
    """End turn `turn_id`: no more frames, activityEnd."""

    turn_id: int
    ending: Ending


@dataclass(frozen=True, slots=True)
class Watch:
    """Have the closed gate tell of a voice, for `for_s` of audio or (None) until told otherwise.

    An opened gate watches no more, and is told anew when it has been closed.
    """

    attack: Attack
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """Have the camera look in turn `turn_id`, until it ends. It may be looking already."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class Silence:
    """Drop every sound of the answer to `turn_id`, and of all before it, at once."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Drop what has come of the answer to `turn_id`: the turn goes on, and another answer to it will come."""

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
    """Play an earcon, or say a phrase."""

    cue: Cue


@dataclass(frozen=True, slots=True)
class Hush:
    """Break off the phrase that is being said, if it still is."""


@dataclass(frozen=True, slots=True)
class SetMuted:
    """Have the microphone driver drop its samples, or not."""

    muted: bool
    by_switch: bool = False
    """The switch on the device was moved."""


@dataclass(frozen=True, slots=True)
class KeepMuted:
    """Keep for the next start what the owner said of muting last. What the switch says is read there, not kept."""

    muted: bool


@dataclass(frozen=True, slots=True)
class TurnOver:
    """Turn `turn_id` is over: its story goes to the journal."""

    turn_id: int
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class AskInWriting:
    """Turn `turn_id` is this text; its answer is for the user's ears."""

    turn_id: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class StopRinging:
    """Whoever it rang for knows."""


Effect: TypeAlias = (
    OpenGate
    | CloseGate
    | Watch
    | Look
    | Silence
    | Withdraw
    | LetSound
    | Forget
    | SayAgain
    | Sound
    | Hush
    | SetMuted
    | KeepMuted
    | TurnOver
    | AskInWriting
    | StopRinging
)
