"""What the benches of `python -m tests.bench` print and draw with: one table and one picture for each question."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.bench.page import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["BLUE", "GREY", "ORANGE", "SERIES", "html", "saved", "sheet", "table"]

BLUE: Final = "#1f77b4"
"""Ours."""
ORANGE: Final = "#e07b00"
"""What it is compared with, or a target."""
GREY: Final = "#8a8a8a"
SERIES: Final = (BLUE, ORANGE, "#2a9d5c", "#a0408f", "#c03a2b", GREY)
"""Colours for several of a kind, in this order."""

_STYLE: Final = """body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse } td, th { border: 1px solid #ccc; padding: .2rem .6rem; text-align: left }
td:not(:first-child) { text-align: right } img { max-width: 100% }"""


def sheet(title: str, *, columns: int = 1, width: float = 10.0, height: float = 5.0) -> tuple[Figure, list[Axes]]:
    """Return a picture with `columns` diagrams beside each other; sizes in inches of 100 px."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(title)
    diagrams: list[Axes] = list(figure.subplots(1, columns, squeeze=False)[0])
    for axes in diagrams:
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(visible=True, color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
    return figure, diagrams


def saved(figure: Figure, path: Path) -> None:
    """Write the picture as PNG."""
    figure.savefig(path)


def html(markdown: str) -> str:
    """Return a page for a browser, of the Markdown that the benches write: headings, paragraphs, tables, pictures."""
    return f"<!doctype html>\n<meta charset='utf-8'>\n<style>{_STYLE}</style>\n" + "\n".join(_blocks(markdown)) + "\n"


def _blocks(markdown: str) -> Iterator[str]:
    for block in markdown.strip().split("\n\n"):
        if block.startswith("|"):
            yield _table(block.splitlines())
        elif block.startswith("#"):
            marks, _, words = block.partition(" ")
            yield f"<h{len(marks)}>{_marked_up(words)}</h{len(marks)}>"
        elif block.startswith("!["):
            name, _, source = block.removeprefix("![").removesuffix(")").partition("](")
            yield f'<p><img src="{escape(source)}" alt="{escape(name)}"></p>'
        else:
            yield f"<p>{_marked_up(block)}</p>"


def _table(lines: list[str]) -> str:
    rows = [[_marked_up(cell.strip()) for cell in line.strip("|").split("|")] for line in lines]
    heading = "".join(f"<th>{cell}</th>" for cell in rows[0])
    body = "\n".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>" for cells in rows[2:])
    return f"<table>\n<tr>{heading}</tr>\n{body}\n</table>"


def _marked_up(words: str) -> str:
    emphasised = re.sub(r"\*([^*]+)\*", r"<em>\1</em>", escape(words))
    return re.sub("`([^`]+)`", r"<code>\1</code>", emphasised)
