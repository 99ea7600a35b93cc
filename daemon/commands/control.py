"""What is asked of the running device: `status`, `button`, `mute`, `unmute`, `volume`, `say`, `stop`, `end`."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from pathlib import Path

from ..errors import ExitStatus
from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the commands."""
    for name, help_text in (
        ("status", "what the running device is doing"),
        ("button", "press the running device's button"),
        ("mute", "let the microphone hear nothing"),
        ("unmute", "let it hear again"),
        ("volume", "set how loud it is"),
        ("say", "have it speak of something"),
        ("stop", "have it fall silent"),
        ("end", "have it forget the conversation"),
    ):
        parser = commands.add_parser(name, help=help_text)
        add_config(parser, "where the control socket is named")
        if name == "status":
            parser.add_argument("--json", action="store_true", help="print everything for a program")
        if name == "button":
            parser.add_argument("gesture", choices=("press", "release", "tap", "double", "long"))
        if name == "volume":
            parser.add_argument("percent", help="0 is silent, 100 the loudest")
        if name == "say":
            parser.add_argument("text", nargs="+", help="what it is told; it says it in words of its own")
        parser.set_defaults(run=_control, name=name)


def _control(asked: argparse.Namespace) -> int:
    from ..config import load
    from ..control import ask

    socket = Path(load(config_path(asked.config)).control.socket)
    words = [asked.name]
    match asked.name:
        case "button":
            words.append(asked.gesture)
        case "volume":
            words.append(asked.percent)
        case "say":
            words += asked.text
        case _:
            pass
    try:
        reply = asyncio.run(ask(socket, *words))
    except ValueError as refusal:
        print(f"vocative will not: {refusal}", file=sys.stderr)
        return ExitStatus.BUG
    except OSError as error:
        print(f"vocative does not answer on {socket}: {error}", file=sys.stderr)
        return ExitStatus.BUG
    print(json.dumps(reply, indent=2) if getattr(asked, "json", False) else reply["meaning"])
    return ExitStatus.ASKED_TO_STOP
