"""Timers, alarms and reminders, and when each is due: by which clock, in which time zone, after which restart.

    timer      counts down on the clock that runs since the machine started, whatever the wall clock does meanwhile;
               after a restart only the wall clock is left, and that is believed once it has been set by the network
    alarm      a time of day, once or on certain days: 07:00 stays 07:00 when daylight saving begins or ends
    reminder   one moment of the wall clock, with words

Wall times are seconds since 1970 (UTC), spans are seconds. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from enum import Enum
from typing import Final

MISSED_AFTER_S: Final = 90.0
"""What is later than this does not ring any more but is told as missed: the device was off, or its clock was wrong."""
EVERY_DAY: Final = frozenset(range(7))


class Kind(Enum):
    """What it was set as."""

    TIMER = "timer"
    ALARM = "alarm"
    REMINDER = "reminder"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the clocks of the machine say at one moment."""

    wall_s: float
    boot_s: float
    """Since the machine was started; goes on while it sleeps, and never jumps (CLOCK_BOOTTIME)."""
    boot_id: str
    """Of this start of the machine."""
    trusted: bool
    """Whether the wall clock has been set since the start. A Pi without a battery begins with the time of its end."""
    zone: tzinfo


@dataclass(frozen=True, slots=True)
class Alarm:
    """One of them. `Schedule` numbers it."""

    kind: Kind
    label: str
    """What it is for, in the owner's words; may be empty."""
    due_wall_s: float
    alarm_id: int = 0
    """What it is called by; rising from 1, never used twice while anything is set."""
    length_s: float = 0.0
    """How long a timer was set for."""
    boot_id: str = ""
    """The start of the machine that `due_boot_s` belongs to."""
    due_boot_s: float = 0.0
    at: time | None = None
    """The time of day of an alarm that repeats."""
    days: frozenset[int] = frozenset()
    """The days on which it repeats, Monday is 0; empty if it does not."""

    def remaining_s(self, reading: Reading) -> float | None:
        """Return how long until it is due, negative when it is overdue; None while no clock can say."""
        if self.kind is Kind.TIMER and self.boot_id == reading.boot_id:
            return self.due_boot_s - reading.boot_s
        if self.kind is Kind.TIMER and not reading.trusted:
            return None
        return self.due_wall_s - reading.wall_s


@dataclass(frozen=True, slots=True)
class Due:
    """One whose time has come, or has passed."""

    alarm: Alarm
    missed: bool
    """Too late to ring."""


def timer(length_s: float, label: str, reading: Reading) -> Alarm:
    """Return a timer that is due in `length_s` seconds."""
    return Alarm(
        Kind.TIMER,
        label,
        reading.wall_s + length_s,
        length_s=length_s,
        boot_id=reading.boot_id,
        due_boot_s=reading.boot_s + length_s,
    )


def alarm(at: time, days: Iterable[int], label: str, reading: Reading) -> Alarm:
    """Return an alarm for the next `at` o'clock, or for every one on `days` (Monday is 0)."""
    on = frozenset(days)
    due_wall_s = next_wall_s(at, on or EVERY_DAY, reading.wall_s, reading.zone)
    return Alarm(Kind.ALARM, label, due_wall_s, at=at if on else None, days=on)


def reminder(due_wall_s: float, label: str) -> Alarm:
    """Return a reminder for that moment."""
    return Alarm(Kind.REMINDER, label, due_wall_s)


def next_wall_s(at: time, days: frozenset[int], after_wall_s: float, zone: tzinfo) -> float:
    """Return the first moment after `after_wall_s` at which a clock on the wall shows `at`, on one of `days`.

    A time that the beginning of daylight saving skips comes as much later as the clock was put forward; one that its
    end brings twice counts the first time only.
    """
    today = datetime.fromtimestamp(after_wall_s, zone).date()
    for ahead in range(9):  # a week, and a day at either end
        day = today + timedelta(days=ahead - 1)
        moment = datetime.combine(day, at.replace(fold=0), zone).astimezone(UTC).timestamp()
        if day.weekday() in days and moment > after_wall_s:
            return moment
    raise AssertionError("unreachable: every weekday comes within a week")


class Schedule:
    """All that is set. Whoever changes it keeps it; whoever asks brings the time."""

    def __init__(self, alarms: Iterable[Alarm] = ()) -> None:
        self._alarms = {alarm.alarm_id: alarm for alarm in alarms}

    def __repr__(self) -> str:
        return f"<Schedule of {len(self._alarms)}>"

    def __len__(self) -> int:
        return len(self._alarms)

    def add(self, alarm: Alarm) -> Alarm:
        """Set it, and return it with its number."""
        numbered = replace(alarm, alarm_id=max(self._alarms, default=0) + 1)
        self._alarms[numbered.alarm_id] = numbered
        return numbered

    def remove(self, alarm_id: int) -> Alarm | None:
        """Take one off and return it; None if there is no such one."""
        return self._alarms.pop(alarm_id, None)

    def in_order(self, reading: Reading) -> list[tuple[Alarm, float | None]]:
        """Return all with how long until each is due, the nearest first; those that no clock can tell come last."""
        left = [(alarm, alarm.remaining_s(reading)) for alarm in self._alarms.values()]
        return sorted(left, key=lambda one: (one[1] is None, one[1] or 0.0, one[0].alarm_id))

    def take_due(self, reading: Reading) -> list[Due]:
        """Take off what is due and return it, the longest overdue first. What repeats is set for its next time."""
        found = []
        for alarm, left_s in self.in_order(reading):
            if left_s is None or left_s > 0.0:
                continue
            found.append(Due(alarm, missed=left_s < -MISSED_AFTER_S))
            if alarm.at is None:
                del self._alarms[alarm.alarm_id]
            else:
                # After the time that was due too: a clock put back a little must not bring it a second time.
                after_s = max(reading.wall_s, alarm.due_wall_s)
                due_wall_s = next_wall_s(alarm.at, alarm.days, after_s, reading.zone)
                self._alarms[alarm.alarm_id] = replace(alarm, due_wall_s=due_wall_s)
        return found

    def get(self, alarm_id: int) -> Alarm | None:
        """Return one by its number."""
        return self._alarms.get(alarm_id)
