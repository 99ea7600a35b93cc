"""`vocative devices`."""

from __future__ import annotations

import argparse
import sys

from ..errors import ExitStatus
from .command import Commands


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("devices", help="list the microphones and speakers that there are")
    parser.set_defaults(run=_devices)


def _devices(_: argparse.Namespace) -> int:
    from hardware.board import sound_devices
    from hardware.interfaces import HardwareError

    try:
        microphones, speakers = sound_devices()
    except HardwareError as error:
        print(error, file=sys.stderr)
        return ExitStatus.HARDWARE_GONE
    for key, names in (("microphone.device", microphones), ("speaker.device", speakers)):
        print(f"For {key}, any part of a name that fits no other:")
        print("\n".join(f"    {name}" for name in names) or "    (none)")
    return ExitStatus.ASKED_TO_STOP
