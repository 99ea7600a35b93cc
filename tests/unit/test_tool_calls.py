"""Calls: what is answered when, and that nothing a tool does can hurt. In virtual time, except where threads are."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
from pydantic import AfterValidator

from daemon.journal import Journal, MemorySink
from daemon.tools.call import Answer, Call
from daemon.tools.calls import BLOCKING_S, MOST_AT_ONCE, Calls
from daemon.tools.declaration import Behavior, Scheduling
from daemon.tools.registry import Registry
from daemon.tools.remembered import REPEAT_S
from daemon.tools.tool import Tool, ToolError
from tests.support.virtual_time import run


def known(room: str) -> str:
    """Check as an owner might."""
    return {"hall": "hall"}[room]


class House:
    """Tools that count what is done, and what became of the calls."""

    def __init__(self) -> None:
        self.rung = 0
        self.cancelled = 0
        self.released = threading.Event()
        self.answers: list[Answer] = []
        self.sink = MemorySink()
        self.registry = Registry()
        self.calls = Calls(self.registry, Journal(self.sink), on_answer=self.answers.append)

    async def ring(self, times: int) -> str:
        """Ring the bell."""
        self.rung += times
        return f"Rang {times} times."

    async def brew(self, minutes: float) -> str:
        """Brew tea."""
        try:
            await asyncio.sleep(minutes * 60.0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        self.rung += 1
        return "Tea is ready."

    async def ask(self) -> int:
        """Ask how often it has rung."""
        return self.rung

    def has(self, tools: Iterable[Tool]) -> None:
        self.registry.replace("house", tools)

    def begin(self, id_: str, name: str, session: str = "s1", **arguments: object) -> None:
        self.calls.begin(session, [Call(id_, name, arguments)])

    def statuses(self) -> list[tuple[str, object]]:
        return [(one.id, one.response["status"]) for one in self.answers]


@asynccontextmanager
async def open_house(*tools: Tool, house: House | None = None) -> AsyncIterator[House]:
    house = house or House()
    house.has(
        tools
        or (
            Tool.of(house.ring),
            Tool.of(house.brew, timeout_s=100.0, behavior=Behavior.BLOCKING),
            Tool.of(house.ask, idempotent=True),
        )
    )
    task = asyncio.create_task(house.calls.run())
    await asyncio.sleep(0)
    try:
        yield house
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def in_virtual_time(story: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    def test(*args: Any, **kwargs: Any) -> None:
        run(story(*args, **kwargs))

    test.__name__ = story.__name__
    test.__doc__ = story.__doc__
    return test


@in_virtual_time
async def test_a_call_is_answered_under_its_id() -> None:
    async with open_house() as house:
        house.begin("1", "ring", times=2.0)
        await asyncio.sleep(0.1)
        assert house.answers == [
            Answer(
                "s1",
                "1",
                "ring",
                {"status": "ok", "retryable": False, "message": "Rang 2 times."},
                Scheduling.WHEN_IDLE,
            )
        ]
        (line,) = house.sink.told("tool.called")
        assert (line["name"], line["status"], line["session_id"]) == ("ring", "ok", "s1")
        assert "arguments" not in line
        assert "response" not in line


@in_virtual_time
async def test_content_is_told_if_the_owner_asks_for_it() -> None:
    house = House()
    house.calls = Calls(house.registry, Journal(house.sink), on_answer=house.answers.append, tell_content=True)
    async with open_house(house=house):
        house.begin("1", "ring", times=2)
        await asyncio.sleep(0.1)
    (line,) = house.sink.told("tool.called")
    assert line["arguments"] == '{"times": 2}'
    assert "Rang 2 times." in str(line["response"])


@in_virtual_time
async def test_what_is_not_there_or_does_not_fit_is_answered() -> None:
    async with open_house() as house:
        house.begin("1", "sing what the user said")
        house.begin("2", "ring", times="two")
        assert house.statuses() == [("1", "error")], "at once"
        await asyncio.sleep(0.1)
        assert [(one.id, one.response["status"], one.response["retryable"]) for one in house.answers] == [
            ("1", "error", False),
            ("2", "error", True),
        ]
        assert "times" in str(house.answers[1].response["message"])
        assert [line.get("name") for line in house.sink.told("tool.called")] == [None, "ring"]


@in_virtual_time
async def test_a_slow_one_is_answered_in_time_and_ended() -> None:
    async with open_house() as house:
        house.begin("1", "brew", minutes=5)
        await asyncio.sleep(99.9)
        assert house.answers == []
        await asyncio.sleep(0.2)
        assert house.statuses() == [("1", "timed_out")]
        assert house.answers[0].response["retryable"] is False
        assert "may still happen" in str(house.answers[0].response["message"])
        assert house.cancelled == 1
        await asyncio.sleep(600)
        assert len(house.answers) == 1


@in_virtual_time
async def test_one_that_does_not_let_itself_be_cancelled_is_answered_in_time_all_the_same() -> None:
    async def stubborn() -> None:
        """Hold on."""
        for _ in range(3):
            try:
                await asyncio.sleep(60.0)
            except asyncio.CancelledError:
                continue

    async with open_house(Tool.of(stubborn, idempotent=True)) as house:
        house.begin("1", "stubborn")
        await asyncio.sleep(10.1)
        assert house.statuses() == [("1", "timed_out")]
        house.begin("2", "stubborn")
        assert house.statuses()[1:] == [("2", "busy")], "the first has not ended"
        await asyncio.sleep(120.0)
        assert [line["duration_ms"] for line in house.sink.told("tool.late")] == [130_000.0]
        house.begin("3", "stubborn")
        await asyncio.sleep(10.1)
        assert house.statuses()[2:] == [("3", "timed_out")]
        await asyncio.sleep(120.0)


class TestRepetition:
    """The service re-issues what was talked over (live-api.md 1.8)."""

    @in_virtual_time
    async def test_the_same_call_is_carried_out_once_while_it_runs_and_both_are_answered(self) -> None:
        async with open_house() as house:
            house.begin("1", "brew", minutes=1)
            await asyncio.sleep(3.0)
            house.begin("2", "brew", minutes=1.0)
            house.begin("2", "brew", minutes=1.0)
            await asyncio.sleep(60.0)
            assert house.statuses() == [("1", "ok"), ("2", "ok")]
            assert house.rung == 1

    @in_virtual_time
    async def test_the_same_call_a_moment_later_is_answered_from_the_first(self) -> None:
        async with open_house() as house:
            house.begin("1", "ring", times=1)
            await asyncio.sleep(REPEAT_S - 0.1)
            house.begin("2", "ring", times=1)
            assert house.statuses() == [("1", "ok"), ("2", "ok")]
            assert house.rung == 1
            assert [line["running"] for line in house.sink.told("tool.repeated")] == [False]
            await asyncio.sleep(0.2)
            house.begin("3", "ring", times=1)
            await asyncio.sleep(0.1)
            assert house.rung == 2

    @in_virtual_time
    async def test_other_arguments_are_another_call(self) -> None:
        async with open_house() as house:
            house.begin("1", "ring", times=1)
            house.begin("2", "ring", times=2)
            await asyncio.sleep(0.1)
            assert house.rung == 3

    @in_virtual_time
    async def test_a_question_is_asked_afresh(self) -> None:
        async with open_house() as house:
            house.begin("1", "ask")
            await asyncio.sleep(1.0)
            house.begin("2", "ring", times=1)
            await asyncio.sleep(1.0)
            house.begin("3", "ask")
            await asyncio.sleep(1.0)
            assert [one.response.get("result") for one in house.answers] == [0, None, 1]

    @in_virtual_time
    async def test_what_may_be_tried_again_is_tried_again(self) -> None:
        tries = 0

        async def dial() -> str:
            """Dial."""
            nonlocal tries
            tries += 1
            if tries == 1:
                raise ToolError("The line is busy.", retryable=True)
            return "Connected."

        async with open_house(Tool.of(dial)) as house:
            for id_ in ("1", "2", "3"):
                house.begin(id_, "dial")
                await asyncio.sleep(1.0)
            assert [one.response["message"] for one in house.answers] == [
                "The line is busy.",
                "Connected.",
                "Connected.",
            ]
            assert tries == 2

    @in_virtual_time
    async def test_it_is_one_across_sessions(self) -> None:
        async with open_house() as house:
            house.begin("1", "brew", minutes=1, session="old")
            house.calls.session_ended(asked_again=False)
            house.begin("2", "brew", minutes=1, session="new")
            await asyncio.sleep(61.0)
            assert [(one.session, one.id) for one in house.answers] == [("new", "2")]
            assert house.rung == 1


class TestCancelling:
    @in_virtual_time
    async def test_it_stops_and_is_answered(self) -> None:
        async with open_house() as house:
            house.begin("1", "brew", minutes=1)
            await asyncio.sleep(5.0)
            house.calls.cancel(["1", "unheard of"])
            assert house.statuses() == [("1", "cancelled")]
            await asyncio.sleep(100.0)
            assert (house.cancelled, house.rung, len(house.answers)) == (1, 0, 1)
            assert [line["duration_ms"] for line in house.sink.told("tool.cancelled")] == [5000.0]
            assert house.sink.told("tool.called") == []

    @in_virtual_time
    async def test_it_goes_on_for_another_who_waits(self) -> None:
        async with open_house() as house:
            house.begin("1", "brew", minutes=1)
            house.begin("2", "brew", minutes=1)
            house.calls.cancel(["1"])
            await asyncio.sleep(61.0)
            assert house.statuses() == [("1", "cancelled"), ("2", "ok")]

    @in_virtual_time
    async def test_the_same_again_is_begun_anew(self) -> None:
        async with open_house() as house:
            house.begin("1", "brew", minutes=1)
            await asyncio.sleep(1.0)
            house.calls.cancel(["1"])
            await asyncio.sleep(1.0)
            house.begin("2", "brew", minutes=1)
            await asyncio.sleep(61.0)
            assert house.statuses() == [("1", "cancelled"), ("2", "ok")]

    @in_virtual_time
    async def test_cancelled_in_the_instant_of_its_beginning(self) -> None:
        async with open_house() as house:
            house.begin("1", "brew", minutes=1)
            house.calls.cancel(["1"])
            await asyncio.sleep(1.0)
            assert house.statuses() == [("1", "cancelled")]
            assert repr(house.calls) == "<Calls 0 running, 0 left behind>"


@in_virtual_time
async def test_an_answer_for_a_session_that_is_gone_is_dropped_and_said_so() -> None:
    async with open_house() as house:
        house.begin("1", "brew", minutes=1, session="old")
        house.calls.session_ended(asked_again=False)
        house.begin("2", "ring", times=1, session="new")
        await asyncio.sleep(61.0)
        assert house.statuses() == [("2", "ok")]
        assert house.rung == 2, "what was wanted was done"
        (line,) = house.sink.told("tool.answer_dropped")
        assert (line["name"], line["session_id"], line["status"]) == ("brew", "old", "ok")


class TestBlockingPending:
    @in_virtual_time
    async def test_only_while_a_blocking_call_is_pending_and_never_for_long(self) -> None:
        async with open_house() as house:
            assert not house.calls.blocking_pending
            house.begin("1", "brew", minutes=1)
            assert house.calls.blocking_pending
            await asyncio.sleep(BLOCKING_S - 0.1)
            assert house.calls.blocking_pending
            await asyncio.sleep(0.2)
            assert not house.calls.blocking_pending

    @pytest.mark.parametrize(
        "end", [lambda calls: calls.cancel(["1"]), lambda calls: calls.session_ended(asked_again=True)]
    )
    def test_it_ends_with_the_call_and_with_the_session(self, end: Callable[[Calls], None]) -> None:
        async def story() -> None:
            async with open_house() as house:
                house.begin("1", "brew", minutes=1)
                end(house.calls)
                assert not house.calls.blocking_pending

        run(story())

    @pytest.mark.parametrize("default", Behavior)
    def test_without_a_behaviour_the_models_own_counts(self, default: Behavior) -> None:
        async def story() -> None:
            house = House()
            house.calls = Calls(
                house.registry, Journal(house.sink), on_answer=house.answers.append, default_behavior=default
            )
            async with open_house(Tool.of(house.brew), house=house):
                house.begin("1", "brew", minutes=1)
                assert house.calls.blocking_pending is (default is Behavior.BLOCKING)

        run(story())


class TestFaults:
    @pytest.mark.parametrize("error", [ValueError("the user's secret"), SystemExit(3), KeyboardInterrupt()])
    def test_one_inside_a_tool_is_told_without_its_insides(self, error: BaseException) -> None:
        async def fragile() -> None:
            """Break."""
            raise error

        async def story() -> None:
            async with open_house(Tool.of(fragile)) as house:
                house.begin("1", "fragile")
                await asyncio.sleep(0.1)
                assert house.answers[0].response == {
                    "status": "error",
                    "retryable": False,
                    "message": "fragile failed because of a fault in it.",
                }
                (line,) = house.sink.told("tool.failed")
                assert line["error"] == type(error).__name__
                assert line["place"] == f"test_tool_calls.py:{fragile.__code__.co_firstlineno + 2}"
                assert "secret" not in str(house.sink.lines)
                house.begin("2", "nothing")
                assert len(house.answers) == 2, "the house still stands"

        run(story())

    @in_virtual_time
    async def test_one_in_a_check_of_the_owners_is_a_fault_of_the_tool(self) -> None:
        async def enter(room: Annotated[str, AfterValidator(known)]) -> None:
            """Enter."""

        async with open_house(Tool.of(enter)) as house:
            house.begin("1", "enter", room="attic")
            await asyncio.sleep(0.1)
            assert house.statuses() == [("1", "error")]
            assert house.sink.told("tool.failed")[0]["error"] == "KeyError"

    @in_virtual_time
    async def test_one_that_breaks_itself_off_is_answered(self) -> None:
        async def quitter() -> None:
            """Quit."""
            raise asyncio.CancelledError

        async with open_house(Tool.of(quitter)) as house:
            house.begin("1", "quitter")
            await asyncio.sleep(0.1)
            assert house.statuses() == [("1", "error")]

    @in_virtual_time
    async def test_a_result_that_cannot_be_told_is_a_fault(self) -> None:
        async def opaque() -> object:
            """Return something."""
            return object()

        async with open_house(Tool.of(opaque)) as house:
            house.begin("1", "opaque")
            await asyncio.sleep(0.1)
            assert house.statuses() == [("1", "error")]
            assert house.sink.told("tool.failed")[0]["name"] == "opaque"

    @in_virtual_time
    async def test_of_a_silent_tools_failure_the_model_speaks(self) -> None:
        async def shy(fail: bool) -> None:
            """Do it quietly."""
            if fail:
                raise ToolError("It is stuck.")

        async with open_house(Tool.of(shy, scheduling=Scheduling.SILENT)) as house:
            house.begin("1", "shy", fail=False)
            house.begin("2", "shy", fail=True)
            await asyncio.sleep(0.1)
            assert [one.scheduling for one in house.answers] == [Scheduling.SILENT, Scheduling.WHEN_IDLE]


class TestBounds:
    @in_virtual_time
    async def test_more_than_so_many_at_once_are_answered_as_busy(self) -> None:
        async with open_house() as house:
            for number in range(MOST_AT_ONCE + 2):
                house.begin(str(number), "brew", minutes=1 + number / 100)
            assert house.statuses() == [("8", "busy"), ("9", "busy")]
            assert all(one.response["retryable"] for one in house.answers)
            await asyncio.sleep(70.0)
            house.begin("10", "ring", times=1)
            await asyncio.sleep(0.1)
            assert house.statuses()[-1] == ("10", "ok")

    @in_virtual_time
    async def test_while_nothing_runs_every_call_is_answered_as_busy(self) -> None:
        house = House()
        house.has([Tool.of(house.ring)])
        house.begin("1", "ring", times=1)
        assert house.statuses() == [("1", "busy")]
        async with open_house(house=house):
            house.begin("2", "brew", minutes=1)
        assert house.statuses() == [("1", "busy")], "nobody is told of what the end has cut off"
        assert house.cancelled == 1


class TestThreads:
    """Plain functions, which run on threads: in real time, and only as much of it as the threads take."""

    def test_one_runs_beside_the_loop(self) -> None:
        house = House()
        threads: list[threading.Thread] = []

        def wait() -> str:
            """Wait."""
            threads.append(threading.current_thread())
            house.released.wait(10.0)
            return "Waited."

        async def story() -> None:
            async with open_house(Tool.of(wait), house=house):
                house.begin("1", "wait")
                house.calls.cancel(["1"])
                house.begin("2", "wait")
                house.released.set()
                await until(lambda: len(house.answers) == 2)
                assert house.statuses() == [("1", "cancelled"), ("2", "ok")], "what cannot be stopped is not run twice"
                assert len(threads) == 1
                assert threads[0] is not threading.main_thread()

        asyncio.run(story())

    def test_one_that_hangs_is_answered_left_behind_and_not_called_again(self) -> None:
        house = House()

        def hang() -> None:
            """Hang."""
            house.released.wait(10.0)

        async def story() -> None:
            async with open_house(Tool.of(hang, timeout_s=0.01, idempotent=True), house=house):
                house.begin("1", "hang")
                await until(lambda: bool(house.answers))
                assert repr(house.calls) == "<Calls 0 running, 1 left behind>"
                house.begin("2", "hang")
                assert house.statuses() == [("1", "timed_out"), ("2", "busy")]
                house.released.set()
                await until(lambda: bool(house.sink.told("tool.late")))
                assert repr(house.calls) == "<Calls 0 running, 0 left behind>"

        asyncio.run(story())

    def test_one_that_exits_is_answered(self) -> None:
        def leave() -> None:
            """Leave."""
            sys.exit(3)

        async def story() -> None:
            async with open_house(Tool.of(leave)) as house:
                house.begin("1", "leave")
                await until(lambda: bool(house.answers))
                assert house.statuses() == [("1", "error")]
                assert str(house.sink.told("tool.failed")[0]["place"]).startswith("test_tool_calls.py:")

        asyncio.run(story())

    def test_a_plain_function_may_hand_out_what_is_to_be_awaited(self) -> None:
        house = House()

        def wrapping(times: int) -> Coroutine[Any, Any, str]:
            """Ring by way of another."""
            return house.ring(times)

        async def story() -> None:
            async with open_house(Tool.of(wrapping), house=house):
                house.begin("1", "wrapping", times=3)
                await until(lambda: bool(house.answers))
                assert (house.statuses(), house.rung) == ([("1", "ok")], 3)

        asyncio.run(story())


async def until(holds: Callable[[], bool]) -> None:
    """Wait for a thread's doing; pytest's own limit ends it."""
    while not holds():  # noqa: ASYNC110  # what is waited for has no event
        await asyncio.sleep(0.001)
