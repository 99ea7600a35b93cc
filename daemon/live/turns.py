"""Which of our turns a message of the service belongs to.

The service names no turns. When the user speaks while an older turn is not over, the messages that follow may
still be about the old one (live-api.md 1.3, "spurious pair"):

    we send      activityStart(2) ……… speech ……… activityEnd(2)
    we receive   audio(1)  interrupted(1)  turnComplete(1)      audio(2) … generationComplete(2) … turnComplete(2)
                 └ stale ┘ └──────── end of turn 1 ───────┘

The rules: audio is old until the old turn has stopped generating, or until `STALE_S` after our activityStart, should
the service never say so; terminal messages are old until the old turn has had its turnComplete; the first audio of
the new turn ends the old one in any case. Over a slow network several turns can be old at once: the oldest ends first.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import Final

from .wire import Audio, Downward, Generated, Idle, Interrupted, Said, TurnDone, UsageReport

STALE_S: Final = 3.0
"""How long after an activityStart audio of the interrupted answer can still be on its way: `interrupted` was seen up to
2.97 s late (live-api.md 1.3)."""
UNHEARD_STALE_S: Final = 1.0
"""The same where nothing of that answer had come yet: the service may well say nothing about it at all."""


@dataclass(frozen=True, slots=True)
class Rules:
    """How a model, as it is set up, takes turns."""

    ends_on_idle: bool = False
    """Several turnCompletes may answer one question, and only IDLE ends it (extended thinking, live-api.md 1.7)."""
    interrupts: bool = True
    """An activityStart stops the answer under way (START_OF_ACTIVITY_INTERRUPTS)."""

    def settled(self, event: Downward) -> Downward | None:
        """Return what `event` means where every turn has one end; None if it means nothing then."""
        if not self.ends_on_idle:
            return event
        match event:
            case Generated() | TurnDone():
                return None
            case Idle():
                return TurnDone("")
            case _:
                return event


@dataclass(slots=True)
class _Turn:
    turn_id: int
    started_s: float
    ended: bool = False
    """activityEnd was sent."""
    heard: bool = False
    """Some of its answer has come."""
    generated: bool = False
    """No more audio of it can come."""
    done: bool = False
    left_s: float = 0.0
    """When the user went on from it."""


class Turns:
    """Attributes the service's messages to turns; one for each link, since a new link begins with no turn."""

    def __init__(self, rules: Rules = Rules()) -> None:
        self._rules = rules
        self._current = _Turn(0, 0.0, ended=True, generated=True, done=True)
        self._old: deque[_Turn] = deque()
        """Turns that the user has gone on from, and the service has not: oldest first."""

    def __repr__(self) -> str:
        return f"<Turns current={self._current} old={list(self._old)}>"

    @property
    def turn_id(self) -> int:
        """The turn that was started last; 0 before the first."""
        return self._current.turn_id

    @property
    def awaiting_reply(self) -> bool:
        """Whether the user has finished a turn and the service has not finished generating its answer."""
        return self._current.ended and not self._current.generated

    @property
    def between_turns(self) -> bool:
        """Whether nobody's turn is under way, as far as the service is concerned."""
        return self._current.ended and self._current.done and not self._old

    def started(self, turn_id: int, now: float) -> None:
        """Note that activityStart of `turn_id` was sent."""
        current = self._current
        if current.ended and not current.done:
            current.left_s = now
            self._old.append(current)
        self._current = _Turn(turn_id, now)

    def ended(self) -> None:
        """Note that activityEnd of the current turn was sent."""
        self._current.ended = True

    def attribute(self, event: Downward, now: float) -> int | None:
        """Return the turn that `event` belongs to, or None when it is stale and must not be heard.

        Events that belong to no turn (handles, go-away) are given to the current one.
        """
        self._forget_unheard(now)
        match event:
            case Audio() | Said():
                return self._attribute_content(now)
            case UsageReport():
                return self._old[0].turn_id if self._old else self._current.turn_id
            case Interrupted() | Generated():
                turn = self._old[0] if self._old else self._current
                turn.generated = True
                return turn.turn_id
            case TurnDone():
                turn = self._old.popleft() if self._old else self._current
                turn.generated = turn.done = True
                return turn.turn_id
            case _:
                return self._current.turn_id

    def _forget_unheard(self, now: float) -> None:
        """Expect nothing more of turns that were gone on from unheard, of which the service would have told by now."""
        if self._old and self._rules.interrupts:
            self._old = deque(old for old in self._old if old.heard or now - old.left_s < STALE_S)

    def _attribute_content(self, now: float) -> int | None:
        if not self._current.ended:
            if self._old:
                self._old[0].heard = True
            return None
        since_s = now - self._current.started_s
        if any(not old.generated and since_s < self._stale_s(old) for old in self._old):
            return None
        self._old.clear()
        self._current.heard = True
        return self._current.turn_id

    def _stale_s(self, old: _Turn) -> float:
        if not self._rules.interrupts:
            return math.inf  # the service goes on with it to its end, and says so
        return STALE_S if old.heard else UNHEARD_STALE_S
