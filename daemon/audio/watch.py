"""Looks for a voice before a closed gate.

    frames   . . v . . . v V V . V V V .         v: too little to be sure
                         |<-window->|found

All time is audio: one frame is 20 ms.
"""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW: Final = 1.4
"""Voice is looked for within this many times the attack: speech has unvoiced frames in between."""


class Watch:
    """Finds one voice, and then no other.

    Args:
        attack_frames: How much voice is one.
        for_frames: How long to look for it; None for ever.
    """

    def __init__(self, attack_frames: int, for_frames: int | None = None) -> None:
        self.attack_frames: Final = max(1, attack_frames)
        self._for_frames: Final = for_frames
        self._window: Final = deque[bool](maxlen=round(self.attack_frames * WINDOW))
        self._passed = 0
        self._found = False

    def __repr__(self) -> str:
        return f"<Watch {'found' if self._found else f'{sum(self._window)} of {self.attack_frames} frames'}>"

    @property
    def left(self) -> float:
        """How much is left of its time, 0 to 1."""
        return max(0.0, 1.0 - self._passed / self._for_frames) if self._for_frames else 1.0

    @property
    def over(self) -> bool:
        """Whether its time has passed."""
        return self._for_frames is not None and self._passed >= self._for_frames

    def heard(self, voiced: bool) -> bool:
        """Take the verdict on the next frame; return whether it completes a voice."""
        self._passed += 1
        self._window.append(voiced)
        if self._found or sum(self._window) < self.attack_frames:
            return False
        self._found = True
        return True

    def lost(self, frames: int) -> None:
        """Let time pass for `frames` that were not heard."""
        self._passed += frames

    def forget(self) -> None:
        """Take no voice for one that began until now."""
        self._window.clear()
