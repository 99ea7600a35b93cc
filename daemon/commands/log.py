"""`vocative log`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import ExitStatus
from .command import Commands

TURNS = 20
"""How many are shown if nobody says."""


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("log", help="the last turns, and what went wrong between them")
    add_source(parser)
    parser.add_argument("-n", type=_count, default=TURNS, metavar="N", help=f"how many turns; default: {TURNS}")
    parser.add_argument("--json", action="store_true", help="print everything for a program")
    parser.set_defaults(run=_log)


def add_source(parser: argparse.ArgumentParser) -> None:
    """Let `parser` take what says where to read, and how much."""
    parser.add_argument("--since", metavar="WHEN", help='"yesterday", "-2 hours", "2026-09-14"; default: "-7 days"')
    parser.add_argument("--until", metavar="WHEN", help="the same; default: now")
    file_help = "what `journalctl -o json` or a rehearsal has written, instead of the journal; - is standard input"
    parser.add_argument("--file", type=Path, help=file_help)


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError
    return count


def _log(asked: argparse.Namespace) -> int:
    from ..history.reading import Source, read
    from ..history.table import as_json, newest, table

    shown = newest(read(Source(asked.file, asked.since, asked.until)), asked.n)
    for line in as_json(shown, None) if asked.json else table(shown, None):
        print(line)
    if not shown:
        print("Nobody has talked to the device in this time, and nothing went wrong.", file=sys.stderr)
    return ExitStatus.ASKED_TO_STOP
