"""`vocative report`."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from ..errors import ExitStatus
from .command import Commands
from .log import add_source


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("report", help="a page of pictures about the last days")
    add_source(parser)
    parser.add_argument("--out", type=Path, default=Path("report.html"), help="where to write it; default: report.html")
    parser.set_defaults(run=_report)


def _report(asked: argparse.Namespace) -> int:
    from ..history.page import page
    from ..history.reading import Source, read

    entries = read(Source(asked.file, asked.since, asked.until))
    try:
        asked.out.write_text(page(entries, None, made_s=time.time()), encoding="utf-8")
    except OSError as error:
        print(f"{asked.out} cannot be written: {error}", file=sys.stderr)
        return ExitStatus.BUG
    print(f"Open {asked.out} in a browser.")
    return ExitStatus.ASKED_TO_STOP
