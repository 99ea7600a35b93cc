"""The window that the device is drawn in, and its keyboard; the one place that knows blessed."""

from __future__ import annotations

import codecs
import os
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from hardware.blocking import in_thread
from hardware.interfaces import DeviceMissing, Rgb
from hardware.terminal_picture import FAINT, Cell, Picture

if TYPE_CHECKING:
    from blessed import Terminal

REMEDY: Final = "terminal: blessed is not installed; run `pip install 'vocative[terminal]'` in vocative's environment"
_ANSWER_S: Final = 0.3
"""For the terminal to say what it can."""
PAPER: Final[Rgb] = (18, 20, 24)
"""The ground of every cell: lights and inks are for a dark one, and the terminal's own may be white."""
_MANY_COLOURS: Final = 256
_DARK: Final = 240
"""Of the three colours together: in a terminal with few colours what is darker would be black on black."""
_TWO_BYTES: Final = "é"
"""One letter in UTF-8, and two where every byte is one."""
_PLAIN: Final = str.maketrans({"█": "#", "·": ".", "…": "~", **dict.fromkeys("▏▎▍▌▋▊▉", "-")})


class Key(NamedTuple):
    """A key that moved."""

    name: str
    """The letter; "space", "up", "down"; "quit" for Ctrl-C."""
    down: bool | None
    """Whether it went down, or up; None if it was struck, and nobody will tell when it is let go."""


def usable() -> bool:
    """Return whether there is a terminal to draw in and to type into."""
    clever = os.environ.get("TERM", "dumb") not in {"", "dumb", "unknown"}
    return clever and sys.stdin.isatty() and sys.stdout.isatty()


@contextmanager
def open_screen() -> Iterator[Screen]:
    """Take the whole terminal, and give it back as it was, whatever happens.

    Raises:
        DeviceMissing: blessed is not installed.
    """
    terminal = _terminal()
    with ExitStack() as stack:
        # A device that is stopped by Ctrl-Z would keep its card and its picture.
        stack.callback(signal.signal, signal.SIGTSTP, signal.signal(signal.SIGTSTP, signal.SIG_IGN))
        stack.enter_context(terminal.cbreak())
        tells_release = terminal.get_kitty_keyboard_state(timeout=_ANSWER_S) is not None
        if tells_release:
            # Asked again when that is switched off: what it has told of comes before its answer, and not to the shell.
            stack.callback(terminal.get_kitty_keyboard_state, timeout=_ANSWER_S)
        if not terminal.enter_fullscreen:  # the console of Linux has one screen only: it is given back empty
            stack.callback(print, terminal.normal + terminal.clear, end="", flush=True)
        stack.enter_context(terminal.fullscreen())
        stack.enter_context(terminal.hidden_cursor())
        utf8 = _reads_utf8(terminal)
        if tells_release:
            stack.enter_context(
                terminal.enable_kitty_keyboard(report_events=True, report_all_keys=True, report_text=True)
            )
        taken = stack.pop_all()
    try:
        yield Screen(terminal, tells_release=tells_release, utf8=utf8)
    finally:
        with suppress(OSError, termios.error):  # its window was closed: there is nothing to give back
            taken.close()


def _terminal() -> Terminal:
    """Return blessed's view of the terminal; one that does not say what it can is not waited for."""
    os.environ.setdefault("BLESSED_QUERY_TIMEOUT_SECONDS", str(_ANSWER_S))  # read when it is imported
    try:
        from blessed import Terminal
    except ImportError as missing:
        raise DeviceMissing(REMEDY) from missing
    without_colours = os.environ.pop("NO_COLOR", None)  # to blessed it means that the cursor may not be moved, either
    try:
        return Terminal()
    finally:
        if without_colours is not None:
            os.environ["NO_COLOR"] = without_colours


def _reads_utf8(terminal: Terminal) -> bool:
    """Return whether the terminal takes what we write for UTF-8; it knows better than the locale."""
    if codecs.lookup(sys.stdout.encoding).name != "utf-8":
        return False
    terminal.stream.write(f"\r{_TWO_BYTES}")
    _, column = terminal.get_location(timeout=_ANSWER_S)
    return bool(column != 2)  # where it does not say, what Python believes is gone by


class Screen:
    """A terminal that is ours. Only what has changed is drawn again."""

    def __init__(self, terminal: Terminal, *, tells_release: bool, utf8: bool) -> None:
        self._terminal: Final = terminal
        self.tells_release: Final = tells_release
        """Whether it says when a key is let go (the kitty keyboard protocol)."""
        self._utf8: Final = utf8
        self._colours: Final = 0 if os.environ.get("NO_COLOR") else terminal.number_of_colors
        self.blocks: Final = utf8 and self._colours >= _MANY_COLOURS
        """Whether it has block characters, and colours for them. The console of Linux has few of both."""
        self._drawn: Picture = []

    def __repr__(self) -> str:
        return f"<Screen {self.size} colours={self._colours} utf8={self._utf8} tells_release={self.tells_release}>"

    @property
    def size(self) -> tuple[int, int]:
        """Columns and rows, now."""
        return self._terminal.width, self._terminal.height

    async def draw(self, picture: Picture) -> None:
        """Draw `picture`, which fills the window. A slow terminal keeps whoever waits for this, and nobody else.

        Raises:
            EOFError: The terminal is gone.
        """
        sequence = "".join(self._changes(picture))
        self._drawn = picture
        if sequence:
            stream = self._terminal.stream

            def write() -> None:
                stream.write(sequence)
                stream.flush()

            try:
                await in_thread(write)
            except OSError as error:
                raise EOFError from error

    async def key(self) -> Key:
        """Wait for the next key.

        Raises:
            EOFError: The terminal is gone.
        """
        while True:
            try:
                stroke = await self._terminal.async_inkey()
            except OSError as error:
                raise EOFError from error
            if not stroke:
                raise EOFError
            name = stroke.name or ""
            if name in {"KEY_CTRL_C", "KEY_CTRL_D"}:
                return Key("quit", down=None)
            if stroke == " " or name.startswith("KEY_SPACE"):
                if not stroke.repeated:
                    return Key("space", down=not stroke.released if self.tells_release else None)
            elif not stroke.released:
                if name in {"KEY_UP", "KEY_DOWN"}:
                    return Key(name.removeprefix("KEY_").lower(), down=None)
                if len(stroke.value) == 1 and not stroke.repeated:
                    return Key(stroke.value.lower(), down=None)

    def _changes(self, picture: Picture) -> Iterator[str]:
        """Yield what must be written to have `picture` in the place of what is drawn."""
        terminal, drawn = self._terminal, self._drawn
        if len(drawn) != len(picture) or len(drawn[0]) != len(picture[0]):
            drawn = []
            yield terminal.normal + terminal.clear
        for row, cells in enumerate(picture):
            before = drawn[row] if drawn else None
            at = look = None
            for column, cell in enumerate(cells):
                if (before is not None and before[column] == cell) or not cell.character:
                    continue
                if at != column:
                    yield terminal.move_yx(row, column)
                if look != cell[1:]:
                    look = cell[1:]
                    yield self._look(cell)
                wide = column + 1 < len(cells) and not cells[column + 1].character
                yield self._written(cell.character, wide=wide)
                at = column + (2 if wide else 1)
            if look is not None:
                yield terminal.normal

    def _written(self, letter: str, *, wide: bool) -> str:
        if not self.blocks:
            letter = letter.translate(_PLAIN)
        return letter if self._utf8 or letter.isascii() else "??" if wide else "?"

    def _look(self, cell: Cell) -> str:
        return _look(self._terminal, cell.ink, cell.ground or PAPER, bold=cell.bold, colours=self._colours)


@lru_cache(maxsize=8192)
def _look(terminal: Terminal, ink: Rgb | None, ground: Rgb, *, bold: bool, colours: int) -> str:
    look = str(terminal.normal) + (str(terminal.bold) if bold else "")
    if not colours:
        return look
    if ink is not None:
        look += str(terminal.color_rgb(*(ink if colours >= _MANY_COLOURS or sum(ink) > _DARK else FAINT)))
    return look + str(terminal.on_color_rgb(*ground))
