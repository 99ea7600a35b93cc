"""`vocative run`: from a configuration file to a running device, and a clean end in any state within a second."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

from hardware.board import open_board
from hardware.interfaces import Board, HardwareError

from .app import App
from .audio.vad import WebRtcVad
from .config import Config, load
from .credentials import api_key
from .errors import ExitStatus
from .journal import Journal, foreign_loggers_told_to, process_sink
from .live.models import refusals, warnings
from .notify import service_manager
from .wiring import supervised


def run(path: Path) -> int:
    """Be the device until SIGTERM or SIGINT; return the exit status.

    Raises:
        ConfigurationError: The file at `path` is refused.
    """
    config = load(path, refusals=refusals)
    journal = Journal(process_sink(os.environ, sys.stderr))
    for warning in warnings(config.live):
        journal.warn("config.doubtful", reason=warning)
    with foreign_loggers_told_to(journal):
        return asyncio.run(_until_stopped(config, open_board(config.board()), journal))


async def _until_stopped(config: Config, board: Board, journal: Journal) -> int:
    credential = api_key(config.live.api_key_file, os.environ)
    if credential.key is None:
        journal.error("key.missing", remedy=credential.said)
    app = App(
        config=config,
        board=board,
        supervise=supervised(config, credential.key, random.random) if credential.key else None,
        journal=journal,
        manager=service_manager(os.environ),
        vad=WebRtcVad(config.turn.vad_aggressiveness),
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


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
