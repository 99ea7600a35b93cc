"""The parts of `daemon/live/README.md` that are made by commands, each between two markers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

README: Final = Path(__file__).parents[2] / "daemon" / "live" / "README.md"


def table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    lines = (headings, ["---"] * len(headings), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def part(name: str) -> str:
    """Return what stands between the markers of `name`."""
    return _split(name)[1].strip()


def put(name: str, text: str) -> None:
    """Put `text` between the markers of `name`."""
    before, _, after = _split(name)
    README.write_text(f"{before}\n{text}\n{after}")


def _split(name: str) -> tuple[str, str, str]:
    """Return what stands before, between and after the markers, which belong to the outer parts."""
    begin, end = f"<!-- {name}: made by a command -->", f"<!-- {name}: end -->"
    before, _, rest = README.read_text().partition(begin)
    between, _, after = rest.partition(end)
    return before + begin, between, end + after
