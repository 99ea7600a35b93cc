"""The turns as a table for a terminal, with the faults between them, or as lines of JSON for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Final

from daemon.telling.wording import value

from .entry import Entry
from .turn import Turn, turn

_HEADS: Final = ("", "asked for", "first sound", "spoken", "ran dry", "stuttered", "tokens")
_WIDTHS: Final = (8, 11, 13, 9, 9, 11, 9)
_BECAME: Final = {
    "answered": "answered",
    "interrupted": "stopped in the answer",
    "superseded": "asked something else first",
    "unanswered": "no answer came",
    "empty": "nothing was said",
    "cut": "the connection broke in the answer",
}


def newest(entries: Sequence[Entry], count: int) -> list[Entry]:
    """Return the newest `count` turns and the faults since the first of them; without turns, all faults."""
    shown = [one for one in entries if one.event == "turn.done" or one.is_fault]
    places = [place for place, one in enumerate(shown) if one.event == "turn.done"]
    first = places[-count] if len(places) > count else 0
    return shown[first:]


def table(shown: Iterable[Entry], zone: tzinfo | None) -> Iterator[str]:
    """Yield the table of `shown`, line by line: a head for each day, a line for each turn and fault.

    Args:
        shown: Turns and faults, oldest first.
        zone: Where the times are; None for the machine's own.
    """
    day = ""
    for one in shown:
        at = datetime.fromtimestamp(one.at_s, zone)
        if (today := f"{at:%A}, {at.day} {at:%B %Y}") != day:
            if day:
                yield ""
            day = today
            yield day
            yield _line(_HEADS, "")
        if one.event == "turn.done":
            yield _row(at, turn(one))
        else:
            yield f"{at:%H:%M:%S}  ! {one.words}"


def as_json(shown: Iterable[Entry], zone: tzinfo | None) -> Iterator[str]:
    """Yield an object for each turn and fault: `at`, and a turn's numbers, or `fault` and `words`."""
    for one in shown:
        at = {"at": datetime.fromtimestamp(one.at_s, zone).astimezone().isoformat(timespec="milliseconds")}
        if one.event == "turn.done":
            numbers = asdict(turn(one)).items()
            about = {name: held for name, held in numbers if name != "at_s" and held not in (None, "")}
        else:
            about = {"fault": one.event, "words": one.words}
        yield json.dumps(at | about, ensure_ascii=False)


def _row(at: datetime, one: Turn) -> str:
    cells = (
        f"{at:%H:%M:%S}",
        _time(one.asked_ms),
        _time(one.first_audio_ms),
        _time(one.sounded_ms or None),
        str(one.underruns or "-"),
        str(one.stuttered or "-"),
        str(one.tokens or "-"),
    )
    return _line(cells, _BECAME.get(one.outcome, one.outcome))


def _time(duration_ms: float | None) -> str:
    return "-" if duration_ms is None else value("duration_ms", duration_ms)


def _line(cells: Iterable[str], last: str) -> str:
    aligned = "".join(f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    return f"{aligned}   {last}".rstrip()
