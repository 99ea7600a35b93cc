"""Numbers for a table: how something was distributed, what it is to be at most, and rows below each other."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Spread:
    """How something was distributed that was measured `count` times."""

    median: float
    p99: float
    max: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64]) -> Spread | None:
        """Return the spread of `values`, to one decimal; None if there are none."""
        if not len(values):
            return None
        ranked = np.sort(np.asarray(values, dtype=np.float64))
        nearest = ranked[math.ceil(0.99 * len(ranked)) - 1]
        median, p99, largest = (round(float(value), 1) for value in (np.median(ranked), nearest, ranked[-1]))
        return cls(median, p99, largest, len(ranked))


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is to be at most."""

    figure: str
    reached: float | None
    most: float

    @property
    def met(self) -> bool | None:
        """Whether it is; None if it was not measured."""
        return None if self.reached is None else self.reached <= self.most


Cells = tuple[str, str, str, str, str, str]


def row(name: str, spread: Spread | None, *goals: Goal) -> Cells:
    """Return the cells of a spread in milliseconds."""
    target = " / ".join(f"{goal.most:g}" for goal in goals)
    values = (spread.median, spread.p99, spread.max) if spread else (None, None, None)
    median, p99, largest = map(ms, values)
    return name, median, p99, largest, f"{target} ms" if target else "", verdict(*goals)


def ms(value_ms: float | None) -> str:
    """Return milliseconds with their unit; "-" for what was not measured."""
    return "-" if value_ms is None else f"{value_ms:.1f} ms"


def dbfs(value_dbfs: float | None) -> str:
    """Return a level with its unit; "-" for what was not measured."""
    return "-" if value_dbfs is None else f"{value_dbfs:.1f} dBFS"


def verdict(*goals: Goal) -> str:
    """Return "met" or "missed"; nothing where not all was measured."""
    if any(goal.met is False for goal in goals):
        return "missed"
    return "met" if goals and all(goal.met for goal in goals) else ""


def aligned(rows: Sequence[Cells]) -> Iterator[str]:
    """Yield the lines of a table, the first row underlined: names and verdicts to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, (name, *numbers, verdict) in enumerate(rows):
        cells = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
        yield "   ".join(["  " + name.ljust(widths[0]), *cells, verdict]).rstrip()
        if number == 0:
            yield "  " + "-" * (sum(widths) + 3 * (len(widths) - 1))
