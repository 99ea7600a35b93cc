"""The button in the page: its ring, for mouse, touch and space bar. It does not bounce."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

from hardware.interfaces import DeviceLost, Edge
from hardware.web_page import Page
from hardware.web_visit import Visit

_KEPT_EDGES: Final = 256
"""Beyond that only the newest is kept, as for a button on a pin: pairs of press and release are forgotten."""


class WebButton:
    """A `Button`. `open_web_button` makes one."""

    def __init__(self, visit: Visit) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._visit: Final = visit
        self._edges: Final[deque[Edge]] = deque()
        self._news: Final = asyncio.Event()
        self._pressed = False
        self._gone = ""
        visit.on_button.append(self._moved)
        visit.on_end.append(self._lost)
        if visit.pressed:
            self._moved(True)

    def __repr__(self) -> str:
        return f"<WebButton edges={len(self._edges)} {self._gone}>"

    async def edge(self) -> Edge:
        """Wait for the next edge; see `Button.edge`."""
        while not self._edges:
            if self._gone:
                raise DeviceLost(self._gone)
            self._news.clear()
            await self._news.wait()
        return self._edges.popleft()

    async def close(self) -> None:
        """Look away; see `Button.close`."""
        if self._moved in self._visit.on_button:
            self._visit.on_button.remove(self._moved)
            self._visit.on_end.remove(self._lost)
        self._give_up("button: closed")

    def _moved(self, pressed: bool) -> None:
        if len(self._edges) == _KEPT_EDGES:
            self._edges.clear()
        self._pressed = pressed
        self._edges.append(Edge(pressed, self._loop.time()))
        self._news.set()

    def _lost(self, reason: str) -> None:
        if self._pressed:
            self._moved(False)
        self._give_up(f"button: {reason}")

    def _give_up(self, reason: str) -> None:
        self._gone = self._gone or reason
        self._news.set()


async def open_web_button(page: Page) -> WebButton:
    """Wait until somebody has the page open, and watch its button."""
    return WebButton(await page.visited())
