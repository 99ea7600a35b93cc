"""What was carried out a moment ago, so that the same call, made again, is not carried out a second time. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

REPEAT_S: Final = 10.0
"""So long after its end a call is remembered. The time without a session does not count."""
MOST_REMEMBERED: Final = 32
"""The oldest are forgotten first."""


class Remembered:
    """Responses by call. Every `now` is in seconds, of one clock."""

    def __init__(self) -> None:
        self._responses: Final = dict[str, tuple[float, Mapping[str, object]]]()
        """When each was settled, and how; the oldest first."""
        self._paused_s: float | None = None
        """Since when there has been no session."""

    def __repr__(self) -> str:
        return f"<Remembered {len(self._responses)}>"

    def add(self, key: str, response: Mapping[str, object], now: float) -> None:
        """Remember how a call was settled just now."""
        self._responses.pop(key, None)
        self._responses[key] = (now, response)
        if len(self._responses) > MOST_REMEMBERED:
            del self._responses[next(iter(self._responses))]

    def get(self, key: str, now: float) -> Mapping[str, object] | None:
        """Return how the same call was settled; None if that is too long ago, or was never."""
        self._drop_old(now)
        _, response = self._responses.get(key, (0.0, None))
        return response

    def pause(self, now: float) -> None:
        """Note that the session has ended, and will be asked again what it has not answered: that may take a while."""
        self._drop_old(now)
        self._paused_s = now if self._paused_s is None else self._paused_s

    def go_on(self, now: float) -> None:
        """Note that there is a session again."""
        if self._paused_s is not None:
            away_s, self._paused_s = now - self._paused_s, None
            for key, (settled_s, response) in self._responses.items():
                self._responses[key] = (min(now, settled_s + away_s), response)

    def clear(self) -> None:
        """Remember nothing: the session has ended, and nobody will be asked again."""
        self._responses.clear()
        self._paused_s = None

    def _drop_old(self, now: float) -> None:
        now = now if self._paused_s is None else self._paused_s
        for key in [key for key, (settled_s, _) in self._responses.items() if now - settled_s >= REPEAT_S]:
            del self._responses[key]
