"""The loop that the scenarios run on keeps its own promises."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.virtual_time import (
    START_S,
    Deadlock,
    LeftBehind,
    LimitPassed,
    NeverWaits,
    VirtualTimeError,
    VirtualTimeLoop,
    run,
)


def now_s() -> float:
    return asyncio.get_running_loop().time()


def test_time_begins_at_the_start_and_sleeping_moves_it_exactly() -> None:
    async def story() -> tuple[float, float]:
        before = now_s()
        await asyncio.sleep(0.5)
        return before, now_s()

    assert run(story()) == (START_S, START_S + 0.5)


def test_an_hour_of_sleep_is_within_the_default_limit() -> None:
    run(asyncio.sleep(3600.0))


def test_time_stands_still_while_callbacks_run() -> None:
    async def story() -> float:
        for _ in range(1000):
            await asyncio.sleep(0)
        return now_s()

    assert run(story()) == START_S


@given(delays_ms=st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_timers_fire_by_deadline_and_then_in_the_order_in_which_they_were_set(delays_ms: list[int]) -> None:
    async def story() -> list[tuple[int, int]]:
        fired: list[tuple[int, int]] = []
        loop = asyncio.get_running_loop()
        for order, delay_ms in enumerate(delays_ms):
            loop.call_later(delay_ms / 1000, fired.append, (delay_ms, order))
        await asyncio.sleep(1.0)
        return fired

    assert run(story()) == sorted((delay_ms, order) for order, delay_ms in enumerate(delays_ms))


def test_deadlines_a_rounding_error_apart_are_one_instant_in_the_order_set() -> None:
    later_by_rounding, plain = 1000.1 + 0.2, 1000.3
    assert later_by_rounding != plain

    async def story() -> list[tuple[str, float]]:
        fired: list[tuple[str, float]] = []
        loop = asyncio.get_running_loop()

        def note(name: str) -> None:
            fired.append((name, loop.time()))

        for name, when_s in (("first", max(plain, later_by_rounding)), ("second", min(plain, later_by_rounding))):
            loop.call_at(when_s, note, name)
        await asyncio.sleep(1.0)
        return fired

    assert run(story()) == [("first", max(plain, later_by_rounding)), ("second", max(plain, later_by_rounding))]


@given(step_s=st.floats(1e-15, 1.0), target_s=st.floats(START_S, START_S + 3.0))
def test_who_sleeps_until_a_deadline_has_reached_it(step_s: float, target_s: float) -> None:
    async def story() -> None:
        await asyncio.sleep(step_s)
        while now_s() < target_s:  # noqa: ASYNC110  # as a pacing loop does
            await asyncio.sleep(target_s - now_s())

    run(story())


def test_a_timer_set_for_the_past_fires_at_once_and_time_does_not_run_backwards() -> None:
    async def story() -> float:
        await asyncio.sleep(1.0)
        loop = asyncio.get_running_loop()
        fired = asyncio.Event()
        loop.call_at(START_S - 5.0, fired.set)
        await fired.wait()
        return loop.time()

    assert run(story()) == START_S + 1.0


def test_a_timer_due_now_fires_although_others_keep_the_loop_busy() -> None:
    async def story() -> int:
        fired = asyncio.Event()
        asyncio.get_running_loop().call_later(0.0, fired.set)
        turns = 0
        while not fired.is_set():
            turns += 1
            await asyncio.sleep(0)
        return turns

    assert run(story()) < 5


def test_cancelled_timers_do_not_move_time_nor_pile_up() -> None:
    async def story() -> tuple[float, int]:
        loop = asyncio.get_running_loop()
        for _ in range(10_000):
            loop.call_later(3000.0, print).cancel()
        await asyncio.sleep(0.01)
        assert isinstance(loop, VirtualTimeLoop)
        return loop.time(), len(loop._timers)

    at_s, timers = run(story())
    assert at_s == pytest.approx(START_S + 0.01, abs=1e-9)
    assert timers < 300


def test_a_timer_cancelled_in_the_instant_it_is_due_does_not_fire() -> None:
    async def story() -> list[str]:
        fired: list[str] = []
        loop = asyncio.get_running_loop()
        timers: list[asyncio.TimerHandle] = []
        loop.call_later(1.0, lambda: timers.pop().cancel())
        timers.append(loop.call_later(1.0, fired.append, "second"))
        await asyncio.sleep(2.0)
        return fired

    assert run(story()) == []


def test_a_timeout_cuts_a_wait_short() -> None:
    async def story() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(2.0):
                await asyncio.Event().wait()
        return now_s()

    assert run(story()) == START_S + 2.0


def test_everybody_waiting_without_a_timer_is_a_deadlock_that_names_the_tasks() -> None:
    async def waits_for_ever() -> None:
        await asyncio.Event().wait()

    async def story() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(waits_for_ever(), name="the sleeper")
            group.create_task(waits_for_ever(), name="the other")

    with pytest.raises(Deadlock, match=r"(?s)the other: .*waits_for_ever:\d+ > .*wait.*the sleeper"):
        run(story())


def test_a_deadlock_still_runs_everybodys_finally() -> None:
    ended = []

    async def story() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(1.0)
            ended.append("cleaned up")

    with pytest.raises(Deadlock):
        run(story())
    assert ended == ["cleaned up"]


def test_the_limit_ends_a_run_that_does_not_end() -> None:
    async def story() -> None:
        while True:  # noqa: ASYNC110  # there is nothing to wait for
            await asyncio.sleep(1.0)

    with pytest.raises(LimitPassed, match=r"(?s)after 5 s.*story:"):
        run(story(), limit_s=5.0)


def test_a_task_that_never_waits_is_found() -> None:
    async def spin() -> None:
        while True:  # noqa: ASYNC110  # there is nothing to wait for
            await asyncio.sleep(0)

    with pytest.raises(NeverWaits, match="spin"):
        run(spin())


def test_a_task_left_behind_fails_the_run_and_is_named() -> None:
    async def story() -> str:
        asyncio.get_running_loop().create_task(asyncio.sleep(60.0), name="forgotten")
        return "done"

    with pytest.raises(LeftBehind, match="forgotten"):
        run(story())


def test_an_exception_in_a_callback_fails_the_run() -> None:
    async def story() -> None:
        asyncio.get_running_loop().call_soon(lambda: 1 // 0)
        await asyncio.sleep(1.0)

    with pytest.raises(LeftBehind, match="ZeroDivisionError") as caught:
        run(story())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


@pytest.mark.parametrize("kept", [False, True])
def test_a_failed_task_that_nobody_asks_fails_the_run_even_if_it_is_not_freed(kept: bool) -> None:
    held: list[asyncio.Task[None]] = []

    async def fails() -> None:
        raise ValueError("unseen")

    async def story() -> None:
        task = asyncio.get_running_loop().create_task(fails())
        if kept:
            held.append(task)
        del task
        await asyncio.sleep(1.0)

    with pytest.raises(LeftBehind, match="unseen"):
        run(story())


def test_a_failed_task_that_somebody_asked_is_nobodys_concern() -> None:
    async def story() -> str:
        task = asyncio.get_running_loop().create_task(asyncio.wait_for(asyncio.sleep(9.0), 1.0))
        with pytest.raises(TimeoutError):
            await task
        return "fine"

    assert run(story()) == "fine"


def test_the_coroutines_own_exception_comes_out_and_its_tasks_are_ended() -> None:
    ended = []

    async def other() -> None:
        try:
            await asyncio.sleep(100.0)
        finally:
            ended.append("other")

    async def story() -> None:
        task = asyncio.get_running_loop().create_task(other())
        await asyncio.sleep(1.0)
        assert not task.done()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(story())
    assert ended == ["other"]


def test_a_task_that_ignores_cancelling_is_reported_and_not_waited_for() -> None:
    async def stubborn() -> None:
        while True:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                if released.is_set():
                    raise

    released = threading.Event()
    with pytest.raises(Deadlock) as caught:
        run(stubborn())
    assert any("does not end when cancelled" in note for note in caught.value.__notes__)
    released.set()


def test_async_generators_are_closed_at_the_end() -> None:
    ended = []

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            ended.append("closed")

    kept = []

    async def story() -> None:
        generator = numbers()
        kept.append(generator)
        async for _ in generator:
            break

    run(story())
    assert ended == ["closed"]


def to_thread() -> object:
    return asyncio.to_thread(print)


def connect() -> object:
    return asyncio.open_connection("127.0.0.1", 9)


def resolve() -> object:
    return asyncio.get_running_loop().getaddrinfo("localhost", 9)


def listen() -> object:
    return asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)


def start_process() -> object:
    return asyncio.create_subprocess_exec("true")


def watch_a_signal() -> object:
    return asyncio.get_running_loop().add_signal_handler(1, print)


@pytest.mark.parametrize("attempt", [to_thread, connect, resolve, listen, start_process, watch_a_signal])
def test_the_real_world_is_refused(attempt: Callable[[], object]) -> None:
    async def story() -> None:
        await attempt()  # type: ignore[misc]  # the last one refuses before there is anything to await

    with pytest.raises(VirtualTimeError, match="in virtual time"):
        run(story())


def test_a_foreign_thread_is_refused() -> None:
    async def story() -> list[str]:
        loop = asyncio.get_running_loop()
        refused: list[str] = []

        def cross() -> None:
            try:
                loop.call_soon_threadsafe(print)
            except VirtualTimeError as error:
                refused.append(str(error))

        thread = threading.Thread(target=cross)
        thread.start()
        thread.join()
        return refused

    assert "no threads" in run(story())[0]


def test_its_own_thread_may_use_call_soon_threadsafe() -> None:
    async def story() -> float:
        arrived = asyncio.Event()
        asyncio.get_running_loop().call_soon_threadsafe(arrived.set)
        await arrived.wait()
        return now_s()

    assert run(story()) == START_S


def test_two_runs_of_the_same_story_leave_the_same_trace() -> None:
    async def story() -> list[tuple[str, float]]:
        trace: list[tuple[str, float]] = []

        async def walker(name: str, step_s: float) -> None:
            for _ in range(50):
                await asyncio.sleep(step_s)
                trace.append((name, now_s()))

        async with asyncio.TaskGroup() as group:
            for name, step_s in (("a", 0.02), ("b", 0.04), ("c", 0.01), ("d", 0.02)):
                group.create_task(walker(name, step_s))
        return trace

    assert run(story()) == run(story())
