"""The alarm clock in virtual time: it tells when something is due, and keeps what nobody knows of yet."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import zoneinfo
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from daemon.tools import alarm_clock
from daemon.tools.alarm import Alarm, Due, Kind, Reading, alarm, reminder, timer
from daemon.tools.alarm_clock import MOST, AlarmClock, machine_clocks
from daemon.tools.alarm_store import AlarmStore
from tests.support.virtual_time import START_S, run

NOON_S = datetime(2026, 11, 23, 12, tzinfo=UTC).timestamp()


class Shelf(AlarmStore):
    """What was written, to be found by the next clock."""

    def __init__(self, *alarms: Alarm) -> None:
        super().__init__(None)
        self.kept = {alarm.alarm_id: alarm for alarm in alarms}
        self.full = False

    async def load(self) -> tuple[list[Alarm], str | None]:
        return list(self.kept.values()), None

    async def put(self, alarm: Alarm) -> None:
        if self.full:
            raise OSError("No space left on device")
        self.kept[alarm.alarm_id] = alarm

    async def remove(self, alarm_id: int) -> None:
        self.kept.pop(alarm_id, None)


@dataclass
class Bench:
    """One device with a clock, and what it told."""

    clock: AlarmClock
    shelf: Shelf
    due: list[tuple[float, Due]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    ahead_s: float = 0.0
    """How far somebody has put the wall clock forward."""

    def reading(self) -> Reading:
        since_s = asyncio.get_running_loop().time() - START_S
        return Reading(NOON_S + since_s + self.ahead_s, 50.0 + since_s, "this", True, UTC)


@contextlib.asynccontextmanager
async def running(*alarms: Alarm) -> AsyncIterator[Bench]:
    loop = asyncio.get_running_loop()
    shelf = Shelf(*alarms)
    bench: Bench
    clock = AlarmClock(
        shelf,
        lambda: bench.reading(),  # noqa: PLW0108 - there is no bench yet
        tell=lambda event, **_: bench.told.append(event),
    )
    bench = Bench(clock, shelf)
    task = asyncio.ensure_future(
        clock.run(lambda due: bench.due.extend((loop.time() - START_S, one) for one in due)),
    )
    await asyncio.sleep(0)
    yield bench
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


def test_a_timer_is_told_to_the_moment_and_kept_until_somebody_knows() -> None:
    async def scene() -> None:
        async with running() as bench:
            one = await bench.clock.add(timer(100.0, "eggs", bench.reading()))
            assert one is not None
            await asyncio.sleep(200.0)
            [(at_s, due)] = bench.due
            assert abs(at_s - 100.0) < 0.001
            assert not due.missed
            assert list(bench.shelf.kept) == [one.alarm_id]
            await bench.clock.settled(due.alarm)
            assert bench.shelf.kept == {}

    run(scene())


def test_what_rang_when_the_power_failed_is_told_after_the_restart() -> None:
    async def scene() -> None:
        async with running(Alarm(Kind.REMINDER, "call", NOON_S - 3600.0, 7)) as bench:
            await asyncio.sleep(1.0)
            [(_, due)] = bench.due
            assert (due.alarm.label, due.missed) == ("call", True)

    run(scene())


def test_a_clock_put_forward_is_noticed() -> None:
    async def scene() -> None:
        async with running() as bench:
            await bench.clock.add(reminder(NOON_S + 7200.0, "call"))
            await asyncio.sleep(100.0)
            bench.ahead_s = 7200.0 - 95.0
            await asyncio.sleep(30.0)
            [(_, due)] = bench.due
            assert not due.missed

    run(scene())


def test_one_that_repeats_is_kept_for_its_next_time_whoever_knows() -> None:
    async def scene() -> None:
        async with running() as bench:
            await bench.clock.add(alarm(time(12, 1), range(7), "tea", bench.reading()))
            await asyncio.sleep(90.0)
            [(_, due)] = bench.due
            await bench.clock.settled(due.alarm)
            assert bench.shelf.kept[1].due_wall_s == NOON_S + 60.0 + 86400.0

    run(scene())


def test_one_that_was_taken_off_is_not_told_and_not_kept() -> None:
    async def scene() -> None:
        async with running() as bench:
            await bench.clock.add(timer(100.0, "eggs", bench.reading()))
            assert await bench.clock.remove(1) is not None
            assert await bench.clock.remove(1) is None
            await asyncio.sleep(200.0)
            assert bench.due == []
            assert bench.shelf.kept == {}

    run(scene())


def test_too_many_are_refused() -> None:
    async def scene() -> None:
        async with running() as bench:
            for _ in range(MOST):
                assert await bench.clock.add(timer(100.0, "", bench.reading())) is not None
            assert await bench.clock.add(timer(100.0, "", bench.reading())) is None

    run(scene())


def test_a_disk_that_is_full_is_told_of_and_the_timer_is_due_all_the_same() -> None:
    async def scene() -> None:
        async with running() as bench:
            bench.shelf.full = True
            await bench.clock.add(timer(10.0, "", bench.reading()))
            await asyncio.sleep(20.0)
            assert bench.told == ["alarms.not_kept"]
            assert len(bench.due) == 1

    run(scene())


def test_the_clocks_of_this_machine_can_be_read() -> None:
    first, second = machine_clocks(), machine_clocks()
    assert first.boot_id == second.boot_id != ""
    assert 0.0 < first.boot_s <= second.boot_s
    assert first.wall_s > NOON_S - 10 * 365 * 86400.0


def test_a_machine_without_any_time_zone_has_utc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alarm_clock, "_ZONE", tmp_path / "localtime")
    monkeypatch.setitem(sys.modules, "tzdata", None)
    zoneinfo.reset_tzpath(to=[])
    try:
        zone = machine_clocks().zone
    finally:
        zoneinfo.reset_tzpath()
    assert datetime.fromtimestamp(NOON_S, zone).isoformat() == "2026-11-23T12:00:00+00:00"
