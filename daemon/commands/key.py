"""`vocative key`."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from ..errors import ConfigurationError, ExitStatus
from .command import Commands, add_config, config_path

if TYPE_CHECKING:
    from ..keys.credentials import Secret

_TRIES = 3


def add_to(commands: Commands) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "key",
        help="give the service its API key",
        description="Asks for the API key without showing it, or reads one line of standard input, and stores it where"
        " only root and the service can read it: encrypted for this machine, if systemd can do that.",
    )
    add_config(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--plain", action="store_true", help="do not encrypt it; only root can read the file")
    which.add_argument("--remove", action="store_true", help="take it away")
    parser.set_defaults(run=_key)


def _key(asked: argparse.Namespace) -> int:
    from ..keys.key_store import remove, store, told_systemd

    if os.geteuid() != 0:
        print("Only root may do this: sudo vocative key", file=sys.stderr)
        return ExitStatus.BUG
    try:
        if asked.remove:
            print("The key is gone." if remove() else "There was no key.")
        else:
            key = asked_for()
            if key is None:
                print("Nothing was changed.", file=sys.stderr)
                return ExitStatus.BUG
            now = store(key, plain=asked.plain)
            print(f"The key lies in {now.path}, {'encrypted for this machine' if now.encrypted else 'for root alone'}.")
            if now.why_plain:
                print(f"It is not encrypted: {now.why_plain}.")
    except OSError as error:
        print(f"It cannot be stored: {error.filename}: {error.strerror}", file=sys.stderr)
        return ExitStatus.BUG
    _say_where_else(asked)
    if told_systemd():
        print("If the service runs, it takes notice of this when it is restarted: sudo systemctl restart vocative")
    return ExitStatus.ASKED_TO_STOP


def asked_for() -> Secret | None:
    """Return the key that the owner types, unseen, or that stands in a line of standard input; None if there is none.

    On a terminal, what cannot be a key may be typed anew.
    """
    from getpass import getpass

    from ..keys.credentials import Secret, key_fault

    typed = sys.stdin.isatty()
    for _ in range(_TRIES if typed else 1):
        try:
            line = (
                getpass("API key (it is not shown; nothing to leave it as it is): ") if typed else sys.stdin.readline()
            )
        except (EOFError, KeyboardInterrupt):
            print()
            return None
        except UnicodeDecodeError:
            line = "\N{REPLACEMENT CHARACTER}"
        if not line.strip():
            return None
        fault = key_fault(line)
        if not fault:
            return Secret(line.strip())
        print(f"That cannot be a key: it {fault}.", file=sys.stderr)
    return None


def _say_where_else(asked: argparse.Namespace) -> None:
    """Say so if the configuration takes the key from elsewhere."""
    from ..config import load

    path = config_path(asked.config)
    try:
        live = load(path).live
    except ConfigurationError:
        return  # what is wrong with it is not what was asked
    for name, value in (("api_key_file", live.api_key_file), ("token_url", live.token_url)):
        if value:
            print(f"But {path} has live.{name} = {value!r}, which goes before it.")
