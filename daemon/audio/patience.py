"""How long a silence ends what somebody says: more for who hesitates, less for who never does.

    says it    ~~~~~~~~....~~~~~~.......~~~~~~~~___________
                       |  |      |     |        |          |ended(): it was the end; a little less next time
                       paused()  paused()       |<-hangover->|

    and if the hangover was too short:
               ~~~~~~~~______________......~~~~~~
                       |<--hangover-->|    |went_on(): the pause was the hangover and this; more at once

All time is audio: one frame is 20 ms.
"""

from __future__ import annotations

from typing import Final

from hardware.pcm import FRAME_MS

_HEADROOM: Final = 1.3
"""Who pauses for so long once will pause for this many times as long some day."""
_FALL: Final = 0.1
"""After a turn, this share of the way is gone down to what the turn would have needed.

With both as they are, simulated speakers whose pauses have a median of 450 ms are cut in 7 % of their turns, where
700 ms that never change cut 36 %; with a median of 250 ms little changes, and with 150 ms the end is noticed 175 ms
sooner (`tests/unit/test_patience.py` has these speakers).
"""


class Patience:
    """The hangover of one speaker. It rises at once, falls over many turns, and stays inside its bounds.

    With equal bounds it never changes.

    Args:
        start_ms: The hangover to begin with.
        shortest_ms: It is never less.
        longest_ms: It is never more.
    """

    def __init__(self, start_ms: int, shortest_ms: int, longest_ms: int) -> None:
        assert 0 < shortest_ms <= start_ms <= longest_ms, f"not in order: {shortest_ms}, {start_ms}, {longest_ms}"
        self._shortest: Final = shortest_ms // FRAME_MS
        self._longest: Final = longest_ms // FRAME_MS
        self._hangover = float(start_ms // FRAME_MS)
        self._longest_pause = 0
        """Of the turn that is going on."""

    def __repr__(self) -> str:
        return f"<Patience {self.hangover_frames} frames, {self._shortest} to {self._longest}>"

    @property
    def hangover_frames(self) -> int:
        """How many frames without a voice end what is being said."""
        return round(self._hangover)

    def paused(self, frames: int) -> None:
        """Take a pause of `frames` within speech, after which the same person went on."""
        self._longest_pause = max(self._longest_pause, frames)
        self._hangover = max(self._hangover, self._needed())

    def went_on(self, frames: int) -> None:
        """Take it that the last end of speech was none: the same person spoke again `frames` after it was told.

        Only before an answer sounded: afterwards whoever speaks is answering, not going on.
        """
        self.paused(self.hangover_frames + frames)

    def ended(self) -> None:
        """Take it that a turn ended where its speaker meant it to end."""
        self._hangover -= _FALL * max(0.0, self._hangover - self._needed())
        self._longest_pause = 0

    def _needed(self) -> float:
        """Return the hangover that this turn's pauses ask for, inside the bounds."""
        return min(max(_HEADROOM * self._longest_pause, self._shortest), self._longest)
