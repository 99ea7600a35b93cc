"""What `vocative calibrate` measured last, in a file beside the daemon's state: for the journal and for `status`.

It holds levels and times, no sound.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Final

from daemon.audio.calibration import Echo, Room
from daemon.audio.echo_advice import Calibration
from daemon.new_file import put

NAME: Final = "calibration.json"
VERSION: Final = 1


def save(folder: Path, calibration: Calibration) -> None:
    """Put `calibration` in the place of what was kept in `folder`, readable for the folder's owner alone.

    Raises:
        OSError: It cannot be kept; what was kept before still is.
    """
    content = json.dumps({"version": VERSION, **asdict(calibration)}).encode()
    # By hand it is measured with sudo, but the daemon's own user must read it.
    put(folder / NAME, content, 0o600, like=folder.stat())


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
