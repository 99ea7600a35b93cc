"""What the service owes us, and until when: the only sign of life that can be believed.

Its pongs come up to 30 s late on healthy links (live-api.md 0.4), and a dead link takes 87 s of speech without a
word (live-api.md 0.3). An answer that is owed and does not come is the proof.

With the service's own detection (`Taking.SERVER`) it is not: where the service hears no speech it owes no answer, and
does not say so. What is overdue then is judged by what else it said:

    since the gate opened                                       what is overdue
    ----------------------------------------------------------  -------------------------------------------------
    an answer, and not to its end                               the link is in doubt, as ever
    no answer, and nobody waits: the turn was dropped here      was never owed
    no answer, but a transcript of the question                 the link is in doubt, as ever
    nothing at all, for the first time                          was not owed: the turn is given up, the link kept
    nothing at all, and the turn before ended like this, too    the link is in doubt: the turn is said again
"""

from __future__ import annotations

from .downward import Audio, Busy, Downward, Generated, Heard, HeardSoFar, Interrupted, TurnDone
from .upward import Taking


class Liveness:
    """Keeps the deadline for the next thing that is owed."""

    def __init__(self, *, reply_timeout_s: float, stall_timeout_s: float, taking: Taking = Taking.LOCAL) -> None:
        self._reply_timeout_s = reply_timeout_s
        self._stall_timeout_s = stall_timeout_s
        self._detecting = taking is Taking.SERVER
        self._deadline_s: float | None = None
        self._ended = False
        self._answering = False
        self._answered = False
        """There was an answer, or a word instead of one, to what was said of this turn so far."""
        self._heard = False
        """The service has written down something of this turn."""
        self._cut = False
        """The answer was interrupted; its turnComplete, which may follow, is no answer to what was said after it."""
        self._excused = False
        """An answer did not come, and nothing else has come since."""

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
        self._ended = self._answering = self._answered = self._heard = self._cut = False

    def turn_ended(self, now: float) -> None:
        """The user has finished: an answer is owed, unless the service found that out by itself and has answered."""
        self._ended = True
        if not (self._detecting and self._answered):
            self._deadline_s = now + self._reply_timeout_s
            self._answering = False

    def tools_pending(self) -> None:
        """The model waits for us: nothing is owed until it says something again."""
        self._deadline_s = None
        self._answering = False

    def excused(self, *, awaited: bool) -> bool:
        """Whether what is overdue was perhaps never owed, as the table above has it; if so, it is owed no more.

        Args:
            awaited: Whether anybody waits for it.
        """
        if not self._detecting or self._answering or (awaited and (self._heard or self._excused)):
            return False
        self._excused = self._excused or awaited
        self._deadline_s = None
        return True

    def received(self, event: Downward, now: float) -> None:
        """Note an event of the current turn: stale ones do not count."""
        self._excused = False
        match event:
            case Audio():
                self._answering, self._answered, self._cut = True, True, False
                self._deadline_s = now + self._stall_timeout_s
            case Interrupted() if self._detecting:
                # He went on after a pause: the answer to that is owed as the first was.
                self._answering = self._answered = self._heard = False
                self._cut = True
                self._deadline_s = now + self._reply_timeout_s if self._ended else None
            case TurnDone() if self._cut:
                self._cut = False
            case Generated() | Interrupted() | TurnDone():
                self._answering, self._answered = False, True
                self._deadline_s = None
            case Busy():
                self._deadline_s = now + self._reply_timeout_s
            case _ if self._answering:
                self._deadline_s = now + self._stall_timeout_s
            case Heard() | HeardSoFar():
                self._heard = True
            case _:
                pass
