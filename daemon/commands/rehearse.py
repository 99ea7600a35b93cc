"""`vocative rehearse` and `vocative stand-in`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import ExitStatus
from .command import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    rehearse = commands.add_parser("rehearse", help="a whole conversation on simulated hardware")
    rehearse.add_argument(
        "--scenario",
        default="conversation",
        metavar="NAME|FILE.toml",
        help="what happens, and what must come of it; default: conversation. docs/scenarios.md says how to write one",
    )
    rehearse.add_argument("--list", action="store_true", help="list the scenarios that vocative is shipped with")
    rehearse.add_argument("--out", type=Path, default=Path("out/rehearsal"), metavar="FOLDER")
    rehearse.add_argument("--json", action="store_true", help="print the figures for a program")
    record = rehearse.add_argument_group("a real session as a scenario")
    record.add_argument(
        "--record", action="store_true", help="print a scenario made of what the service's journal tells of a session"
    )
    record.add_argument("--since", metavar="WHEN", help='as journalctl takes it: "10 min ago", "18:00"')
    record.add_argument("--until", metavar="WHEN", help="the same")
    record.add_argument("--file", type=Path, metavar="FILE", help="lines of JSON instead of the journal; - is stdin")
    rehearse.set_defaults(run=_rehearse)

    from ..rehearsal.options import add_arguments

    stand_in = commands.add_parser("stand-in", help="serve a stand-in for the Live API on this machine")
    add_arguments(stand_in)
    stand_in.set_defaults(run=_stand_in)


def _rehearse(asked: argparse.Namespace) -> int:
    if asked.record:
        from ..rehearsal.record.record import main as record

        return record(asked.file, asked.since, asked.until)

    if asked.file or asked.since or asked.until:
        print("--file, --since and --until say what --record reads; add --record", file=sys.stderr)
        return ExitStatus.CONFIGURATION
    from ..rehearsal.rehearse import list_shipped, main

    return list_shipped() if asked.list else main(asked.scenario, asked.out, as_json=asked.json)


def _stand_in(asked: argparse.Namespace) -> int:
    from ..rehearsal.server import main as serve

    return serve(asked)
