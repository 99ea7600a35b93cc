"""`vocative try`."""

from __future__ import annotations

import argparse
from pathlib import Path

from .command import Commands
from .run import add_page, add_terminal, end_on_signals, page


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("try", help="a device in this terminal, without key, parts or sound card: begin here")
    parser.add_argument("--microphone", type=Path, metavar="FILE.wav", help="a recording speaks in your place")
    parser.add_argument("--speaker", type=Path, metavar="FILE.wav", help="write what is said there, and do not play it")
    parser.add_argument("--silent", action="store_true", help="leave microphone and loudspeaker alone if there are any")
    parser.add_argument("--web", action="store_true", help="in a page of your browser, in place of this terminal")
    add_terminal(parser)
    add_page(parser)
    parser.set_defaults(run=_try)


def _try(asked: argparse.Namespace) -> int:
    end_on_signals()
    # Before what takes a moment to import.
    print("Simulated here: the service. It has one answer to everything.", flush=True)
    from ..desk.trying import try_out

    return try_out(
        "web" if asked.web else "laptop",
        microphone=asked.microphone,
        speaker=asked.speaker,
        silent=asked.silent,
        keys=asked.keys,
        page=page(asked),
        journal_file=asked.journal,
    )
