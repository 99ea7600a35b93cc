"""What the page shows beside the ring, and what it can have done beside presses."""

from __future__ import annotations

import asyncio
import os
import sys
import webbrowser
from collections.abc import Callable
from dataclasses import asdict
from typing import Final

from hardware.blocking import in_thread
from hardware.interfaces import DeviceMissing
from hardware.settings import PageSettings
from hardware.shown import Ask, Shown
from hardware.web_page import Page
from hardware.web_server import HOST, serving
from hardware.web_visit import Visit

LOOK_S: Final = 1 / 15
"""Between two looks at the device."""
MAY_ASK: Final = frozenset({"mute", "unmute", "volume", "stop", "end", "look", "network"})
"""The first words of what the page can have done."""
MOST_ASKED: Final = 8
"""That are under way at once; one more is not done."""


class WebFront:
    """A `Front`."""

    def __init__(self, page: Page, settings: PageSettings) -> None:
        self._page: Final = page
        self._settings: Final = settings

    def __repr__(self) -> str:
        return f"<WebFront {self._page!r}>"

    @property
    def fills_terminal(self) -> bool:
        """False: it draws nothing there."""
        return False

    async def run(self, shown: Callable[[], Shown], ask: Ask) -> None:
        """Serve the page until cancelled, and say where; see `Front.run`.

        Raises:
            DeviceMissing: The port is taken.
        """
        try:
            async with serving(self._page, self._settings.port) as server:
                sys.stdout.write(f"The device is a page in your browser, on this machine only:\n\n    {server.url}\n\n")
                sys.stdout.flush()
                if self._settings.opens_browser:
                    await in_thread(lambda: webbrowser.open(server.url))
                await self._show(shown, ask)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else str(error)
            where = f"port {self._settings.port} of {HOST}"
            raise DeviceMissing(f"page: {where} cannot be served ({why}). Choose another") from error

    async def _show(self, shown: Callable[[], Shown], ask: Ask) -> None:
        before: Visit | None = None
        async with asyncio.TaskGroup() as group:
            asked: set[asyncio.Task[None]] = set()

            def take(words: tuple[str, ...]) -> None:
                if words[0] in MAY_ASK and len(asked) < MOST_ASKED:
                    task = group.create_task(self._have_done(words, ask))
                    asked.add(task)
                    task.add_done_callback(asked.discard)

            while True:
                visit = await self._page.visited()
                if visit is not before:
                    visit.on_ask, before = take, visit
                self._page.show("shown", asdict(shown()))
                await asyncio.sleep(LOOK_S)

    async def _have_done(self, words: tuple[str, ...], ask: Ask) -> None:
        try:
            await ask(words)
        except ValueError as error:
            if self._page.visit is not None:
                self._page.visit.tell({"notice": str(error)})
