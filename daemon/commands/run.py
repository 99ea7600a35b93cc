"""`vocative run`."""

from __future__ import annotations

import argparse
import signal
import sys

from ..errors import ExitStatus
from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="be the device; systemd starts this")
    add_config(parser)
    parser.set_defaults(run=_run)


def _run(asked: argparse.Namespace) -> int:
    # The daemon has handlers of its own once its loop runs. Until then there are only imports to leave.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(ExitStatus.ASKED_TO_STOP))
    from ..run import run

    return run(config_path(asked.config))
