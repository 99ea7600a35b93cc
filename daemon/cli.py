"""The command `vocative`: what an owner types, and what systemd starts. Each command is a module of `commands`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from .commands import (
    calibrate,
    check,
    control,
    devices,
    doctor,
    key,
    log,
    mint_token,
    rehearse,
    report,
    run,
    setup,
    transcript,
    try_,
)
from .errors import ConfigurationError, ExitStatus

COMMANDS: Final = (
    run,
    try_,
    check,
    setup,
    key,
    devices,
    doctor,
    calibrate,
    log,
    report,
    transcript,
    rehearse,
    mint_token,
    control,
)
"""In the order in which `vocative --help` lists them."""

REHEARSAL_LIBRARIES: Final = ("matplotlib", "trustme", "websockets")
"""What only `rehearse` and `stand-in` need; a device does without."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status (`ExitStatus`)."""
    asked = _parser().parse_args(arguments)
    try:
        status: int = asked.run(asked)
        sys.stdout.flush()
    except ModuleNotFoundError as missing:
        if missing.name not in REHEARSAL_LIBRARIES:
            raise
        remedy = "in vocative's environment: pip install '.[rehearsal]'"
        print(f"{missing.name} is not installed; {remedy}", file=sys.stderr)
        return ExitStatus.CONFIGURATION
    except BrokenPipeError:  # `vocative log | head`: whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitStatus.ASKED_TO_STOP
    except ConfigurationError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return ExitStatus.CONFIGURATION
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vocative", description="A device that one talks to.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for command in COMMANDS:
        command.add_to(commands)
    return parser
