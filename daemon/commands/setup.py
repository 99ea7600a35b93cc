"""`vocative setup`."""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from pathlib import Path

from ..errors import ConfigurationError, ExitStatus
from .command import Commands, add_config, config_path

_STEPS = ("parts", "key", "microphone", "speaker", "button", "mute", "ring", "camera", "talking")


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "setup",
        help="ask about each part, try it, and write the configuration",
        description="Asks about each part, tries it, and at the end writes the configuration, if you say so.",
    )
    add_config(parser)
    parser.add_argument("steps", nargs="*", metavar="STEP", help=f"only these of {', '.join(_STEPS)}")
    parser.set_defaults(run=_setup)


def _setup(asked: argparse.Namespace) -> int:
    unknown = [step for step in asked.steps if step not in _STEPS]
    path = config_path(asked.config)
    refusal = (
        f"There is no step {unknown[0]}. There are: {', '.join(_STEPS)}"
        if unknown
        else "vocative setup asks questions: run it in a terminal. What to write by hand, `vocative devices` says"
        if not (sys.stdin.isatty() and sys.stdout.isatty())
        else f"{path} may be written only by others: sudo vocative setup"
        if not _may_write(path)
        else ""
    )
    if refusal:
        print(refusal, file=sys.stderr)
        return ExitStatus.BUG

    from hardware.alsa_chatter import chatter_held_back

    from ..setup.service import Service
    from ..setup.setting_up import real_bench, set_up
    from ..setup.terminal import TypedTerminal

    try:
        with chatter_held_back():
            asyncio.run(set_up(path, TypedTerminal(), real_bench(), Service(), asked.steps or _STEPS))
    except KeyboardInterrupt:
        pass  # it has said what became of it
    except ConfigurationError as refused:
        print(*refused.faults, sep="\n", file=sys.stderr)
        print(f"Correct that first. Or move {path} away: then one is made that has the answers only.", file=sys.stderr)
        return ExitStatus.CONFIGURATION
    except OSError as error:
        # A disk that is full tells no name; what was there is there still.
        print(f"It cannot be written: {error.filename or path}: {error.strerror}", file=sys.stderr)
        return ExitStatus.BUG
    return ExitStatus.ASKED_TO_STOP


def _may_write(path: Path) -> bool:
    """Return whether `path` can be replaced, or made."""
    place = path.parent
    while not place.exists():
        place = place.parent
    return os.access(place, os.W_OK)
