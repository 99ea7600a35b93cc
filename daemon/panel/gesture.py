"""From the button's edges, and from time, to what its user did.

    edges      ─┐  ┌───┐                 ┌───      ─┐                    ┌───
                └──┘   └─────────────────┘          └────────────────────┘
                short  within 0.4 s                 |<----- 1 s ---->|
    events      P  R   D                 R          P                L   R

    P Pressed, R Released with how long it was held, D Doubled in place of a press, L LongPressed

A press is told at once: nobody waits to see what becomes of it. What it began is undone or changed by whoever hears
that it has become something else.
"""

from __future__ import annotations

import math
from typing import Final, TypeAlias

from daemon.events import Doubled, LongPressed, Pressed, Released
from hardware.interfaces import Edge

Gesture: TypeAlias = Pressed | Released | Doubled | LongPressed

LONG_S: Final = 1.0
"""A press that is held for so long is a long one."""
SHORT_S: Final = 0.25
"""The first press of a double one is shorter than this."""
AGAIN_S: Final = 0.4
"""The second press of a double one comes within this time after the first has ended."""
_FOUND_S: Final = 0.05
"""A press within this time of the opening was there before: nobody is so quick."""


class Gestures:
    """What the edges of one button mean.

    Presses (plain or double) and releases strictly alternate, beginning with a press. A long press comes between the
    two, at most once, and not after a double one: that is held by whoever asks with it.

    Args:
        opened_s: When the button was opened. All times are of one clock.
    """

    def __init__(self, opened_s: float = -math.inf) -> None:
        self._opened_s: Final = opened_s
        self._pressed_s: float | None = None
        self._long_s: float | None = None
        """When the press that is going on will be a long one; None if it will not, or is."""
        self._double = False
        """It is the second of a double one."""
        self._again_by_s = -math.inf
        """Until when a press is the second of a double one."""

    def __repr__(self) -> str:
        return "<Gestures released>" if self._pressed_s is None else f"<Gestures pressed at {self._pressed_s:.3f} s>"

    def edge(self, edge: Edge) -> tuple[Gesture, ...]:
        """Return what `edge` means, in order; nothing, if the button was in that position already."""
        if edge.pressed == (self._pressed_s is not None):
            return ()
        if not edge.pressed:
            return self.let_go(edge.at_s)
        self._pressed_s = edge.at_s
        found = edge.at_s - self._opened_s <= _FOUND_S
        self._double = edge.at_s <= self._again_by_s
        self._long_s = None if found or self._double else edge.at_s + LONG_S
        return (Doubled(edge.at_s) if self._double else Pressed(edge.at_s, found),)

    def deadline(self) -> float | None:
        """Return when `due` must be called next, if no edge comes before; None for never."""
        return self._long_s

    def due(self, now_s: float) -> tuple[Gesture, ...]:
        """Return what has become of the button by now without an edge."""
        if self._long_s is None or now_s < self._long_s:
            return ()
        long_s, self._long_s = self._long_s, None
        return (LongPressed(long_s),)

    def let_go(self, now_s: float) -> tuple[Gesture, ...]:
        """Return what it means that nobody can be pressing any more: because of a release, or of a lost button.

        Must be called when the button is lost: a press whose release can never come would leave the microphone open.
        """
        if self._pressed_s is None:
            return ()
        long = self.due(now_s)  # whoever was to call it may have been late
        held_s = max(0.0, now_s - self._pressed_s)
        again = held_s < SHORT_S and not self._double
        self._again_by_s = now_s + AGAIN_S if again else -math.inf
        self._pressed_s = self._long_s = None
        return (*long, Released(now_s, held_s))
