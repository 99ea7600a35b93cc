"""The conversation over one link: what is held goes up, what comes down is attributed to its turn.

Three tasks, one fate: sending, receiving, and watching the clock. The first to fail ends the others.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final, NoReturn

from daemon.errors import Deadline, LinkError, LinkTimeout

from .downward import Audio, Downward, GoAway, Handle, ToolCalls, ToolCallsCancelled, TurnDone
from .link import Link
from .liveness import Liveness
from .resume import GoAwayTimer
from .tool_window import ToolWindow
from .turns import Rules, Turns
from .uplink import Uplink
from .upward import Glance, Image, Prompt, ToolAnswer, TurnEnd, TurnStart, Upward

GiveUp = Callable[[], None]
"""Told that what was asked last will not be answered, over a link that nothing is wrong with."""
Hear = Callable[[int, Downward], None]
"""Takes an event and the turn it belongs to, at once and on the loop. Nothing in it waits (live-api.md 0.5)."""


class Parting(Enum):
    """Why a healthy link was left: the `REASON=` of the journal's `link.left`."""

    MOVING = "moving"
    """The service asked us to move; the session goes on over another link."""
    IDLE = "idle"
    """Nobody has spoken for `limits.idle_hangup_s`."""
    TOO_OLD = "too_old"
    """The session has lasted `limits.session_max_minutes`."""
    RENEWED = "renewed"
    """The configuration has changed: the next link is set up otherwise."""
    ENDED = "ended"
    """Somebody asked for the conversation to be over."""


class Session:
    """Carries the conversation over one open link."""

    def __init__(
        self,
        link: Link,
        uplink: Uplink,
        liveness: Liveness,
        *,
        hear: Hear,
        give_up: GiveUp = lambda: None,
        rules: Rules = Rules(),  # noqa: B008 - frozen
        hang_up_at: Callable[[float], float | None] = lambda _: None,
        over_at_s: float | None = None,
    ) -> None:
        self._link: Final = link
        self._uplink: Final = uplink
        self._liveness: Final = liveness
        self._hear: Final = hear
        self._give_up: Final = give_up
        self._hang_up_at: Final = hang_up_at
        self._over_at_s: Final = over_at_s
        self._leaving: Parting | None = None
        """Why to leave as soon as nobody's turn is under way."""
        self._active_s = asyncio.get_running_loop().time()
        """When something of a turn last went up or came down."""
        self._rules: Final = rules
        self._turns: Final = Turns(rules)
        self._tools: Final = ToolWindow()
        self.pictures = False
        """Whether the service was shown any."""
        self._handle_since_tools = True
        """Whether a handle has come since the last call: an older one would bring the session back to before it."""
        self._go_away: GoAwayTimer | None = None
        self._clock_changed: Final = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Session {self._turns} {self._liveness}>"

    def leave_at_rest(self, parting: Parting) -> None:
        """Have `run` return `parting` as soon as nobody's turn is under way; an end is not taken back."""
        if self._leaving is not Parting.ENDED:
            self._leaving = parting
        self._clock_changed.set()

    async def run(self) -> Parting:
        """Carry the conversation until there is a reason to leave the link in peace; return it.

        Raises:
            LinkError: The link failed. `LinkTimeout` when the service did not give what it owed.
        """
        # The tasks' failures come through a future and not through the TaskGroup: Python before 3.13 leaves a task
        # that catches one marked as cancelled (cpython#116720), and the next wait of the supervisor would end it.
        over: asyncio.Future[LinkError | Parting] = asyncio.get_running_loop().create_future()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(self._until_over(work, over), name=f"session-{name}")
                for name, work in (("send", self._send), ("receive", self._receive), ("watch", self._watch))
            ]
            ended = await over
            for task in tasks:
                task.cancel()
        if isinstance(ended, LinkError):
            raise ended
        return ended

    async def _until_over(
        self, work: Callable[[], Awaitable[Parting]], over: asyncio.Future[LinkError | Parting]
    ) -> None:
        """Do `work`; the first to end tells how."""
        ended: LinkError | Parting
        try:
            ended = await work()
        except LinkError as failure:
            ended = failure
        if not over.done():
            over.set_result(ended)

    async def _send(self) -> NoReturn:
        while True:
            item = await self._uplink.next()
            await self._link.send(item)
            self._note(item)  # not before: a full network can hold it up for seconds

    def _note(self, item: Upward) -> None:
        self._active_s = now = asyncio.get_running_loop().time()
        match item:
            case TurnStart(turn_id):
                oldest = self._uplink.replay.oldest_turn
                self._turns.started(turn_id, now, completes=oldest is not None and oldest < turn_id)
                self._liveness.turn_started()
                self._tools.left()
            case TurnEnd():
                self._turns.ended()
                self._liveness.turn_ended(now)
                self._clock_changed.set()
            case Prompt(turn_id):
                self._turns.started(turn_id, now)
                self._turns.ended()
                self._tools.left()
                self._liveness.turn_started()
                self._liveness.turn_ended(now)
                self._clock_changed.set()
            case Image() | Glance():
                self.pictures = True
            case ToolAnswer():
                self._tools.answered(item.call_id, now, silent=item.scheduling == "SILENT")
                self._clock_changed.set()
            case _:
                pass

    async def _receive(self) -> NoReturn:
        loop = asyncio.get_running_loop()
        while True:
            for event in await self._link.receive():
                self._take(event, loop.time())

    def _take(self, said: Downward, now: float) -> None:
        event = self._rules.settled(said)
        if event is None:
            return
        turn_id = self._turns.attribute(event, now)
        for late in self._turns.released():
            self._hand_on(self._turns.turn_id, late, now)
        if turn_id is not None:
            self._hand_on(turn_id, event, now)

    def _hand_on(self, turn_id: int, event: Downward, now: float) -> None:
        deadline_s = self._liveness.deadline_s
        self._mind_tools(event, now)
        if turn_id == self._turns.turn_id and not self._tools.passes(event):
            self._liveness.tools_pending()  # its end is not the end
            self._turns.goes_on()
            return
        if turn_id == self._turns.turn_id:  # the end of an older turn is no sign of life for this one
            self._liveness.received(event, now)
        if isinstance(event, Audio | TurnDone):
            self._active_s = now
        if isinstance(event, GoAway):
            self._go_away = GoAwayTimer(event.time_left_s, now)
        earlier = (self._liveness.deadline_s or math.inf) < (deadline_s or math.inf)
        if earlier or self._go_away is not None or isinstance(event, TurnDone):
            self._clock_changed.set()
        self._hear(turn_id, event)

    def _mind_tools(self, event: Downward, now: float) -> None:
        match event:
            case ToolCalls(calls):
                self._tools.called(call.call_id for call in calls)
                self._handle_since_tools = False
                self._liveness.tools_pending()
            case ToolCallsCancelled(call_ids):
                self._tools.cancelled(call_ids, now)
                self._clock_changed.set()
            case Handle() if not self._tools.pending:
                self._handle_since_tools = True
            case _:
                pass

    async def _watch(self) -> Parting:
        """Return when there is a reason to leave. Whoever moves a deadline to an earlier time sets `_clock_changed`.

        Raises:
            LinkTimeout: The service is overdue.
        """
        loop = asyncio.get_running_loop()
        while True:
            self._clock_changed.clear()
            now = loop.time()
            overdue_s = self._liveness.deadline_s
            if overdue_s is not None and overdue_s <= now:
                self._judge_silence()
                overdue_s = None
            if self._tools.overdue(now):
                self._turns.given_up()  # nothing is said of what was done
                self._hear(self._turns.turn_id, TurnDone(""))
            if self._go_away is not None and self._may_move(self._go_away, now):
                return Parting.MOVING
            idle_s = self._hang_up_at(self._active_s)
            if self._at_rest:
                if idle_s is not None and idle_s <= now:
                    return Parting.IDLE
                if self._leaving is not None:
                    return self._leaving
                if self._over_at_s is not None and self._over_at_s <= now:
                    return Parting.TOO_OLD
            move_s = None if self._go_away is None else self._go_away.rotate_by
            deadlines = (overdue_s, move_s, idle_s, self._over_at_s, self._tools.deadline_s)
            # What has passed and found a turn under way is looked at again when something happens.
            coming_s = min((at for at in deadlines if at is not None and at > now), default=None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(coming_s):
                    await self._clock_changed.wait()

    def _judge_silence(self) -> None:
        """Give up what the service owes, or the link.

        Raises:
            LinkTimeout: It did owe it.
        """
        if not self._liveness.excused(awaited=self._uplink.replay.newest_turn is not None):
            raise LinkTimeout(f"{self._liveness.owed} is overdue", deadline=Deadline.REPLY)
        self._turns.given_up()
        self._give_up()

    @property
    def _at_rest(self) -> bool:
        """Whether nobody's turn is under way and nothing waits to be sent."""
        return self._turns.between_turns and not self._uplink.replay.pending and not self._tools.is_open

    def _may_move(self, go_away: GoAwayTimer, now: float) -> bool:
        return go_away.due(
            now,
            between_turns=self._at_rest,
            tool_pending=not self._handle_since_tools,
            generating=self._turns.awaiting_reply,
        )
