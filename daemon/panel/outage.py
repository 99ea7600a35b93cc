"""When to open a lost part again, and what to tell of it: once, not at every attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daemon.journal import Level

SHORTEST_PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 10.0
"""A part that has been open for so long works; one that fails sooner is still in the same outage."""


class Outage:
    """The failures of one part from the first one until it works again."""

    def __init__(self, tell: Callable[..., None]) -> None:
        self._tell = tell
        self._pause_s: float | None = None

    def __repr__(self) -> str:
        return "<Outage none>" if self._pause_s is None else f"<Outage pause_s={self._pause_s:g}>"

    def failed(self, event: str, error: Exception) -> float:
        """Note that the part is missing or lost, tell it if that is news, and return the pause before the next try."""
        if self._pause_s is None:
            self._tell(event, level=Level.WARNING, reason=str(error))
            self._pause_s = SHORTEST_PAUSE_S
        else:
            self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)
        return self._pause_s

    def end(self) -> None:
        """Note that the part works. Must be called when it has been open for `STEADY_S`."""
        if self._pause_s is not None:
            self._tell("device.back")
            self._pause_s = None
