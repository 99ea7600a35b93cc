"""What the model is told of timers, alarms and reminders, and what it can do with them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from daemon.tools.alarm import Reading
from daemon.tools.alarm_clock import MOST, AlarmClock
from daemon.tools.alarm_store import AlarmStore
from daemon.tools.alarm_tools import AlarmTools
from daemon.tools.tool import ToolError
from tests.support.virtual_time import START_S, run

BERLIN = ZoneInfo("Europe/Berlin")
MONDAY_NOON_S = datetime(2026, 11, 23, 12, tzinfo=BERLIN).timestamp()


def asked(*calls: tuple[str, Mapping[str, object]]) -> list[dict[str, object]]:
    """Call the tools by name, on a Monday at noon in Berlin, as the model does; return what each says."""

    def clocks() -> Reading:
        since_s = asyncio.get_running_loop().time() - START_S
        return Reading(MONDAY_NOON_S + since_s, since_s, "this", True, BERLIN)

    async def scene() -> list[dict[str, object]]:
        clock = AlarmClock(AlarmStore(None), clocks, tell=lambda *_, **__: None)
        ringing = asyncio.ensure_future(clock.run(lambda _: None))
        tools = {tool.name: tool for tool in AlarmTools(clock).tools()}
        try:
            return [await tools[name].function(**tools[name].check(arguments)) for name, arguments in calls]
        finally:
            ringing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await ringing

    return run(scene())


def test_a_timer_says_its_number_and_what_is_left() -> None:
    [said] = asked(("set_timer", {"seconds": 300, "label": "eggs"}))
    assert said == {"message": "It is set.", "number": 1, "kind": "timer", "label": "eggs", "seconds_left": 300}


@pytest.mark.parametrize(
    ("arguments", "due"),
    [
        ({"hour": 13, "minute": 30}, "Monday 2026-11-23 13:30"),
        ({"hour": 7}, "Tuesday 2026-11-24 07:00"),
        ({"hour": 7, "days": ["wednesday", "friday"]}, "Wednesday 2026-11-25 07:00"),
    ],
)
def test_an_alarm_says_when_it_rings(arguments: dict[str, object], due: str) -> None:
    [said] = asked(("set_alarm", arguments))
    assert said["due"] == due
    assert said.get("days") == arguments.get("days")


@pytest.mark.parametrize(
    ("at", "due"),
    [
        ("18:00", "Monday 2026-11-23 18:00"),
        ("11:00", "Tuesday 2026-11-24 11:00"),
        ("2026-12-24T17:30", "Thursday 2026-12-24 17:30"),
        ("2026-12-24T17:30:00+00:00", "Thursday 2026-12-24 18:30"),
    ],
)
def test_a_reminder_is_for_local_time_unless_it_says_otherwise(at: str, due: str) -> None:
    [said] = asked(("set_reminder", {"at": at, "text": "call"}))
    assert said["due"] == due


@pytest.mark.parametrize(("at", "hint"), [("2026-11-23T11:00", "is past"), ("soon", "write it as")])
def test_a_reminder_that_cannot_be_says_why(at: str, hint: str) -> None:
    with pytest.raises(ToolError, match=hint):
        asked(("set_reminder", {"at": at, "text": "call"}))


def test_what_is_set_is_listed_the_nearest_first_and_can_be_taken_off() -> None:
    *_, listed, removed, left = asked(
        ("set_timer", {"seconds": 7200}),
        ("set_alarm", {"hour": 12, "minute": 30, "label": "lunch"}),
        ("list_timers", {}),
        ("cancel_timer", {"number": 2}),
        ("list_timers", {}),
    )
    assert [(one["number"], one["label"]) for one in listed["set"]] == [(2, "lunch"), (1, "")]  # type: ignore[attr-defined]  # JSON
    assert removed["label"] == "lunch"
    assert left["message"] == "Set: 1."


def test_a_number_that_is_not_there_is_refused() -> None:
    with pytest.raises(ToolError, match="no number 3"):
        asked(("cancel_timer", {"number": 3}))


def test_more_than_anybody_needs_is_refused() -> None:
    with pytest.raises(ToolError, match="Take one off first"):
        asked(*[("set_timer", {"seconds": 60})] * (MOST + 1))
