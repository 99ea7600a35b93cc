"""When to open a lost part again, and what to tell of it: once, not at every attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daemon.journal import Level

SHORTEST_PAUSE_S: Final = 1.0
STEADY_S: Final = 10.0
"""A part that has been open for so long works; one that fails sooner is still in the same outage."""


class Pauses:
    """How long to wait before each try of one outage: 1 s, then twice as long each time, up to `longest_s`."""

    def __init__(self, longest_s: float) -> None:
        self._longest_s: Final = longest_s
        self._last_s = 0.0

    def __repr__(self) -> str:
        return f"<Pauses {self._last_s:g} s>"

    @property
    def begun(self) -> bool:
        """Whether there was a pause since the last `reset`."""
        return self._last_s > 0.0

    def longer_s(self) -> float:
        """Return the next pause."""
        self._last_s = min(self._longest_s, 2 * self._last_s) if self.begun else SHORTEST_PAUSE_S
        return self._last_s

    def reset(self) -> None:
        """Begin anew."""
        self._last_s = 0.0


class Outage:
    """The failures of one part from the first one until it works again.

    Args:
        tell: The journal: what `failed` is given (reason) as a warning, and `device.back`.
        longest_pause_s: The longest time between two tries.
    """

    def __init__(self, tell: Callable[..., None], *, longest_pause_s: float = 30.0) -> None:
        self._tell: Final = tell
        self._pauses: Final = Pauses(longest_pause_s)

    def __repr__(self) -> str:
        return f"<Outage {self._pauses!r}>"

    def failed(self, event: str, error: Exception) -> float:
        """Note that the part is missing or lost, tell it if that is news, and return the pause before the next try."""
        if not self._pauses.begun:
            self._tell(event, level=Level.WARNING, reason=str(error))
        return self._pauses.longer_s()

    def end(self) -> None:
        """Note that the part works. Must be called when it has been open for `STEADY_S`."""
        if self._pauses.begun:
            self._tell("device.back")
            self._pauses.reset()
