"""What `vocative stand-in` can be told on the command line.

This is read for every command, so that what the service is made of (NumPy, pydantic) is imported when it is told.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from .stand_in.answer import Call
    from .stand_in.faults import Strike

CallAt: TypeAlias = "tuple[int, Call]"
"""In which answer, counted from 1, the model calls for what."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stand-in service's options to its command."""
    parser.add_argument(
        "--port", type=int, default=0, help="where to listen on 127.0.0.1; 0, the default, takes a free one"
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="PATH", help="where to write the CA that vouches for the service"
    )
    parser.add_argument("--with-parent", action="store_true", help="end, too, when standard input ends")
    parser.add_argument(
        "--log", type=Path, metavar="FILE.jsonl", help="write one line for every frame in either direction"
    )
    parser.add_argument(
        "--key", action="append", metavar="KEY", help="let in only this API key; may be given again for another"
    )
    parser.add_argument(
        "--token-credential",
        type=Path,
        metavar="FILE",
        help="be an owner's token service, too, at POST /token: for whoever shows what is in FILE",
    )
    parser.add_argument("--answer", type=Path, metavar="FILE.wav", help="what to answer: 16-bit mono, 16 or 24 kHz")
    parser.add_argument(
        "--speed", type=_pace, default=3.3, help="how many times as fast as it sounds to send an answer"
    )
    parser.add_argument("--think-ms", type=_milliseconds, default=600, help="how long to think before an answer")
    parser.add_argument(
        "--call",
        type=call_at,
        action="append",
        default=[],
        metavar="N:NAME JSON",
        help="have a function called before the N-th answer since the start, also where nobody waits for it; such as "
        """'2:set_timer {"seconds": 6, "label": "eggs"}'; may be given again for another""",
    )
    parser.add_argument(
        "--strike",
        type=strike_at,
        action="append",
        default=[],
        metavar="JSON",
        help="do something wrong when a moment comes, such as "
        """'{"at": "answer_chunk", "nth": 5, "does": "close", "code": 1011}', as in a scenario's [[service.faults]] """
        "(docs/scenarios.md); may be given again for another",
    )


def call_at(text: str) -> CallAt:
    """Return what `N:NAME JSON` means; without JSON the function has no arguments.

    Raises:
        ArgumentTypeError: It is not written like that.
    """
    from .stand_in.answer import Call

    number, _, called = text.partition(":")
    name, _, arguments = called.strip().partition(" ")
    try:
        found = json.loads(arguments or "{}")
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{arguments!r} is not JSON: {error}") from error
    if not (number.isdecimal() and int(number) and name.isidentifier() and isinstance(found, dict)):
        raise argparse.ArgumentTypeError(f'{text!r} is not like 2:set_timer {{"seconds": 6}}')
    return int(number), Call(name, found)


def strike_at(text: str) -> Strike:
    """Return what a fault of the service means, written as JSON.

    Raises:
        ArgumentTypeError: It is none.
    """
    from pydantic import ValidationError

    from .scenario import Misdeed

    try:
        return Misdeed.model_validate_json(text).strike()
    except ValidationError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: {error.errors()[0]['msg']}") from error


def _pace(text: str) -> float:
    pace = float(text)
    if not 0.05 <= pace <= 1000:
        raise argparse.ArgumentTypeError("must be between 0.05 and 1000")
    return pace


def _milliseconds(text: str) -> int:
    milliseconds = int(text)
    if milliseconds < 0:
        raise argparse.ArgumentTypeError("must not be negative")
    return milliseconds
