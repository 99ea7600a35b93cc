"""Holds the end of an answer back while what the model called for in it is being done. Pure.

A call that does not block ends the answer it was made in: its result is spoken of in another one, seconds later and
without being asked for (live-api.md 1.8). For whoever asked, that is one answer with a pause in it:

    comes     call  generated  turnComplete ········· audio … generated  turnComplete
    we send                             ····· result
    passes    call                                    audio … generated  turnComplete

After a result the model sometimes says nothing at all (live-api.md 1.8): then the end that was held back is the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from .downward import Audio, Downward, Generated, Interrupted, TurnDone

PATIENCE_S: Final = 6.0
"""How long the model may take to speak of a result; about twice what it takes to begin an ordinary answer."""


class ToolWindow:
    """What was called for in the present turn, and whether it has been spoken of."""

    def __init__(self) -> None:
        self._pending: Final = set[str]()
        self._spoken_of = True
        """Whether the model has said something since the newest result that it is to speak of."""
        self._ended = False
        """An end has come and is held back."""
        self.deadline_s: float | None = None
        """When the model will say nothing more of what was done; None while nothing is waited for, or the tools are."""

    def __repr__(self) -> str:
        return f"<ToolWindow pending={len(self._pending)} ended={self._ended}>"

    @property
    def pending(self) -> bool:
        """Whether something is being done."""
        return bool(self._pending)

    @property
    def is_open(self) -> bool:
        """Whether the end of the answer would be held back."""
        return self.pending or not self._spoken_of

    def called(self, call_ids: Iterable[str]) -> None:
        """Note that the model wants these done."""
        self._pending.update(call_ids)
        self.deadline_s = None

    def cancelled(self, call_ids: Iterable[str], now: float) -> None:
        """Note that the model no longer waits for these."""
        self._pending.difference_update(call_ids)
        self._wait(now)

    def answered(self, call_id: str, now: float, *, silent: bool) -> None:
        """Note that a result was sent, and whether the model is asked to say nothing about it."""
        self._pending.discard(call_id)
        if not silent:
            self._spoken_of = False
        self._wait(now)

    def left(self) -> None:
        """Note that the user has gone on: the answer in which the calls were made is over."""
        self._pending.clear()
        self._close()

    def passes(self, event: Downward) -> bool:
        """Take an event of the present turn; return whether it means what it says."""
        match event:
            case Audio():
                self._ended = False
                if not self.pending:
                    self._spoken_of = True
                    self.deadline_s = None
            case Interrupted():
                self._close()
            case Generated() | TurnDone() if self.is_open:
                self._ended = True
                return False
            case _:
                pass
        return True

    def overdue(self, now: float) -> bool:
        """Say, once, whether an end that was held back is the end after all."""
        if self.deadline_s is None or now < self.deadline_s:
            return False
        self._close()
        return True

    def _wait(self, now: float) -> None:
        """Begin to wait for the model, now that all is done."""
        if self.pending:
            return
        if not self._spoken_of:
            self.deadline_s = now + PATIENCE_S
        elif self._ended:
            self.deadline_s = now  # nothing will be said: what was held back is due

    def _close(self) -> None:
        self._spoken_of, self._ended, self.deadline_s = True, False, None
