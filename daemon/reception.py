"""Who asks the device from outside, and who looks at it: through the control socket, or in front of its screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Final

from .body import Body
from .config import Config
from .control import server
from .control.condition import Condition
from .control.requests import Reload, Requests
from .conversation import Conversation
from .desk.showing import Showing
from .device import OwnDevice
from .health.vitals import memory_mib
from .journal import Journal
from .keeping.keeping import Keeping
from .live.recollection import Recollection


class Reception:
    """What is asked is done, what is known is told. Made on the event loop.

    Args:
        config: Returns what the device goes by.
        conversation: Whose turn it is.
        device: What can be done with it.
        body: How loud it is, in the room and of our own.
        keeping: What was used.
        recollection: What was said.
        reload: Reads the configuration again.
        journal: Is overheard.
    """

    def __init__(
        self,
        config: Callable[[], Config],
        *,
        conversation: Conversation,
        device: OwnDevice,
        body: Body,
        keeping: Keeping,
        recollection: Recollection,
        reload: Reload,
        journal: Journal,
    ) -> None:
        self._config: Final = config
        self._journal: Final = journal
        self._condition: Final = Condition(
            conversation=conversation,
            keeping=keeping,
            ears=body.ears,
            volume_percent=lambda: device.volume_percent,
            memory_mib=memory_mib,
            clock=asyncio.get_running_loop().time,
        )
        self.showing: Final = Showing(
            conversation,
            self._condition,
            capture=body.capture,
            playback=body.playback,
            recollection=recollection,
            mode=lambda: config().turn.mode,
        )
        self.requests: Final = Requests(device, reload, self._condition.reply)
        journal.overheard = self.showing.overhear

    def __repr__(self) -> str:
        return f"<Reception {self._condition!r} {self.requests!r}>"

    async def run(self) -> None:
        """Serve the control socket until cancelled. Return at once where none is wanted, or none can be made."""
        path = self._config().control.socket
        if not path:
            return
        try:
            await server.serve(Path(path), self.requests.answer, self._condition.audience)
        except OSError as error:
            self._journal.warn("control.unavailable", socket=path, reason=str(error))
