"""`vocative devices`."""

from __future__ import annotations

import argparse
import json

from ..errors import ExitStatus
from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("devices", help="list what is connected, and what to write for it")
    add_config(parser)
    parser.add_argument("--json", action="store_true", help="print everything for a program")
    parser.set_defaults(run=_devices)


def _devices(asked: argparse.Namespace) -> int:
    from ..devices import devices, text

    found = devices(config_path(asked.config))
    print(json.dumps(found.as_json(), indent=2) if asked.json else text(found))
    return ExitStatus.HARDWARE_GONE if found.sound_fault else ExitStatus.ASKED_TO_STOP
