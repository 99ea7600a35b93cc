"""`vocative transcript`: what was said, and what is being said, with who said it."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

from ..errors import ExitStatus
from .transcript_file import NAME, OLD_FILES, Words

_LOOK_S: Final = 0.2
_NAMES: Final = {"user": "you", "device": "it"}


class Page:
    """Puts pieces of text together as one reads them: a line for each side's contribution, with its time.

    Args:
        out: Where it is written.
        live: Whether `out` is a terminal that can take a guess back.
    """

    def __init__(self, out: TextIO, *, live: bool) -> None:
        self._out: Final = out
        self._live: Final = live
        self._line: tuple[int, str] | None = None
        """The turn and side of the line that is not ended."""
        self._guess = ""

    def __repr__(self) -> str:
        return f"<Page in {self._line}>"

    def add(self, words: Words) -> None:
        """Write one more piece."""
        if words.so_far and not self._live:
            return
        self._take_back()
        if (words.turn, words.who) != self._line:
            self.end()
            self._out.write(f"{words.at[11:19]}  {_NAMES[words.who]:>3}: ")
            self._line = (words.turn, words.who)
        if words.so_far:
            # A guess that is longer than the screen is wide could not be taken back.
            room = max(0, shutil.get_terminal_size().columns - 20)
            self._guess = words.text.replace("\n", " ")[-room:]
            self._out.write(f"\x1b[s\x1b[2m{self._guess}\x1b[0m")
        else:
            self._out.write(words.text)
        self._out.flush()

    def end(self) -> None:
        """End the line that is begun, if one is."""
        self._take_back()
        if self._line is not None:
            self._out.write("\n")
            self._line = None

    def _take_back(self) -> None:
        if self._guess:
            self._out.write("\x1b[u\x1b[J")
            self._guess = ""


def transcript(folder: Path, *, follow: bool) -> int:
    """Print what is in the transcript files in `folder`, oldest first, and with `follow` what comes; return the status.

    Raises:
        PermissionError: The files are for the device's own user, and for root.
    """
    page = Page(sys.stdout, live=sys.stdout.isatty())
    paths = [*(folder / f"{NAME}.{number}" for number in range(OLD_FILES, 0, -1)), folder / NAME]
    if not follow and not any(path.exists() for path in paths):
        sys.stderr.write(f'There is no transcript in {folder}. Set transcripts = "file" in [live] to have one.\n')
        return ExitStatus.CONFIGURATION
    try:
        for path in paths[:-1]:
            for words in _read(path):
                page.add(words)
        for words in _followed(paths[-1]) if follow else _read(paths[-1]):
            page.add(words)
    except KeyboardInterrupt:
        pass
    finally:
        page.end()
    return ExitStatus.ASKED_TO_STOP


def _read(path: Path) -> Iterator[Words]:
    if path.exists():
        with path.open(encoding="utf-8") as file:
            yield from filter(None, map(_parsed, file))


def _followed(path: Path) -> Iterator[Words]:
    """Yield what is in the file and what is added, also when a new one takes its place; for ever."""
    inode, place, rest = 0, 0, ""
    while True:
        if path.exists():
            with path.open(encoding="utf-8") as file:
                now = path.stat().st_ino
                if now != inode:
                    inode, place, rest = now, 0, ""
                file.seek(place)
                *lines, rest = (rest + file.read()).split("\n")
                place = file.tell()
            yield from filter(None, map(_parsed, lines))
        time.sleep(_LOOK_S)


def _parsed(line: str) -> Words | None:
    """Return what a line says; None for one that was cut off when the power failed."""
    try:
        return Words(**json.loads(line))
    except (ValueError, TypeError):
        return None
