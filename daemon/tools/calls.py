"""Carries out what the model wants done, beside the conversation: nothing here is waited for by anybody.

    begin ─────────────► running ──► settled ──► on_answer, once for each id that waits
            │            │ ▲         ▲
            │            │ └ the same call again: one more id waits
            └ refused ───┴ too late, or cancelled: the answer goes out at once; what still runs is left behind

A call that the user talks over is silently dropped by the service and issued again under a new id (live-api.md 1.8).
So the same name and arguments within a few seconds are not carried out twice (`Remembered`).
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from daemon.journal import Journal

from .call import Answer, Call
from .carrying_out import carried_out
from .declaration import Behavior, Scheduling
from .registry import Registry
from .remembered import Remembered
from .results import Status, failed
from .signature import whole
from .tool import Tool

MOST_AT_ONCE: Final = 8
MOST_LEFT_BEHIND: Final = 8
"""Calls that were answered without having ended, such as a thread that hangs."""
BLOCKING_S: Final = 10.0
"""The longest that a blocking call is reported as pending (live-api.md 1.8)."""


@dataclass(slots=True)
class _Waiting:
    """One id that waits for an answer."""

    session: str
    id: str
    since_s: float
    gone: bool = False
    """Whether its session has ended."""


@dataclass(slots=True, eq=False)
class _Run:
    """One call under way; `response` is None until it is settled."""

    tool: Tool
    key: str
    arguments: Mapping[str, object] = field(repr=False)
    begun_s: float
    session: str
    """That it was begun in."""
    waiting: list[_Waiting]
    response: dict[str, object] | None = field(default=None, repr=False)
    left_behind: bool = False
    """Whether it was settled before its end."""
    task: asyncio.Task[None] | None = None
    deadline: asyncio.TimerHandle | None = None


class Calls:
    """The calls of all sessions. Everything is to be called on the event loop's thread.

    Args:
        registry: What can be called.
        journal: Is told `tool.called`, `tool.repeated`, `tool.failed`, `tool.cancelled`, `tool.answer_dropped` and
            `tool.late`.
        on_answer: Is handed every answer, some before `begin` returns. Must not raise.
        default_behavior: What the model takes a declaration for that states no behaviour.
        tell_content: Whether arguments and answers go to the journal too. Only if the owner asked for it.
    """

    def __init__(
        self,
        registry: Registry,
        journal: Journal,
        *,
        on_answer: Callable[[Answer], None],
        default_behavior: Behavior = Behavior.NON_BLOCKING,
        tell_content: bool = False,
    ) -> None:
        self._registry = registry
        self._journal = journal
        self._on_answer = on_answer
        self._default_behavior = default_behavior
        self.tell_content = tell_content
        """Whether arguments and answers are told."""
        self._group: asyncio.TaskGroup | None = None
        self._running: list[_Run] = []
        """Whose task has not ended, settled or not."""
        self._remembered = Remembered()

    def __repr__(self) -> str:
        left = sum(run.left_behind for run in self._running)
        return f"<Calls {len(self._running) - left} running, {left} left behind>"

    async def run(self) -> None:
        """Carry calls out until cancelled; what is under way is then cancelled without an answer.

        A call that comes while this is not running is answered as busy. A thread that hangs is not waited for.
        """
        async with asyncio.TaskGroup() as group:
            self._group = group
            try:
                await asyncio.Event().wait()
            finally:
                self._group = None

    @property
    def blocking_pending(self) -> bool:
        """Whether the model waits for an answer and had better not be spoken to; never for longer than `BLOCKING_S`."""
        return any(
            run.response is None
            and (run.tool.declaration.behavior or self._default_behavior) is Behavior.BLOCKING
            and any(not one.gone and _now_s() - one.since_s < BLOCKING_S for one in run.waiting)
            for run in self._running
        )

    def begin(self, session: str, calls: Sequence[Call]) -> None:
        """Begin each of `calls`, or answer it at once: refused, or carried out a moment ago.

        `session` is what the journal calls the session that wants it.
        """
        for call in calls:
            self._begin(_Waiting(session, call.id, _now_s()), call)

    def cancel(self, ids: Iterable[str]) -> None:
        """Answer these calls as cancelled, and stop each unless the same is still wanted under another id.

        What runs on a thread cannot be stopped. It goes on, so that the same call, issued again, finds it.
        """
        wanted = set(ids)
        for run in [run for run in self._running if run.response is None]:
            cancelled = [one for one in run.waiting if one.id in wanted]
            if not cancelled:
                continue
            run.waiting = [one for one in run.waiting if one.id not in wanted]
            response = failed(Status.CANCELLED, "It was cancelled.", retryable=False)
            for one in cancelled:
                self._journal.tell(
                    "tool.cancelled", name=run.tool.name, session_id=one.session, duration_ms=_ms_since(run.begun_s)
                )
                self._answer(one, run.tool.name, response, Scheduling.SILENT)
            if all(one.gone for one in run.waiting) and not run.tool.threaded:
                self._give_up(run, response)

    def session_ended(self, *, asked_again: bool) -> None:
        """Expect nobody to hear of anything that was called for until now. What is under way goes on: it was wanted.

        Args:
            asked_again: Whether the next one will be asked what this one has not answered, and may call for the same.
        """
        for run in self._running:
            for one in run.waiting:
                one.gone = True
        if asked_again:
            self._remembered.pause(_now_s())
        else:
            self._remembered.clear()

    def session_began(self) -> None:
        """Note that there is a session."""
        self._remembered.go_on(_now_s())

    # --- one call ---

    def _begin(self, one: _Waiting, call: Call) -> None:
        tool = self._registry.get(call.name)
        if tool is None:
            self._refuse(one, call, failed(Status.ERROR, f"There is no tool {call.name}.", retryable=False))
            return
        key = f"{call.name} {json.dumps(whole(call.arguments), sort_keys=True, default=str)}"
        if self._is_repetition(one, tool, key):
            return
        if (reason := self._full(tool)) is not None:
            self._refuse(one, call, failed(Status.BUSY, reason, retryable=True))
            return
        run = _Run(tool, key, call.arguments, one.since_s, one.session, [one])
        assert self._group is not None, "_full has looked"
        self._running.append(run)
        run.deadline = asyncio.get_running_loop().call_later(tool.options.timeout_s, self._too_late, run)
        run.task = self._group.create_task(self._carry_out(run), name=f"tool {tool.name}")
        run.task.add_done_callback(lambda _: self._ended(run))

    def _is_repetition(self, one: _Waiting, tool: Tool, key: str) -> bool:
        """Answer a call that is under way or was carried out a moment ago, and say whether it is one."""
        same = next((run for run in self._running if run.key == key and run.response is None), None)
        response = None if same or tool.options.idempotent else self._remembered.get(key, _now_s())
        if same is None and response is None:
            return False
        self._journal.debug("tool.repeated", name=tool.name, session_id=one.session, running=same is not None)
        if response is not None:
            self._answer(one, tool.name, response, _scheduling(tool, response))
        elif same and all((one.session, one.id) != (other.session, other.id) for other in same.waiting):
            same.waiting.append(one)
        return True

    def _full(self, tool: Tool) -> str | None:
        """Return why no call of `tool` can begin now."""
        if self._group is None:
            return "No tools can be used at the moment."
        left = [run for run in self._running if run.left_behind]
        if len(self._running) - len(left) >= MOST_AT_ONCE:
            return "Too much is being done at once; try again in a moment."
        if any(run.tool.name == tool.name for run in left) or len(left) >= MOST_LEFT_BEHIND:
            return "An earlier call has not come to its end yet; try again later."
        return None

    async def _carry_out(self, run: _Run) -> None:
        self._settle(run, await carried_out(run.tool, run.arguments, self._journal))

    def _too_late(self, run: _Run) -> None:
        again = run.tool.options.idempotent
        message = f"It has not come to its end within {run.tool.options.timeout_s:g} seconds" + (
            "; it can be tried again." if again else ", and may still happen. Do not try again unasked."
        )
        self._give_up(run, failed(Status.TIMED_OUT, message, retryable=again))

    def _give_up(self, run: _Run, response: dict[str, object]) -> None:
        """Settle a run that has not ended, and end it; a thread cannot be ended and is left behind."""
        run.left_behind = True
        self._settle(run, response)
        if run.task is not None and not run.tool.threaded:
            run.task.cancel()

    def _ended(self, run: _Run) -> None:
        """Take note of a task's end, whatever has ended it."""
        self._running.remove(run)
        if run.deadline is not None:
            run.deadline.cancel()
        if self._group is None:  # the device stops: nobody is told any more
            return
        if run.response is None:  # it was cancelled by itself
            self._settle(run, failed(Status.ERROR, "It was broken off.", retryable=run.tool.options.idempotent))
        elif run.left_behind and run.task is not None and not run.task.cancelled():
            self._journal.debug("tool.late", name=run.tool.name, duration_ms=_ms_since(run.begun_s))

    def _settle(self, run: _Run, response: dict[str, object]) -> None:
        """Answer everybody who waits, once."""
        if run.response is not None:
            return
        run.response = response
        if run.deadline is not None:
            run.deadline.cancel()
        waiting, run.waiting = run.waiting, []
        for one in waiting:
            if one.gone:
                self._journal.tell(
                    "tool.answer_dropped", name=run.tool.name, session_id=one.session, status=str(response["status"])
                )
            else:
                self._answer(one, run.tool.name, response, _scheduling(run.tool, response))
        if response["status"] == Status.CANCELLED.value:
            return
        self._told(run, response)
        if not response["retryable"]:
            self._remembered.add(run.key, response, _now_s())

    # --- telling ---

    def _refuse(self, one: _Waiting, call: Call, response: dict[str, object]) -> None:
        known = self._registry.get(call.name) is not None  # any other name is the model's own words
        self._journal.tell(
            "tool.called",
            name=call.name if known else None,
            session_id=one.session,
            status=str(response["status"]),
            duration_ms=0.0,
        )
        self._answer(one, call.name, response, Scheduling.WHEN_IDLE)

    def _told(self, run: _Run, response: Mapping[str, object]) -> None:
        self._journal.tell(
            "tool.called",
            name=run.tool.name,
            session_id=run.session,
            status=str(response["status"]),
            duration_ms=_ms_since(run.begun_s),
            arguments=json.dumps(run.arguments, default=str) if self.tell_content else None,
            response=json.dumps(response) if self.tell_content else None,
        )

    def _answer(self, one: _Waiting, name: str, response: Mapping[str, object], scheduling: Scheduling) -> None:
        self._on_answer(Answer(one.session, one.id, name, response, scheduling))


def _scheduling(tool: Tool, response: Mapping[str, object]) -> Scheduling:
    """Return when to speak of it; of a failure in any case."""
    if tool.options.scheduling is Scheduling.SILENT and response["status"] != Status.OK.value:
        return Scheduling.WHEN_IDLE
    return tool.options.scheduling


def _now_s() -> float:
    return asyncio.get_running_loop().time()


def _ms_since(begun_s: float) -> float:
    return round((_now_s() - begun_s) * 1000.0, 1)
