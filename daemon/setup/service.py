"""The service, which holds the devices while it runs: stopped for the while, and started again."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..program import run

_UNIT: Final = "vocative.service"


class Service:
    """What systemd knows of it. All methods block for as long as systemctl takes."""

    def __init__(self, root: Path = Path("/"), run_program: Callable[..., bytes] = run) -> None:
        """Look for systemd below `root`; `run_program` is as `daemon.program.run`."""
        self._booted: Final = (root / "run/systemd/system").is_dir()
        self._run: Final = run_program

    def __repr__(self) -> str:
        return f"<Service systemd={self._booted}>"

    @property
    def exists(self) -> bool:
        """Whether there is one."""
        return self._done("cat")

    @property
    def runs(self) -> bool:
        """Whether it runs, or is just being started."""
        return self._done("is-active") or self._shown("ActiveState") == "activating"

    def stop(self) -> bool:
        """Stop it; return whether that worked."""
        return self._done("stop")

    def start(self) -> bool:
        """Start it; return whether that worked."""
        return self._done("start")

    def _done(self, verb: str) -> bool:
        if not self._booted:
            return False
        try:
            self._run("systemctl", verb, _UNIT)
        except (OSError, subprocess.SubprocessError):
            return False
        return True

    def _shown(self, name: str) -> str:
        if not self._booted:
            return ""
        try:
            return self._run("systemctl", "show", "--value", f"--property={name}", _UNIT).decode().strip()
        except (OSError, subprocess.SubprocessError):
            return ""
