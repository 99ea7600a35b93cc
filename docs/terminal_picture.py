"""What a command prints, as a picture of a terminal: text with ECMA-48 colours in, SVG out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Final

_SEQUENCE: Final = re.compile(r"\x1b\[([\d;]*)m")
_COLUMN_PX: Final = 8.4
"""Of a monospaced letter of 14 px; every run of text is stretched to it, whatever font the reader has."""
_LINE_PX: Final = 20
_SIDE_PX: Final = 22
_BAR_PX: Final = 36
_FONT: Final = "DejaVu Sans Mono, Menlo, Consolas, monospace"
_PAPER: Final = "#121418"
_BAR: Final = "#1c2026"
_INK: Final = "#e4e8ee"
_FAINT: Final = "#7d8694"
_INKS: Final = {"31": "#ff6b6b", "32": "#5fd38d", "33": "#f2c45a", "34": "#6aa9ff", "36": "#4fd1d9"}
_LAMPS: Final = ("#ff5f57", "#febc2e", "#28c840")


def terminal(text: str, title: str, *, columns: int = 80) -> str:
    """Return the picture of `text` in a window of so many columns; longer lines are cut by the window.

    Known are bold, faint, and the colours red, green, yellow, blue and cyan; each line begins without any.
    """
    lines = text.rstrip("\n").split("\n")
    width_px = round(columns * _COLUMN_PX) + 2 * _SIDE_PX
    drawn = window(width_px, _BAR_PX + _LINE_PX * len(lines) + 26, title)
    for number, line in enumerate(lines):
        drawn += _line(line, _BAR_PX + 24 + _LINE_PX * number)
    return "\n".join([*drawn, "</svg>", ""])


def window(width_px: int, height_px: int, title: str) -> list[str]:
    """Return the beginning of the picture: an empty window, whose bar takes the upper 36 px."""
    return [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {height_px}" width="{width_px}" '
        f'height="{height_px}" font-family="{_FONT}" font-size="14">',
        f"<title>{escape(title)}</title>",
        f'<rect width="{width_px}" height="{height_px}" rx="10" fill="{_PAPER}"/>',
        f'<path d="M0 {_BAR_PX}V10a10 10 0 0 1 10-10H{width_px - 10}a10 10 0 0 1 10 10V{_BAR_PX}z" fill="{_BAR}"/>',
        *(f'<circle cx="{20 + 20 * at}" cy="18" r="6" fill="{colour}"/>' for at, colour in enumerate(_LAMPS)),
        f'<text x="{width_px / 2:g}" y="23" text-anchor="middle" font-size="13" fill="{_FAINT}">{escape(title)}</text>',
    ]


def _line(line: str, baseline_px: int) -> Iterator[str]:
    column = 0
    for words, codes in _runs(line):
        said = words.strip(" ")
        if said:
            x_px = _SIDE_PX + _COLUMN_PX * (column + len(words) - len(words.lstrip(" ")))
            yield (
                f'<text x="{x_px:.1f}" y="{baseline_px}" textLength="{_COLUMN_PX * len(said):.1f}" '
                f'xml:space="preserve" {_style(codes)}>{escape(said)}</text>'
            )
        column += len(words)


def _runs(line: str) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each stretch of one look: its words, and the codes in force."""
    codes: frozenset[str] = frozenset()
    parts = _SEQUENCE.split(line)
    for words, sequence in zip(parts[::2], [*parts[1::2], None], strict=True):
        yield words, codes
        if sequence is not None:
            said = frozenset(sequence.split(";"))
            codes = frozenset() if said & {"", "0"} else codes | said


def _style(codes: frozenset[str]) -> str:
    ink = next((_INKS[code] for code in sorted(codes) if code in _INKS), _FAINT if "2" in codes else _INK)
    weight = "bold" if "1" in codes else "normal"
    return f'fill="{ink}" font-weight="{weight}"'
