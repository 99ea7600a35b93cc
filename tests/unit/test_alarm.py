"""When timers, alarms and reminders are due: restarts, wrong clocks, daylight saving."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.tools.alarm import EVERY_DAY, MISSED_AFTER_S, Kind, Reading, Schedule, alarm, next_wall_s, reminder, timer

BERLIN = ZoneInfo("Europe/Berlin")
WORKDAYS = frozenset(range(5))


def wall(text: str, zone: ZoneInfo = BERLIN) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()


def reading(
    text: str = "2026-11-23 12:00",
    *,
    boot_s: float = 1000.0,
    boot_id: str = "first",
    trusted: bool = True,
    zone: ZoneInfo = BERLIN,
) -> Reading:
    return Reading(wall(text, zone), boot_s, boot_id, trusted, zone)


def later(then: Reading, seconds: float) -> Reading:
    return replace(then, wall_s=then.wall_s + seconds, boot_s=then.boot_s + seconds)


class TestATimer:
    def test_is_due_when_its_length_has_passed(self) -> None:
        schedule = Schedule()
        schedule.add(timer(300.0, "eggs", reading()))
        assert schedule.take_due(later(reading(), 299.9)) == []
        [due] = schedule.take_due(later(reading(), 300.0))
        assert (due.alarm.label, due.missed) == ("eggs", False)
        assert len(schedule) == 0

    @pytest.mark.parametrize("jump_s", [-40 * 86400.0, 40 * 86400.0, 3600.0])
    def test_takes_no_notice_of_a_clock_that_is_set(self, jump_s: float) -> None:
        """The network sets the clock of a Pi that has just started by months."""
        set_then = timer(300.0, "", reading(trusted=False))
        now = later(reading(), 100.0)
        assert set_then.remaining_s(replace(now, wall_s=now.wall_s + jump_s)) == pytest.approx(200.0)

    def test_goes_on_by_the_wall_clock_after_a_restart(self) -> None:
        set_then = timer(600.0, "", reading("2026-11-23 12:00"))
        assert set_then.remaining_s(reading("2026-11-23 12:04", boot_s=20.0, boot_id="second")) == pytest.approx(360.0)

    def test_waits_after_a_restart_until_the_wall_clock_can_be_believed(self) -> None:
        schedule = Schedule()
        schedule.add(timer(600.0, "", reading("2026-11-23 12:00")))
        wrong = reading("2026-11-23 11:00", boot_s=20.0, boot_id="second", trusted=False)
        assert schedule.in_order(wrong)[0][1] is None
        assert schedule.take_due(wrong) == []
        [due] = schedule.take_due(reading("2026-11-23 12:10", boot_s=60.0, boot_id="second"))
        assert not due.missed

    def test_that_ran_out_while_the_device_was_off_was_missed(self) -> None:
        schedule = Schedule()
        schedule.add(timer(600.0, "", reading("2026-11-23 12:00")))
        [due] = schedule.take_due(reading("2026-11-23 14:00", boot_s=30.0, boot_id="second"))
        assert due.missed


class TestAnAlarm:
    @pytest.mark.parametrize(
        ("now", "at", "days", "rings"),
        [
            ("2026-11-23 12:00", "13:30", EVERY_DAY, "2026-11-23 13:30"),
            ("2026-11-23 12:00", "12:00", EVERY_DAY, "2026-11-24 12:00"),
            ("2026-11-23 12:00", "07:00", EVERY_DAY, "2026-11-24 07:00"),
            ("2026-11-27 12:00", "07:00", WORKDAYS, "2026-11-30 07:00"),  # a Friday
            ("2026-11-27 12:00", "07:00", frozenset({4}), "2026-12-04 07:00"),
            ("2026-12-31 23:59", "00:00", EVERY_DAY, "2027-01-01 00:00"),
            ("2026-03-28 08:00", "07:00", EVERY_DAY, "2026-03-29 07:00"),  # 23 hours: the clock is put forward
            ("2026-10-24 08:00", "07:00", EVERY_DAY, "2026-10-25 07:00"),  # 25 hours: it is put back
            ("2026-03-28 08:00", "02:30", EVERY_DAY, "2026-03-29 03:30"),  # there is no half past two
        ],
    )
    def test_rings_when_the_clock_on_the_wall_says_so(
        self, now: str, at: str, days: frozenset[int], rings: str
    ) -> None:
        assert next_wall_s(time.fromisoformat(at), days, wall(now), BERLIN) == wall(rings)

    def test_rings_once_in_the_hour_that_comes_twice(self) -> None:
        first = wall("2026-10-25 02:30")
        assert next_wall_s(time(2, 30), EVERY_DAY, wall("2026-10-25 01:00"), BERLIN) == first
        assert next_wall_s(time(2, 30), EVERY_DAY, first, BERLIN) == wall("2026-10-26 02:30")

    @given(st.floats(0.0, 4e9), st.times(), st.frozensets(st.integers(0, 6), min_size=1))
    def test_next_time_is_later_on_the_right_day_and_within_eight_days(
        self, now_s: float, at: time, days: frozenset[int]
    ) -> None:
        due_s = next_wall_s(at, days, now_s, BERLIN)
        assert now_s < due_s <= now_s + 8 * 86400 + 3600
        shown = datetime.fromtimestamp(due_s, BERLIN)
        assert shown.weekday() in days
        assert shown.time() == at or shown.utcoffset() != datetime.fromtimestamp(due_s - 7200, BERLIN).utcoffset()

    def test_that_repeats_is_set_again_and_one_that_does_not_is_gone(self) -> None:
        schedule = Schedule()
        schedule.add(alarm(time(7), WORKDAYS, "work", reading("2026-11-26 20:00")))
        schedule.add(alarm(time(7), (), "once", reading("2026-11-26 20:00")))
        due = schedule.take_due(reading("2026-11-27 07:00"))
        assert [one.alarm.label for one in due] == ["work", "once"]
        [(left, in_s)] = schedule.in_order(reading("2026-11-27 07:00"))
        assert (left.label, in_s) == ("work", 3 * 86400.0)

    def test_that_has_rung_does_not_ring_again_when_the_clock_is_put_back_a_little(self) -> None:
        schedule = Schedule()
        schedule.add(alarm(time(7), EVERY_DAY, "", reading("2026-11-26 20:00")))
        assert len(schedule.take_due(reading("2026-11-27 07:00"))) == 1
        assert schedule.take_due(reading("2026-11-27 07:00:01")) == []
        assert schedule.take_due(reading("2026-11-27 06:59:50")) == []
        assert schedule.take_due(reading("2026-11-27 07:00")) == []

    def test_missed_on_many_days_is_told_once(self) -> None:
        schedule = Schedule()
        schedule.add(alarm(time(7), EVERY_DAY, "", reading("2026-11-20 20:00")))
        [due] = schedule.take_due(reading("2026-11-25 12:00"))
        assert due.missed
        [(_, in_s)] = schedule.in_order(reading("2026-11-25 12:00"))
        assert in_s == 19 * 3600.0


class TestTheSchedule:
    def test_numbers_rise_and_the_nearest_comes_first(self) -> None:
        schedule = Schedule()
        now = reading()
        for length_s in (500.0, 100.0, 300.0):
            schedule.add(timer(length_s, f"{length_s:g}", now))
        assert [(one.alarm_id, left_s) for one, left_s in schedule.in_order(now)] == [
            (2, 100.0),
            (3, 300.0),
            (1, 500.0),
        ]

    def test_a_reminder_is_due_at_its_moment_and_told_as_missed_afterwards(self) -> None:
        due_s = wall("2026-11-23 18:00")
        for late_s, missed in ((0.0, False), (MISSED_AFTER_S, False), (MISSED_AFTER_S + 1, True)):
            schedule = Schedule()
            schedule.add(reminder(due_s, "call"))
            [due] = schedule.take_due(Reading(due_s + late_s, 0.0, "", True, UTC))
            assert (due.alarm.kind, due.missed) == (Kind.REMINDER, missed)

    def test_what_is_removed_is_not_due(self) -> None:
        schedule = Schedule()
        one = schedule.add(timer(1.0, "", reading()))
        assert schedule.remove(one.alarm_id) == one
        assert schedule.remove(one.alarm_id) is None
        assert schedule.take_due(later(reading(), 10.0)) == []
