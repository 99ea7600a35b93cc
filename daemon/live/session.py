"""The conversation over one link: what is held goes up, what comes down is attributed to its turn.

Three tasks, one fate: sending, receiving, and watching the clock. The first to fail ends the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Callable
from typing import Final

from daemon.errors import Deadline, LinkError, LinkTimeout

from .link import Link
from .liveness import Liveness
from .resume import GoAwayTimer
from .turns import Turns
from .uplink import Uplink
from .upward import TurnEnd, TurnStart, Upward
from .wire import Downward, GoAway

Hear = Callable[[int, Downward], None]
"""Takes an event and the turn it belongs to, at once and on the loop. Nothing in it waits (live-api.md 0.5)."""


class _Moving(Exception):
    """It is time to move to a new link."""


class Session:
    """Carries the conversation over one open link."""

    def __init__(self, link: Link, uplink: Uplink, liveness: Liveness, *, hear: Hear) -> None:
        self._link: Final = link
        self._uplink: Final = uplink
        self._liveness: Final = liveness
        self._hear: Final = hear
        self._turns: Final = Turns()
        self._go_away: GoAwayTimer | None = None
        self._clock_changed: Final = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Session {self._turns} {self._liveness}>"

    async def run(self) -> None:
        """Carry the conversation; return when the service has asked us to move and it is time.

        Raises:
            LinkError: The link failed. `LinkTimeout` when the service did not give what it owed.
        """
        failure: LinkError | None = None
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._send(), name="session-send")
                group.create_task(self._receive(), name="session-receive")
                group.create_task(self._watch(), name="session-watch")
        except* _Moving:
            pass
        except* LinkError as failed:
            failure = _first(failed)
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            # Python before 3.13 can lose the outer cancellation here (cpython#116720).
            raise asyncio.CancelledError
        if failure is not None:
            raise failure

    async def _send(self) -> None:
        while True:
            item = await self._uplink.next()
            self._note(item)
            await self._link.send(item)

    def _note(self, item: Upward) -> None:
        now = asyncio.get_running_loop().time()
        match item:
            case TurnStart(turn_id):
                self._turns.started(turn_id, now)
                self._liveness.turn_started()
            case TurnEnd():
                self._turns.ended()
                self._liveness.turn_ended(now)
                self._clock_changed.set()
            case _:
                pass

    async def _receive(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            for event in await self._link.receive():
                self._take(event, loop.time())

    def _take(self, event: Downward, now: float) -> None:
        turn_id = self._turns.attribute(event, now)
        if turn_id is None:
            return
        deadline_s = self._liveness.deadline_s
        self._liveness.received(event, now)
        if isinstance(event, GoAway):
            self._go_away = GoAwayTimer(event.time_left_s, now)
        if self._go_away is not None or (deadline_s or math.inf) > (self._liveness.deadline_s or math.inf):
            self._clock_changed.set()
        self._hear(turn_id, event)

    async def _watch(self) -> None:
        """Wait for the earliest of our deadlines; whoever moves one to an earlier time sets `_clock_changed`."""
        loop = asyncio.get_running_loop()
        while True:
            self._clock_changed.clear()
            now = loop.time()
            overdue_s = self._liveness.deadline_s
            if overdue_s is not None and overdue_s <= now:
                raise LinkTimeout(f"{self._liveness.owed} is overdue", deadline=Deadline.REPLY)
            if self._go_away is not None and self._may_move(self._go_away, now):
                raise _Moving
            deadlines = [overdue_s, self._go_away.rotate_by if self._go_away is not None else None]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min((at for at in deadlines if at is not None), default=None)):
                    await self._clock_changed.wait()

    def _may_move(self, go_away: GoAwayTimer, now: float) -> bool:
        return go_away.due(
            now,
            between_turns=self._turns.between_turns and not self._uplink.replay.pending,
            tool_pending=False,
            generating=self._turns.awaiting_reply,
        )


def _first(failed: BaseExceptionGroup[LinkError]) -> LinkError:
    """The failure that came first: TaskGroup keeps them in order, and the others only followed from it."""
    first = failed.exceptions[0]
    assert isinstance(first, LinkError), "the session's tasks make no groups of their own"
    return first
