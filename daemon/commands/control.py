"""What is asked of the running device: `status`, `watch`, `button`, `mute`, and whatever else `requests` knows."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Final

from ..errors import ConfigurationError, ExitStatus
from .command import Commands, add_config, config_path

SOCKET: Final = Path("/run/vocative/control.sock")
"""Where it is unless the configuration says otherwise: then nobody needs to read that."""

_HELP: Final = {
    "status": "what the running device is doing",
    "watch": "what the running device is doing, line by line as it changes; Ctrl-C ends it",
    "button": "press the running device's button",
    "mute": "let the microphone hear nothing",
    "unmute": "let it hear again, unless the switch on the device says otherwise",
    "volume": "set how loud it is",
    "say": "have it speak of something",
    "look": "have it look through its camera once and speak of what it sees",
    "stop": "have it fall silent",
    "end": "have it forget the conversation",
    "reload": "have it read its configuration again, without a gap",
}


def add_to(commands: Commands) -> None:
    """Add the commands."""
    for name, help_text in _HELP.items():
        parser = commands.add_parser(name, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        add_config(parser, "where the control socket is named, if it is not the usual one")
        parser.add_argument("--socket", type=Path, metavar="PATH", help=f"the control socket itself; usually {SOCKET}")
        if name in {"status", "watch"}:
            parser.add_argument("--json", action="store_true", help="print everything, for a program")
        if name == "button":
            parser.add_argument("gesture", choices=("press", "release", "tap", "double", "long"))
        if name == "volume":
            parser.add_argument("percent", help="0 is silent, 100 the loudest; it is kept")
        if name == "say":
            parser.add_argument("text", nargs="+", help="what it is told; it says it in words of its own")
        parser.set_defaults(run=_watch if name == "watch" else _ask, name=name)


def _ask(asked: argparse.Namespace) -> int:
    from ..control import client as control
    from ..control.status_lines import status_lines

    given = {"button": ("gesture",), "volume": ("percent",), "say": ("text",)}.get(asked.name, ())
    words = [asked.name]
    for argument in given:
        value = getattr(asked, argument)
        words += value if isinstance(value, list) else [value]
    patience_s = control.PATIENCE_S + (control.ANSWER_S if asked.name in {"look", "reload"} else 0.0)
    socket = _socket(asked)

    async def request() -> None:
        reply: dict[str, Any] = await control.ask(socket, *words, patience_s=patience_s)
        if asked.name == "status":
            print(json.dumps(reply, indent=2) if asked.json else "\n".join(status_lines(reply)))
        else:
            print(*reply.get("said", [reply["meaning"]]), sep="\n")

    return _said(request(), socket)


def _watch(asked: argparse.Namespace) -> int:
    from ..control import client as control
    from ..control.status_lines import news_line

    def see(news: dict[str, Any]) -> None:
        clock = time.strftime("%H:%M:%S")
        try:
            print(json.dumps(news) if asked.json else f"{clock} {news_line(news)}", flush=True)
        except BrokenPipeError:  # `vocative watch | head`: whoever read it has seen enough
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise KeyboardInterrupt from None

    socket = _socket(asked)
    try:
        status = _said(control.watch(socket, see), socket)
    except KeyboardInterrupt:
        return ExitStatus.ASKED_TO_STOP
    if status == ExitStatus.ASKED_TO_STOP:
        print("vocative was stopped, or this did not keep up with it.", file=sys.stderr)
        status = ExitStatus.BUG
    return status


def _said(request: Coroutine[Any, Any, None], socket: Path) -> int:
    """Carry out `request` and return the exit status; what went wrong is said, with what to do about it."""
    from ..control.admission import REMEDY

    try:
        asyncio.run(request)
    except ValueError as refusal:
        print(f"vocative will not: {refusal}", file=sys.stderr)
    except (FileNotFoundError, ConnectionRefusedError):
        remedy = "sudo systemctl start vocative; if it does not stay up, sudo vocative doctor says why"
        print(f"vocative is not running (nobody answers on {socket}): {remedy}", file=sys.stderr)
    except ConnectionError:
        remedy = "it was just stopped, or is too busy. Ask again, or look: journalctl -u vocative -n 50"
        print(f"vocative went away before it answered: {remedy}", file=sys.stderr)
    except PermissionError:
        print(f"{socket} is for root and the members of a group: {REMEDY}; or use sudo", file=sys.stderr)
    except TimeoutError:
        print(f"vocative does not answer on {socket}: journalctl -u vocative -n 50", file=sys.stderr)
    except OSError as error:
        print(f"vocative does not answer on {socket}: {error}", file=sys.stderr)
    else:
        return ExitStatus.ASKED_TO_STOP
    return ExitStatus.BUG


def _socket(asked: argparse.Namespace) -> Path:
    """Return where to ask. A configuration with mistakes in it is no reason not to ask a device that runs.

    Raises:
        ConfigurationError: The configuration names the socket, is refused, and nobody serves at the usual place.
    """
    if asked.socket is not None:
        return Path(asked.socket)
    if asked.config is None and _is_there():
        return SOCKET

    from ..config import load

    try:
        return Path(load(config_path(asked.config)).control.socket)
    except ConfigurationError as refused:
        if not _is_there():
            raise
        print(f"the configuration has mistakes (vocative check), so {SOCKET} is asked:", file=sys.stderr)
        print(refused.faults[0], file=sys.stderr)
        return SOCKET


def _is_there() -> bool:
    try:
        return SOCKET.exists()
    except PermissionError:  # then it can be there, and whoever asks is told what to do
        return True
