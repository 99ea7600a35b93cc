"""Reads the journal again, through journalctl, or from a file that it or a rehearsal has written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.errors import ConfigurationError

from .clock import put_right
from .entry import Entry, entry

UNIT: Final = "vocative"
DEFAULT_SINCE: Final = "-7 days"
_FIELDS: Final = (
    "EVENT MESSAGE PRIORITY TURN_ID OUTCOME BEGUN ENDING LISTENED_MS FIRST_AUDIO_MS SOUNDED_MS UNDERRUNS DROPPED_MS"
    " TOTAL_TOKENS COST_ESTIMATE CURRENCY REASON MEMORY_MIB TEMPERATURE_C THOUGHT_MS BY PERCENT NAME _PID"
)
"""What is asked for of each line: all that table, page and scenario are made of, and nothing of what was said."""
_RIGHTS: Final = (
    "You may not read the service's journal. Try again with sudo, or, once and for all:"
    " sudo usermod -aG systemd-journal $USER, and log in again."
)


@dataclass(frozen=True, slots=True)
class Source:
    """Where to read, and how much of it."""

    file: Path | None = None
    """Lines of JSON instead of the journal; `-` is standard input."""
    since: str | None = None
    """As journalctl takes it: "yesterday", "-2 days", "2026-09-14 18:00"."""
    until: str | None = None


def read(source: Source) -> list[Entry]:
    """Return what `source` tells of the device, oldest first.

    The times from before the machine's clock was set are put right (`clock`).

    Raises:
        ConfigurationError: It cannot be read; the text says what to do.
    """
    return put_right(_read(source))


def _read(source: Source) -> list[Entry]:
    if source.file is None:
        return list(_entries(_journalctl(source), "journalctl"))
    if source.since or source.until:
        raise ConfigurationError(("--since and --until choose from the journal; a file is read as a whole.",))
    if str(source.file) == "-":
        return list(_entries(sys.stdin, "standard input"))
    try:
        with source.file.open(encoding="utf-8") as file:
            return list(_entries(file, str(source.file)))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError((f"{source.file} cannot be read: {error}",)) from error


def _entries(lines: Iterable[str], place: str) -> Iterator[Entry]:
    for number, line in enumerate(lines, 1):
        try:
            if line.strip() and (found := entry(line)) is not None:
                yield found
        except ValueError as error:
            raise ConfigurationError((f"{place}:{number}: {error}",)) from error


def _journalctl(source: Source) -> Iterator[str]:
    """Yield the lines of the service and what systemd says of it."""
    command = ["journalctl", "--no-pager", "-u", UNIT, "-o", "json", f"--output-fields={','.join(_FIELDS.split())}"]
    command.append(f"--since={source.since or DEFAULT_SINCE}")
    if source.until:
        command.append(f"--until={source.until}")
    try:
        process = subprocess.Popen(  # noqa: S603 - no shell, and what the owner typed is one argument
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except FileNotFoundError as missing:
        raise ConfigurationError(("journalctl is not here: read a file instead (--file).",)) from missing
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        empty = True
        for line in process.stdout:
            empty = False
            yield line
        said = process.stderr.read().strip()
        if empty and ("permission" in said or "not seeing messages" in said):
            raise ConfigurationError((_RIGHTS,))
        if process.wait() != 0:
            raise ConfigurationError((f"journalctl: {said}",))
