"""What can happen, and what is known about it: small frozen records and the orthogonal parts of the status.

These are the conversation's only input. Audio never appears here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class LinkState(Enum):
    """Where the link to the Live API stands."""

    DOWN = "down"
    """No link, and none being made: waiting before the next attempt."""
    CONNECTING = "connecting"
    UP = "up"
    DRAINING = "draining"
    """The server said go-away: the turn is finished on this link, the next one gets a new one."""
    RESTING = "resting"
    """We hung up because nobody spoke: the next press connects again."""


class TurnState(Enum):
    """Whose turn it is."""

    IDLE = "idle"
    LISTENING = "listening"
    """The gate is open: what the microphone hears is sent."""
    THINKING = "thinking"
    """The user has finished; nothing of the answer has sounded yet."""
    SPEAKING = "speaking"
    """An answer is sounding, or is held back for a moment by the jitter buffer."""


class Fault(Enum):
    """What keeps the device from working until somebody does something; shown on the ring while it lasts."""

    KEY = "key"
    """The key is missing, refused, or out of quota."""
    SETUP = "setup"
    """The service refuses what the configuration asks for (model, voice, a field)."""
    LIMIT = "limit"
    """A limit of the owner's own, `limits.turns_per_hour` or `limits.daily_tokens`, is reached."""
    MICROPHONE = "microphone"
    SPEAKER = "speaker"
    MUTE_SWITCH = "mute_switch"
    """It cannot be read, so the microphone is shut off."""


@dataclass(frozen=True, slots=True)
class Status:
    """Everything the ring, the control socket and systemd's status line show. The axes are independent."""

    link: LinkState = LinkState.DOWN
    turn: TurnState = TurnState.IDLE
    muted: bool = False
    """Shut off by the owner's word, by the switch, or by both."""
    seeing: bool = False
    """The camera delivers frames. True exactly while it does."""
    faults: frozenset[Fault] = field(default_factory=frozenset)
    """Several parts can be broken at once."""
    ringing: bool = False
    """A timer, an alarm or a reminder is due, and nobody has said so yet."""
    overflowing: bool = False
    """Of what is being said the beginning is lost: there is no link, and more than `network.offline_buffer_s` waits."""
    follow_up: bool = False
    """The last answer was just given, and a voice goes on from it. Only while nobody's turn it is."""
    muted_by_switch: bool = False
    """The switch on the device shuts the microphone off. Nothing else can undo that."""

    @property
    def fault(self) -> Fault | None:
        """The most pressing fault: parts before the key, the key before the setup, a limit last."""
        for fault in (Fault.MUTE_SWITCH, Fault.MICROPHONE, Fault.SPEAKER, Fault.KEY, Fault.SETUP, Fault.LIMIT):
            if fault in self.faults:
                return fault
        return None


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


Event: TypeAlias = (
    Pressed
    | Released
    | Doubled
    | LongPressed
    | SpeechStarted
    | SpeechEnded
    | NothingSaid
    | TurnTooLong
    | SpeechDropped
    | VoiceHeard
    | WatchOver
    | BargedIn
    | LinkChanged
    | FaultFound
    | FaultMended
    | ReplyInterrupted
    | ReplyGenerated
    | ReplyDone
    | ReplyLost
    | ToolsCalled
    | TurnGivenUp
    | ReplySounding
    | ReplySounded
    | MuteAsked
    | MuteSwitched
    | StopAsked
    | PromptAsked
    | RingingChanged
    | SightChanged
)
