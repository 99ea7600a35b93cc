"""The page's place in the board: who visits it now, and what whoever comes next is to be told first."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from hardware.web_visit import Visit

TAKEN_OVER: Final = "another page has taken over"


class Page:
    """At most one visit at a time: the newest, which takes over. There is one microphone, and one ring."""

    def __init__(self, parts: Iterable[str], *, on_press: Callable[[], None] = lambda: None) -> None:
        """Wait for visitors.

        `parts` are those that the page is to be: it must ask its browser for some of them. `on_press` is called
        whenever its button is pressed.
        """
        self._on_press: Final = on_press
        self._lasting: Final[dict[str, object]] = {"parts": sorted(parts)}
        self._entered: Final = asyncio.Event()
        self.visit: Visit | None = None

    def __repr__(self) -> str:
        return f"<Page {self.visit}>"

    def enter(self, visit: Visit) -> None:
        """Let `visit` be the one, and tell it what it has missed; the one before is over."""
        if self.visit is not None:
            self.visit.end(TAKEN_OVER)
        self.visit = visit
        visit.on_button.append(self._moved)
        for name, value in self._lasting.items():
            visit.tell({name: value}, newest_of=name)
        self._entered.set()

    def leave(self, visit: Visit, reason: str) -> None:
        """Let `visit` be over."""
        visit.end(reason)
        if visit is self.visit:
            self.visit = None
            self._entered.clear()

    def show(self, name: str, value: object) -> None:
        """Have this page, and every later one, shown what is so until it is otherwise."""
        self._lasting[name] = value
        if self.visit is not None:
            self.visit.tell({name: value}, newest_of=name)

    def _moved(self, pressed: bool) -> None:
        if pressed:
            self._on_press()

    async def visited(self) -> Visit:
        """Wait until somebody has the page open."""
        while self.visit is None or self.visit.ended:
            self._entered.clear()
            await self._entered.wait()
        return self.visit

    async def sounding(self) -> Visit:
        """Wait until somebody has it open and its sound switched on."""
        while True:
            visit = await self.visited()
            if await _sounds(visit):
                return visit


async def _sounds(visit: Visit) -> bool:
    """Wait until the sound of `visit` is switched on, or (False) the visit is over."""
    waits = [asyncio.ensure_future(event.wait()) for event in (visit.sounding, visit.over)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    return visit.sounding.is_set()
