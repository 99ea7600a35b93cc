"""What is known of the device at one moment: the orthogonal parts of its status."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum


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
