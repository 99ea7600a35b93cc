"""The machine that is looked at: its files below a folder, and what its own programs say. Changes nothing.

Everything comes from below `root`, programs included, so that a made-up machine can be laid out in a folder, and the
card of one that does not start can be looked at in another.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_PROGRAM_S: Final = 3.0
"""No program that is asked here takes longer on a machine that works."""
_LONGEST_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Node:
    """Who may do what with a file or a device."""

    path: str
    """As it is on the machine itself."""
    uid: int
    gid: int
    mode: int
    """The permission bits."""
    changed_s: float
    """When it was changed last, in seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class Space:
    """The file system that a folder is on."""

    free_bytes: int
    read_only: bool


class Machine:
    """Reads; all methods may block, and are safe on any thread."""

    def __init__(self, root: Path = Path("/")) -> None:
        self.root: Final = root

    def __repr__(self) -> str:
        return f"<Machine {self.root}>"

    @property
    def is_this_one(self) -> bool:
        """Whether it is the machine that this runs on, so that its parts can be opened."""
        return self.root == Path("/")

    @property
    def as_root(self) -> bool:
        """Whether everything may be looked at."""
        return os.geteuid() == 0

    @property
    def now_s(self) -> float:
        """The time of day, in seconds since the epoch."""
        return time.time()

    @property
    def environ(self) -> dict[str, str]:
        """The variables of whoever asks."""
        return dict(os.environ)

    def path(self, path: str) -> Path:
        """Return where a file of the machine lies."""
        return self.root / path.lstrip("/")

    def text(self, path: str) -> str | None:
        """Return what a small file says, without white space around it; None if it cannot be read."""
        try:
            with self.path(path).open("rb") as file:
                return file.read(_LONGEST_BYTES).decode(errors="replace").strip("\0 \t\r\n")
        except OSError:
            return None

    def names(self, pattern: str) -> tuple[str, ...]:
        """Return the paths on the machine that fit a pattern such as `/dev/snd/*`."""
        found = sorted(self.root.glob(pattern.lstrip("/")))
        return tuple(f"/{path.relative_to(self.root)}" for path in found)

    def node(self, path: str) -> Node | None:
        """Return who may use a file; None if it is not there, or this user may not even know."""
        try:
            status = self.path(path).stat()
        except OSError:
            return None
        return Node(path, status.st_uid, status.st_gid, status.st_mode & 0o7777, status.st_mtime)

    def open_to_us(self, pattern: str) -> bool:
        """Return whether this user may read and write any of the files that fit, or there are none."""
        names = self.names(pattern)
        return not names or any(os.access(self.path(name), os.R_OK | os.W_OK) for name in names)

    def space(self, path: str) -> Space | None:
        """Return what is left where `path` is, or will be; None if that cannot be found out."""
        place = self.path(path)
        while not place.exists() and place != self.root:
            place = place.parent
        try:
            status = os.statvfs(place)
        except OSError:
            return None
        return Space(status.f_bavail * status.f_frsize, bool(status.f_flag & os.ST_RDONLY))

    def said(self, program: str, *arguments: str, limit_s: float = _PROGRAM_S) -> str | None:
        """Return what one of the machine's programs prints; None if it is not there, fails, or takes too long."""
        path = self.path(f"/usr/bin/{program}")
        try:
            done = subprocess.run(  # noqa: S603 - a program of the system, with arguments of ours
                [path, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                timeout=limit_s,
                check=False,
                env={**os.environ, "LC_ALL": "C.UTF-8", "SYSTEMD_PAGER": "cat"},
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
