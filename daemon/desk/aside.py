"""Standard error put aside while a picture fills the terminal: journal, libraries and tracebacks would garble it."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, TextIO

_LAST_LINES: Final = 20
_LAST_BYTES: Final = 16 * 1024


@dataclass(slots=True)
class Aside:
    """Where things go meanwhile."""

    journal: TextIO
    """Takes the journal."""
    well: bool = False
    """Nobody needs to see what was written."""


@contextmanager
def put_aside(journal: Path | None) -> Iterator[Aside]:
    """Drop what libraries write to standard error, and keep what is written to `Aside.journal`.

    Afterwards the end of the journal is shown, unless it went well, and then Python alone has standard error: what
    looks for sound cards may still be complaining, on a thread that nobody waits for.

    Args:
        journal: A file that the journal is appended to; None for none that stays.

    Raises:
        OSError: `journal` cannot be written.
    """
    sys.stderr.flush()
    with (
        Path(os.devnull).open("wb") as nowhere,
        tempfile.TemporaryFile() if journal is None else journal.open("ab+") as told,
        os.fdopen(os.dup(told.fileno()), "w") as journal_text,
    ):
        began = told.seek(0, os.SEEK_END)
        aside = Aside(journal_text)
        original = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield aside
        finally:
            journal_text.flush()
            if aside.well:
                os.dup2(original, 2)
                os.close(original)
            else:
                sys.stderr = os.fdopen(original, "w", buffering=1)
                sys.stderr.write(_end(told, began))


def _end(file: BinaryIO, began: int) -> str:
    """Return the last lines of what was written to `file` from `began` on."""
    ends = file.seek(0, os.SEEK_END)
    file.seek(max(began, ends - _LAST_BYTES))
    lines = file.read().decode(errors="replace").splitlines()[-_LAST_LINES:]
    return "".join(f"{line}\n" for line in lines)
