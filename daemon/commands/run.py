"""`vocative run`."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from hardware.settings import PageSettings

from ..errors import ConfigurationError, ExitStatus
from .command import Commands, add_config, config_path


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser("run", help="be the device; systemd starts this")
    add_config(parser)
    parser.add_argument(
        "--board",
        choices=("laptop", "web"),
        help="be it here: the space bar is the button, the ring is drawn in the terminal, or in a page of the browser",
    )
    parser.add_argument("--microphone", type=Path, metavar="FILE.wav", help="with --board: a recording speaks")
    parser.add_argument("--speaker", type=Path, metavar="FILE.wav", help="with --board: what is said goes there")
    add_terminal(parser)
    add_page(parser)
    parser.set_defaults(run=_run)


def add_terminal(parser: argparse.ArgumentParser) -> None:
    """Let `parser` take what a terminal that is the device can be told."""
    parser.add_argument("--journal", type=Path, metavar="FILE", help="append the journal to it")
    parser.add_argument("--keys", default="", metavar="KEYS", help='press these: "ready space:2.5 ready m wait:1 m q"')


def add_page(parser: argparse.ArgumentParser) -> None:
    """Let `parser` take what a page that is the device can be told."""
    parser.add_argument("--port", type=_port, default=0, help="with the page: where it is on 127.0.0.1; 0, a free one")
    parser.add_argument("--open", action="store_true", help="with the page: show it in the browser")


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError("a port is a number up to 65535")
    return int(text)


def page(asked: argparse.Namespace) -> PageSettings:
    """Return what `asked` says of the page."""
    return PageSettings(asked.port, asked.open)


def end_on_signals() -> None:
    """Let a signal end the process in peace. The daemon has handlers of its own once it runs."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(ExitStatus.ASKED_TO_STOP))


def _run(asked: argparse.Namespace) -> int:
    end_on_signals()
    from ..run import from_file, run

    if asked.board is None:
        if asked.microphone or asked.speaker or asked.keys:
            raise ConfigurationError(("--microphone, --speaker and --keys go with --board",))
        path = config_path(asked.config)
        return run(lambda: from_file(path), journal_file=asked.journal)
    from ..desk.trying import run_on

    return run_on(
        asked.board,
        asked.config,
        microphone=asked.microphone,
        speaker=asked.speaker,
        keys=asked.keys,
        page=page(asked),
        journal_file=asked.journal,
    )
