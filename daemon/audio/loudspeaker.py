"""Opening the loudspeaker: at first, when it is woken, and when it was lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from daemon.audio.reopening import Reopening
from daemon.audio.rest import Rest
from hardware.interfaces import DeviceLost, DeviceMissing, Speaker

PATIENCE_S: Final = 10.0
"""An answer goes on where it was if a lost speaker is back within this time; later nobody waits for it any more."""


class Loudspeaker:
    """The ways to an open speaker; whoever has it closes it.

    Args:
        open_speaker: Opens it, as `Board.speaker` does.
        rest: When it sleeps.
        on_fault: Called with True when it was lost, with False when it is back.
        on_given_up: Called when it has been lost for so long that nothing is to be kept for it.
        tell: The journal: `device.lost`, `device.back`.
    """

    def __init__(
        self,
        open_speaker: Callable[[], Awaitable[Speaker]],
        rest: Rest,
        *,
        on_fault: Callable[[bool], None],
        on_given_up: Callable[[], None],
        tell: Callable[..., None],
    ) -> None:
        self._open_speaker: Final = open_speaker
        self._rest: Final = rest
        self._on_given_up: Final = on_given_up
        self._reopening: Final = Reopening("speaker", open_speaker, on_fault=on_fault, tell=tell)

    def __repr__(self) -> str:
        return f"<Loudspeaker {self._rest!r} {self._reopening!r}>"

    async def first(self) -> Speaker:
        """Open it.

        Raises:
            DeviceMissing: It cannot be opened.
        """
        speaker = await self._open_speaker()
        self._rest.busy(asyncio.get_running_loop().time())
        return speaker

    async def woken(self) -> Speaker:
        """Wait until a sleeping one is wanted, and open it. If it is gone by now, it was lost."""
        await self._rest.until_wanted()
        try:
            return await self._open_speaker()
        except (DeviceMissing, DeviceLost) as gone:
            self._rest.end(asyncio.get_running_loop().time())
            return await self.mended(DeviceLost(str(gone)))

    async def mended(self, lost: DeviceLost) -> Speaker:
        """Open a lost one again, however long it takes. Raises `DeviceStuck`: only another process can."""
        loop = asyncio.get_running_loop()
        patience = loop.call_later(PATIENCE_S, self._on_given_up)
        try:
            speaker = await self._reopening.again(lost)
        finally:
            patience.cancel()
        self._rest.busy(loop.time())
        return speaker
