"""What can go wrong with the stand-in service, as data: standing faults, and strikes at a chosen moment.

A fault is switched on while everything runs by setting `StandIn.faults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final, TypeAlias

from .messages import Abort, Close, Message, Out, Raw, Stall


class Moment(Enum):
    """Something that happens on a connection, at which a strike can come down."""

    SETUP = "setup"
    """A good setup was read; what strikes here comes before setupComplete."""
    SETUP_COMPLETE = "setup_complete"
    AUDIO = "audio"
    """One audio message was read."""
    ACTIVITY_START = "activity_start"
    """The user began to speak: the client said so, or the service's own detection."""
    ACTIVITY_END = "activity_end"
    ANSWER_CHUNK = "answer_chunk"
    """One message of the answer's audio was sent."""
    GENERATION_COMPLETE = "generation_complete"
    INTERRUPTED = "interrupted"
    TURN_COMPLETE = "turn_complete"


@dataclass(frozen=True, slots=True)
class Silence:
    """From here on the service reads, but says nothing more on this connection; what closes it still does."""


OVERSTAYED: Final = Close(
    1008,
    "Connection aborted because the client failed to close the connection after receiving a GoAway signal "
    "once the session duration expired",
)
"""How the service ends a connection whose client did not go away (live-api.md 1.6)."""


@dataclass(frozen=True, slots=True)
class GoAway:
    """The service announces the end of the connection, and ends it.

    Attributes:
        time_left_s: What it announces.
        then: How it ends it once the time is up; None never does.
        silent: It says nothing in between, not even the rest of an answer (live-api.md 1.6).
    """

    time_left_s: float
    then: Close | Abort | None = OVERSTAYED
    silent: bool = False


Act: TypeAlias = Out | Silence | GoAway


@dataclass(frozen=True, slots=True)
class Strike:
    """What the service does, all at once, when `moment` comes for the `nth` time since the fault was set.

    Occurrences are counted over all connections. `times` is for how many occurrences in a row it comes; None: for ever.
    """

    moment: Moment
    acts: tuple[Act, ...]
    nth: int = 1
    times: int | None = 1

    def due(self, occurrence: int) -> bool:
        """Tell whether it comes at this `occurrence`, counted from 1."""
        return occurrence >= self.nth and (self.times is None or occurrence < self.nth + self.times)


class Handles(Enum):
    """What the resumption updates after a turn look like."""

    WHOLE = "whole"
    CUT = "cut"
    """Half a handle, which no resume will be accepted with."""
    EMPTY = "empty"
    """`{"sessionResumptionUpdate": {}}`"""
    NONE = "none"
    """No update at all."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What the service does wrong; the default is nothing.

    Attributes:
        refuse_upgrade: HTTP status that every upgrade is refused with (401, 403, 429, 503).
        setup_complete_after_s: How long setupComplete takes; None: it never comes.
        answers: Whether a finished turn of the user's is answered at all.
        generation_complete: Whether generationComplete is ever sent.
        turn_complete: Whether turnComplete is ever sent (and with it, a handle).
        handles: What the resumption updates look like.
        handle_after_s: How long after turnComplete they come.
        strikes: What comes down at a chosen moment.
    """

    refuse_upgrade: int | None = None
    setup_complete_after_s: float | None = 0.0
    answers: bool = True
    generation_complete: bool = True
    turn_complete: bool = True
    handles: Handles = Handles.WHOLE
    handle_after_s: float = 0.0
    strikes: tuple[Strike, ...] = ()


class Nemesis:
    """Counts moments, and says what strikes at each."""

    def __init__(self, strikes: tuple[Strike, ...] = ()) -> None:
        self._strikes: Final = strikes
        self._seen: Final[dict[Moment, int]] = {}

    def __repr__(self) -> str:
        return (
            f"Nemesis({len(self._strikes)} strikes, seen { ({moment.value: n for moment, n in self._seen.items()}) })"
        )

    def at(self, moment: Moment) -> Iterator[Act]:
        """Count one occurrence of `moment` and yield what comes down at it, in order."""
        if not self._strikes:
            return
        occurrence = self._seen.get(moment, 0) + 1
        self._seen[moment] = occurrence
        for strike in self._strikes:
            if strike.moment is moment and strike.due(occurrence):
                yield from strike.acts


# --- frames that the service should not send, and does in the wild or one day ----------------------------------------

UNKNOWN_MESSAGE: Final[Message] = {"somethingNew": {"a": 1}}
"""A top-level message that no client knows yet (live-api.md 0.8)."""
ERROR_FRAME: Final[Message] = {"error": {"code": 503, "message": "The service is overloaded.", "status": "UNAVAILABLE"}}
"""An error as JSON, without a top-level code (live-api.md 0.8)."""
SNAKE_CASE_MESSAGE: Final[Message] = {"server_content": {"turn_complete": True}}
MALFORMED_JSON: Final = Raw('{"serverContent": {"turnComplete": tr')
EMPTY_FRAME: Final[Message] = {}
STALL: Final = Stall()
ABORT: Final = Abort()


def huge_message(size_bytes: int = 1_000_000) -> Message:
    """Return a lawful message whose JSON is longer than `size_bytes`."""
    return {"serverContent": {"outputTranscription": {"text": "a" * size_bytes}}}
