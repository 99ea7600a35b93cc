"""What a speaker really handed to its device, silence included: for who takes its echo out, or asks what was late."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

_MOST_PIECES: Final = 200
"""2 s at 10 ms each: nobody waits longer to read them, and if nobody reads them, it costs nothing more."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples that follow on those of the piece before, unless the device ran dry between them."""

    pcm: bytes
    """s16le, mono, 24 kHz, any length; after volume, mixing and fades."""
    sounds_s: float
    """When the first of them reaches the converter, as the driver knows it; the loop's clock, and not exact."""


class Played:
    """The newest of what was played, at most 2 s: older pieces are dropped unread.

    `add` is called on the device's own thread, everything else on the event loop's; a deque and a number that one
    thread writes need no lock for that.
    """

    def __init__(self) -> None:
        self._pieces: Final = deque[Piece](maxlen=_MOST_PIECES)
        self._silent_s = 0.0

    def __repr__(self) -> str:
        return f"<Played {len(self._pieces)} pieces unread, {self._silent_s:.2f} s silent>"

    @property
    def silent_s(self) -> float:
        """How much silence the device was given because nothing was there, since it was opened.

        Frames of silence that were written are not in it. What is in it between two frames that should follow each
        other is a gap: the second one was written too late.
        """
        return self._silent_s

    def add(self, pcm: bytes, sounds_s: float, *, silent_s: float) -> None:
        """Note what the device was just given; its last `silent_s` stand for what was not there."""
        self._silent_s += silent_s
        self._pieces.append(Piece(pcm, sounds_s))

    def take(self) -> list[Piece]:
        """Return every piece since the last call, oldest first."""
        return [self._pieces.popleft() for _ in range(len(self._pieces))]
