"""`vocative calibrate`."""

from __future__ import annotations

import argparse

from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("calibrate", help="measure the echo between loudspeaker and microphone")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print everything for a program")
    parser.add_argument("--quiet", action="store_true", help="ask nobody to speak")
    parser.set_defaults(run=_calibrate)


def _calibrate(asked: argparse.Namespace) -> int:
    from ..calibrate import calibrate

    return calibrate(config_path(asked.config), as_json=asked.json, quiet=asked.quiet)
