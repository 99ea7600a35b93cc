"""What a bouncing contact means: raw edges in, clean and strictly alternating edges out. Pure."""

from __future__ import annotations

from math import inf
from typing import Final

from hardware.interfaces import Edge

RECHECK_S: Final = 0.25
"""How often a button that is reported as pressed is looked at again. A release whose raw edge was lost must not
leave the microphone open."""


class Debouncer:
    """Reports a change at once and then looks away for one window; what it missed, it reports afterwards.

        contact    ______||‾|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|‾||_______      _____||‾|_________________
        reported   ______|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|__________      _____|‾‾‾‾‾‾‾‾‾|__________
                         ├─ window ─┤        ├─ window ─┤          ├─ window ─┤├─ window ─┤
                                                                   a tap shorter than the window

    The caller hands every raw edge to `feed`, and calls `poll` with the pin's level at each `deadline`. All times
    are seconds of one monotonic clock.
    """

    def __init__(self, window_s: float) -> None:
        self._window_s: Final = window_s
        self._pressed = False
        """What was reported last."""
        self._raw = False
        """What the contact was last known to be."""
        self._moved_s: float | None = None
        """When the contact left the reported level for good (so far), inside the present window."""
        self._blind_until_s: float | None = None
        """The end of the present window."""
        self._read_s = -inf
        """When the level was last read: raw edges older than that say nothing new."""

    def __repr__(self) -> str:
        return f"Debouncer(pressed={self._pressed}, blind_until_s={self._blind_until_s})"

    def deadline(self) -> float | None:
        """Return when `poll` must be called next, or None: not before something has been fed."""
        if self._blind_until_s is not None:
            return self._blind_until_s
        return self._read_s + RECHECK_S if self._pressed else None

    def feed(self, pressed: bool, at_s: float) -> list[Edge]:
        """Take a raw edge, which may reach us late but in order, and return what it means: usually one edge or none."""
        if at_s < self._read_s:
            return []
        edges: list[Edge] = []
        # The caller may be late: then the window ended, at the level of that time, before this edge.
        while self._blind_until_s is not None and at_s >= self._blind_until_s:
            edges += self._settle(self._raw, self._blind_until_s)
        if pressed != self._raw:
            self._raw = pressed
            if self._blind_until_s is None:
                edges += self._report(at_s, at_s)
            else:
                self._moved_s = at_s if pressed != self._pressed else None
        return edges

    def poll(self, now: float, level: bool) -> list[Edge]:
        """Take the contact's true `level` at `now`, return the edge that it reveals, if any. Early calls do nothing."""
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return []
        self._read_s = now
        return self._settle(level, now)

    def _settle(self, level: bool, now: float) -> list[Edge]:
        self._raw = level
        self._blind_until_s = None
        moved_s, self._moved_s = self._moved_s, None
        if level == self._pressed:
            return []
        return self._report(now if moved_s is None else moved_s, now)

    def _report(self, moved_s: float, now: float) -> list[Edge]:
        self._pressed = self._raw
        self._blind_until_s = now + self._window_s
        return [Edge(self._pressed, moved_s)]
