"""How long it takes until the next link is tried: a pause, unless somebody is in a hurry."""

from __future__ import annotations

import asyncio
import contextlib
from typing import Final

from .unanswered import Unanswered

HURRY_S: Final = 1.0
"""The least pause that a press of the button can shorten a back-off to."""


class Hurry:
    """Knows who waits for a link, and sleeps no longer than they let it.

    Args:
        unanswered: Gives up what becomes too old meanwhile.
    """

    def __init__(self, unanswered: Unanswered) -> None:
        self._unanswered: Final = unanswered
        self._hurry: Final = asyncio.Event()
        """An attempt is worth making now."""
        self._renewed: Final = asyncio.Event()
        """What links are made with has changed."""
        self._wanted: Final = asyncio.Event()
        """Somebody wants to speak."""

    def __repr__(self) -> str:
        waits = {"hurry": self._hurry, "renewed": self._renewed, "wanted": self._wanted}
        return f"<Hurry {' '.join(name for name, event in waits.items() if event.is_set()) or 'none'}>"

    @property
    def renewed(self) -> bool:
        """Whether what links are made with has changed since the newest attempt began."""
        return self._renewed.is_set()

    def begin(self) -> None:
        """An attempt begins: who was in a hurry until now has what he wanted."""
        self._renewed.clear()
        self._hurry.clear()

    def want(self) -> None:
        """Somebody wants to speak."""
        self._wanted.set()
        self._hurry.set()

    def renew(self) -> None:
        """What links are made with has changed."""
        self._renewed.set()
        self._hurry.set()

    def network_came(self) -> None:
        """There is a network again."""
        self._hurry.set()

    async def until_wanted(self, *, served: bool) -> None:
        """Sleep until somebody wants to speak. Who did so until now still does, unless all of them are `served`."""
        if served:
            self._wanted.clear()
        await self._wanted.wait()

    async def pause(self, pause_s: float, *, patient: bool, was_up: bool) -> None:
        """Sleep for `pause_s`, or until somebody is in a hurry; not sooner than `HURRY_S` then.

        What becomes too old meanwhile is given up at its time.

        Args:
            pause_s: How long it is best to wait.
            patient: Only another configuration is a reason to hurry.
            was_up: The link that is gone was up, so that what came until now is no reason; what came during an attempt
                that failed is.
        """
        loop = asyncio.get_running_loop()
        if was_up:
            self._hurry.clear()
        await asyncio.sleep(min(pause_s, HURRY_S))
        over_s = loop.time() + pause_s - HURRY_S
        in_a_hurry = self._renewed if patient else self._hurry
        while loop.time() < over_s and not in_a_hurry.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(min(over_s, self._unanswered.late_s(loop.time()))):
                    await in_a_hurry.wait()
            self._unanswered.late(loop.time())
