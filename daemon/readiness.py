"""Tells systemd that the device is ready, and goes on telling it that it works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from .audio.capture import Capture
from .events import Fault, Status
from .journal import Journal
from .notify import ServiceManager
from .panel.lights import meaning
from .panel.panel import Panel


class Readiness:
    """READY once the microphone is warm and the button live; then the watchdog, as long as both are true."""

    def __init__(
        self,
        manager: ServiceManager,
        capture: Capture,
        panel: Panel,
        status: Callable[[], Status],
        journal: Journal,
    ) -> None:
        self._manager = manager
        self._capture = capture
        self._panel = panel
        self._status = status
        self._journal = journal

    async def run(self) -> None:
        """Report until cancelled; return after READY where nobody watches."""
        await self._capture.ready.wait()
        await self._panel.ready.wait()
        self._journal.tell("daemon.ready")
        self._manager.ready()
        self._manager.status(meaning(self._status()))
        frames = -1
        while (interval_s := self._manager.watchdog_interval_s) is not None:
            # A microphone that is known to be lost is being reopened; silence without a known loss is a hang.
            if self._capture.frames != frames or Fault.MICROPHONE in self._status().faults:
                self._manager.watchdog()
            frames = self._capture.frames
            await asyncio.sleep(interval_s)
