"""What can happen: small frozen records. They are the conversation's only input. Audio never appears here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from .status import Fault, LinkState

# --- from the button -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pressed:
    """The button went down."""

    at_s: float
    found: bool = False
    """It was down already when it was opened: since when, and whether anybody wants something now, nobody knows."""


@dataclass(frozen=True, slots=True)
class Released:
    """The button came up again."""

    at_s: float
    held_s: float


@dataclass(frozen=True, slots=True)
class Doubled:
    """The button went down a second time right after a short press: told in place of `Pressed`."""

    at_s: float


@dataclass(frozen=True, slots=True)
class LongPressed:
    """The button has been down for long enough to mean something by it, and still is."""

    at_s: float


# --- from the gate ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began to speak while the gate was open."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The user has been silent for the hangover, measured in audio."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """The gate has been open for `turn.no_speech_s` of audio and nobody spoke."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class SpeechDropped:
    """Speech of turn `turn_id` was given up for what came after it."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class TurnTooLong:
    """The gate has been open for `turn.longest_s` of audio."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class VoiceHeard:
    """Somebody speaks before the closed gate, for as long as it was told to be sure of."""


@dataclass(frozen=True, slots=True)
class WatchOver:
    """The closed gate was told to watch for so long, measured in audio, and heard no voice."""


@dataclass(frozen=True, slots=True)
class BargedIn:
    """Somebody talks over the answer, for long enough to be sure."""


# --- from the link ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LinkChanged:
    """The link changed its state."""

    link: LinkState


@dataclass(frozen=True, slots=True)
class FaultFound:
    """Something broke that its owner must know of."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class FaultMended:
    """It works again."""

    fault: Fault


@dataclass(frozen=True, slots=True)
class ReplyInterrupted:
    """The server stopped the answer of `turn_id` because the user began to speak."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class ReplyGenerated:
    """The whole answer of `turn_id` has arrived; its tail may still be sounding."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class ReplyDone:
    """The server considers turn `turn_id` finished. `reason` is its turnCompleteReason, often empty."""

    turn_id: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ReplyLost:
    """The answer of `turn_id` had begun, and its link broke before all of it had come."""

    turn_id: int
    heard_share: float
    """How much of what had come has sounded, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ToolsCalled:
    """The model wants something done before it answers `turn_id` to the end. It may say nothing about it."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class TurnGivenUp:
    """Turn `turn_id` will not be answered: it was said often enough, or has waited for a link too long."""

    turn_id: int


# --- from the loudspeaker --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReplySounding:
    """The first sample of the answer of `turn_id` was handed to the converter."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class ReplySounded:
    """Everything that arrived of the answer of `turn_id` has sounded."""

    turn_id: int


# --- from elsewhere --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MuteAsked:
    """The owner asked to mute or to unmute."""

    muted: bool


@dataclass(frozen=True, slots=True)
class MuteSwitched:
    """The switch that shuts the microphone off was moved, or read for the first time, or cannot be read (muted)."""

    muted: bool


@dataclass(frozen=True, slots=True)
class StopAsked:
    """The device is to be silent, and nobody wants to speak."""


@dataclass(frozen=True, slots=True)
class PromptAsked:
    """The model is to be told something in writing, and to speak of it, if nobody is speaking."""

    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RingingChanged:
    """A timer, an alarm or a reminder began to ring, or was let go."""

    ringing: bool


@dataclass(frozen=True, slots=True)
class SightChanged:
    """The camera began or ceased to deliver frames."""

    seeing: bool


TurnEvent: TypeAlias = (
    SpeechStarted
    | SpeechEnded
    | NothingSaid
    | TurnTooLong
    | SpeechDropped
    | WatchOver
    | ReplyInterrupted
    | ReplyGenerated
    | ReplyDone
    | ReplyLost
    | ToolsCalled
    | TurnGivenUp
    | ReplySounding
    | ReplySounded
)
"""What happens in a turn, in its answer, or in the time for a follow-up."""

Event: TypeAlias = (
    Pressed
    | Released
    | Doubled
    | LongPressed
    | VoiceHeard
    | BargedIn
    | LinkChanged
    | FaultFound
    | FaultMended
    | MuteAsked
    | MuteSwitched
    | StopAsked
    | PromptAsked
    | RingingChanged
    | SightChanged
    | TurnEvent
)
