"""From a terminal's key strokes to a button that is pressed and released. Pure.

Most terminals say nothing when a key is let go; while it is held they send it again and again: once more after a
quarter to three quarters of a second, then about thirty times a second. So without more to go by

- a stroke alone presses, and the next one releases, in mode hold; in the other modes it is a tap;
- two strokes that follow each other faster than anybody can type are a key that is held: it is released when no more of
  them come.

A stroke at the time of the first repetition is looked at a moment later, when it is known which of the two it is.
"""

from __future__ import annotations

import math
from typing import Final

REPEATED_S: Final = 0.12
"""Strokes that are closer are not those of a finger."""
FIRST_REPEAT_S: Final = 0.8
"""Within this time after a stroke the next may be its first repetition."""
LET_GO_S: Final = 0.25
"""So long after the newest repetition the key is known to be up."""
TAP_S: Final = 0.1
"""How long a tap is."""


class Strokes:
    """The space bar of a terminal that does not tell of releases. All times are of one clock, in seconds."""

    def __init__(self) -> None:
        self.hold = True
        """Whether the device listens as long as its button is held (mode hold)."""
        self.pressed = False
        self._newest_s = -math.inf
        self._undecided = False
        """The newest stroke is the first repetition, or a stroke of its own."""
        self._repeating = False
        self._pressed_s = -math.inf

    def __repr__(self) -> str:
        return f"<Strokes {'pressed' if self.pressed else 'released'}{' repeating' if self._repeating else ''}>"

    def stroke(self, now_s: float) -> bool | None:
        """Take a stroke; return whether the button is pressed (True) or released by it, None if neither."""
        since_s, self._newest_s = now_s - self._newest_s, now_s
        if since_s < REPEATED_S:
            self._repeating, self._undecided = True, False
            return None
        if since_s < FIRST_REPEAT_S:
            self._undecided = True
            return None
        return self._struck(now_s)

    def deadline(self) -> float | None:
        """Return when `due` must be called, if no stroke comes before; None for never."""
        times_s = []
        if self._undecided:
            times_s.append(self._newest_s + REPEATED_S)
        if self._repeating:
            times_s.append(self._newest_s + LET_GO_S)
        if self.pressed and not self.hold:
            times_s.append(self._pressed_s + TAP_S)
        return min(times_s, default=None)

    def due(self, now_s: float) -> bool | None:
        """Return what time alone has done to the button; as `stroke` does."""
        if self.pressed and not self.hold and now_s >= self._pressed_s + TAP_S:
            self.pressed = False
            return False
        if self._undecided and now_s >= self._newest_s + REPEATED_S:
            self._undecided = False
            return self._struck(now_s)
        if self._repeating and now_s >= self._newest_s + LET_GO_S:
            self._repeating = False
            if self.pressed:
                self.pressed = False
                return False
        return None

    def _struck(self, now_s: float) -> bool:
        self.pressed = not self.pressed
        self._pressed_s = now_s
        return self.pressed
