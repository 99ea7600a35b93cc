"""Puts a file in the place of an old one: whole or not at all, whatever fails meanwhile."""

from __future__ import annotations

import os
from pathlib import Path


def unfinished(path: Path) -> Path:
    """Return where a new file is before it has the name `path`; it stays there if the power fails meanwhile."""
    return path.with_name(f".{path.name}.new")


def put(path: Path, content: bytes, mode: int, like: os.stat_result | None = None) -> None:
    """Have `path` hold `content` with `mode`, and if `like` is given with the owner and group that that one has.

    It is written beside the old one, closed to others from its first byte on, forced to the disk and only then given
    its name.

    Raises:
        OSError: It cannot be; what was there before still is.
    """
    new_path = unfinished(path)
    new_path.unlink(missing_ok=True)
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        with os.fdopen(os.open(new_path, flags, 0o600), "wb") as file:
            if like is not None and os.geteuid() == 0:
                os.fchown(file.fileno(), like.st_uid, like.st_gid)
            os.fchmod(file.fileno(), mode)
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        new_path.replace(path)
    except BaseException:
        new_path.unlink(missing_ok=True)
        raise
    descriptor = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
