"""The fuses against a bill that nobody wanted: how many turns an hour, how many tokens a day.

Pure. `now` is the loop's clock, `wall_s` the time of day in seconds since 1970; neither is trusted with more than it
can tell. An hour is measured by the loop's clock, which only runs forward. A day is the local date of the wall clock,
which a Pi without a battery gets wrong at every start, and the newest date that was seen is the one that counts:

    the wall clock says     21st   22nd ── set back ──► 21st   22nd   23rd
    counted as              21st   22nd                 22nd   22nd   23rd
    used so far             0 …    0 …                  …      …      0 …

So setting it back resets nothing. And since no day is longer than 25 hours, after so much running the next one has
begun whatever the clock says: a wrong date in the future, or one that never changes, cannot hold the fuse for ever.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
LONGEST_DAY_S: Final = 25 * HOUR_S
"""The one on which the clocks are put back for winter."""
OPEN_TURNS: Final = 16
"""Of so many turns the reports are remembered; the service counts at most the newest two."""
_LARGEST: Final = 2**53
"""No true count comes near; beyond it a float is no longer exact."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What the device may cost, by the keys of `[limits]`. 0 switches each off."""

    idle_hangup_s: float
    session_max_minutes: int
    turns_per_hour: int
    daily_tokens: int

    def hang_up_at(self, last_activity_s: float) -> float | None:
        """Return when to close a link on which nothing has happened since `last_activity_s`; None for never."""
        return last_activity_s + self.idle_hangup_s if self.idle_hangup_s else None

    def session_over_at(self, began_s: float) -> float | None:
        """Return from when on a session begun at `began_s` is too old for another turn; None for never."""
        return began_s + self.session_max_minutes * 60.0 if self.session_max_minutes else None


@dataclass(frozen=True, slots=True)
class Prices:
    """What a million tokens cost, by the keys of `[prices]`. Both 0: nobody knows."""

    input_per_million_tokens: float
    output_per_million_tokens: float
    currency: str

    def estimate(self, counts: Mapping[str, int]) -> float | None:
        """Return about what `counts` (as `UsageReport.counts` names them) cost, in `currency`; None without prices.

        An estimate: the service prices text, sound and pictures differently, and its details do not add up.
        """
        if not (self.input_per_million_tokens or self.output_per_million_tokens):
            return None
        taken_in = counts.get("prompt", 0) + counts.get("tool_prompt", 0)
        given_out = counts.get("response", 0) + counts.get("thoughts", 0)
        return (taken_in * self.input_per_million_tokens + given_out * self.output_per_million_tokens) / 1e6


class Fuse(Enum):
    """What can blow; each is named like its key in `[limits]`."""

    TURNS_PER_HOUR = "turns_per_hour"
    DAILY_TOKENS = "daily_tokens"


@dataclass(frozen=True, slots=True)
class Blown:
    """Why no turn may begin now."""

    fuse: Fuse
    resets_in_s: float
    sentence: str
    """For the owner: what was used, which key allows how much, and when it goes on."""


@dataclass(frozen=True, slots=True)
class _Snapshot:
    day: int
    ran_s: int
    tokens: dict[str, int]
    turns_ago_s: list[int]
    wall_s: int


class Budget:
    """What was used, and whether more may be.

    Args:
        limits: What may be used.
        utc_offset_s: Returns how far the local time was ahead of UTC at a `wall_s`: `time.localtime(wall_s).tm_gmtoff`.
        now: Seconds of the loop's clock.
        wall_s: Seconds since 1970, at `now`.
    """

    def __init__(self, limits: Limits, utc_offset_s: Callable[[float], float], *, now: float, wall_s: float) -> None:
        self._limits = limits
        self._utc_offset_s: Final = utc_offset_s
        self._turns_s: deque[float] = deque(maxlen=limits.turns_per_hour)
        """When the newest turns began, on the loop's clock: as many as decide."""
        self._day = self._day_of(wall_s)
        """The day that is counted: days since 1970, in local time."""
        self._tokens: dict[str, int] = {}
        self._reports: dict[int, dict[str, int]] = {}
        """The newest report of each of the newest turns, which the next one takes the place of."""
        self._seen_s = now
        self._ran_s = 0.0
        """How long we have run in the day that is counted."""

    def __repr__(self) -> str:
        return f"<Budget turns={len(self._turns_s)} tokens={self._tokens.get('total', 0)}>"

    @classmethod
    def restored(
        cls,
        snapshot: object,
        limits: Limits,
        utc_offset_s: Callable[[float], float],
        *,
        now: float,
        wall_s: float,
    ) -> Budget | None:
        """Return the budget that `snapshot` was made of, in another process; None if it is damaged.

        The time between counts as far as the wall clock tells: not at all if that went back.
        """
        saved = _sound(snapshot)
        if saved is None:
            return None
        budget = cls(limits, utc_offset_s, now=now, wall_s=wall_s)
        budget._day, budget._ran_s, budget._tokens = saved.day, saved.ran_s, saved.tokens
        since_s = max(0.0, wall_s - saved.wall_s)
        budget._turns_s.extend(now - ago_s - since_s for ago_s in saved.turns_ago_s)
        return budget

    def snapshot(self, now: float, wall_s: float) -> dict[str, object]:
        """Return what `restored` needs, fit for JSON: whole numbers, names, nothing that was said."""
        self._observe(now, wall_s)
        return {
            "day": self._day,
            "ran_s": int(self._ran_s),
            "tokens": dict(self._tokens),
            "turns_ago_s": [int(now - began_s) for began_s in self._turns_s if now - began_s < HOUR_S],
            "wall_s": int(wall_s),
        }

    @property
    def limits(self) -> Limits:
        """What may be used. With more turns an hour than before, those of this hour count that decided until now."""
        return self._limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._limits = limits
        self._turns_s = deque(self._turns_s, maxlen=limits.turns_per_hour)

    def refusal(self, now: float, wall_s: float) -> Blown | None:
        """Return why no turn may begin now; None if one may. Of two reasons it is the one that lasts longer."""
        self._observe(now, wall_s)
        blown = [found for found in (self._too_many_turns(now), self._too_many_tokens(wall_s)) if found]
        return max(blown, key=lambda found: found.resets_in_s, default=None)

    def turn_began(self, now: float) -> None:
        """Count a turn that begins at `now`."""
        self._turns_s.append(now)

    def link_began(self) -> None:
        """Note that there is a new link: what is said again on it is billed again, so its reports count anew."""
        self._reports.clear()

    def used(self, turn_id: int, counts: Mapping[str, int], now: float, wall_s: float) -> None:
        """Count what turn `turn_id` has used so far: tokens, as `UsageReport.counts` names them.

        A later report of the same turn takes the earlier one's place. What was used before midnight stays there. A
        turn older than the newest `OPEN_TURNS` is ignored rather than counted twice.
        """
        self._observe(now, wall_s)
        if len(self._reports) >= OPEN_TURNS and turn_id < min(self._reports):
            return
        report, before = _billed(counts), self._reports.get(turn_id, {})
        for name in sorted(report.keys() | before.keys()):
            more = report.get(name, 0) - before.get(name, 0)
            self._tokens[name] = max(0, self._tokens.get(name, 0) + more)
        self._reports[turn_id] = report
        if len(self._reports) > OPEN_TURNS:
            del self._reports[min(self._reports)]

    def spent(self, counts: Mapping[str, int], now: float, wall_s: float) -> None:
        """Count tokens that belong to no turn, as `UsageReport.counts` names them."""
        self._observe(now, wall_s)
        for name, tokens in _billed(counts).items():
            self._tokens[name] = self._tokens.get(name, 0) + tokens

    def today(self, now: float, wall_s: float) -> dict[str, int]:
        """Return what was used today, as `UsageReport.counts` names it; `total` is what the fuse counts."""
        self._observe(now, wall_s)
        return {name: tokens for name, tokens in self._tokens.items() if tokens}

    def _observe(self, now: float, wall_s: float) -> None:
        """Let time pass: begin a new day if one has begun."""
        self._ran_s += now - self._seen_s
        self._seen_s = now
        day = self._day_of(wall_s)
        if day > self._day or self._ran_s >= LONGEST_DAY_S:
            self._day, self._ran_s, self._tokens = day, 0.0, {}

    def _too_many_turns(self, now: float) -> Blown | None:
        limit = self.limits.turns_per_hour
        if not limit or len(self._turns_s) < limit or now - self._turns_s[0] >= HOUR_S:
            return None
        resets_in_s = self._turns_s[0] + HOUR_S - now
        sentence = (
            f"{limit} turns have begun within an hour, as many as limits.turns_per_hour allows;"
            f" the next may in {_in_words(resets_in_s)}."
        )
        return Blown(Fuse.TURNS_PER_HOUR, resets_in_s, sentence)

    def _too_many_tokens(self, wall_s: float) -> Blown | None:
        limit, used = self.limits.daily_tokens, self._tokens.get("total", 0)
        if not limit or used < limit:
            return None
        resets_in_s = min(self._midnight_in_s(wall_s), LONGEST_DAY_S - self._ran_s)
        sentence = (
            f"{used} tokens were used today, and limits.daily_tokens allows {limit};"
            f" the next turn may begin in {_in_words(resets_in_s)}."
        )
        return Blown(Fuse.DAILY_TOKENS, resets_in_s, sentence)

    def _day_of(self, wall_s: float) -> int:
        return int((wall_s + self._utc_offset_s(wall_s)) // DAY_S)

    def _midnight_in_s(self, wall_s: float) -> float:
        """Return how long it is until the day after the counted one, also where the clocks change in the meantime."""
        local_s = (self._day + 1) * DAY_S
        as_now_s = local_s - self._utc_offset_s(wall_s)
        as_then_s = local_s - self._utc_offset_s(as_now_s)
        # Where they change at midnight itself, one of the two still lies in the day before.
        begun = [at_s for at_s in (as_now_s, as_then_s) if self._day_of(at_s) > self._day]
        return min(begun, default=as_now_s) - wall_s


def _billed(counts: Mapping[str, int]) -> dict[str, int]:
    """Return `counts` with the total that the fuse goes by: not less than the sides that it is made of."""
    report = {name: max(0, tokens) for name, tokens in counts.items()}
    sides = sum(report.get(side, 0) for side in ("prompt", "tool_prompt", "response", "thoughts"))
    return report | {"total": max(report.get("total", 0), sides)}


def _sound(snapshot: object) -> _Snapshot | None:
    """Return `snapshot` if it is one: it comes from a file."""
    match snapshot:
        case {"day": day, "ran_s": ran_s, "tokens": dict(tokens), "turns_ago_s": list(turns_ago_s), "wall_s": wall_s}:
            counts = [ran_s, *tokens.values(), *turns_ago_s]
            numbers = all(type(number) is int and abs(number) <= _LARGEST for number in (day, wall_s, *counts))
            if numbers and min(counts) >= 0 and all(isinstance(name, str) for name in tokens):
                return _Snapshot(day, ran_s, dict(tokens), turns_ago_s, wall_s)
    return None


def _in_words(seconds: float) -> str:
    minutes = max(1, -int(-seconds // 60))
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"
