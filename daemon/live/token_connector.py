"""Links that are opened with tokens, and left before the token ends.

    Supervisor ── connect(handle) ──► TokenConnector ── key ──► Keys ── if need be ──► TokenService
                                           └── connect(handle, token) ──► GenaiConnector

Neither end knows of tokens: to the supervisor their end is a go-away, to the connector they are keys.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from daemon.errors import LinkError

from .downward import Downward, GoAway
from .keys import Key, Keys
from .link import Link
from .upward import Upward


class KeyedConnector(Protocol):
    """Makes links with a key that is given to it each time."""

    async def prepare(self) -> str:
        """See `Connector`."""
        ...

    async def connect(self, handle: str | None, key: str) -> Link:
        """Connect with `key`; see `Connector`."""
        ...


class TokenConnector:
    """A `Connector` that opens each link with a token."""

    def __init__(self, connector: KeyedConnector, keys: Keys) -> None:
        self._connector: Final = connector
        self._keys: Final = keys

    def __repr__(self) -> str:
        return f"<TokenConnector {self._keys}>"

    async def prepare(self) -> str:
        """See `Connector`."""
        return await self._connector.prepare()

    async def connect(self, handle: str | None) -> Link:
        """Connect with the token at hand or a new one; see `Connector`. The token service's failures are raised, too.

        Whether to try again, and when, is for who calls; after a refusal that is with a new token.
        """
        key = await self._keys.key(new_session=handle is None)
        try:
            link = await self._connector.connect(handle, key.text)
        except LinkError as failure:
            self._keys.tried(failure)
            raise
        self._keys.tried(None)
        return TokenLink(link, key)


class TokenLink:
    """A `Link` that announces the end of its token as the service announces that of a connection: with a go-away.

    So an answer under way is finished, and then the session is resumed with another token.
    """

    def __init__(self, link: Link, key: Key) -> None:
        self._link: Final = link
        self._left_s: Final = key.left_s
        self._leave_at_s: float | None = asyncio.get_running_loop().time() + key.leave_in_s

    def __repr__(self) -> str:
        return f"<TokenLink {self._link}>"

    async def send(self, item: Upward) -> None:
        """Send one item; see `Link`."""
        await self._link.send(item)

    async def receive(self) -> tuple[Downward, ...]:
        """Wait for the next message, or for the time to leave; see `Link`."""
        try:
            async with asyncio.timeout_at(self._leave_at_s) as leaving:
                return await self._link.receive()
        except TimeoutError:
            if not leaving.expired():
                raise
        self._leave_at_s = None
        return (GoAway(self._left_s),)

    async def close(self, *, politely: bool) -> None:
        """End the connection; see `Link`."""
        await self._link.close(politely=politely)
