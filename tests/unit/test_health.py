"""When the device's health is news, and what of it is read from the kernel."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.health.news import STEADY_S, TOLD_EVERY_S, Health, Trouble, Vitals
from daemon.health.vitals import Effort, vitals, waits
from daemon.health.watch import HealthWatch
from daemon.journal import Journal, MemorySink
from tests.support.virtual_time import run


class TestDue:
    def test_nobody_has_talked_to_it(self) -> None:
        assert not Health().due(0, 1e6)

    def test_after_a_turn_and_then_not_before_ten_minutes(self) -> None:
        health = Health()
        assert health.due(1, 100.0)
        assert not health.due(2, 100.0 + TOLD_EVERY_S - 1.0)
        assert health.due(2, 100.0 + TOLD_EVERY_S)

    def test_an_idle_device_writes_nothing(self) -> None:
        health = Health()
        assert health.due(1, 0.0)
        assert not any(health.due(1, hour * 3600.0) for hour in range(1000))


class TestTroubles:
    def test_heat_is_told_when_it_begins_and_again_only_after_it_was_cool(self) -> None:
        health = Health()
        told = [
            bool(health.troubles(Vitals(temperature_c=degrees), now))
            for now, degrees in enumerate((79.9, 80.1, 85.0, 76.0, 80.1, 75.0, 79.0, 80.1))
        ]
        assert told == [False, True, False, False, False, False, False, True]

    def test_a_weak_supply_is_one_trouble_until_it_was_good_for_a_while(self) -> None:
        health = Health()
        assert health.troubles(Vitals(under_voltage=True), 0.0) == (Trouble.UNDER_VOLTAGE,)
        for now, weak in ((10.0, False), (20.0, True), (19.0 + STEADY_S, False), (19.5 + STEADY_S, True)):
            assert health.troubles(Vitals(under_voltage=weak), now) == ()
        assert health.troubles(Vitals(under_voltage=False), 20.0 + 2 * STEADY_S) == ()
        assert health.troubles(Vitals(under_voltage=True), 21.0 + 2 * STEADY_S) == (Trouble.UNDER_VOLTAGE,)

    def test_a_machine_that_says_nothing_has_none(self) -> None:
        assert Health().troubles(Vitals(), 0.0) == ()


class TestReading:
    @pytest.fixture
    def pi(self, tmp_path: Path) -> Path:
        for place, text in {
            "sys/class/thermal/thermal_zone0/temp": "54321\n",
            "sys/class/thermal/thermal_zone1/temp": "-40000\n",
            "sys/class/hwmon/hwmon0/name": "cpu_thermal\n",
            "sys/class/hwmon/hwmon1/name": "rpi_volt\n",
            "sys/class/hwmon/hwmon1/in0_lcrit_alarm": "0\n",
            "proc/self/statm": "50000 20480 8000 1 0 9000 0\n",
        }.items():
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text(text)
        return tmp_path

    def test_a_raspberry_pi(self, pi: Path) -> None:
        assert vitals(pi) == Vitals(temperature_c=54.3, under_voltage=False)
        (pi / "sys/class/hwmon/hwmon1/in0_lcrit_alarm").write_text("1\n")
        assert vitals(pi).under_voltage

    def test_a_machine_that_says_nothing(self, tmp_path: Path) -> None:
        assert vitals(tmp_path) == Vitals()
        assert Effort(tmp_path).read() == {"memory_mib": None, "cpu_percent": None, "wakeups_per_s": None}

    def test_the_memory_and_no_figure_of_the_start(self, pi: Path) -> None:
        assert Effort(pi).read() == {"memory_mib": 80.0, "cpu_percent": None, "wakeups_per_s": None}

    def test_effort_is_of_the_time_since_the_last_reading(self, pi: Path) -> None:
        clock, cpu, waited = iter((100.0, 110.0)), iter((5.0, 5.2)), iter((1000, 1500))
        effort = Effort(pi, clock=clock.__next__, processor=cpu.__next__, waits=waited.__next__)
        effort.read()
        assert effort.read() == {"memory_mib": 80.0, "cpu_percent": 2.0, "wakeups_per_s": 50.0}

    def test_a_thread_that_has_ended_still_counts(self) -> None:
        """As it does when the loudspeaker falls asleep: else a device that rests would wake up less than never."""
        before = waits()
        thread = threading.Thread(target=lambda: [threading.Event().wait(0.001) for _ in range(50)])
        thread.start()
        thread.join()
        assert waits() - before >= 50

    def test_this_process_has_a_memory(self) -> None:
        memory_mib = Effort().read()["memory_mib"]
        assert memory_mib is None or 5.0 < memory_mib < 5000.0


class TestWatch:
    def test_what_is_told_of_a_day(self) -> None:
        """A turn, heat in between, another turn, and then nobody."""
        sink = MemorySink()
        turns: list[int | None] = [0]
        degrees: Iterator[float] = iter([50.0] * 5 + [81.0] * 5 + [60.0] * 10_000)
        readings = HealthWatch(
            Journal(sink, clock=lambda: 0.0),
            lambda: turns[0],
            lambda: Vitals(temperature_c=next(degrees)),
            lambda: {"memory_mib": 80.0, "cpu_percent": None, "wakeups_per_s": 51.0},
        )

        async def day() -> None:
            watching = asyncio.ensure_future(readings.run())
            await asyncio.sleep(15.0)
            turns[0] = None
            await asyncio.sleep(10.0)
            turns[0] = 1
            await asyncio.sleep(3600.0)
            turns[0] = 2
            await asyncio.sleep(36_000.0)
            watching.cancel()

        run(day(), limit_s=86_400.0)
        assert [line["event"] for line in sink.lines] == ["device.health", "device.hot", "device.health"]
        first, hot, second = sink.lines
        assert first == {
            "at_s": 0.0,
            "event": "device.health",
            "level": "info",
            "temperature_c": 50.0,
            "memory_mib": 80.0,
            "wakeups_per_s": 51.0,
        }
        assert (hot["level"], hot["temperature_c"]) == ("warning", 81.0)
        assert second["temperature_c"] == 60.0
