"""Which handle a session is resumed with. A handle opens the session, so no `repr` shows it (live-api.md 1.6)."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

HANDLE_AGE_S: Final = 115 * 60.0
"""Five minutes less than the two hours for which the service keeps a session (live-api.md 1.6)."""


class HandleStore:
    """Keeps the newest handle that can be resumed with, for one fingerprint (`setup.fingerprint`).

    Args:
        on_change: Called whenever another handle is kept, or none any more.
    """

    def __init__(self, on_change: Callable[[], None] = lambda: None) -> None:
        self._on_change: Final = on_change
        self._handle: str | None = None
        self._offered_s = 0.0
        self._fingerprint = ""
        self.session_id = ""
        """What the journal calls the session of the moment; empty before the first."""
        self.session_began_s = 0.0
        """When it began, by its first link."""
        self._refused: deque[str] = deque(maxlen=256)
        """Enough to outlive any handle: a refusal costs a connection, and a handle lives two hours."""

    def __repr__(self) -> str:
        return f"<HandleStore {'holds one' if self._handle else 'empty'}, refused {len(self._refused)}>"

    def begin_session(self, session_id: str, now: float) -> None:
        """Note that a new session has begun."""
        self.session_id, self.session_began_s = session_id, now

    @property
    def newest(self) -> tuple[str, str, float] | None:
        """The handle kept, its fingerprint, and when it was offered; for keeping it across a restart."""
        return None if self._handle is None else (self._handle, self._fingerprint, self._offered_s)

    def offer(self, handle: str | None, resumable: bool, now: float, *, fingerprint: str) -> None:
        """Keep `handle`, which a session with that fingerprint can be resumed with.

        Nothing changes where it cannot, or the handle is empty or was refused: the last good one is still good.
        """
        if handle and resumable and handle not in self._refused:
            self._handle, self._offered_s, self._fingerprint = handle, now, fingerprint
            self._on_change()

    def take(self, now: float, fingerprint: str) -> str | None:
        """Return the handle to resume with, if it is young enough and of this fingerprint; it stays kept."""
        if self._fingerprint != fingerprint or now - self._offered_s >= HANDLE_AGE_S:
            return None
        return self._handle

    def refuse(self, handle: str | None) -> None:
        """Never return `handle` again, nor what its session has offered since."""
        self._refused.extend(refused for refused in (handle, self._handle) if refused is not None)
        self._handle = None
        self._on_change()
