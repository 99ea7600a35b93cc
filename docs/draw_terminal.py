"""Record `vocative try` in a terminal of its own, and draw what was seen as a moving picture: docs/terminal.svg."""

from __future__ import annotations

import base64
import codecs
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Final

from docs.terminal_picture import window

COLUMNS: Final = 92
ROWS: Final = 22
KEYS: Final = "ready wait:1 space:3.6 wait:4.5 n wait:1 space:2.4 wait:1.5 n wait:4 m wait:1.5 q"
PICTURES_PER_S: Final = 3
LONGEST_S: Final = 90.0
CELL_PX: Final = 8.4, 17.0
SIDE_PX: Final = 16
BAR_PX: Final = 36
PAPER: Final = (18, 20, 24)
INK: Final = "#e4e8ee"
_TOKEN: Final = re.compile(
    r"\x1b\[([?=<>!]?)([\d;:]*)[ $*\"']?([A-Za-z])|\x1b[P\]_^].*?(?:\x1b\\|\x07)|\x1b[()].|\x1b[=>78]|([^\x1b]+)",
    re.DOTALL,
)
"""A control sequence, a string that is for the terminal's ears only, or letters (ECMA-48)."""

Look = tuple[str, str, bool]
"""Ink, ground ("" for the window's own), and whether it is bold."""


@dataclass(slots=True)
class Seen:
    """What a terminal shows that is told no more than the device tells it."""

    cells: dict[tuple[int, int], tuple[str, Look]] = field(default_factory=dict)
    row: int = 0
    column: int = 0
    look: Look = ("", "", False)
    alternate: bool = False
    """The device is drawn: not the shell's lines before and after."""

    def take(self, text: str) -> str:
        """Follow `text`; return what is not complete yet."""
        end = 0
        for found in _TOKEN.finditer(text):
            if found.start() != end:
                break
            end = found.end()
            mark, numbers, command, letters = found.groups()
            if letters is not None:
                self._letters(letters)
            elif command is not None:
                self._command(mark, [int(one) for one in re.split("[;:]", numbers) if one], command)
        return text[end:]

    def _letters(self, letters: str) -> None:
        for letter in letters:
            if letter.isprintable():
                self.cells[self.row, self.column] = letter, self.look
                self.column += 1

    def _command(self, mark: str, numbers: list[int], command: str) -> None:
        if mark == "?":
            if 1049 in numbers:
                self.alternate = command == "h"
        elif command == "H":
            row, column = (*numbers, 1, 1)[:2]
            self.row, self.column = row - 1, column - 1
        elif command == "J":
            self.cells.clear()
        elif command == "m":
            self.look = _looked(self.look, numbers or [0])


def _looked(look: Look, numbers: list[int]) -> Look:
    """Return how letters look after Select Graphic Rendition (ECMA-48) with `numbers`."""
    ink, ground, bold = look
    if numbers[0] == 0:
        return "", "", False
    if numbers == [1]:
        return ink, ground, True
    colour = "#{:02x}{:02x}{:02x}".format(*numbers[-3:])
    return (colour, ground, bold) if numbers[0] == 38 else (ink, colour, bold)


def recorded() -> Iterator[tuple[float, dict[tuple[int, int], tuple[str, Look]]]]:
    """Run it; yield what is seen, several times a second, while the device is drawn."""
    child, terminal = pty.fork()
    if not child:
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        os.execv(sys.executable, [sys.executable, "-m", "daemon", "try", "--silent", "--keys", KEYS])  # noqa: S606
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    seen, decoder, rest = Seen(), codecs.getincrementaldecoder("utf-8")(), ""
    began_s = next_s = time.monotonic()
    try:
        while time.monotonic() < began_s + LONGEST_S:
            if select.select([terminal], [], [], 0.01)[0]:
                try:
                    rest = seen.take(rest + decoder.decode(os.read(terminal, 65536)))
                except OSError:  # it has ended (pty(7) on Linux)
                    break
                continue
            now_s = time.monotonic()  # and nothing is half drawn
            if now_s >= next_s and seen.alternate and seen.cells:
                yield now_s - began_s, dict(seen.cells)
                next_s = now_s + 1 / PICTURES_PER_S
    finally:
        os.close(terminal)
        os.waitpid(child, 0)


def drawn(cells: dict[tuple[int, int], tuple[str, Look]]) -> str:
    """Return one picture: words as text, and half blocks together as a small image."""
    points = {}
    for (row, column), (letter, (ink, ground, _)) in cells.items():
        if letter in "▀▄":
            top, bottom = (ink, ground) if letter == "▀" else (ground, ink)
            points[2 * row, column], points[2 * row + 1, column] = top, bottom
    return "".join([_image(points), *(_words(cells, row) for row in range(ROWS))])


def _image(points: dict[tuple[int, int], str]) -> str:
    if not points:
        return ""
    rows, columns = 1 + max(row for row, _ in points), 1 + max(column for _, column in points)
    raw = b"".join(b"\0" + b"".join(_rgb(points, row, at) for at in range(columns)) for row in range(rows))
    png = base64.b64encode(_png(raw, columns, rows)).decode()
    width_px, height_px = columns * CELL_PX[0], rows * CELL_PX[1] / 2
    return (
        f'<image x="{SIDE_PX}" y="{BAR_PX + 8}" width="{width_px:.1f}" height="{height_px:.1f}" '
        f'preserveAspectRatio="none" style="image-rendering:pixelated" href="data:image/png;base64,{png}"/>'
    )


def _rgb(points: dict[tuple[int, int], str], row: int, column: int) -> bytes:
    colour = points.get((row, column))
    return bytes.fromhex(colour[1:]) if colour else bytes(PAPER)


def _png(raw: bytes, columns: int, rows: int) -> bytes:
    """Return a PNG (RFC 2083) of rows of RGB, each behind its filter byte."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", columns, rows, 8, 2, 0, 0, 0)
    packed = zlib.compress(raw, 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def _words(cells: dict[tuple[int, int], tuple[str, Look]], row: int) -> str:
    """Return the runs of one look in a row."""
    runs: list[tuple[int, str, Look]] = []
    for column in range(COLUMNS):
        letter, look = cells.get((row, column), (" ", ("", "", False)))
        if letter in "▀▄":
            letter, look = " ", ("", "", False)
        if runs and (runs[-1][2] == look or letter == " "):
            runs[-1] = runs[-1][0], runs[-1][1] + letter, runs[-1][2]
        else:
            runs.append((column, letter, look))
    y_px = round(BAR_PX + 8 + CELL_PX[1] * row + 13)
    return "".join(_text(at, said, look, y_px) for at, said, look in runs if said.strip())


def _text(column: int, said: str, look: Look, y_px: int) -> str:
    ink, _, bold = look
    words = said.strip()
    x_px = SIDE_PX + CELL_PX[0] * (column + len(said) - len(said.lstrip()))
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x_px:.1f}" y="{y_px}" textLength="{CELL_PX[0] * len(words):.1f}" xml:space="preserve" '
        f'fill="{ink or INK}"{weight}>{escape(words)}</text>'
    )


def moving(pictures: list[tuple[float, str]]) -> str:
    """Return a picture that shows `pictures` one after the other, each from its time on, for ever."""
    width_px, height_px = round(COLUMNS * CELL_PX[0]) + 2 * SIDE_PX, BAR_PX + round(ROWS * CELL_PX[1]) + 20
    begin_s = pictures[0][0]
    whole_s = pictures[-1][0] - begin_s + 1.0
    lines = window(width_px, height_px, "vocative try")
    for (at_s, body), (until_s, _) in zip(pictures, [*pictures[1:], (begin_s + whole_s, "")], strict=True):
        first, last = (at_s - begin_s) / whole_s, min(1.0, (until_s - begin_s) / whole_s)
        times, values = f"0;{first:.4f};{last:.4f}", "none;inline;none"
        if first == 0.0:
            times, values = f"0;{last:.4f}", "inline;none"
        lines.append(
            f'<g display="none"><animate attributeName="display" dur="{whole_s:.2f}s" repeatCount="indefinite" '
            f'calcMode="discrete" keyTimes="{times}" values="{values}"/>{body}</g>'
        )
    return "\n".join([*lines, "</svg>", ""])


def main() -> None:
    """Record, and write the picture."""
    pictures: list[tuple[float, str]] = []
    for at_s, cells in recorded():
        body = drawn(cells)
        if not pictures or pictures[-1][1] != body:
            pictures.append((at_s, body))
    path = Path(__file__).parent / "terminal.svg"
    path.write_text(moving(pictures))
    print(f"==> Drew {path.name} of {len(pictures)} pictures")


if __name__ == "__main__":
    main()
