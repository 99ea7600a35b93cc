"""The page of `vocative report`: one HTML file with everything in it, for any browser, light or dark, or on paper."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from html import escape
from typing import Final

from daemon.telling.wording import span, value

from .charts import Across, bars, line, spreads, stacked
from .entry import Entry
from .figures import (
    KINDS,
    FaultKind,
    Outage,
    became,
    counted,
    course,
    faults,
    latencies,
    latencies_of_the_day,
    outages,
    spread,
    without_connection,
)
from .scale import DAY_S, HOUR_S, Period
from .style import STYLE
from .turn import Turn, turns

_MOST_FAULTS: Final = 60
_GAP_S: Final = 6 * HOUR_S
"""A course is broken where nothing was told for longer, and for a twentieth of the whole: nobody talked to it."""


def page(entries: Sequence[Entry], zone: tzinfo | None, *, made_s: float) -> str:
    """Return the page about `entries`, oldest first.

    Args:
        entries: What the journal has kept.
        zone: Where its times are; None for the machine's own.
        made_s: The time, in seconds since 1970.
    """
    body = "".join(_Body(entries, zone).sections()) if entries else "<p>The journal has nothing of this time.</p>"
    made = datetime.fromtimestamp(made_s, zone)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>vocative</title>'
        '<meta name="viewport" content="width=device-width">'
        f"<style>{STYLE}</style></head><body><main>{body}"
        f"<footer>Made by vocative report, {made:%A}, {made.day} {made:%B %Y, %H:%M}. Point at a mark to read its"
        " numbers.</footer></main></body></html>\n"
    )


class _Body:
    """What stands on the page."""

    def __init__(self, entries: Sequence[Entry], zone: tzinfo | None) -> None:
        self._entries: Final = entries
        self._zone: Final = zone
        self._turns: Final[Sequence[Turn]] = list(turns(entries))
        self._outages: Final[Sequence[Outage]] = outages(entries)
        self._period: Final = Period.of(entries[0].at_s, entries[-1].at_s, zone)
        self._across: Final = Across.of_time(self._period)
        self._piece: Final = "day" if self._period.by_day else "hour"
        self._missing: Final[list[str]] = []

    def sections(self) -> Iterator[str]:
        """Yield all of them."""
        yield self._head()
        yield self._tiles()
        yield from self._latency()
        yield self._section("Turns", self._turns_said(), self._turns_drawn())
        yield from self._links()
        yield from self._gaps(
            "Answers that ran dry", [one.underruns for one in self._turns], "the network was slow or uneven"
        )
        yield from self._gaps(
            "Answers that stuttered", [one.stuttered for one in self._turns], "this computer had too much else to do"
        )
        yield from self._tokens()
        yield from self._course("Memory", "memory_mib", "MiB", "Of the whole program, after turns.")
        yield from self._course("Temperature", "temperature_c", "°C", "From 80 °C on a Raspberry Pi slows down.")
        if self._missing:
            yield f"<p class=note>The journal has nothing of this time about: {', '.join(self._missing)}.</p>"
        yield self._faults()

    # --- what it says first ------------------------------------------------------------------------

    def _head(self) -> str:
        first, last = (datetime.fromtimestamp(self._entries[place].at_s, self._zone) for place in (0, -1))
        begin, end = (f"{at:%A}, {at.day} {at:%B %Y}, {at:%H:%M}" for at in (first, last))
        return f"<header><h1>vocative</h1><p>{begin} to {end}</p></header>"

    def _tiles(self) -> str:
        answers = spread(one.first_audio_ms for one in self._turns if one.first_audio_ms is not None)
        gone_s = sum(one.end_s - one.begin_s for one in self._outages)
        costs = [one for one in self._turns if one.cost is not None]
        tiles = [
            (str(len(self._turns)), "turns"),
            (value("half_ms", answers.half) if answers else "-", "to an answer, in half of the turns"),
            (value("nine_ms", answers.nine_tenths) if answers else "-", "to an answer, in 9 turns of 10"),
            (span(gone_s), "without a connection" + (f", lost {_times(lost)}" if (lost := len(self._outages)) else "")),
            (str(sum(one.underruns for one in self._turns)), "times that an answer ran dry"),
            (str(sum(one.stuttered for one in self._turns)), "times that one stuttered"),
            (_grouped(sum(one.tokens for one in self._turns)), "tokens"),
        ]
        if costs:
            tiles.append((f"{sum(one.cost or 0.0 for one in costs):.2f}", f"{escape(costs[-1].currency)}, about"))
        cells = "".join(f"<div><b>{number}</b><span>{what}</span></div>" for number, what in tiles)
        return f"<div class=tiles>{cells}</div>"

    # --- the charts --------------------------------------------------------------------------------

    def _latency(self) -> Iterator[str]:
        all_ = spread(one.first_audio_ms for one in self._turns if one.first_audio_ms is not None)
        if all_ is None:
            self._missing.append("answers")
            return
        cap = max(2.5 * all_.half, 1.5 * all_.nine_tenths)
        said = (
            "From the end of the question to the first sound of the answer. A dot is where half of the answers of"
            f" {'a day' if self._period.by_day else 'an hour'} began, a bar ends where 9 of 10 had, a line where 99 of"
            " 100 had."
        )
        drawn = spreads(self._across, latencies(self._turns, self._period), "ms", cap=cap)
        yield self._section("How soon it answers", said, drawn)
        if self._entries[-1].at_s - self._entries[0].at_s > 2 * DAY_S:
            found = latencies_of_the_day(self._turns, self._zone)
            drawn = spreads(Across.of_the_day(), found, "ms", cap=cap)
            yield self._section("The same by the hour of the day", "All days in one.", drawn)

    def _turns_said(self) -> str:
        if not self._turns:
            return "Nobody has talked to the device."
        counts = ((sum(one.outcome in outcomes for one in self._turns), kind) for kind, outcomes in KINDS.items())
        return "".join(
            f'<span class=key><i class="kind{number}"></i>{count} {kind}</span>'
            for number, (count, kind) in enumerate(counts)
        )

    def _turns_drawn(self) -> str:
        if not self._turns:
            return ""
        return stacked(self._across, became(self._turns, self._period), f"turns in {self._an()}", whole=True)

    def _links(self) -> Iterator[str]:
        if not self._outages:
            yield self._section("Connection", "It was never lost.", "")
            return
        lengths = [one.end_s - one.begin_s for one in self._outages]
        said = f"Lost {_times(len(lengths))}, for {span(sum(lengths))} in all, {span(max(lengths))} at most."
        seconds = without_connection(self._outages, self._period)
        unit, divisor = ("min", 60.0) if max(seconds) > 180 else ("s", 1.0)
        gone = [one / divisor for one in seconds]
        yield self._section("Without a connection", said, bars(self._across, gone, f"{unit} in {self._an()}", kind=2))

    def _gaps(self, title: str, counts: Sequence[int], because: str) -> Iterator[str]:
        gaps = [(one.at_s, float(count)) for one, count in zip(self._turns, counts, strict=True) if count]
        if not gaps:
            yield self._section(title, "None did.", "")
            return
        often = _times(sum(counts)).capitalize()
        said = f"{often}, in {len(gaps)} of {len(self._turns)} turns: {because}."
        drawn = bars(self._across, counted(gaps, self._period), f"times in {self._an()}", kind=1, whole=True)
        yield self._section(title, said, drawn)

    def _tokens(self) -> Iterator[str]:
        used = [(one.at_s, float(one.tokens)) for one in self._turns if one.tokens]
        if not used:
            self._missing.append("tokens")
            return
        days = self._period.days()
        sums = counted(used, days)
        if days.pieces == 1:
            yield self._section("Tokens per day", f"{_grouped(round(sum(sums)))} on this day.", "")
            return
        said = f"{_grouped(round(sum(sums)))} in all, {_grouped(round(max(sums)))} on the day with the most."
        yield self._section("Tokens per day", said, bars(Across.of_time(days), sums, "tokens", whole=True))

    def _course(self, title: str, field: str, unit: str, note: str) -> Iterator[str]:
        points = course(self._entries, field)
        if not points:
            self._missing.append(title.lower())
            return
        heights = [height for _, height in points]
        said = f"{min(heights):.0f} to {max(heights):.0f} {unit}. {note}"
        gap_s = max(_GAP_S, (self._period.end_s - self._period.begin_s) / 20)
        yield self._section(title, said, line(self._across, points, unit, gap=gap_s))

    # --- the faults --------------------------------------------------------------------------------

    def _faults(self) -> str:
        kinds = faults(self._entries)
        if not kinds:
            return self._section("What went wrong", "Nothing that the journal tells of.", "")
        rows = "".join(self._fault(kind) for kind in kinds[:_MOST_FAULTS])
        more = f"<p class=note>And {len(kinds) - _MOST_FAULTS} older kinds.</p>" if len(kinds) > _MOST_FAULTS else ""
        head = "<tr><th>last<th>times<th>what the journal says"
        return self._section("What went wrong", "The newest first.", f"<table>{head}{rows}</table>{more}")

    def _fault(self, kind: FaultKind) -> str:
        at = datetime.fromtimestamp(kind.last_s, self._zone)
        grave = " class=grave" if kind.priority < 4 else ""
        return (
            f"<tr{grave}><td>{at:%a} {at.day} {at:%b, %H:%M}<td>{kind.count}<td>{escape(kind.words)}"
            f" <small>{escape(kind.event)}</small>"
        )

    # --- words -------------------------------------------------------------------------------------

    def _an(self) -> str:
        return f"{'an' if self._piece == 'hour' else 'a'} {self._piece}"

    @staticmethod
    def _section(title: str, said: str, drawn: str) -> str:
        return f"<section><h2>{title}</h2><p>{said}</p>{drawn}</section>"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _grouped(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
