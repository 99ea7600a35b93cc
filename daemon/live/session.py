"""The conversation over one link: what is held goes up, what comes down is attributed to its turn.

Three tasks, one fate: sending, receiving, and watching the clock. The first to fail ends the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
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
        # The tasks' failures come through a future and not through the TaskGroup: Python before 3.13 leaves a task
        # that catches one marked as cancelled (cpython#116720), and the next wait of the supervisor would end it.
        over: asyncio.Future[LinkError | None] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._until_over(work, over), name=f"session-{name}")
                for name, work in (("send", self._send), ("receive", self._receive), ("watch", self._watch))
            ]
            failure = await over
            for task in tasks:
                task.cancel()
        if failure is not None:
            raise failure

    async def _until_over(self, work: Callable[[], Awaitable[None]], over: asyncio.Future[LinkError | None]) -> None:
        """Do `work`; the first to end tells how."""
        failure: LinkError | None = None
        try:
            await work()
        except LinkError as error:
            failure = error
        if not over.done():
            over.set_result(failure)

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
        """Return when it is time to move. Whoever moves one of the deadlines to an earlier time sets `_clock_changed`.

        Raises:
            LinkTimeout: The service is overdue.
        """
        loop = asyncio.get_running_loop()
        while True:
            self._clock_changed.clear()
            now = loop.time()
            overdue_s = self._liveness.deadline_s
            if overdue_s is not None and overdue_s <= now:
                raise LinkTimeout(f"{self._liveness.owed} is overdue", deadline=Deadline.REPLY)
            if self._go_away is not None and self._may_move(self._go_away, now):
                return
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
