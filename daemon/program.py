"""Runs a program of the system and waits for its end."""

from __future__ import annotations

import shutil
import subprocess
from typing import Final

LONGEST_S: Final = 60.0
"""A TPM, or a service that stops, takes seconds; what takes longer hangs."""


def run(program: str, *arguments: str, given: bytes = b"") -> bytes:
    """Return what `program` wrote to its standard output when it was `given` that as standard input.

    Raises:
        FileNotFoundError: There is none of that name.
        subprocess.SubprocessError: It failed, or hung.
    """
    path = shutil.which(program)
    if path is None:
        raise FileNotFoundError(program)
    done = subprocess.run(  # noqa: S603 (its callers name programs of systemd)
        [path, *arguments], input=given, capture_output=True, check=True, timeout=LONGEST_S
    )
    return done.stdout
