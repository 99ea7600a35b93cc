"""`vocative check`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..errors import ExitStatus
from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("check", help="say everything that is wrong with a configuration")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: /etc/vocative/vocative.toml")
    add_config(parser, "the same as FILE")
    parser.set_defaults(run=_check)


def _check(asked: argparse.Namespace) -> int:
    from ..config import load
    from ..live.models import refusals, warnings

    path = config_path(asked.file or asked.config)
    config = load(path, refusals=refusals)
    for warning in warnings(config.live):
        print(f"{path.name}: {warning}")
    print(f"{path}: nothing is wrong with it.")
    return ExitStatus.ASKED_TO_STOP
