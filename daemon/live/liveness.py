"""What the service owes us, and until when: the only sign of life that can be believed.

Its pongs come up to 30 s late on healthy links (live-api.md 0.4), and a dead link takes 87 s of speech without a
word (live-api.md 0.3). An answer that is owed and does not come is the proof.
"""

from __future__ import annotations

from .wire import Audio, Busy, Downward, Generated, Interrupted, TurnDone


class Liveness:
    """Keeps the deadline for the next thing that is owed."""

    def __init__(self, *, reply_timeout_s: float, stall_timeout_s: float) -> None:
        self._reply_timeout_s = reply_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._deadline_s: float | None = None
        self._answering = False

    def __repr__(self) -> str:
        return f"<Liveness deadline={self._deadline_s} answering={self._answering}>"

    @property
    def deadline_s(self) -> float | None:
        """When the service will be overdue; None while it owes nothing."""
        return self._deadline_s

    @property
    def owed(self) -> str:
        """What is owed, for the journal."""
        return "the rest of an answer" if self._answering else "an answer"

    def turn_started(self) -> None:
        """The user speaks: nothing is owed."""
        self._deadline_s = None
        self._answering = False

    def turn_ended(self, now: float) -> None:
        """The user has finished: an answer is owed."""
        self._deadline_s = now + self._reply_timeout_s
        self._answering = False

    def received(self, event: Downward, now: float) -> None:
        """Note an event of the current turn: stale ones do not count."""
        match event:
            case Audio():
                self._answering = True
                self._deadline_s = now + self._stall_timeout_s
            case Generated() | Interrupted() | TurnDone():
                self._answering = False
                self._deadline_s = None
            case Busy():
                self._deadline_s = now + self._reply_timeout_s
            case _ if self._answering:
                self._deadline_s = now + self._stall_timeout_s
            case _:
                pass
