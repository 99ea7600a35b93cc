"""A button without a pin, on any event loop, in real or virtual time."""

from __future__ import annotations

import asyncio
import math
from collections import deque

from hardware.debounce import Debouncer
from hardware.interfaces import DeviceLost, DeviceMissing, Edge


class SimulatedButton:
    """A contact that bounces if told to, and the real driver's debouncing behind it.

    It is a `Button` from the beginning until `close`, and the same one when it is opened again. Hands: `press`,
    `release`, `bounce`, `lose`, `restore`. Eyes: `pressed`.
    """

    def __init__(self, *, debounce_s: float = 0.03) -> None:
        self.pressed = False
        """Whether the contact is closed right now."""
        self._debounce_s = debounce_s
        self._debouncer = Debouncer(debounce_s)
        self._edges: deque[Edge] = deque()
        self._moved = asyncio.Event()
        self._gone = ""
        self._timer: asyncio.TimerHandle | None = None
        self._there = True

    def __repr__(self) -> str:
        return f"<SimulatedButton {'pressed' if self.pressed else 'released'}{f' {self._gone}' if self._gone else ''}>"

    # --- hands ---

    def press(self) -> None:
        """Close the contact, cleanly."""
        self._set(True)

    def release(self) -> None:
        """Open the contact, cleanly."""
        self._set(False)

    def bounce(self, *, times: int = 3, apart_s: float = 0.001) -> None:
        """Let the contact, which has just moved, leave its state and come back `times`, every `apart_s`."""
        loop = asyncio.get_running_loop()
        for number in range(2 * times):
            loop.call_later((number + 1) * apart_s, self._set, self.pressed ^ (number % 2 == 0))

    def lose(self) -> None:
        """Take the pin away."""
        self._there = False
        if not self._gone:
            self._end("button: gone. Open it again")

    def restore(self) -> None:
        """Give the pin back. What was open stays lost, but can be opened again."""
        self._there = True

    # --- Button ---

    def open(self) -> None:
        """Look at the contact afresh; if it is closed already, that is an edge.

        Raises:
            DeviceMissing: It is lost.
        """
        if not self._there:
            raise DeviceMissing("button: not there")
        self._end("")
        self._debouncer = Debouncer(self._debounce_s)
        self._edges.clear()
        if self.pressed:
            self._feed()

    async def edge(self) -> Edge:
        """Wait for the next edge; see `Button.edge`."""
        while not self._edges:
            if self._gone:
                raise DeviceLost(self._gone)
            self._moved.clear()
            await self._moved.wait()
        return self._edges.popleft()

    async def close(self) -> None:
        """Look away; see `Button.close`."""
        self._end("button: closed")

    # --- the pin ---

    def _end(self, reason: str) -> None:
        self._gone = reason
        self._moved.set()
        if self._timer is not None:
            self._timer.cancel()

    def _set(self, pressed: bool) -> None:
        if pressed != self.pressed:
            self.pressed = pressed
            if not self._gone:
                self._feed()

    def _feed(self) -> None:
        # In virtual time the contact can move in the very instant in which it was polled: it did so just after.
        moved_s = math.nextafter(asyncio.get_running_loop().time(), math.inf)
        self._report(self._debouncer.feed(self.pressed, moved_s))

    def _look(self) -> None:
        self._report(self._debouncer.poll(asyncio.get_running_loop().time(), self.pressed))

    def _report(self, edges: list[Edge]) -> None:
        self._edges.extend(edges)
        self._moved.set()
        if self._timer is not None:
            self._timer.cancel()
        deadline_s = self._debouncer.deadline()
        if deadline_s is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline_s, self._look)
