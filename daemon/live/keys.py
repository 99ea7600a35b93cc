"""Which token a connection is opened with: the one at hand, or a new one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from daemon.errors import LinkError

from .tokens import Token, unusable

SHORTEST_S: Final = 20.0
"""A token that is fetched with less to live is not worth a connection; clocks that differ look like this, too."""


@dataclass(frozen=True, slots=True)
class Key:
    """What one connection is opened with."""

    text: str = field(repr=False)
    leave_in_s: float
    """After how long the connection should be left."""
    left_s: float
    """How long the key is then still good."""


class Keys:
    """Gives a token for each new session, and for its resumptions until the token is near its end.

    Whether a token may be shown again for a resume is disputed: the documents and one measurement say so, others were
    closed with 1011 ("Token has been used too many times", "new_session_expire_time deadline exceeded"). So it is
    tried, and after the first refusal every connection gets a token of its own.

    Args:
        fetch: Gets a new token; raises `LinkError`.
        wall: Returns the wall clock, in seconds since 1970.
    """

    def __init__(self, fetch: Callable[[], Awaitable[Token]], wall: Callable[[], float]) -> None:
        self._fetch: Final = fetch
        self._wall: Final = wall
        self._token: Token | None = None
        self._shown = False
        """The service has seen the token."""
        self._again = True
        """The service takes a token again, as far as we know."""

    def __repr__(self) -> str:
        return f"<Keys {self._token} shown={self._shown} again={self._again}>"

    async def key(self, *, new_session: bool) -> Key:
        """Return what the next connection is to be opened with; `tried` must be told what came of it.

        Waits for a token to be fetched, if that at hand does not do; if cancelled then, the next call fetches.

        Raises:
            LinkError: There is none to be had.
        """
        now_s = self._wall()
        if self._token is None or not self._good(self._token, now_s, new_session=new_session):
            self._token = None
            token = await self._fetch()
            now_s = self._wall()
            if token.expires_s - now_s < SHORTEST_S:
                raise unusable("by this device's clock it is over, or as good as over")
            self._token, self._shown = token, False
        left_s = self._token.expires_s - now_s
        # A token that is short-lived from the start is used for half of its time, or there would be no end of moving.
        leave_in_s = max(self._token.refresh_at_s - now_s, left_s / 2)
        return Key(self._token.name, leave_in_s, left_s - leave_in_s)

    def _good(self, token: Token, now_s: float, *, new_session: bool) -> bool:
        if not self._shown:
            return token.usable_for_new_session(now_s)
        return not new_session and self._again and token.usable_for_resume(now_s)

    def tried(self, failure: LinkError | None) -> None:
        """Take what came of the connection that the last key was for: a failure, or None when it was set up.

        A token that the service has not even seen is kept, and one that it refused is never shown again.
        """
        if failure is None:
            self._shown = True
        elif failure.close_code is not None or failure.http_status is not None:
            self._again = self._again and not self._shown
            self._token = None
