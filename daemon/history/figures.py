"""The numbers of a page: from what the journal has kept to what is drawn and said."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Final

from .entry import Entry
from .scale import Period
from .turn import Turn

KINDS: Final = {
    "answered": ("answered",),
    "stopped by you": ("interrupted", "superseded"),
    "no answer": ("unanswered", "cut"),
    "nothing said": ("empty",),
}
"""What may become of a turn, as it is drawn, and the outcomes that count as that."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How a number is spread: half of them are at most `half`, and so on."""

    count: int
    half: float
    nine_tenths: float
    most: float
    """99 of 100."""


@dataclass(frozen=True, slots=True)
class Outage:
    """A time without a connection that was wanted."""

    begin_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class FaultKind:
    """Faults that say the same but for their numbers."""

    count: int
    event: str
    last_s: float
    words: str
    """Of the newest."""
    priority: int
    """Of the gravest."""


def spread(numbers: Iterable[float]) -> Spread | None:
    """Return how `numbers` are spread, each share being one that was there; None if there are none."""
    known = sorted(numbers)
    if not known:
        return None

    def share(percent: int) -> float:
        return known[-(-len(known) * percent // 100) - 1]

    return Spread(len(known), share(50), share(90), share(99))


def latencies(turns: Iterable[Turn], period: Period) -> list[Spread | None]:
    """Return how soon it answered, in milliseconds, for each piece of `period`."""
    kept: list[list[float]] = [[] for _ in range(period.pieces)]
    for one in turns:
        if one.first_audio_ms is not None:
            kept[piece_of(period, one.at_s)].append(one.first_audio_ms)
    return [spread(numbers) for numbers in kept]


def latencies_of_the_day(turns: Iterable[Turn], zone: tzinfo | None) -> list[Spread | None]:
    """Return the same for each of the 24 hours of the day."""
    kept: list[list[float]] = [[] for _ in range(24)]
    for one in turns:
        if one.first_audio_ms is not None:
            kept[datetime.fromtimestamp(one.at_s, zone).hour].append(one.first_audio_ms)
    return [spread(numbers) for numbers in kept]


def counted(amounts: Iterable[tuple[float, float]], period: Period) -> list[float]:
    """Return the sum of `amounts`, each with its time, for each piece of `period`."""
    sums = [0.0] * period.pieces
    for at_s, amount in amounts:
        sums[piece_of(period, at_s)] += amount
    return sums


def became(turns: Sequence[Turn], period: Period) -> dict[str, list[float]]:
    """Return how many turns became what (`KINDS`), for each piece of `period`."""
    return {
        kind: counted(((one.at_s, 1.0) for one in turns if one.outcome in outcomes), period)
        for kind, outcomes in KINDS.items()
    }


def outages(entries: Iterable[Entry]) -> list[Outage]:
    """Return when there was no connection, from the first failure until it came up, or until the service ended.

    One that goes on is counted until the last line that there is; so is one whose device was switched off meanwhile:
    until the last line before it started again.
    """
    found: list[Outage] = []
    begin_s: float | None = None
    last_s = 0.0
    for one in entries:
        if one.event != "daemon.ready":
            last_s = one.at_s
        if one.event in {"link.lost", "link.failed"}:
            begin_s = one.at_s if begin_s is None else begin_s
        elif one.event in {"link.up", "link.left", "daemon.ready", "daemon.stopped"} and begin_s is not None:
            found.append(Outage(begin_s, last_s))
            begin_s = None
    if begin_s is not None:
        found.append(Outage(begin_s, last_s))
    return found


def without_connection(found: Iterable[Outage], period: Period) -> list[float]:
    """Return for how many seconds of each piece of `period` there was no connection."""
    seconds = [0.0] * period.pieces
    for one in found:
        for piece in range(piece_of(period, one.begin_s), piece_of(period, one.end_s) + 1):
            begin_s, end_s = period.edges_s[piece : piece + 2]
            seconds[piece] += max(0.0, min(end_s, one.end_s) - max(begin_s, one.begin_s))
    return seconds


def course(entries: Iterable[Entry], name: str) -> list[tuple[float, float]]:
    """Return when a field of `device.health` was what."""
    return [
        (one.at_s, number)
        for one in entries
        if one.event == "device.health" and (number := one.number(name)) is not None
    ]


def faults(entries: Iterable[Entry]) -> list[FaultKind]:
    """Return the faults by their kinds, the newest first."""
    kinds: dict[tuple[str, str], list[Entry]] = defaultdict(list)
    for one in entries:
        if one.is_fault:
            kinds[one.event, re.sub(r"\d+(\.\d+)?", "#", one.words)].append(one)
    found = [
        FaultKind(len(all_), event, all_[-1].at_s, all_[-1].words, min(one.priority for one in all_))
        for (event, _), all_ in kinds.items()
    ]
    return sorted(found, key=lambda kind: -kind.last_s)


def piece_of(period: Period, at_s: float) -> int:
    """Return in which piece of `period` a moment lies; one outside lies in the nearest."""
    return min(max(bisect_right(period.edges_s, at_s) - 1, 0), period.pieces - 1)
