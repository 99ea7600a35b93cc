"""`vocative rehearse` and `vocative stand-in`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .command import Commands


def add_to(commands: Commands) -> None:
    """Add the commands."""
    rehearse = commands.add_parser("rehearse", help="a whole conversation on simulated hardware")
    rehearse.add_argument("--scenario", default="conversation", metavar="NAME", help="default: conversation")
    rehearse.add_argument("--out", type=Path, default=Path("out/rehearsal"), metavar="FOLDER")
    rehearse.add_argument("--json", action="store_true", help="print the figures for a program")
    rehearse.set_defaults(run=_rehearse)

    from ..rehearsal.options import add_arguments

    stand_in = commands.add_parser("stand-in", help="serve a stand-in for the Live API on this machine")
    add_arguments(stand_in)
    stand_in.set_defaults(run=_stand_in)


def _rehearse(asked: argparse.Namespace) -> int:
    from ..rehearsal.rehearse import main as rehearse

    return rehearse(asked.scenario, asked.out, as_json=asked.json)


def _stand_in(asked: argparse.Namespace) -> int:
    from ..rehearsal.server import main as serve

    return serve(asked)
