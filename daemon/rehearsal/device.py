"""The device of a rehearsal: the real daemon on a simulated board, to be switched on and off."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from daemon.app import App
from daemon.audio.vad import WebRtcVad
from daemon.config import Config
from daemon.journal import Journal
from daemon.keeping.keeping import Keeping
from daemon.keeping.state_file import StateFile
from daemon.keys.credentials import Secret
from daemon.live.supervisor import Supervisor
from daemon.notify import service_manager
from daemon.reloading.choices import limits
from daemon.status import Status
from daemon.tools.alarm import Reading
from daemon.tools.alarm_clock import machine_clocks
from daemon.wiring import supervised
from hardware.simulated import SimulatedBoard

from .overheard import Overheard


class Device:
    """One device, off to begin with. What it keeps it finds again.

    Args:
        config: How it is set.
        board: Its parts.
        journal: Where it tells everything; that it was stopped, too.
        supervise: Makes the supervisor of its link; None is the real one.
        clocks: Reads the clocks that timers go by.
    """

    def __init__(
        self,
        config: Config,
        board: SimulatedBoard,
        journal: Journal,
        *,
        supervise: Callable[[App], Supervisor] | None = None,
        clocks: Callable[[], Reading] = machine_clocks,
    ) -> None:
        self._config: Final = config
        self._supervise: Final = supervise
        self._clocks: Final = clocks
        self._board: Final = board
        self._journal: Final = journal
        self._app: App | None = None
        self._daemon: asyncio.Future[None] | None = None
        self._ears: Final[list[tuple[int, Overheard]]] = []
        """What was made of the microphone each time, and the number of the frame that it began with."""
        self.warm_s = 0.0
        """From the newest start to a warm microphone and a live button."""

    def __repr__(self) -> str:
        return f"<Device {self._app or 'off'}>"

    @property
    def app(self) -> App:
        """The daemon. It must be on."""
        assert self._app is not None, "it is off"
        return self._app

    @property
    def status(self) -> Status:
        """What the ring shows, in words."""
        return self._app.conversation.status if self._app is not None else Status()

    async def on(self) -> None:
        """Start it, and wait until it is warm.

        Raises:
            ExceptionGroup: Of `DeviceMissing`, when its parts cannot be opened.
        """
        loop, config = asyncio.get_running_loop(), self._config
        overheard = Overheard(WebRtcVad(config.turn.vad_aggressiveness))
        self._ears.append((len(self._board.mic.captured), overheard))
        kept = StateFile(Path(config.state.folder) / "state.json") if config.state.folder else None
        self._app = app = App(
            config=config,
            board=self._board,
            supervise=self._supervise or supervised(config, Secret("rehearsal-key"), random.Random(1).random),
            journal=self._journal,
            manager=service_manager({}),
            vad=overheard,
            keeping=Keeping(limits(config), kept, self._journal),
            clocks=self._clocks,
        )
        started_s = loop.time()
        self._daemon = asyncio.ensure_future(app.run())
        await app.body.capture.ready.wait()
        await app.body.panel.ready.wait()
        self.warm_s = loop.time() - started_s

    async def off(self) -> None:
        """Stop it, if it is on."""
        if self._daemon is not None:
            self._daemon.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._daemon
            self._journal.tell("daemon.stopped")
        self._app = self._daemon = None

    async def ask(self, *words: str) -> None:
        """Ask it for something as the control socket does. It must be on.

        Raises:
            ValueError: It cannot be done now; the text says why.
        """
        await self.app.reception.requests.answer(words)

    def cleaned(self) -> Iterator[tuple[float, bytes]]:
        """Yield each frame as it was judged, and when its last sample had been captured.

        None was lost, but the last before it was switched off may not have been read.
        """
        captured = self._board.mic.captured
        ends = [first for first, _ in self._ears[1:]]
        for (first, overheard), end in zip(self._ears, [*ends, len(captured)], strict=True):
            for (at_s, _), pcm in zip(captured[first:end], overheard.frames, strict=False):
                yield at_s, pcm
