"""`vocative doctor`."""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import sys
from pathlib import Path

from ..errors import ExitStatus
from .command import Commands, add_config


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("doctor", help="look at everything a device needs, and say what to do")
    add_config(parser)
    parser.add_argument(
        "--online", action="store_true", help="ask the service, too: name, certificate, key, model, quota"
    )
    parser.add_argument("--json", action="store_true", help="print the findings for a program")
    parser.add_argument(
        "--root",
        type=Path,
        default=Path("/"),
        metavar="FOLDER",
        help="look at the system in FOLDER, such as another Pi's card; nothing of it is opened",
    )
    parser.set_defaults(run=_doctor)


def _doctor(asked: argparse.Namespace) -> int:
    from ..doctor.examination import examine
    from ..doctor.finding import Verdict
    from ..doctor.sheet import Style, as_json, as_text

    findings = asyncio.run(examine(asked.config, online=asked.online, root=asked.root.resolve()))
    if asked.json:
        print(as_json(findings))
    else:
        encoding = sys.stdout.encoding or "ascii"
        style = Style(
            width=shutil.get_terminal_size().columns,
            plain="utf" not in encoding.lower(),
            coloured=sys.stdout.isatty() and not os.environ.get("NO_COLOR"),
        )
        print(as_text(findings, style).encode(encoding, "replace").decode(encoding), end="")
    todo = any(finding.verdict is Verdict.TO_DO for finding in findings)
    return ExitStatus.BUG if todo else ExitStatus.ASKED_TO_STOP
