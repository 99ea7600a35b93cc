"""Charts as SVG, made of numbers and nothing else. The colours are the page's: classes, not values.

A chart is 860 by 190 units, and scales with the page. What one points at says its numbers (an SVG `<title>`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

from .figures import Spread
from .scale import Period, Tick, heights

WIDTH: Final = 860.0
HEIGHT: Final = 190.0
_LEFT: Final = 58.0
_RIGHT: Final = 830.0
_TOP: Final = 28.0
_BOTTOM: Final = 162.0
_WIDEST_BAR: Final = 22.0


@dataclass(frozen=True, slots=True)
class Across:
    """The axis that goes to the right: from where to where, its labels, and the edges of its pieces."""

    begin: float
    end: float
    ticks: tuple[Tick, ...]
    edges: tuple[float, ...]
    names: tuple[str, ...]
    """What each piece is called."""

    @staticmethod
    def of_time(period: Period) -> Across:
        """Return the axis of a period."""
        names = tuple(period.name(piece) for piece in range(period.pieces))
        return Across(period.begin_s, period.end_s, tuple(period.ticks()), period.edges_s, names)

    @staticmethod
    def of_the_day() -> Across:
        """Return the axis of the 24 hours of any day."""
        ticks = tuple(Tick(hour, f"{hour:02}:00") for hour in range(0, 25, 3))
        names = tuple(f"{hour:02}:00 to {hour + 1:02}:00" for hour in range(24))
        return Across(0.0, 24.0, ticks, tuple(float(hour) for hour in range(25)), names)

    def x(self, at: float) -> float:
        """Return where `at` lies."""
        return _LEFT + (at - self.begin) / (self.end - self.begin) * (_RIGHT - _LEFT)

    def bar(self, piece: int) -> tuple[float, float]:
        """Return the left side and the width of a piece's bar."""
        left, right = self.x(self.edges[piece]), self.x(self.edges[piece + 1])
        width = min(_WIDEST_BAR, (right - left) * 0.78)
        return (left + right - width) / 2, width


@dataclass(frozen=True, slots=True)
class Up:
    """The axis that goes up, from 0."""

    ticks: tuple[Tick, ...]
    unit: str

    @staticmethod
    def to(highest: float, unit: str, *, whole: bool = False) -> Up:
        """Return the axis that holds everything up to `highest`."""
        return Up(tuple(heights(highest, whole=whole)), unit)

    def y(self, height: float) -> float:
        """Return where a height lies; one above the axis lies at its top."""
        return _BOTTOM - min(1.0, height / self.highest) * (_BOTTOM - _TOP)

    @property
    def highest(self) -> float:
        """Where the axis ends."""
        return self.ticks[-1].at


def bars(across: Across, numbers: Sequence[float], unit: str, *, kind: int = 0, whole: bool = False) -> str:
    """Return a bar for each piece; `kind` is the class of their colour. The rest is as for `stacked`."""
    up = Up.to(max(numbers), unit, whole=whole)
    marks = [
        _group(f"{across.names[piece]}: {_said(number)} {unit}", _column(across, up, piece, [0.0] * kind + [number]))
        for piece, number in enumerate(numbers)
        if number
    ]
    return _chart(across, up, marks)


def stacked(across: Across, series: Mapping[str, Sequence[float]], unit: str, *, whole: bool = False) -> str:
    """Return bars, one on the other, for each piece.

    Args:
        across: The axis of time.
        series: For each kind, a number for each piece. The first kind stands at the bottom.
        unit: What is counted.
        whole: Whether there is nothing between whole numbers.
    """
    sums = [sum(numbers) for numbers in zip(*series.values(), strict=True)]
    up = Up.to(max(sums), unit, whole=whole)
    marks = []
    for piece, total in enumerate(sums):
        if total:
            said = [f"{name} {_said(numbers[piece])}" for name, numbers in series.items() if numbers[piece]]
            title = f"{across.names[piece]}: {_said(total)} {unit} ({', '.join(said)})"
            marks.append(_group(title, _column(across, up, piece, [numbers[piece] for numbers in series.values()])))
    return _chart(across, up, marks)


def spreads(across: Across, found: Sequence[Spread | None], unit: str, *, cap: float) -> str:
    """Return how numbers are spread in each piece: a dot at half of them, a bar up to nine tenths, a line up to 99 %.

    Args:
        across: The axis of time.
        found: For each piece, or None if there were none.
        unit: Of the numbers.
        cap: Where the axis ends at the latest. What lies above it is drawn as an arrow, so that a few very late ones
            do not press all others to the ground.
    """
    up = Up.to(min(cap, max((one.most for one in found if one), default=0.0)), unit)
    marks = []
    for piece, one in enumerate(found):
        if one is not None:
            within = f"half within {_said(one.half)} {unit}, 9 of 10 within {_said(one.nine_tenths)} {unit}"
            most = f", 99 of 100 within {_said(one.most)} {unit}" if one.most > up.highest else ""
            marks.append(
                _group(f"{across.names[piece]}: {within}{most}, of {one.count}", _spread(across, up, piece, one))
            )
    return _chart(across, up, marks)


def _spread(across: Across, up: Up, piece: int, one: Spread) -> str:
    left, width = across.bar(piece)
    middle = left + width / 2
    half, nine, most = (up.y(number) for number in (one.half, one.nine_tenths, one.most))
    radius = max(1.6, min(3.6, width * 0.45))
    shapes = [
        f'<line class="whisker" x1="{middle:.1f}" y1="{half:.1f}" x2="{middle:.1f}" y2="{most:.1f}"/>',
        f'<rect class="range" x="{left:.1f}" y="{nine:.1f}" width="{width:.1f}" height="{half - nine:.1f}" rx="1.5"/>',
        f'<circle class="half" cx="{middle:.1f}" cy="{half:.1f}" r="{radius:.1f}"/>',
    ]
    if one.most > up.highest:
        shapes.append(f'<path class="beyond" d="M{middle - 4:.1f},{_TOP:g} h8 l-4,-7 z"/>')
    return "".join(shapes)


def line(across: Across, points: Sequence[tuple[float, float]], unit: str, *, gap: float) -> str:
    """Return a line through `points` (where, how high), broken where two are further apart than `gap`."""
    up = Up.to(max(height for _, height in points), unit)
    pieces: list[list[tuple[float, float]]] = []
    for number, point in enumerate(points):
        if number == 0 or point[0] - points[number - 1][0] > gap:
            pieces.append([])
        pieces[-1].append(point)
    marks = []
    for piece in pieces:
        places = [(across.x(at), up.y(height)) for at, height in piece]
        if len(places) == 1:
            marks.append(f'<circle class="half" cx="{places[0][0]:.1f}" cy="{places[0][1]:.1f}" r="2.4"/>')
        else:
            route = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
            marks.append(f'<polyline class="course" points="{route}"/>')
    return _chart(across, up, marks)


def _column(across: Across, up: Up, piece: int, parts: Iterable[float]) -> str:
    left, width = across.bar(piece)
    below, shapes = 0.0, []
    for number, part in enumerate(parts):
        if part:
            top, bottom = up.y(below + part), up.y(below)
            tall = max(bottom - top, 1.5)  # what happened is to be seen
            shapes.append(
                f'<rect class="kind{number}" x="{left:.1f}" y="{bottom - tall:.1f}" width="{width:.1f}"'
                f' height="{tall:.1f}" rx="1"/>'
            )
            below += part
    return "".join(shapes)


def _chart(across: Across, up: Up, marks: Iterable[str]) -> str:
    shapes = "".join((*_grid(across, up), *marks))
    return f'<svg viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img">{shapes}</svg>'


def _grid(across: Across, up: Up) -> Iterator[str]:
    for tick in up.ticks:
        y = up.y(tick.at)
        kind = "ground" if tick.at == 0 else "grid"
        yield f'<line class="{kind}" x1="{_LEFT:g}" y1="{y:.1f}" x2="{_RIGHT:g}" y2="{y:.1f}"/>'
        yield f'<text class="up" x="{_LEFT - 8:g}" y="{y + 4:.1f}">{escape(tick.label)}</text>'
    yield f'<text class="unit" x="{_LEFT - 8:g}" y="{_TOP - 13:g}">{escape(up.unit)}</text>'
    for tick in across.ticks:
        x = across.x(tick.at)
        yield f'<line class="ground" x1="{x:.1f}" y1="{_BOTTOM:g}" x2="{x:.1f}" y2="{_BOTTOM + 4:g}"/>'
        yield f'<text class="across" x="{x:.1f}" y="{_BOTTOM + 19:g}">{escape(tick.label)}</text>'


def _group(title: str, shapes: str) -> str:
    return f"<g><title>{escape(title)}</title>{shapes}</g>"


def _said(number: float) -> str:
    return f"{number:,.0f}".replace(",", "\u202f") if number >= 10 or number == int(number) else f"{number:.1f}"
