"""What all commands have in common."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    Commands: TypeAlias = argparse._SubParsersAction[argparse.ArgumentParser]
else:
    Commands: TypeAlias = object


def add_config(parser: argparse.ArgumentParser, what_for: str = "default: /etc/vocative/vocative.toml") -> None:
    """Let `parser` take `--config FILE`."""
    parser.add_argument("--config", type=Path, metavar="FILE", help=what_for)


def config_path(given: Path | None) -> Path:
    """Return the configuration file that was `given`, or the one that a device has."""
    from ..config import default_path

    return given or default_path()
