"""The command `vocative`: what an owner types, and what systemd starts.

Each command imports what it needs when it is called: `vocative status` must not wait for what only `run` needs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from .errors import ConfigurationError, ExitStatus, LinkError

REHEARSAL_LIBRARIES = ("matplotlib", "trustme")
"""What only `rehearse` and `stand-in` need; a device does without."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit status (`ExitStatus`)."""
    asked = _parser().parse_args(arguments)
    try:
        status: int = asked.run(asked)
    except ModuleNotFoundError as missing:
        if missing.name not in REHEARSAL_LIBRARIES:
            raise
        remedy = "in vocative's environment: pip install '.[rehearsal]'"
        print(f"{missing.name} is not installed; {remedy}", file=sys.stderr)
        return ExitStatus.CONFIGURATION
    except ConfigurationError as error:
        for fault in error.faults:
            print(fault, file=sys.stderr)
        return ExitStatus.CONFIGURATION
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vocative", description="A device that one talks to.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    run = commands.add_parser("run", help="be the device; systemd starts this")
    run.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/vocative/vocative.toml")
    run.set_defaults(run=_run)

    check = commands.add_parser("check", help="say everything that is wrong with a configuration")
    check.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: /etc/vocative/vocative.toml")
    check.set_defaults(run=_check)

    devices = commands.add_parser("devices", help="list the microphones and speakers that there are")
    devices.set_defaults(run=_devices)

    calibrate = commands.add_parser("calibrate", help="measure the echo between loudspeaker and microphone")
    calibrate.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/vocative/vocative.toml")
    calibrate.add_argument("--json", action="store_true", help="print everything for a program")
    calibrate.add_argument("--quiet", action="store_true", help="ask nobody to speak")
    calibrate.set_defaults(run=_calibrate)

    transcript = commands.add_parser("transcript", help="what was said, and what is being said")
    transcript.add_argument("--config", type=Path, metavar="FILE", help="where the state folder is named")
    transcript.add_argument("--all", action="store_true", help="end with what there is instead of waiting for more")
    transcript.set_defaults(run=_transcript)

    rehearse = commands.add_parser("rehearse", help="a whole conversation on simulated hardware")
    rehearse.add_argument("--scenario", default="conversation", metavar="NAME", help="default: conversation")
    rehearse.add_argument("--out", type=Path, default=Path("out/rehearsal"), metavar="FOLDER")
    rehearse.add_argument("--json", action="store_true", help="print the figures for a program")
    rehearse.set_defaults(run=_rehearse)

    stand_in = commands.add_parser("stand-in", help="serve a stand-in for the Live API on this machine")
    _add_stand_in_arguments(stand_in)
    stand_in.set_defaults(run=_stand_in)

    mint = commands.add_parser("mint-token", help="print a token that stands in for the API key, for live.token_url")
    mint.add_argument("--config", type=Path, metavar="FILE", help="default: /etc/vocative/vocative.toml")
    mint.set_defaults(run=_mint_token)

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
        command = commands.add_parser(name, help=help_text)
        command.add_argument("--config", type=Path, metavar="FILE", help="where the control socket is named")
        if name == "status":
            command.add_argument("--json", action="store_true", help="print everything for a program")
        if name == "button":
            command.add_argument("gesture", choices=("press", "release", "tap", "double", "long"))
        if name == "volume":
            command.add_argument("percent", help="0 is silent, 100 the loudest")
        if name == "say":
            command.add_argument("text", nargs="+", help="what it is told; it says it in words of its own")
        command.set_defaults(run=_control, name=name)
    return parser


def _run(asked: argparse.Namespace) -> int:
    # The daemon has handlers of its own once its loop runs. Until then there are only imports to leave.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(ExitStatus.ASKED_TO_STOP))
    from .run import run

    return run(_config_path(asked.config))


def _check(asked: argparse.Namespace) -> int:
    from .config import load
    from .live.models import refusals, warnings

    path = _config_path(asked.file)
    config = load(path, refusals=refusals)
    for warning in warnings(config.live):
        print(f"{path.name}: {warning}")
    print(f"{path}: nothing is wrong with it.")
    return ExitStatus.ASKED_TO_STOP


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


def _rehearse(asked: argparse.Namespace) -> int:
    from .rehearsal.rehearse import main as rehearse

    return rehearse(asked.scenario, asked.out, as_json=asked.json)


def _add_stand_in_arguments(parser: argparse.ArgumentParser) -> None:
    from .rehearsal.options import add_arguments

    add_arguments(parser)


def _stand_in(asked: argparse.Namespace) -> int:
    from .rehearsal.server import main as serve

    return serve(asked)


def _calibrate(asked: argparse.Namespace) -> int:
    from .calibrate import calibrate

    return calibrate(_config_path(asked.config), as_json=asked.json, quiet=asked.quiet)


def _transcript(asked: argparse.Namespace) -> int:
    from .config import load
    from .transcript import transcript

    folder = load(_config_path(asked.config)).state.folder
    try:
        return transcript(Path(folder), follow=not asked.all)
    except PermissionError as error:
        print(f"{error.filename} is for the device alone. Try again with sudo.", file=sys.stderr)
        return ExitStatus.CONFIGURATION


def _mint_token(asked: argparse.Namespace) -> int:
    from .config import load
    from .credentials import api_key
    from .live.models import refusals
    from .mint import minted

    config = load(_config_path(asked.config), refusals=refusals)
    credential = api_key(config.live.api_key_file, os.environ)
    if credential.key is None:
        print(credential.said, file=sys.stderr)
        return ExitStatus.CONFIGURATION
    try:
        print(json.dumps(minted(config, credential.key, datetime.now(UTC))))
    except LinkError as failure:
        print(f"No token was minted: {failure}", file=sys.stderr)
        return ExitStatus.BUG
    return ExitStatus.ASKED_TO_STOP


def _control(asked: argparse.Namespace) -> int:
    from .config import load
    from .control import ask

    socket = Path(load(_config_path(asked.config)).control.socket)
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


def _config_path(given: Path | None) -> Path:
    from .config import default_path

    return given or default_path()
