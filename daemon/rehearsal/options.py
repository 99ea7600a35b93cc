"""What `vocative stand-in` can be told on the command line."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the stand-in service's options to its command."""
    parser.add_argument(
        "--port", type=int, default=0, help="where to listen on 127.0.0.1; 0, the default, takes a free one"
    )
    parser.add_argument(
        "--ca-file", type=Path, metavar="PATH", help="where to write the CA that vouches for the service"
    )
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
