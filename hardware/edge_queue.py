"""Edges of a button that wait to be read."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from hardware.interfaces import DeviceLost, Edge

KEPT_EDGES: Final = 256
"""More than seven seconds of the fastest pressing that debouncing lets through; an even number, see `EdgeQueue`."""


class EdgeQueue:
    """At most 256 edges, oldest first. Everything is called on the event loop's thread.

    Should nobody read for so long that it is full, its pairs of press and release are forgotten and only the newest
    edge is kept, so that the edges still alternate and end at the true level.
    """

    def __init__(self) -> None:
        self._edges: Final = deque[Edge]()
        self._gone = ""
        self._moved: Final = asyncio.Event()

    def __repr__(self) -> str:
        return f"<EdgeQueue {len(self._edges)} unread{f' {self._gone}' if self._gone else ''}>"

    @property
    def gone(self) -> str:
        """Why there will be no more; empty while there may be."""
        return self._gone

    def put(self, edge: Edge) -> None:
        """Append an edge."""
        if len(self._edges) == KEPT_EDGES:
            self._edges.clear()
        self._edges.append(edge)
        self._moved.set()

    def fail(self, reason: str) -> None:
        """Let `get` raise `DeviceLost(reason)` once the edges from before have been read; the first reason counts."""
        self._gone = self._gone or reason
        self._moved.set()

    async def get(self) -> Edge:
        """Wait for the next edge; cancelling loses none.

        Raises:
            DeviceLost: There are no more, see `fail`.
        """
        while not self._edges:
            if self._gone:
                raise DeviceLost(self._gone)
            self._moved.clear()
            await self._moved.wait()
        return self._edges.popleft()
