"""Which of our turns a message of the service belongs to.

The service names no turns. When the user speaks while an older turn is not over, the messages that follow may
still be about the old one (live-api.md 1.3, "spurious pair"):

    we send      activityStart(2) ……… speech ……… activityEnd(2)
    we receive   audio(1)  interrupted(1)  turnComplete(1)      audio(2) … generationComplete(2) … turnComplete(2)
                 └ stale ┘ └──────── end of turn 1 ───────┘

The rules: audio is old until the old turn has stopped generating, or until `STALE_S` after our activityStart, should
the service never say so; terminal messages are old until the old turn has had its turnComplete; the first audio of
the new turn ends the old one in any case. Over a slow network several turns can be old at once: the oldest ends first.
What comes before the new turn has gone up, though no turn is old, is what the service adds to an answer after its end,
as it does for a tool's result: the turn before is old again. The same is true of an `interrupted` before any answer.

With the service's own detection (`Taking.SERVER`) it never hears of our turns. One opening of the gate is one turn of
ours; what the service hears in it may be one utterance, several, or none:

    our gate    ▁██ speech ██ pause ██▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁██████████ speech ███████████ pause ███▁▁▁▁▁▁▁▁▁▁▁▁▁
    goes up      └1, then audio       └audioStreamEnd└2, then audio                         └audioStreamEnd
    comes                           audio(1) ………     audio(1) interrupted(1) turnComplete(1)    audio(2) ………
                     found the end ─┘                └ stale ┘└ heard us, 0.4 to 3 s late

- An answer may begin while the gate is open. It is the open turn's, once the old turns are out of the way.
- Nothing makes the service break off an old answer but what it hears. If that is no speech, the old answer goes on to
  its end. So audio is old until the service says that the old answer has ended, however long that takes.
- An old turn of whose answer nothing had come may have been interrupted without a word, or never been heard at all. Its
  answer is expected for another `STALE_S` while the gate is open, in which time the service will have found the new
  speech, and for `UNHEARD_STALE_S` once it is closed. What comes then is new. What comes before is old to its end:
  rather is a new answer lost, which is noticed (`Liveness`), than an old one played for a new one.
- Unless the old question is still held: the next answer is to both then, and if nothing is said in the new turn, the
  old answer is that answer. So it is kept back until it is known: dropped if `interrupted` follows, else `released`.
- Who goes on after a pause that the service took for the end is `interrupted` in his own turn. If nothing of an answer
  had come, neither that nor its turnComplete means anything to anybody: the answer to all of it is still to come.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from .downward import Audio, Downward, Generated, Idle, Interrupted, Said, TurnDone, UsageReport
from .upward import Taking

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
    """The user's voice stops the answer under way (START_OF_ACTIVITY_INTERRUPTS)."""
    taking: Taking = Taking.LOCAL

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


class _Cut(Enum):
    """Whether a turn was interrupted within itself (`Taking.SERVER`): the turnComplete that follows is not its end."""

    NONE = "none"
    UNHEARD = "unheard"
    """Before anything of an answer had come."""
    HEARD = "heard"


@dataclass(slots=True)
class _Turn:
    turn_id: int
    started_s: float
    ended: bool = False
    """activityEnd was sent."""
    heard: bool = False
    """Some of its answer has come, and was not interrupted."""
    generated: bool = False
    """No more audio of it can come."""
    cut: _Cut = _Cut.NONE
    done: bool = False
    left_s: float = 0.0
    """When the user went on from it."""
    wanted: bool = False
    """He did so only to complete it: an answer to it alone would do, should the service hear nothing more."""


class Turns:
    """Attributes the service's messages to turns; one for each link, since a new link begins with no turn."""

    def __init__(self, rules: Rules = Rules()) -> None:
        self._rules = rules
        self._current = self._before = _Turn(0, 0.0, ended=True, generated=True, done=True)
        self._old: deque[_Turn] = deque()
        """Turns that the user has gone on from, and the service has not: oldest first."""
        self._doubtful: list[Audio | Said] = []
        """Of an answer that is either a wanted old turn's or nobody's. At most what comes in `STALE_S`."""
        self._released: list[Audio | Said] = []

    def __repr__(self) -> str:
        return f"<Turns current={self._current} old={list(self._old)}>"

    @property
    def turn_id(self) -> int:
        """The turn that was started last; 0 before the first."""
        return self._current.turn_id

    @property
    def awaiting_reply(self) -> bool:
        """Whether the user has finished a turn and the service has not finished generating its answer."""
        return (self._current.ended or self._current.heard) and not self._current.generated

    @property
    def between_turns(self) -> bool:
        """Whether nobody's turn is under way, as far as the service is concerned."""
        return self._current.ended and self._current.done and not self._old

    def started(self, turn_id: int, now: float, *, completes: bool = False) -> None:
        """Note that `turn_id` has begun to go up, and whether it is to complete what was asked before it."""
        current = self._current
        if current.ended and not current.done:
            current.left_s = now
            self._old.append(current)
        for old in self._old:
            old.wanted = completes and not old.heard
        self._doubtful.clear()
        self._before, self._current = current, _Turn(turn_id, now)

    def ended(self) -> None:
        """Note that all of the current turn has gone up."""
        self._current.ended = True

    def given_up(self) -> None:
        """Note that no answer to the current turn is expected any more."""
        self._current.generated = self._current.done = True

    def goes_on(self) -> None:
        """Note that what came as the current turn's end was not: more of its answer follows a tool's result."""
        self._current.generated = self._current.done = False

    def attribute(self, event: Downward, now: float) -> int | None:
        """Return the turn that `event` belongs to, or None when it is stale, or in doubt, and must not be heard.

        Events that belong to no turn (handles, go-away) are given to the current one. After calling this you must ask
        for what is `released`; it comes before `event`.
        """
        self._forget_unheard(now)
        if self._doubtful and isinstance(event, Generated | TurnDone):
            self._believe()  # it came to its end, and nobody has interrupted it
        if isinstance(event, Interrupted):
            self._doubtful.clear()
        match event:
            case Audio() | Said():
                return self._attribute_content(event, now)
            case UsageReport():
                return self._old[0].turn_id if self._old else self._current.turn_id
            case Interrupted():
                return self._interrupted()
            case Generated():
                return self._generated()
            case TurnDone():
                return self._done()
            case _:
                return self._current.turn_id

    def released(self) -> list[Audio | Said]:
        """Return, once, what was in doubt and belongs to the current turn after all."""
        released, self._released = self._released, []
        return released

    def _forget_unheard(self, now: float) -> None:
        """Expect nothing more of turns that were gone on from unheard, of which the service would have told by now."""
        if self._old and (self._rules.interrupts or self._detecting):
            self._old = deque(old for old in self._old if old.heard or now - old.left_s < STALE_S)

    @property
    def _detecting(self) -> bool:
        return self._rules.taking is Taking.SERVER

    def _interrupted(self) -> int | None:
        if self._detecting and not self._old and not self._current.done:
            return self._interrupted_within()
        if not (self._detecting or self._old or self._current.heard):
            self._recall()
        return self._generated()

    def _recall(self) -> None:
        """The service has not gone on from the turn before, although it was over."""
        self._before.generated = self._before.done = False
        self._before.left_s = self._current.started_s
        self._old.append(self._before)

    def _generated(self) -> int:
        turn = self._old[0] if self._old else self._current
        turn.generated = True
        return turn.turn_id

    def _done(self) -> int | None:
        current = self._current
        if current.cut is not _Cut.NONE and not self._old:
            cut, current.cut = current.cut, _Cut.NONE
            return current.turn_id if cut is _Cut.HEARD else None
        turn = self._old.popleft() if self._old else self._current
        turn.generated = turn.done = True
        return turn.turn_id

    def _interrupted_within(self) -> int | None:
        """The user has gone on in the current turn: what was answered is void, and another answer will come."""
        current = self._current
        current.cut = _Cut.HEARD if current.heard else _Cut.UNHEARD
        current.heard = current.generated = False
        return current.turn_id if current.cut is _Cut.HEARD else None

    def _attribute_content(self, event: Audio | Said, now: float) -> int | None:
        if self._detecting:
            return self._attribute_detected(event, now)
        if not self._current.ended:
            if not self._old:
                self._recall()
            self._old[0].heard = True
            return None
        since_s = now - self._current.started_s
        if any(not old.generated and since_s < self._stale_s(old) for old in self._old):
            return None
        self._old.clear()
        self._current.heard = True
        return self._current.turn_id

    def _attribute_detected(self, event: Audio | Said, now: float) -> int | None:
        expected_s = UNHEARD_STALE_S if self._current.ended else STALE_S
        for old in self._old:
            if old.generated or not (old.heard or now - old.left_s < expected_s):
                continue
            if old.wanted:
                self._doubtful.append(event)
            else:
                old.heard = True
            return None
        return self._believe()

    def _believe(self) -> int:
        """What comes, and what was in doubt, is the current turn's."""
        self._old.clear()
        self._released += self._doubtful
        self._doubtful = []
        current = self._current
        current.heard = True
        current.generated = current.done = False
        current.cut = _Cut.NONE
        return current.turn_id

    def _stale_s(self, old: _Turn) -> float:
        if not self._rules.interrupts:
            return math.inf  # the service goes on with it to its end, and says so
        return STALE_S if old.heard else UNHEARD_STALE_S
