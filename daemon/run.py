"""`vocative run`: from a configuration file to a running device, and a clean end in any state within a second."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from hardware.blocking import in_thread
from hardware.board import open_board
from hardware.interfaces import Board, HardwareError

from .app import App
from .audio.vad import detector
from .config import Config, load
from .credentials import api_key
from .errors import ExitStatus
from .journal import Journal, foreign_loggers_told_to, process_sink
from .keeping import Keeping
from .live.models import refusals, warnings
from .live.supervisor import Supervisor
from .notify import service_manager
from .presence import watch
from .state import StateFile
from .wiring import limits, supervised

_Name: TypeAlias = bytes | str | None


def run(path: Path) -> int:
    """Be the device until SIGTERM or SIGINT; return the exit status.

    Raises:
        ConfigurationError: The file at `path` is refused.
    """
    config = load(path, refusals=refusals)
    # A copy: while PortAudio looks for devices, what is written to the original is held back, and lost if we end then.
    with os.fdopen(os.dup(sys.stderr.fileno()), "w") as stderr:
        journal = Journal(process_sink(os.environ, stderr))
        for warning in warnings(config.live):
            journal.warn("config.doubtful", reason=warning)
        with foreign_loggers_told_to(journal), asyncio.Runner(loop_factory=_Loop) as runner:
            return runner.run(_until_stopped(config, open_board(config.board()), journal))


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that can end while a name is being looked up.

    asyncio's own looks names up on threads that it waits for in the end, and a resolver that has lost its network
    takes up to half a minute (resolv.conf(5)).
    """

    async def getaddrinfo(self, host: _Name, port: _Name | int, **hints: int) -> list[Any]:
        """Look `host` up; see `socket.getaddrinfo`."""
        return await in_thread(lambda: socket.getaddrinfo(host, port, **hints))


async def _until_stopped(config: Config, board: Board, journal: Journal) -> int:
    app = App(
        config=config,
        board=board,
        supervise=_supervise(config, journal),
        journal=journal,
        manager=service_manager(os.environ),
        vad=detector(config.turn.vad, config.turn.vad_aggressiveness),
        keeping=Keeping(limits(config), _state_file(config.state.folder), journal),
        presence=watch,
    )
    daemon = asyncio.ensure_future(app.run())
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.cancel)
    try:
        await daemon
    except asyncio.CancelledError:
        journal.tell("daemon.stopped")
        return ExitStatus.ASKED_TO_STOP
    except BaseExceptionGroup as failed:
        gone, other = failed.split(HardwareError)
        if other is not None or gone is None:
            raise
        for error in _leaves(gone):
            journal.error("device.missing", reason=str(error))
        return ExitStatus.HARDWARE_GONE
    raise AssertionError("unreachable: the app runs until it is cancelled or fails")


def _supervise(config: Config, journal: Journal) -> Callable[[App], Supervisor] | None:
    """Return what makes the link's supervisor; None, and tell so, when there is no key to open it with."""
    if config.live.token_url:
        return supervised(config, None, random.random)
    credential = api_key(config.live.api_key_file, os.environ)
    if credential.key is None:
        journal.error("key.missing", remedy=credential.said)
        return None
    return supervised(config, credential.key, random.random)


def _state_file(folder: str) -> StateFile | None:
    return StateFile(Path(folder) / "state.json") if folder else None


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
