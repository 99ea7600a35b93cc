"""The cost fuses: what blows them, what mends them, and that no clock and no restart does."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config import Config
from daemon.keeping.budget import HOUR_S, LONGEST_DAY_S, OPEN_TURNS, Blown, Budget, Fuse, Limits, Prices
from daemon.live.downward import UsageReport

LIMITS = Limits(idle_hangup_s=300.0, session_max_minutes=60, turns_per_hour=3, daily_tokens=1000)
NOON = datetime(2026, 11, 21, 12, tzinfo=ZoneInfo("UTC")).timestamp()
MINUTE_S = 60.0
DAY_S = 24 * HOUR_S


def greenwich(wall_s: float) -> float:
    """Local time is UTC."""
    return 0.0


def in_zone(name: str) -> Callable[[float], float]:
    """Return the offset that `time.localtime(...).tm_gmtoff` has in a zone."""

    def offset_s(wall_s: float) -> float:
        offset = datetime.fromtimestamp(wall_s, ZoneInfo(name)).utcoffset()
        assert offset is not None
        return offset.total_seconds()

    return offset_s


class Device:
    """A budget with its two clocks: the loop's, which runs, and the wall's, which also jumps."""

    def __init__(
        self, limits: Limits = LIMITS, zone: Callable[[float], float] = greenwich, wall_s: float = NOON
    ) -> None:
        self.limits, self.zone = limits, zone
        self.now, self.wall_s = 5000.0, wall_s
        self.budget = Budget(limits, zone, now=self.now, wall_s=wall_s)

    def run(self, seconds: float) -> None:
        self.now += seconds
        self.wall_s += seconds

    def set_clock(self, wall_s: float) -> None:
        self.wall_s = wall_s

    def restart(self, off_s: float = 0.0, *, boot_wall_s: float | None = None, limits: Limits | None = None) -> None:
        """Save, be off, and come up again with another loop clock, and with whatever the wall clock says."""
        saved = json.loads(json.dumps(self.budget.snapshot(self.now, self.wall_s)))
        self.now = 20.0
        self.wall_s = self.wall_s + off_s if boot_wall_s is None else boot_wall_s
        restored = Budget.restored(saved, limits or self.limits, self.zone, now=self.now, wall_s=self.wall_s)
        assert restored is not None
        self.budget = restored

    def use(self, turn_id: int, total: int) -> None:
        self.budget.used(turn_id, {"total": total}, self.now, self.wall_s)

    def speak(self) -> Blown | None:
        """Begin a turn if one may begin."""
        refusal = self.budget.refusal(self.now, self.wall_s)
        if refusal is None:
            self.budget.turn_began(self.now)
        return refusal

    def blown(self) -> Fuse | None:
        refusal = self.budget.refusal(self.now, self.wall_s)
        return refusal.fuse if refusal is not None else None

    @property
    def resets_in_s(self) -> float:
        refusal = self.budget.refusal(self.now, self.wall_s)
        assert refusal is not None
        return refusal.resets_in_s

    @property
    def total(self) -> int:
        return self.budget.today(self.now, self.wall_s).get("total", 0)


# --- turns in an hour ------------------------------------------------------------------------------


def test_so_many_turns_may_begin_within_an_hour() -> None:
    device = Device()
    for _ in range(3):
        assert device.speak() is None
        device.run(10 * MINUTE_S)
    refusal = device.speak()
    assert refusal == Blown(
        Fuse.TURNS_PER_HOUR,
        30 * MINUTE_S,
        "3 turns have begun within an hour, as many as limits.turns_per_hour allows; the next may in 30 min.",
    )
    device.run(refusal.resets_in_s - 1)
    assert device.blown() is Fuse.TURNS_PER_HOUR
    device.run(1)
    assert device.speak() is None
    assert device.blown() is Fuse.TURNS_PER_HOUR
    assert device.resets_in_s == 10 * MINUTE_S
    device.run(HOUR_S)
    assert device.budget.snapshot(device.now, device.wall_s)["turns_ago_s"] == []


@given(st.lists(st.floats(0, 2000), max_size=60), st.integers(1, 5))
def test_no_hour_ever_holds_more_turns_than_allowed(pauses_s: list[float], limit: int) -> None:
    device = Device(Limits(0.0, 0, limit, 0))
    began_s: list[float] = []
    for pause_s in pauses_s:
        device.run(pause_s)
        recent = [at_s for at_s in began_s if device.now - at_s < HOUR_S]
        if device.speak() is None:
            began_s.append(device.now)
            assert len(recent) < limit
        else:
            assert len(recent) == limit


def test_the_wall_clock_has_no_say_in_an_hour() -> None:
    device = Device()
    for _ in range(3):
        device.speak()
    device.set_clock(NOON + 5 * DAY_S)
    assert device.blown() is Fuse.TURNS_PER_HOUR
    device.set_clock(NOON - 5 * DAY_S)
    assert device.blown() is Fuse.TURNS_PER_HOUR


def test_a_restart_does_not_mend_the_hour() -> None:
    device = Device()
    for _ in range(3):
        device.speak()
        device.run(MINUTE_S)
    device.restart(off_s=10 * MINUTE_S)
    assert device.blown() is Fuse.TURNS_PER_HOUR
    assert device.resets_in_s == 47 * MINUTE_S
    device.restart(boot_wall_s=NOON - 90 * DAY_S)
    assert device.resets_in_s == 47 * MINUTE_S, "a clock that went back tells nothing about the time between"
    device.run(47 * MINUTE_S)
    assert device.blown() is None


def test_time_spent_switched_off_is_time_passed() -> None:
    device = Device()
    for _ in range(3):
        device.speak()
    device.restart(off_s=8 * HOUR_S)
    assert device.blown() is None


def test_a_lower_limit_holds_for_the_turns_before_the_restart_too() -> None:
    device = Device()
    device.speak()
    device.run(MINUTE_S)
    device.speak()
    device.restart(limits=Limits(0.0, 0, 1, 0))
    assert device.resets_in_s == HOUR_S


# --- tokens in a day -------------------------------------------------------------------------------


def test_the_turn_that_blows_the_fuse_is_the_last_of_its_day() -> None:
    device = Device()
    device.use(1, 999)
    assert device.blown() is None
    device.use(2, 1)
    assert device.budget.refusal(device.now, device.wall_s) == Blown(
        Fuse.DAILY_TOKENS,
        12 * HOUR_S,
        "1000 tokens were used today, and limits.daily_tokens allows 1000; the next turn may begin in 12 h 0 min.",
    )
    device.run(12 * HOUR_S - 1)
    assert device.blown() is Fuse.DAILY_TOKENS
    device.run(1)
    assert device.blown() is None
    assert device.total == 0


def test_of_two_blown_fuses_the_one_that_lasts_longer_is_named() -> None:
    device = Device()
    for _ in range(3):
        device.speak()
    device.use(1, 1000)
    assert device.blown() is Fuse.DAILY_TOKENS
    device.run(11.5 * HOUR_S)
    for _ in range(3):
        device.budget.turn_began(device.now)
    assert device.blown() is Fuse.TURNS_PER_HOUR


def test_zero_is_no_limit() -> None:
    device = Device(Limits(0.0, 0, 0, 0))
    for turn_id in range(2000):
        assert device.speak() is None
        device.use(turn_id, 10**9)
    assert device.total == 2000 * 10**9
    device.restart()
    assert device.blown() is None


@given(st.lists(st.tuples(st.integers(1, 8), st.integers(0, 500), st.integers(0, 500)), max_size=30))
def test_a_turn_counts_once_with_its_newest_report(reports: list[tuple[int, int, int]]) -> None:
    device = Device()
    newest: dict[int, tuple[int, int]] = {}
    for turn_id, prompt, response in reports:
        counts = {"prompt": prompt, "prompt_audio": prompt // 2, "response": response, "total": prompt + response}
        device.budget.used(turn_id, counts, device.now, device.wall_s)
        newest[turn_id] = (prompt, response)
    prompt, response = (sum(column) for column in zip(*newest.values(), strict=True)) if newest else (0, 0)
    audio = sum(prompt // 2 for prompt, _ in newest.values())
    expected = {"prompt": prompt, "prompt_audio": audio, "response": response, "total": prompt + response}
    assert device.budget.today(device.now, device.wall_s) == {name: count for name, count in expected.items() if count}


def test_what_is_said_again_over_a_new_link_is_billed_again() -> None:
    device = Device()
    device.use(1, 300)
    device.use(1, 310)
    device.budget.link_began()
    device.use(1, 320)
    device.use(1, 330)
    assert device.total == 310 + 330


def test_a_late_report_of_a_forgotten_turn_is_not_counted_twice() -> None:
    device = Device()
    for turn_id in range(1, OPEN_TURNS + 2):
        device.use(turn_id, 10)
    device.use(1, 500)
    assert device.total == 10 * (OPEN_TURNS + 1)
    device.use(2, 500)
    assert device.total == 500 + 10 * OPEN_TURNS


def test_a_turn_over_midnight_is_counted_on_both_sides() -> None:
    device = Device()
    device.run(12 * HOUR_S - 1)
    device.use(1, 400)
    device.run(2)
    device.use(1, 550)
    assert device.total == 150
    device.use(1, 500)
    assert device.total == 100
    device.use(1, 300)
    assert device.total == 0


@pytest.mark.parametrize(
    ("counts", "billed"),
    [
        ({"total": 100}, 100),
        ({"prompt": 70, "response": 30}, 100),
        ({"prompt": 70, "response": 30, "thoughts": 5, "tool_prompt": 4, "total": 80}, 109),
        ({"prompt": 70, "prompt_audio": 500, "total": 80}, 80),
        ({"prompt": -70, "total": -3}, 0),
        ({}, 0),
    ],
)
def test_the_fuse_goes_by_the_total_and_not_below_the_sides(counts: dict[str, int], billed: int) -> None:
    device = Device()
    device.budget.used(1, counts, device.now, device.wall_s)
    assert device.total == billed


def test_the_services_own_reports_are_taken() -> None:
    device = Device()
    report = UsageReport(120, 40, 3, 2, 165, (("AUDIO", 100), ("TEXT", 20)), (("AUDIO", 40),))
    device.budget.used(1, report.counts(), device.now, device.wall_s)
    assert device.budget.today(device.now, device.wall_s) == report.counts()
    assert device.total == 165


# --- clocks ----------------------------------------------------------------------------------------


def spent() -> Device:
    """A device whose tokens of the 21st are used up, at noon."""
    device = Device()
    device.use(1, 1000)
    return device


def test_setting_the_clock_back_mends_nothing() -> None:
    device = spent()
    device.set_clock(NOON - DAY_S)
    assert device.blown() is Fuse.DAILY_TOKENS
    assert device.resets_in_s == LONGEST_DAY_S
    device.run(23 * HOUR_S)
    device.set_clock(NOON)
    assert device.blown() is Fuse.DAILY_TOKENS, "the 21st has come a second time"
    device.set_clock(NOON + DAY_S)
    assert device.blown() is None, "the 22nd has never been before"


def test_a_pi_that_wakes_up_yesterday_is_still_blown_when_its_clock_is_right() -> None:
    device = Device(wall_s=NOON + 12 * HOUR_S + MINUTE_S)
    device.use(1, 1000)
    device.restart(boot_wall_s=NOON + 11 * HOUR_S)
    assert device.blown() is Fuse.DAILY_TOKENS
    device.set_clock(NOON + 12 * HOUR_S + 5 * MINUTE_S)
    assert device.blown() is Fuse.DAILY_TOKENS
    device.restart(boot_wall_s=0.0)
    assert device.blown() is Fuse.DAILY_TOKENS
    device.set_clock(NOON + 36 * HOUR_S)
    assert device.blown() is None


def test_a_date_far_in_the_future_is_believed_for_a_day_only() -> None:
    device = Device(wall_s=NOON + 20_000 * DAY_S)
    device.use(1, 1000)
    device.run(HOUR_S)
    device.set_clock(NOON)
    assert device.resets_in_s == LONGEST_DAY_S - HOUR_S
    device.run(14 * HOUR_S)
    assert device.blown() is Fuse.DAILY_TOKENS
    device.restart(off_s=HOUR_S)
    device.run(10 * HOUR_S - 1)
    assert device.blown() is Fuse.DAILY_TOKENS, "the date is another, but only 25 hours of running prove it"
    device.run(2)
    assert device.blown() is None
    device.use(1, 1000)
    assert 0 < device.resets_in_s < DAY_S, "from now on the clock is believed"


def test_a_clock_that_begins_with_the_same_date_at_each_start_cannot_wedge_the_fuse() -> None:
    device = spent()
    for _ in range(3):
        device.restart(boot_wall_s=NOON)
        device.run(10 * HOUR_S)
    assert device.blown() is None


def test_idling_through_midnight_is_noticed_at_the_next_look() -> None:
    device = spent()
    device.run(40 * DAY_S)
    assert device.total == 0
    assert device.blown() is None


JUMPS = st.lists(
    st.one_of(
        st.tuples(st.just("run"), st.integers(0, 3 * 86_400)),
        st.tuples(st.just("set"), st.integers(0, 3_600_000_000)),
        st.tuples(st.just("restart"), st.integers(0, 3_600_000_000)),
        st.tuples(st.just("use"), st.integers(1, 600)),
    ),
    max_size=25,
)


@given(JUMPS)
def test_only_a_new_date_or_a_whole_day_of_running_resets_the_count(steps: list[tuple[str, int]]) -> None:
    device = Device()
    newest_day, ran_s, turn_id = NOON // DAY_S, 0.0, 0
    for what, value in steps:
        before = device.total
        match what:
            case "run":
                device.run(value)
                ran_s += value
            case "set":
                device.set_clock(value)
            case "restart":
                device.restart(boot_wall_s=value)
            case _:
                turn_id += 1
                device.use(turn_id, value)
        day = device.wall_s // DAY_S
        if device.total < before:
            assert day > newest_day or ran_s >= LONGEST_DAY_S
        if day > newest_day or ran_s >= LONGEST_DAY_S:
            assert device.total == (value if what == "use" else 0)
            newest_day, ran_s = day, 0.0
        assert (device.blown() is Fuse.DAILY_TOKENS) == (device.total >= LIMITS.daily_tokens)


ZONES = ["Europe/Berlin", "America/Havana", "America/Santiago", "Asia/Beirut", "Australia/Lord_Howe", "Asia/Kolkata"]
"""Changes at 2 and 3 o'clock, at midnight forth, at midnight back, by half an hour, and none at all."""


@pytest.mark.parametrize("zone", ZONES)
def test_it_goes_on_exactly_when_the_local_day_ends(zone: str) -> None:
    offset_s, clock = in_zone(zone), ZoneInfo(zone)
    for hours in range(0, 400 * 24, 7):
        device = Device(zone=offset_s, wall_s=NOON + hours * HOUR_S)
        device.use(1, 1000)
        today = datetime.fromtimestamp(device.wall_s, clock).date()
        resets_at_s = device.wall_s + device.resets_in_s
        assert datetime.fromtimestamp(resets_at_s - 1, clock).date() == today
        assert datetime.fromtimestamp(resets_at_s, clock).date() > today
        device.run(device.resets_in_s)
        assert device.blown() is None


# --- restarts --------------------------------------------------------------------------------------


def test_a_restart_keeps_what_was_used_today() -> None:
    device = Device()
    device.budget.used(1, {"prompt": 70, "prompt_audio": 60, "response": 30}, device.now, device.wall_s)
    before = device.budget.today(device.now, device.wall_s)
    device.restart(off_s=MINUTE_S)
    assert device.budget.today(device.now, device.wall_s) == before
    device.use(1, 40)
    assert device.total == 140, "turns are numbered anew, so this is another one"
    device.restart(off_s=DAY_S)
    assert device.total == 0


def good_snapshot() -> dict[str, Any]:
    device = Device()
    device.speak()
    device.use(1, 100)
    return device.budget.snapshot(device.now, device.wall_s)


def restored(snapshot: object) -> Budget | None:
    return Budget.restored(snapshot, LIMITS, greenwich, now=0.0, wall_s=NOON)


def test_the_snapshot_is_plain_numbers() -> None:
    assert good_snapshot() == {
        "day": NOON // DAY_S,
        "ran_s": 0,
        "tokens": {"total": 100},
        "turns_ago_s": [0],
        "wall_s": NOON,
    }
    assert restored(good_snapshot()) is not None


@pytest.mark.parametrize("missing", ["day", "ran_s", "tokens", "turns_ago_s", "wall_s"])
def test_a_snapshot_without_one_of_its_parts_is_refused(missing: str) -> None:
    snapshot = good_snapshot()
    del snapshot[missing]
    assert restored(snapshot) is None


@pytest.mark.parametrize(
    "damage",
    [
        {"day": "2026-11-21"},
        {"day": 20778.5},
        {"day": True},
        {"day": 10**400},
        {"ran_s": -1},
        {"ran_s": float("nan")},
        {"wall_s": None},
        {"wall_s": -(10**20)},
        {"tokens": []},
        {"tokens": {"total": -5}},
        {"tokens": {"total": "5"}},
        {"tokens": {"total": 2**54}},
        {"tokens": {5: 5}},
        {"turns_ago_s": {}},
        {"turns_ago_s": [1, None]},
        {"turns_ago_s": [-1]},
        {"turns_ago_s": [float("inf")]},
    ],
    ids=str,
)
def test_a_damaged_snapshot_is_refused(damage: dict[str, object]) -> None:
    assert restored(good_snapshot() | damage) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=8,
)


@given(st.one_of(JSON, st.fixed_dictionaries(dict.fromkeys(good_snapshot(), JSON))))
def test_whatever_a_snapshot_holds_it_is_refused_or_a_budget(snapshot: object) -> None:
    budget = restored(snapshot)
    if budget is not None:
        refusal = budget.refusal(1.0, NOON + 1)
        assert refusal is None or refusal.resets_in_s > 0
        json.dumps(budget.snapshot(2.0, NOON + 2), allow_nan=False)


def test_a_restored_budget_does_not_share_the_snapshot() -> None:
    snapshot = good_snapshot()
    budget = restored(snapshot)
    assert budget is not None
    budget.used(9, {"total": 5}, 1.0, NOON)
    assert snapshot == good_snapshot()


# --- deadlines, prices, configuration --------------------------------------------------------------


def test_deadlines_count_from_what_they_are_about() -> None:
    assert LIMITS.hang_up_at(100.0) == 400.0
    assert LIMITS.session_over_at(100.0) == 3700.0
    never = Limits(0.0, 0, 0, 0)
    assert never.hang_up_at(100.0) is None
    assert never.session_over_at(100.0) is None


def test_an_estimate_needs_prices() -> None:
    counts = {"prompt": 1_000_000, "tool_prompt": 500_000, "response": 250_000, "thoughts": 250_000, "prompt_audio": 9}
    assert Prices(0.0, 0.0, "USD").estimate(counts) is None
    assert Prices(3.0, 12.0, "USD").estimate(counts) == 4.5 + 6.0
    assert Prices(3.0, 12.0, "USD").estimate({}) == 0.0


def test_the_sections_of_the_configuration_are_these_settings() -> None:
    config = Config()
    limits, prices = Limits(**config.limits.model_dump()), Prices(**config.prices.model_dump())
    assert limits == Limits(300.0, 60, 120, 2_000_000)
    assert prices == Prices(0.0, 0.0, "USD")
    assert {fuse.value for fuse in Fuse} <= set(config.limits.model_dump())
