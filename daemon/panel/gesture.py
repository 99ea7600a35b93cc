"""From the button's edges to what its user did.

    edges      ─┐     ┌───────┐  ┌──
                └─────┘       └──┘
    events      P     R       P  R      P Pressed, R Released with how long it was held

An edge can mean any number of events, so gestures of several edges can be told from here without a change to
whoever passes the edges on.
"""

from __future__ import annotations

from daemon.events import Pressed, Released
from hardware.interfaces import Edge


class Gestures:
    """What the edges of one button mean. Presses and releases strictly alternate, beginning with a press."""

    def __init__(self) -> None:
        self._pressed_s: float | None = None

    def __repr__(self) -> str:
        return "<Gestures released>" if self._pressed_s is None else f"<Gestures pressed at {self._pressed_s:.3f} s>"

    def edge(self, edge: Edge) -> tuple[Pressed | Released, ...]:
        """Return what `edge` means, in order; nothing, if the button was in that position already."""
        if edge.pressed == (self._pressed_s is not None):
            return ()
        if not edge.pressed:
            return self.let_go(edge.at_s)
        self._pressed_s = edge.at_s
        return (Pressed(edge.at_s),)

    def let_go(self, now_s: float) -> tuple[Pressed | Released, ...]:
        """Return what it means that nobody can be pressing any more: because of a release, or of a lost button.

        Must be called when the button is lost: a press whose release can never come would leave the microphone open.
        """
        if self._pressed_s is None:
            return ()
        held_s = max(0.0, now_s - self._pressed_s)
        self._pressed_s = None
        return (Released(now_s, held_s),)
