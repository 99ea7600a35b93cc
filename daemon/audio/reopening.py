"""Opening a lost sound device again: at once, then for ever, with growing pauses, told once."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from daemon.journal import Level
from daemon.outage import STEADY_S, Pauses
from hardware.interfaces import DeviceBusy, DeviceLost, DeviceMissing, DeviceStuck

LONGEST_PAUSE_S: Final = 10.0

Part = TypeVar("Part")


class Reopening(Generic[Part]):
    """Brings one part back.

    Args:
        part: Its name in the journal.
        open_part: Opens it, as the board does.
        on_fault: Called with True when the part was lost, with False when it is open again.
        tell: The journal: `device.lost` (part, reason); `device.missing` (part, reason) if somebody else has it now;
            and `device.back` (part, outage_s).
    """

    def __init__(
        self,
        part: str,
        open_part: Callable[[], Awaitable[Part]],
        *,
        on_fault: Callable[[bool], None],
        tell: Callable[..., None],
    ) -> None:
        self._part: Final = part
        self._open_part: Final = open_part
        self._on_fault: Final = on_fault
        self._tell: Final = tell
        self._pauses: Final = Pauses(LONGEST_PAUSE_S)
        self._back_s = float("-inf")

    def __repr__(self) -> str:
        return f"<Reopening {self._part} {self._pauses!r}>"

    async def again(self, lost: DeviceLost) -> Part:
        """Wait until the part, lost and closed, is open again, and return it. Cancelling leaves nothing open.

        Raises:
            DeviceStuck: Only another process can open it.
        """
        loop = asyncio.get_running_loop()
        lost_s = loop.time()
        self._tell("device.lost", level=Level.WARNING, part=self._part, reason=str(lost))
        self._on_fault(True)
        pause_s, busy = 0.0, False  # a card that has stopped may just go on
        if lost_s - self._back_s >= STEADY_S:
            self._pauses.reset()
        else:
            pause_s = self._pauses.longer_s()
        while True:
            await asyncio.sleep(pause_s)
            try:
                part = await self._open_part()
            except DeviceStuck:
                raise
            except (DeviceMissing, DeviceLost) as missing:  # told already, unless somebody has taken it meanwhile
                if isinstance(missing, DeviceBusy) and not busy:
                    busy = True
                    self._tell("device.missing", level=Level.WARNING, part=self._part, reason=str(missing))
                pause_s = self._pauses.longer_s()
            else:
                break
        self._back_s = loop.time()
        self._tell("device.back", part=self._part, outage_s=round(self._back_s - lost_s, 1))
        self._on_fault(False)
        return part
