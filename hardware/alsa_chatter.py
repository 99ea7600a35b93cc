"""Keeps off stderr what ALSA and JACK print there about each device that is not as they would have it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

_CHATTER: Final = (
    *(b"ALSA lib ", b"Expression '", b"\n"),
    *(b"Cannot connect to server", b"jack server is not", b"JackShm"),
    *(b"JackMessageBuffer", b"Cannot create message buffer", b"Cannot create thread res"),  # no real time for JACK here
)


@contextmanager
def chatter_held_back() -> Iterator[None]:
    """Keep off stderr what ALSA and JACK print about each card that is not there: a dozen lines at every attempt.

    The libraries write to file descriptor 2 itself, which belongs to the whole process. Whatever else is written
    meanwhile, by any thread, comes out when the body ends. So the body must be one that returns: PortAudio's
    initialisation does, within a second, opening a device might not.
    """
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not line.startswith(_CHATTER)))
