"""Tells systemd that the device is ready, and goes on telling it that it works."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from .audio.capture import Capture
from .journal import Journal
from .notify import ServiceManager
from .panel.panel import Panel
from .panel.scene import meaning
from .status import Status

OPENING_S: Final = 30.0
"""How long opening one part may take: a sound card that is probed takes seconds, and one that hangs never ends."""
IMPORTING_S: Final = 30.0
"""How long the loop may stand still while something large is imported: google-genai takes a small board up to 8 s
(hardware.md section 8), and a library that is read from a slow card is read with every thread at rest."""


class Readiness:
    """READY once the microphone is warm and the button live; then the watchdog, as long as frames come.

    Args:
        manager: systemd, or nobody.
        capture: Counts frames.
        panel: Knows of the button.
        status: What the device does.
        importing: Whether something is under way that may stop every thread for seconds.
        journal: Is told `daemon.ready`.
    """

    def __init__(
        self,
        manager: ServiceManager,
        capture: Capture,
        panel: Panel,
        status: Callable[[], Status],
        importing: Callable[[], bool],
        journal: Journal,
    ) -> None:
        self._manager = manager
        self._capture = capture
        self._panel = panel
        self._status = status
        self._importing = importing
        self._journal = journal
        self._started = False
        self._patient = False

    def refresh(self) -> None:
        """Have the watchdog wait as long as what is under way needs; to be called before that begins."""
        if self._started and self._importing() != self._patient:
            self._patient = not self._patient
            if self._patient:
                self._manager.patience(IMPORTING_S)
            else:
                self._manager.impatience()

    async def run(self) -> None:
        """Report until cancelled; return after READY where nobody watches."""
        self._manager.starting("Starting: the microphone and the loudspeaker are opened.", OPENING_S)
        await self._capture.ready.wait()
        self._manager.starting("Starting: the button is opened.", OPENING_S)
        await self._panel.ready.wait()
        self._journal.tell("daemon.ready")
        self._started = True
        self.refresh()
        self._manager.ready()
        self._manager.status(meaning(self._status()))
        frames = -1
        while (interval_s := self._manager.watchdog_interval_s) is not None:
            # A microphone that is known to be lost is being reopened; silence without a known loss is a hang.
            if self._capture.frames != frames or self._capture.lost:
                self._manager.watchdog()
            frames = self._capture.frames
            self.refresh()
            await asyncio.sleep(interval_s)
