"""The scales of a chart: where its lines stand and what is written at them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from math import floor, log10
from typing import Final

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0
_BY_HOUR_S: Final = 8 * DAY_S
"""A longer time is counted by days."""
_MOST_LABELS: Final = 10


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of a scale."""

    at: float
    label: str


def heights(highest: float, *, most: int = 5, whole: bool = False) -> list[Tick]:
    """Return round values from 0 to `highest` or a little more, about `most` of them, for an axis that goes up.

    Args:
        highest: The largest value that is to be seen; 0 makes a scale to 1.
        most: How many steps there may be.
        whole: Whether there is nothing between whole numbers.
    """
    wanted = max(highest, 1.0 if whole else 1e-3) / most
    power = 10.0 ** floor(log10(wanted))
    step = next(times * power for times in (1, 2, 2.5, 5, 10) if times * power >= wanted * (1 - 1e-9))
    if whole:
        step = max(1.0, float(round(step)))
    count = max(1, -int(-(highest * (1 - 1e-9)) // step))
    decimals = max(0, -floor(log10(step)) + (step / 10.0 ** floor(log10(step)) == 2.5))
    return [Tick(number * step, f"{number * step:,.{decimals}f}".replace(",", "\u202f")) for number in range(count + 1)]


@dataclass(frozen=True, slots=True)
class Period:
    """The time that a page is about, cut into hours or days of a time zone.

    `edges_s` are seconds since 1970, one more than there are pieces: piece `i` lasts from `edges_s[i]` to the next.
    """

    edges_s: tuple[float, ...]
    by_day: bool
    zone: tzinfo | None

    @staticmethod
    def of(first_s: float, last_s: float, zone: tzinfo | None) -> Period:
        """Return the whole pieces that hold everything from `first_s` to `last_s`: at least six hours."""
        by_day = last_s - first_s > _BY_HOUR_S
        begin = datetime.fromtimestamp(first_s, zone).replace(minute=0, second=0, microsecond=0)
        begin = begin.replace(hour=0 if by_day else begin.hour // 6 * 6)
        edges_s = [begin.timestamp()]
        pieces = 1 if by_day else 6
        while edges_s[-1] <= last_s:
            for _ in range(pieces):
                edges_s.append(_next_day(edges_s[-1], zone) if by_day else edges_s[-1] + HOUR_S)
        return Period(tuple(edges_s), by_day, zone)

    def days(self) -> Period:
        """Return the same time, cut into days."""
        begin = datetime.fromtimestamp(self.begin_s, self.zone).replace(hour=0).timestamp()
        edges_s = [begin]
        while edges_s[-1] < self.end_s:
            edges_s.append(_next_day(edges_s[-1], self.zone))
        return Period(tuple(edges_s), by_day=True, zone=self.zone)

    @property
    def begin_s(self) -> float:
        """When it begins."""
        return self.edges_s[0]

    @property
    def end_s(self) -> float:
        """When it is over."""
        return self.edges_s[-1]

    @property
    def pieces(self) -> int:
        """How many hours or days there are."""
        return len(self.edges_s) - 1

    def name(self, piece: int) -> str:
        """Return which hour or day a piece is."""
        at = datetime.fromtimestamp(self.edges_s[piece], self.zone)
        return f"{at:%a} {at.day} {at:%b}" + ("" if self.by_day else f", {at:%H:%M}")

    def ticks(self) -> Iterator[Tick]:
        """Yield where the axis of time is labelled: at every so many hours, or in the middle of so many days."""
        length_s = self.end_s - self.begin_s
        if length_s <= 2.5 * DAY_S and not self.by_day:
            every = next(hours for hours in (1, 3, 6, 12) if length_s / HOUR_S / hours <= _MOST_LABELS)
            yield from self._hours(every)
        else:
            yield from self._days(-int(-(length_s / DAY_S) // _MOST_LABELS))

    def _hours(self, every: int) -> Iterator[Tick]:
        at_s = self.begin_s
        while at_s <= self.end_s:
            at = datetime.fromtimestamp(at_s, self.zone)
            if at.hour % every == 0:
                yield Tick(at_s, f"{at:%a} {at.day} {at:%b}" if at.hour == 0 else f"{at:%H:%M}")
            at_s += HOUR_S

    def _days(self, every: int) -> Iterator[Tick]:
        for number, midnight_s in enumerate(self.days().edges_s):
            at = datetime.fromtimestamp(midnight_s, self.zone)
            noon_s = midnight_s + DAY_S / 2
            if number % every == 0 and self.begin_s <= noon_s <= self.end_s:
                yield Tick(noon_s, f"{at:%a} {at.day} {at:%b}" if every == 1 else f"{at.day} {at:%b}")


def _next_day(midnight_s: float, zone: tzinfo | None) -> float:
    """Return the midnight after `midnight_s`, also where summer time begins or ends in between."""
    later = datetime.fromtimestamp(midnight_s, zone).replace(tzinfo=None) + timedelta(days=1)
    return later.replace(tzinfo=zone).timestamp()
