"""`vocative transcript`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ..errors import ExitStatus
from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("transcript", help="what was said, and what is being said")
    add_config(parser, "where the state folder is named")
    parser.add_argument("--all", action="store_true", help="end with what there is instead of waiting for more")
    parser.set_defaults(run=_transcript)


def _transcript(asked: argparse.Namespace) -> int:
    from ..config import load
    from ..transcripts.transcript import transcript

    folder = load(config_path(asked.config)).state.folder
    try:
        return transcript(Path(folder), follow=not asked.all)
    except PermissionError as error:
        print(f"{error.filename} is for the device alone. Try again with sudo.", file=sys.stderr)
        return ExitStatus.CONFIGURATION
