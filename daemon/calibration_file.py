"""What `vocative calibrate` measured last, in a file beside the daemon's state: for the journal and for `status`.

Written beside the old one, forced to the disk and only then given its name, as in `daemon.state`. It holds levels and
times, no sound.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Final

from daemon.audio.calibration import Echo, Room
from daemon.audio.echo_advice import Calibration

NAME: Final = "calibration.json"
VERSION: Final = 1


def save(folder: Path, calibration: Calibration) -> None:
    """Put `calibration` in the place of what was kept in `folder`, readable for the folder's owner alone.

    Raises:
        OSError: It cannot be kept; what was kept before still is.
    """
    new_path = folder / f".{NAME}.new"
    new_path.unlink(missing_ok=True)
    with os.fdopen(os.open(new_path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w") as file:
        if os.geteuid() == 0:  # by hand it is measured with sudo, but the daemon's own user must read it
            owner = folder.stat()
            os.fchown(file.fileno(), owner.st_uid, owner.st_gid)
        json.dump({"version": VERSION, **asdict(calibration)}, file)
        file.flush()
        os.fsync(file.fileno())
    new_path.replace(folder / NAME)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def load(folder: Path) -> Calibration | None:
    """Return what was measured last; None if nothing was, or if it cannot be read."""
    try:
        data = json.loads((folder / NAME).read_bytes())
        if data.pop("version") != VERSION:
            return None
        room = data.pop("room")
        echo = room.pop("echo")
        return Calibration(room=Room(echo=None if echo is None else Echo(**echo), **room), **data)
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None
