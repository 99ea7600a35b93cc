"""Shows on the ring, and tells the journal, when one of the owner's limits is reached and when it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, NoReturn

from ..events import Event, FaultFound, FaultMended
from ..journal import Journal
from ..status import Fault, Status
from .keeping import Keeping

LOOK_S: Final = 60.0
"""How often a limit that was reached is looked at again."""


class LimitWatch:
    """Turns the budget's answer into `Fault.LIMIT`."""

    def __init__(
        self, keeping: Keeping, dispatch: Callable[[Event], None], status: Callable[[], Status], journal: Journal
    ) -> None:
        self._keeping = keeping
        self._dispatch = dispatch
        self._status = status
        self._journal = journal

    def check(self) -> None:
        """Look now: before a turn begins."""
        blown = self._keeping.refusal()
        limited = Fault.LIMIT in self._status().faults
        if blown is None and limited:
            self._dispatch(FaultMended(Fault.LIMIT))
        elif blown is not None and not limited:
            self._journal.warn(
                "limit.reached",
                limit=blown.fuse.value,
                resets_in_s=round(blown.resets_in_s),
                remedy=blown.sentence,
            )
            self._dispatch(FaultFound(Fault.LIMIT))

    async def run(self) -> NoReturn:
        """Let the ring forget a limit once it is over, also when nobody presses; until cancelled."""
        while True:
            await asyncio.sleep(LOOK_S)
            if Fault.LIMIT in self._status().faults:
                self.check()
