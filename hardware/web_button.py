"""The button in the page: its ring, for mouse, touch and space bar. It does not bounce."""

from __future__ import annotations

import asyncio
from typing import Final

from hardware.edge_queue import EdgeQueue
from hardware.interfaces import Edge
from hardware.web_page import Page
from hardware.web_visit import Visit


class WebButton:
    """A `Button`. `open_web_button` makes one."""

    def __init__(self, visit: Visit) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._visit: Final = visit
        self._edges: Final = EdgeQueue()
        self._pressed = False
        visit.on_button.append(self._moved)
        visit.on_end.append(self._lost)
        if visit.pressed:
            self._moved(True)

    def __repr__(self) -> str:
        return f"<WebButton {self._edges!r}>"

    async def edge(self) -> Edge:
        """Wait for the next edge; see `Button.edge`."""
        return await self._edges.get()

    async def close(self) -> None:
        """Look away; see `Button.close`."""
        if self._moved in self._visit.on_button:
            self._visit.on_button.remove(self._moved)
            self._visit.on_end.remove(self._lost)
        self._edges.fail("button: closed")

    def _moved(self, pressed: bool) -> None:
        self._pressed = pressed
        self._edges.put(Edge(pressed, self._loop.time()))

    def _lost(self, reason: str) -> None:
        if self._pressed:
            self._moved(False)
        self._edges.fail(f"button: {reason}")


async def open_web_button(page: Page) -> WebButton:
    """Wait until somebody has the page open, and watch its button."""
    return WebButton(await page.visited())
