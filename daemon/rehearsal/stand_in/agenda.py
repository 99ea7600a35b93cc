"""What the service is going to say on one connection, and when."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from .messages import Out, Raw


class Step(Enum):
    """What a cue means for the state of its connection, once it is carried out."""

    FRAME = "frame"
    """Nothing."""
    SETUP_COMPLETE = "setup_complete"
    CHUNK = "chunk"
    GENERATION_COMPLETE = "generation_complete"
    INTERRUPTED = "interrupted"
    TURN_COMPLETE = "turn_complete"
    TOOL_CALL = "tool_call"
    TURN_PAUSED = "turn_paused"
    """A turnComplete with IN_PROGRESS: the answer goes on."""
    EXPIRY = "expiry"
    """The end of the connection, or its announcement."""
    KEY_OVER = "key_over"
    """The end of the connection because its token has expired; nothing puts it off."""
    LAST_WORDS = "last_words"
    """After it nothing is said any more."""


@dataclass(frozen=True, slots=True, order=True)
class Cue:
    """One thing to say. Equal times go in the order in which they were planned.

    Attributes:
        at_s: When.
        of_answer: It belongs to the answer under way, and goes when that goes.
        audio_bytes: How much of the answer's audio is in it.
    """

    at_s: float
    rank: int
    out: Out = field(compare=False)
    step: Step = field(compare=False, default=Step.FRAME)
    of_answer: bool = field(compare=False, default=False)
    audio_bytes: int = field(compare=False, default=0)


class Agenda:
    """Cues in the order of their times."""

    def __init__(self) -> None:
        self._cues: list[Cue] = []
        self._rank = 0
        self._hushed = False

    def __repr__(self) -> str:
        return f"Agenda({len(self._cues)} cues, next at {self.next_s})"

    @property
    def next_s(self) -> float | None:
        """When the next cue is due; None where there is none."""
        return self._cues[0].at_s if self._cues else None

    def add(
        self, at_s: float, out: Out, step: Step = Step.FRAME, *, of_answer: bool = False, audio_bytes: int = 0
    ) -> None:
        """Plan to say `out` at `at_s`; once hushed, only what ends the connection is still planned."""
        if self._hushed and isinstance(out, dict | Raw):
            return
        self._rank += 1
        heapq.heappush(self._cues, Cue(at_s, self._rank, out, step, of_answer, audio_bytes))

    def due(self, now: float) -> Cue | None:
        """Take the next cue, if its time has come."""
        if self._cues and self._cues[0].at_s <= now:
            return heapq.heappop(self._cues)
        return None

    def keep(self, wanted: Callable[[Cue], bool]) -> None:
        """Drop every cue that is not `wanted`."""
        self._cues = [cue for cue in self._cues if wanted(cue)]
        heapq.heapify(self._cues)

    def hush(self) -> None:
        """Say nothing more, now or later, but let the connection end as planned."""
        self._hushed = True
        self.keep(lambda cue: cue.step in {Step.EXPIRY, Step.KEY_OVER} and not isinstance(cue.out, dict | Raw))

    def clear(self) -> None:
        """Drop everything."""
        self._cues = []
