"""Which of our turns a message of the service belongs to.

The service names no turns. When the user speaks while an older turn is not over, the messages that follow may
still be about the old one (live-api.md 1.3, "spurious pair"):

    we send      activityStart(2) ……… speech ……… activityEnd(2)
    we receive   audio(1)  interrupted(1)  turnComplete(1)      audio(2) … generationComplete(2) … turnComplete(2)
                 └ stale ┘ └──────── end of turn 1 ───────┘

The rules: audio is old until the old turn has stopped generating, or until `STALE_S` after our activityStart, should
the service never say so; terminal messages are old until the old turn has had its turnComplete; the first audio of
the new turn ends the old one in any case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .wire import Audio, Downward, Generated, Interrupted, Said, TurnDone

STALE_S: Final = 1.0
"""How long after an activityStart audio of the interrupted answer can still be on its way."""


@dataclass(slots=True)
class _Turn:
    turn_id: int
    started_s: float
    ended: bool = False
    """activityEnd was sent."""
    generated: bool = False
    """No more audio of it can come."""
    done: bool = False


class Turns:
    """Attributes the service's messages to turns; one for each link, since a new link begins with no turn."""

    def __init__(self) -> None:
        self._current = _Turn(0, 0.0, ended=True, generated=True, done=True)
        self._old: _Turn | None = None

    def __repr__(self) -> str:
        return f"<Turns current={self._current} old={self._old}>"

    @property
    def awaiting_reply(self) -> bool:
        """Whether the user has finished a turn and the service has not finished generating its answer."""
        return self._current.ended and not self._current.generated

    @property
    def between_turns(self) -> bool:
        """Whether nobody's turn is under way, as far as the service is concerned."""
        return self._current.ended and self._current.done and self._old is None

    def started(self, turn_id: int, now: float) -> None:
        """Note that activityStart of `turn_id` was sent."""
        current = self._current
        self._old = current if current.ended and not current.done else None
        self._current = _Turn(turn_id, now)

    def ended(self) -> None:
        """Note that activityEnd of the current turn was sent."""
        self._current.ended = True

    def attribute(self, event: Downward, now: float) -> int | None:
        """Return the turn that `event` belongs to, or None when it is stale and must not be heard.

        Events that belong to no turn (handles, go-away, usage) are given to the current one.
        """
        match event:
            case Audio() | Said():
                return self._attribute_content(now)
            case Interrupted() | Generated():
                turn = self._old or self._current
                turn.generated = True
                return turn.turn_id
            case TurnDone():
                turn = self._old or self._current
                turn.generated = turn.done = True
                self._old = None
                return turn.turn_id
            case _:
                return self._current.turn_id

    def _attribute_content(self, now: float) -> int | None:
        if not self._current.ended:
            return None
        if self._old is not None and not self._old.generated and now - self._current.started_s < STALE_S:
            return None
        self._old = None
        return self._current.turn_id
