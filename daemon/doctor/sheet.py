"""The findings written down: for people, and for programs."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Final

from .finding import Finding, Verdict

_AREA_COLUMNS: Final = 15
_WIDEST: Final = 120
_COLOURS: Final = {Verdict.FINE: "32", Verdict.NOTE: "2", Verdict.TO_DO: "1;31"}
"""Of the marks, as ECMA-48 numbers them: green, faint, bold red."""


@dataclass(frozen=True, slots=True)
class Style:
    """What the reader's terminal can."""

    width: int = 80
    """In columns."""
    plain: bool = False
    """Whether only ASCII can be shown."""
    coloured: bool = False

    def mark(self, verdict: Verdict) -> str:
        """Return the mark of a verdict, two columns wide at most."""
        plain = {Verdict.FINE: "ok", Verdict.NOTE: "--", Verdict.TO_DO: "!!"}
        signs = {Verdict.FINE: "✓", Verdict.NOTE: "·", Verdict.TO_DO: "✗"}
        return self.painted((plain if self.plain else signs)[verdict], _COLOURS[verdict])

    def painted(self, text: str, colour: str) -> str:
        """Return `text` in a colour, where there are colours."""
        return f"\x1b[{colour}m{text}\x1b[0m" if self.coloured and text else text


def as_text(findings: Sequence[Finding], style: Style) -> str:
    """Return the findings by area, in their order, and how much is to be done."""
    lines = [
        line
        for area, group in groupby(findings, lambda finding: finding.area)
        for number, finding in enumerate(group)
        for line in _lines(finding, area if number == 0 else "", style)
    ]
    count = sum(finding.verdict is Verdict.TO_DO for finding in findings)
    end = "Nothing is to be done." if not count else f"{count} thing{'' if count == 1 else 's'} to do."
    return "\n".join([*lines, "", style.painted(end, "1"), ""])


def as_json(findings: Sequence[Finding]) -> str:
    """Return a list with an object for each finding: area, what, verdict ("fine", "note", "to do"), remedy."""
    return json.dumps(
        [
            {"area": one.area, "what": one.what, "verdict": one.verdict.value, "remedy": one.remedy or None}
            for one in findings
        ],
        indent=2,
        ensure_ascii=False,
    )


def _lines(finding: Finding, area: str, style: Style) -> Iterator[str]:
    """Write one down: the area, the mark, and below it what to do."""
    gap = 3 if style.plain else 2
    room = max(30, min(style.width, _WIDEST) - _AREA_COLUMNS - gap)
    begin = f"{style.painted(area, '1')}{' ' * (_AREA_COLUMNS - len(area))}{style.mark(finding.verdict)} "
    indent = " " * (_AREA_COLUMNS + gap)
    for number, line in enumerate(_wrapped(finding.what, room)):
        yield (begin if number == 0 else indent) + line
    arrow = "->" if style.plain else "→"
    for number, line in enumerate(_wrapped(finding.remedy, room - len(arrow) - 1)):
        before = f"{arrow} " if number == 0 else " " * (len(arrow) + 1)
        yield indent + style.painted(before + line, "33" if finding.verdict is Verdict.TO_DO else "2")


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
