"""What the terminal device looks like: a pure function of what there is to show, and of the window's size."""

from __future__ import annotations

import textwrap
import time
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from hardware.interfaces import Rgb
from hardware.shown import Shown
from hardware.terminal_ring import drawn

LEAST_COLUMNS: Final = 40
LEAST_ROWS: Final = 12

INK: Final[Rgb] = (222, 226, 232)
FAINT: Final[Rgb] = (134, 142, 154)
GROOVE: Final[Rgb] = (62, 67, 76)
CYAN: Final[Rgb] = (0, 205, 230)
GREEN: Final[Rgb] = (70, 215, 95)
RED: Final[Rgb] = (255, 85, 85)
AMBER: Final[Rgb] = (240, 175, 60)
VIOLET: Final[Rgb] = (178, 110, 255)

_EIGHTHS: Final = " ▏▎▍▌▋▊▉█"
_SHADES: Final = " .:-=+*#%@"
_GREY: Final = 40
"""A light whose colours differ by less has none."""
_MOST_RING_ROWS: Final = 16
_MOST_NEWS: Final = 6
_TWO_LINES_ROWS: Final = 22
"""A window that is so high has room for all keys."""
_BETWEEN_KEYS: Final = " · "
_STATE_INKS: Final[dict[str, Rgb]] = {
    "ready": INK,
    "listening": CYAN,
    "thinking": VIOLET,
    "speaking": GREEN,
    "follow up": GREEN,
    "muted": RED,
}
"""Of the others amber: something is to be seen to, or waited for."""


class Cell(NamedTuple):
    """One place of the terminal."""

    character: str = " "
    """Empty where a wide character before it reaches."""
    ink: Rgb | None = None
    """None is the terminal's own, here and below."""
    ground: Rgb | None = None
    bold: bool = False


class _Run(NamedTuple):
    """Words of one look."""

    text: str
    ink: Rgb = INK
    bold: bool = False


_Line: TypeAlias = tuple[_Run, ...]
Picture: TypeAlias = list[list[Cell]]
"""Rows from the top, of cells from the left; each row is as long as the window is wide."""
BLANK: Final = Cell()


def picture(shown: Shown, pixels: Sequence[Rgb], columns: int, rows: int, *, keys: str, blocks: bool = True) -> Picture:
    """Return what fills a window of `columns` by `rows`.

    Args:
        shown: The device at this moment.
        pixels: What the ring shows; empty for no ring.
        columns: Of the window.
        rows: Of the window.
        keys: What can be pressed, the most important first, with " · " between.
        blocks: Whether there are block characters and enough colours to draw the ring with; else it is of letters, the
            brighter the denser.
    """
    cells: Picture = [[BLANK] * columns for _ in range(rows)]
    if columns < LEAST_COLUMNS or rows < LEAST_ROWS:
        said = f"This window has {columns} by {rows} cells; the device needs {LEAST_COLUMNS} by {LEAST_ROWS}."
        for row, words in enumerate(textwrap.wrap(said, max(1, columns))[:rows]):
            _put(cells, row, 0, (_Run(words),))
        return cells
    can_be_pressed = _keys(keys, columns - 2, 1 if rows < _TWO_LINES_ROWS else 2)
    room = rows - 1 - len(can_be_pressed)
    ring_rows = min(_MOST_RING_ROWS, room - 1, columns * 9 // 40) if pixels else 0
    if pixels:
        _put_ring(cells, drawn(pixels, 2 * ring_rows), blocks=blocks)
    left = 2 * ring_rows + 3
    body = _body(shown, columns - left - 1, room)
    for row, line in enumerate(body, start=1):
        _put(cells, row, left, line)
    news = _news(shown, columns - 2, min(_MOST_NEWS, room - max(ring_rows, len(body))))
    for row, line in enumerate([*news, *can_be_pressed], start=rows - len(news) - len(can_be_pressed)):
        _put(cells, row, 1, line)
    return cells


def _body(shown: Shown, width: int, rows: int) -> list[_Line]:
    """Return the lines beside the ring: at most `rows`, and as many empty ones between them as there is room for."""
    state = (_Run(shown.state.upper(), _STATE_INKS.get(shown.state, AMBER), bold=True),)
    groups: list[list[_Line]] = [
        [state, *_wrapped(shown.meaning, width, FAINT)],
        [
            _meter("microphone", 0.0 if shown.muted else shown.microphone_level, width, _microphone_note(shown)),
            _meter("speaker", shown.speaker_level, width, _Run(f" {shown.volume_percent:3d} %", FAINT)),
        ],
        _paths(shown, width),
        _words(shown, width),
        _wrapped(figures(shown.last_turn), width, FAINT),
    ]
    while sum(map(len, groups)) > rows and len(max(groups, key=len)) > 1:
        max(groups, key=len).pop()  # the end of the longest text
    spare = rows - sum(map(len, groups))
    lines: list[_Line] = []
    for group in groups:
        if lines and group and spare > 0:
            lines.append(())
            spare -= 1
        lines += group
    return lines[:rows]


def _microphone_note(shown: Shown) -> _Run:
    return _Run(" muted", RED) if shown.muted else _Run("      ")


def _meter(name: str, level: float, width: int, note: _Run) -> _Line:
    """Return a name, a bar that is `level` (0 to 1) full, and what else there is to say."""
    label = f"{name:<10} " if width >= 28 else f"{name[:3]} "
    places = max(4, min(30, width - len(label) - len(note.text)))
    eighths = round(min(1.0, max(0.0, level)) * places * 8)
    full, rest = divmod(eighths, 8)
    bar = "█" * full + (_EIGHTHS[rest] if rest else "")
    ink = RED if level > 0.93 else AMBER if level > 0.8 else GREEN
    return (_Run(label, FAINT), _Run(bar, ink), _Run("·" * (places - len(bar)), GROOVE), note)


def _paths(shown: Shown, width: int) -> list[_Line]:
    """Return whether what is heard leaves, and whether it can."""
    gate = _Run("gate open", CYAN, bold=True) if shown.gate_open else _Run("gate closed", FAINT)
    link = _Run(f"link {shown.link}", FAINT if shown.link in {"up", "resting", "draining"} else AMBER)
    parts = [gate, link]
    if shown.network is False:
        parts.append(_Run("network cut", RED, bold=True))
    dot = _Run("  ")
    line: list[_Run] = []
    lines: list[_Line] = []
    for part in parts:
        if line and sum(len(run.text) for run in line) + 2 + len(part.text) > width:
            lines.append(tuple(line))
            line = []
        line += [dot, part] if line else [part]
    return [*lines, tuple(line)]


def _words(shown: Shown, width: int) -> list[_Line]:
    if shown.words is None:
        return []
    who, ink = ("device: ", GREEN) if shown.words.speaker == "device" else ("you: ", CYAN)
    lines = _wrapped(who + shown.words.text, width, INK, most=4)
    first = lines[0][0].text
    return [(_Run(first[: len(who)], ink), _Run(first[len(who) :])), *lines[1:]]


def figures(turn: Mapping[str, str | int | float | bool]) -> str:
    """Return the fields of a `turn.done` in one sentence; empty if there is none."""
    if not turn:
        return ""
    said = [f"Last turn: {str(turn.get('outcome', 'over')).replace('_', ' ')}"]
    if "listened_ms" in turn:
        said.append(f"listened {float(turn['listened_ms']) / 1000:.1f} s")
    if "first_audio_ms" in turn:
        said.append(f"first sound after {turn['first_audio_ms']} ms")
    if float(turn.get("sounded_ms", 0)):
        said.append(f"sounded {float(turn['sounded_ms']) / 1000:.1f} s")
    return ", ".join(said) + "."


def _news(shown: Shown, width: int, room: int) -> list[_Line]:
    newest = shown.news[-room:] if room > 0 else ()
    return [
        (
            _Run(time.strftime("%H:%M:%S ", time.localtime(news.at_s)), GROOVE),
            _Run(_clipped(news.text, width - 9), AMBER if news.bad else FAINT),
        )
        for news in newest
    ]


def _keys(keys: str, width: int, most: int) -> list[_Line]:
    """Return what can be pressed in lines of at most `width`; of more than `most` the end is cut off."""
    lines = [""]
    for key in keys.split(_BETWEEN_KEYS):
        longer = f"{lines[-1]}{_BETWEEN_KEYS}{key}" if lines[-1] else key
        if len(longer) <= width or len(lines) == most:
            lines[-1] = longer
        else:
            lines.append(key)
    return [(_Run(_clipped(line, width), FAINT),) for line in lines]


def _wrapped(text: str, width: int, ink: Rgb, most: int = 3) -> list[_Line]:
    """Return `text` in lines of at most `width`; of more than `most` the end is cut off."""
    letters = width // 2 if any(_cells(letter) == 2 for letter in text) else width
    return [(_Run(line, ink),) for line in textwrap.wrap(text, max(1, letters), max_lines=most, placeholder=" …")]


def _clipped(text: str, width: int) -> str:
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"


# --- cells ---------------------------------------------------------------------------------------------


def _put(cells: Picture, row: int, column: int, line: _Line) -> None:
    """Write `line` from `column` on, as far as the window goes."""
    width = len(cells[row])
    for run in line:
        for letter in run.text:
            size = _cells(letter)
            if size == 0 or not letter.isprintable():
                continue
            if column + size > width:
                return
            cells[row][column] = Cell(letter, run.ink, None, run.bold)
            if size == 2:
                cells[row][column + 1] = Cell("")
            column += size


def _cells(letter: str) -> int:
    """Return how many cells a terminal gives to `letter`: 0, 1 or 2."""
    if letter < "\u0300":  # nearly all of them
        return 1
    if unicodedata.combining(letter):
        return 0
    return 2 if unicodedata.east_asian_width(letter) in "WF" else 1


def _put_ring(cells: Picture, points: list[list[Rgb | None]], *, blocks: bool) -> None:
    """Put the picture of the ring at the upper left: the upper of two points is the ink, the lower one the ground."""
    for row, (upper, lower) in enumerate(zip(points[::2], points[1::2], strict=True), start=1):
        for column, (top, bottom) in enumerate(zip(upper, lower, strict=True), start=1):
            cells[row][column] = _halves(top, bottom) if blocks else _shade(top, bottom)


def _halves(top: Rgb | None, bottom: Rgb | None) -> Cell:
    if top is None:
        return BLANK if bottom is None else Cell("▄", bottom)
    return Cell("▀", top, bottom)


def _shade(top: Rgb | None, bottom: Rgb | None) -> Cell:
    points = [point for point in (top, bottom) if point]
    if not points:
        return BLANK
    light = sum(0.30 * red + 0.59 * green + 0.11 * blue for red, green, blue in points)
    shade = _SHADES[min(len(_SHADES) - 1, round(light / 2 / 255 * 1.6 * (len(_SHADES) - 1)))]
    brightest = max(points, key=max)
    if max(brightest) - min(brightest) < _GREY:
        return Cell(shade, FAINT)
    red, green, blue = (light * 255 // max(brightest) for light in brightest)
    return Cell(shade, (red, green, blue))
