"""What the model can do with the alarm clock. It is told times as the owner would say them."""

from __future__ import annotations

from datetime import UTC, datetime, time, tzinfo
from typing import Annotated, Final, Literal

from pydantic import Field

from .alarm import Alarm, Kind, Reading, alarm, next_wall_s, reminder, timer
from .alarm_clock import MOST, AlarmClock
from .tool import Tool, ToolError

Day = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
_DAYS: Final[tuple[Day, ...]] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Label = Annotated[str, Field(max_length=200)]


class AlarmTools:
    """Sets, lists and takes off what the owner asks for."""

    def __init__(self, clock: AlarmClock) -> None:
        self._clock: Final = clock

    def tools(self) -> tuple[Tool, ...]:
        """Return everything that the model can do here."""
        return (
            Tool.of(self.set_timer),
            Tool.of(self.set_alarm),
            Tool.of(self.set_reminder),
            Tool.of(self.list_timers, idempotent=True),
            Tool.of(self.cancel_timer),
        )

    async def set_timer(self, seconds: Annotated[int, Field(ge=1, le=86_400)], label: Label = "") -> dict[str, object]:
        """Set a timer that rings when it has run down, also without a network.

        Args:
            seconds: How long it runs.
            label: What it is for, if the user said so, in the user's words.
        """
        return await self._set(timer(float(seconds), label, self._clock.now()))

    async def set_alarm(
        self,
        hour: Annotated[int, Field(ge=0, le=23)],
        minute: Annotated[int, Field(ge=0, le=59)] = 0,
        days: list[Day] = [],  # noqa: B006 - the declaration's default; nobody changes it
        label: Label = "",
    ) -> dict[str, object]:
        """Set an alarm for a time of day: the next time it is that late, or every week on the days given.

        Args:
            hour: By the 24 hour clock.
            minute: Past the hour.
            days: On which days it repeats; none for once.
            label: What it is for, if the user said so, in the user's words.
        """
        on = [_DAYS.index(day) for day in days]
        return await self._set(alarm(time(hour, minute), on, label, self._clock.now()))

    async def set_reminder(
        self, at: str, text: Annotated[str, Field(min_length=1, max_length=200)]
    ) -> dict[str, object]:
        """Remind the user of something at a time: the device rings and says it.

        Args:
            at: Local time as "2026-11-23T18:00", or only "18:00" for the next time it is that late.
            text: What to remind of, in the user's words.
        """
        now = self._clock.now()
        due_wall_s = _moment(at, now)
        if due_wall_s <= now.wall_s:
            raise ToolError(f"{at} is past; it is now {_local(now.wall_s, now.zone)}")
        return await self._set(reminder(due_wall_s, text))

    async def list_timers(self) -> dict[str, object]:
        """List the timers, alarms and reminders that are set, the nearest first."""
        now = self._clock.now()
        listed = [_told(one, left_s, now.zone) for one, left_s in self._clock.in_order()]
        return {"message": f"Set: {len(listed)}." if listed else "Nothing is set.", "set": listed}

    async def cancel_timer(self, number: Annotated[int, Field(ge=1)]) -> dict[str, object]:
        """Take a timer, an alarm or a reminder off.

        Args:
            number: Its number, as list_timers says it.
        """
        removed = await self._clock.remove(number)
        if removed is None:
            raise ToolError(f"There is no number {number}. list_timers says which there are.")
        return {"message": "It is taken off.", "label": removed.label}

    async def _set(self, wanted: Alarm) -> dict[str, object]:
        made = await self._clock.add(wanted)
        if made is None:
            raise ToolError(f"{MOST} are set already, which is all there can be. Take one off first.")
        now = self._clock.now()
        return {"message": "It is set.", **_told(made, made.remaining_s(now), now.zone)}


def _told(one: Alarm, left_s: float | None, zone: tzinfo) -> dict[str, object]:
    told: dict[str, object] = {"number": one.alarm_id, "kind": one.kind.value, "label": one.label}
    if one.kind is Kind.TIMER and left_s is not None:
        told["seconds_left"] = round(max(0.0, left_s))
    else:
        told["due"] = _local(one.due_wall_s, zone)
    if one.days:
        told["days"] = [_DAYS[day] for day in sorted(one.days)]
    return told


def _local(wall_s: float, zone: tzinfo) -> str:
    return datetime.fromtimestamp(wall_s, zone).strftime("%A %Y-%m-%d %H:%M")


def _moment(text: str, now: Reading) -> float:
    """Return the wall time that `text` means here."""
    try:
        if len(text) <= len("00:00:00"):
            return next_wall_s(time.fromisoformat(text), frozenset(range(7)), now.wall_s, now.zone)
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise ToolError(f'{text!r} is no time; write it as "2026-11-23T18:00" or "18:00"') from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=now.zone)).astimezone(UTC).timestamp()
