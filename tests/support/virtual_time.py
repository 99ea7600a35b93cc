"""Virtual time: an event loop that jumps to the next deadline instead of waiting for it.

    0 s             20 ms           40 ms                            1 h
    ├─ run all ──┐  ├─ run all ──┐  ├─ run all ──┐                   ├─ …
    └ until idle ┴─►└ until idle ┴─►└ until idle ┴──── no waiting ──►└

Whatever runs on it is deterministic: no threads, no sockets, no clock but its own. An hour of nothing costs
nothing; everything else costs what its callbacks cost.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Executor
from contextvars import Context
from types import CoroutineType
from typing import Any, Final, NoReturn, TypeVar, TypeVarTuple

T = TypeVar("T")
Args = TypeVarTuple("Args")

START_S: Final = 1000.0
"""Where the clock starts: not at 0, so that code that confuses a time with a duration is found out."""
_BUSY_PASSES: Final = 100_000
"""So many passes of the loop within one instant are taken for a loop that never waits."""
_NS_PER_S: Final = 1e9


class VirtualTimeError(Exception):
    """What ran on the loop broke one of its promises. The text names the tasks concerned."""


class Deadlock(VirtualTimeError):
    """Everybody waits and no timer is set: nothing can ever happen again."""


class LimitPassed(VirtualTimeError):
    """The next deadline lies beyond the run's limit."""


class NeverWaits(VirtualTimeError):
    """Callbacks keep each other busy without time passing."""


class LeftBehind(VirtualTimeError):
    """The run ended with tasks that are not done, or with an exception that nobody took."""


def run(coroutine: Coroutine[Any, Any, T], *, limit_s: float = 3600.0) -> T:
    """Run `coroutine` in virtual time from `START_S` on and return its result.

    Args:
        coroutine: What to run. Every task that it starts must be done when it returns.
        limit_s: The longest it may take, in virtual seconds.

    Raises:
        Deadlock: Every task waits and no timer is set.
        LimitPassed: It was not done after `limit_s`.
        NeverWaits: It spins without letting time pass.
        LeftBehind: Tasks were left, or an exception reached the loop's exception handler.
    """
    loop = VirtualTimeLoop(limit_s=limit_s)
    try:
        try:
            result = loop.run_until_complete(coroutine)
        except BaseException as error:
            loop.abandon()
            for each in loop.unhandled():
                error.add_note(f"also unhandled: {each}")
            raise
        left = asyncio.all_tasks(loop)
        names = _listed(left)
        loop.abandon()
        unhandled = loop.unhandled()
        if left:
            raise LeftBehind(f"not done at the end:\n{names}")
        if unhandled:
            raise LeftBehind("unhandled:\n" + "\n".join(f"  {each}" for each in unhandled)) from unhandled[0].error
        return result
    finally:
        loop.close()


def block(for_s: float) -> None:
    """Let `for_s` pass on the running loop, in which nothing is run, as a callback does that takes so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    loop.block(for_s)


class Unhandled:
    """One call of the loop's exception handler."""

    def __init__(self, message: str, error: BaseException | None) -> None:
        self.message: Final = message
        self.error: Final = error

    def __str__(self) -> str:
        return self.message if self.error is None else f"{self.message}: {self.error!r}"


class VirtualTimeLoop(asyncio.BaseEventLoop):
    """An event loop whose `time()` stands still while callbacks run and jumps when none is left.

    Timers due in the same nanosecond fire in the order in which they were set. asyncio's own heap does not promise
    that, and the usual cure, a tiny rising offset on each deadline, falsifies the clock. Here the heap is ours: it
    holds (whole nanoseconds, serial number, handle), so the order is exact, the comparison is quick, and 1000.1 + 0.2
    and 1000.3, a rounding error apart, are one instant. The clock takes the latest exact deadline of an instant;
    hence `time()` is never before the deadline of a timer that has fired, and never ahead by a nanosecond.
    """

    def __init__(self, *, limit_s: float = 3600.0) -> None:
        super().__init__()
        self._now_s = START_S
        self._instant_ns = _nanoseconds(START_S)
        self._limit_s = limit_s
        self._timers: list[tuple[int, int, asyncio.TimerHandle]] = []
        self._serial = itertools.count()
        self._cancelled_timers = 0
        self._passes = 0
        self._ready: Any  # asyncio's own deque of handles that are due
        self._stopping: bool  # asyncio's own
        self._unhandled: list[Unhandled] = []
        self._tasks: weakref.WeakSet[asyncio.Task[Any]] = weakref.WeakSet()
        self.set_exception_handler(_note_unhandled)

    def __repr__(self) -> str:
        return f"<VirtualTimeLoop at {self._now_s:.3f} s, {len(self._timers)} timers>"

    # --- time ---

    def time(self) -> float:
        """Return the virtual time in seconds; it began at `START_S`."""
        return self._now_s

    def call_at(
        self, when: float, callback: Callable[[*Args], object], *args: *Args, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call `callback` at the virtual time `when`, after everything set earlier for the same nanosecond."""
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        timer._scheduled = True  # type: ignore[attr-defined]  # makes cancel() call _timer_handle_cancelled
        heapq.heappush(self._timers, (_nanoseconds(when), next(self._serial), timer))
        return timer

    def call_later(
        self, delay: float, callback: Callable[[*Args], object], *args: *Args, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Call `callback` after `delay` virtual seconds."""
        return self.call_at(self._now_s + delay, callback, *args, context=context)

    def block(self, for_s: float) -> None:
        """Let time pass in which nothing is run, as a callback does that takes so long."""
        self._now_s += for_s
        self._instant_ns = _nanoseconds(self._now_s)

    def _timer_handle_cancelled(self, handle: asyncio.TimerHandle) -> None:
        """Count it, and sweep when most are cancelled: a timeout per frame must not make the heap grow."""
        if not handle._scheduled:  # type: ignore[attr-defined]  # it has fired; asyncio.sleep cancels it all the same
            return
        self._cancelled_timers += 1
        if self._cancelled_timers > 100 and 2 * self._cancelled_timers > len(self._timers):
            self._timers = [entry for entry in self._timers if not entry[2].cancelled()]
            heapq.heapify(self._timers)
            self._cancelled_timers = 0

    def _run_once(self) -> None:
        """Run what is due; if nothing is, jump. asyncio's `run_forever` calls this until it is stopped."""
        ready = self._ready
        if not ready and not self._stopping:
            self._jump()
        if self._timers and self._timers[0][0] <= self._instant_ns:
            self._take_due()
        self._passes += 1
        if self._passes > _BUSY_PASSES:
            self._passes = 0
            raise NeverWaits(f"busy at {self._now_s:.6f} s without waiting:\n{_listed(asyncio.all_tasks(self))}")
        for _ in range(len(ready)):  # what these add runs in the next pass, as on any asyncio loop
            handle = ready.popleft()
            if not handle._cancelled:
                handle._run()

    def _jump(self) -> None:
        """Move the clock to the next timer that was not cancelled."""
        while self._timers and self._timers[0][2].cancelled():
            heapq.heappop(self._timers)
            self._cancelled_timers -= 1
        if not self._timers:
            raise Deadlock(
                f"everybody waits and no timer is set, at {self._now_s:.3f} s:\n{_listed(asyncio.all_tasks(self))}"
            )
        when_s = self._timers[0][2].when()
        if when_s > START_S + self._limit_s:
            raise LimitPassed(
                f"not done after {self._limit_s:g} s of virtual time:\n{_listed(asyncio.all_tasks(self))}"
            )
        self._instant_ns = max(self._instant_ns, self._timers[0][0])
        self._passes = 0

    def _take_due(self) -> None:
        """Make every timer of this instant ready, in the order in which they were set."""
        timers = self._timers
        while timers and timers[0][0] <= self._instant_ns:
            timer = heapq.heappop(timers)[2]
            timer._scheduled = False  # type: ignore[attr-defined]  # cancelling it from now on is not our business
            if timer.cancelled():
                self._cancelled_timers -= 1
                continue
            self._now_s = max(self._now_s, timer.when())
            self._ready.append(timer)

    # --- the end of a run ---

    def create_task(self, coro: Any, **options: Any) -> asyncio.Task[Any]:
        """Start a task as any loop does, and remember it: `unhandled` looks at it when the run ends."""
        task: asyncio.Task[Any] = super().create_task(coro, **options)
        self._tasks.add(task)
        return task

    def abandon(self) -> None:
        """Cancel every task and wait for them in virtual time; a task that will not end is given up."""
        left = asyncio.all_tasks(self)
        for task in left:
            task.cancel()
        self._limit_s = float("inf")
        try:
            if left:
                self.run_until_complete(asyncio.wait(left))
            self.run_until_complete(self.shutdown_asyncgens())
        except VirtualTimeError as error:
            self._unhandled.append(Unhandled("does not end when cancelled", error))
        for task in left:  # their errors follow from being cancelled; the run has failed already
            if task.done() and not task.cancelled():
                task.exception()

    def unhandled(self) -> list[Unhandled]:
        """Return what nobody took: calls of the exception handler, and failed tasks that nobody asked.

        asyncio reports the latter only when the task is freed, which a reference cycle can put off for ever.
        """
        for task in list(self._tasks):
            if task.done() and task._log_traceback:  # true until somebody asks
                self._unhandled.append(Unhandled(f"exception in {task.get_name()} never taken", task.exception()))
        return self._unhandled

    # --- what has no place in virtual time ---

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Args], T], *args: *Args) -> asyncio.Future[T]:
        """Refuse: a thread's work takes real time."""
        raise VirtualTimeError(f"no threads in virtual time: run_in_executor({func!r})")

    def call_soon_threadsafe(
        self, callback: Callable[[*Args], object], *args: *Args, context: Context | None = None
    ) -> asyncio.Handle:
        """Call `callback` soon; refuse a thread that is not the loop's own."""
        if self.is_running() and threading.get_ident() != self._thread_id:  # type: ignore[attr-defined]  # asyncio's own
            raise VirtualTimeError(f"no threads in virtual time: call_soon_threadsafe({callback!r})")
        return self.call_soon(callback, *args, context=context)


def _refusal(name: str) -> Callable[..., NoReturn]:
    """Return a method that refuses what needs the real world."""

    def refuse(*_args: object, **_options: object) -> NoReturn:
        raise VirtualTimeError(f"no {name} in virtual time: only the simulated parts and the in-process service")

    return refuse


for _name in (
    *("add_reader", "add_writer", "add_signal_handler", "getaddrinfo", "getnameinfo"),
    *("create_connection", "create_server", "create_unix_connection", "create_unix_server"),
    *("create_datagram_endpoint", "connect_accepted_socket", "connect_read_pipe", "connect_write_pipe"),
    *("sock_accept", "sock_connect", "sock_recv", "sock_recv_into", "sock_sendall", "sendfile", "start_tls"),
    *("subprocess_exec", "subprocess_shell"),
):
    setattr(VirtualTimeLoop, _name, _refusal(_name))


def _nanoseconds(at_s: float) -> int:
    """Round a time to whole nanoseconds."""
    return int(at_s * _NS_PER_S + 0.5)


def _note_unhandled(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Keep what reached the loop's exception handler; the run will fail with it."""
    assert isinstance(loop, VirtualTimeLoop)
    loop._unhandled.append(Unhandled(context["message"], context.get("exception")))


def _listed(tasks: Iterable[asyncio.Task[Any]]) -> str:
    """Return one line for each task: its name and where it waits, outermost call first."""
    lines = (f"  {task.get_name()}: {_waits_in(task)}" for task in tasks if not task.done())
    return "\n".join(sorted(lines)) or "  (no task)"


def _waits_in(task: asyncio.Task[Any]) -> str:
    """Return the chain of awaits that a task is suspended in, such as `story:31 > get:158`."""
    chain = []
    coroutine: object = task.get_coro()
    while isinstance(coroutine, CoroutineType) and coroutine.cr_frame is not None:
        chain.append(f"{coroutine.__qualname__}:{coroutine.cr_frame.f_lineno}")
        coroutine = coroutine.cr_await
    return " > ".join(chain) or repr(task.get_coro())
