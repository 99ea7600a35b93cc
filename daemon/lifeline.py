"""The link of this device, for rooms that need not know whether there is a key for one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

from .events import Event, FaultFound
from .live.recollection import Recollection
from .live.supervisor import Supervisor
from .status import Fault

Presence = Callable[[Callable[[], None]], Coroutine[None, None, None]]
"""Calls what it is given whenever there is a network again, until cancelled."""


class Lifeline:
    """What can be wanted of the link. Without a key there is none, and nothing comes of it.

    Args:
        dispatch: Takes what happened: `Fault.KEY` where there is no key.
        presence: Notices networks; None where nothing tells of them.
        recollection: What a new session is told of the one before.
    """

    def __init__(
        self, dispatch: Callable[[Event], None], presence: Presence | None, recollection: Recollection
    ) -> None:
        self._dispatch: Final = dispatch
        self._presence: Final = presence
        self._recollection: Final = recollection
        self.supervisor: Supervisor | None = None
        """Who keeps the link; None where there is no key. It is made last, because it serves everything else."""

    def __repr__(self) -> str:
        return f"<Lifeline {self.supervisor or 'without a key'}>"

    @property
    def importing(self) -> bool:
        """Whether what the link is made with may just be imported."""
        return self.supervisor is not None and not self.supervisor.prepared

    def wanted(self) -> None:
        """Somebody wants to speak: see `Supervisor.wanted`."""
        if self.supervisor is not None:
            self.supervisor.wanted()

    def renew(self) -> None:
        """What links are made with has changed: see `Supervisor.renew`."""
        if self.supervisor is not None:
            self.supervisor.renew()

    def end_session(self) -> None:
        """End the conversation and forget it: the next one knows nothing of it."""
        self._recollection.clear()
        if self.supervisor is not None:
            self.supervisor.end_session()

    async def run(self) -> None:
        """Keep the link alive until cancelled. Return at once where there is no key."""
        if self.supervisor is None:
            self._dispatch(FaultFound(Fault.KEY))
            return
        if self._presence is None:
            await self.supervisor.run()
            return
        async with asyncio.TaskGroup() as group:
            group.create_task(self.supervisor.run(), name="supervisor")
            group.create_task(self._presence(self.supervisor.network_came), name="presence")
