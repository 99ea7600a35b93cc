"""`vocative run`: from a configuration file to a running device, and a clean end in any state within a second."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, TextIO, TypeAlias

from hardware.blocking import in_thread
from hardware.board import front_of, open_board
from hardware.interfaces import Board, HardwareError
from hardware.rights import rights_given
from hardware.settings import PageSettings
from hardware.shown import Front
from hardware.terminal_script import Step

from .app import App
from .audio.vad import LateVad, Vad, detector
from .config import Config, load
from .desk.aside import put_aside
from .errors import ExitStatus
from .journal import Journal, foreign_loggers_told_to, process_sink
from .keeping.keeping import Keeping
from .keeping.state_file import StateFile
from .keys.credentials import api_key
from .live.models import refusals, warnings
from .live.supervisor import Supervisor
from .notify import ServiceManager, service_manager
from .presence import watch
from .reloading.choices import limits
from .wiring import supervised

STEADY_S: Final = 60.0
"""What fails sooner after its start will fail again."""
REST_S: Final = 10.0
"""So long it is then left alone before the service manager may try again: a start costs a small board seconds."""

_ANY_PORT: Final = PageSettings()

_Name: TypeAlias = bytes | str | None


def from_file(path: Path) -> Config:
    """Return the configuration in the file at `path`.

    Raises:
        ConfigurationError: It is refused.
    """
    return load(path, refusals=refusals)


def run(
    read: Callable[[], Config],
    *,
    keys: Sequence[Step] = (),
    page: PageSettings = _ANY_PORT,
    journal_file: Path | None = None,
) -> int:
    """Be the device until SIGTERM or SIGINT, or until whoever sits before it leaves; return the exit status.

    Args:
        read: Reads the configuration, now and when it is to be read again.
        keys: What is pressed in a terminal that is the device.
        page: How a page that is the device is served.
        journal_file: Takes what would have been written to standard error; None where that is not in the way.

    Raises:
        ConfigurationError: The configuration is refused.
    """
    config = read()
    board = open_board(replace(config.board(), page=page), keys)
    front = front_of(board)
    return conduct(lambda journal: live(config, board, journal, read=read, front=front), front, journal_file)


def conduct(
    life: Callable[[Journal], Coroutine[None, None, int]], front: Front | None, journal_file: Path | None
) -> int:
    """Run `life`, which is given a journal, on a loop that can end; return what it returns.

    Standard error is put aside while `front` fills the terminal.
    """
    if journal_file is None and (front is None or not front.fills_terminal):
        # A copy: while PortAudio looks for devices, what is written to the original is held back, and lost if we end
        # then.
        with os.fdopen(os.dup(sys.stderr.fileno()), "w") as stderr:
            return _conduct(life, stderr)
    with put_aside(journal_file) as aside:
        status = _conduct(life, aside.journal)
        aside.well = status == ExitStatus.ASKED_TO_STOP
        return status


def _conduct(life: Callable[[Journal], Coroutine[None, None, int]], stderr: TextIO) -> int:
    journal = Journal(process_sink(os.environ, stderr))
    with foreign_loggers_told_to(journal), asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(life(journal))


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that can end while a name is being looked up.

    asyncio's own looks names up on threads that it waits for in the end, and a resolver that has lost its network
    takes up to half a minute (resolv.conf(5)).
    """

    async def getaddrinfo(self, host: _Name, port: _Name | int, **hints: int) -> list[Any]:
        """Look `host` up; see `socket.getaddrinfo`."""
        return await in_thread(lambda: socket.getaddrinfo(host, port, **hints))


async def live(
    config: Config, board: Board, journal: Journal, *, read: Callable[[], Config], front: Front | None = None
) -> int:
    """Be the device until a signal, or until `front` is left, and return the exit status.

    Args:
        config: What it goes by to begin with.
        board: Its parts.
        journal: Where it tells everything.
        read: Reads the configuration again.
        front: What there is for people beside the parts.
    """
    for warning in warnings(config.live):
        journal.warn("config.doubtful", reason=warning)
    manager = service_manager(os.environ)
    app = App(
        config=config,
        board=board,
        supervise=_supervise(config, journal),
        journal=journal,
        manager=manager,
        vad=_voices(config, lambda: app.config),
        keeping=Keeping(limits(config), _state_file(config.state.folder), journal),
        presence=watch,
        reread=lambda: in_thread(lambda: _reread(read)),
    )
    daemon = asyncio.ensure_future(_life(app, manager, journal, front))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.cancel)
    if manager.listens:  # by hand it means that the terminal is gone
        loop.add_signal_handler(signal.SIGHUP, app.reload.ask)
    elif front is not None:
        loop.add_signal_handler(signal.SIGHUP, daemon.cancel)  # its window was closed
    try:
        return await daemon
    except asyncio.CancelledError:
        journal.tell("daemon.stopped")
        return ExitStatus.ASKED_TO_STOP


async def _life(app: App, manager: ServiceManager, journal: Journal, front: Front | None) -> int:
    """Run `app` until it fails, and return the exit status; where it fails soon, not before `REST_S` have passed.

    Whoever leaves `front` ends it as a signal would.

    Raises:
        BaseExceptionGroup: It failed because of a mistake of ours.
    """
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    if manager.listens:
        await rights_given(app.config.board())
    try:
        if front is None:
            await app.run()
        else:
            await _before(front, app)
            journal.tell("daemon.stopped")
            return ExitStatus.ASKED_TO_STOP
    except BaseExceptionGroup as failed:
        gone, other = failed.split(HardwareError)
        for error in _leaves(gone) if gone is not None else ():
            journal.error("device.missing", reason=str(error))
        if manager.listens and loop.time() - began_s < STEADY_S:
            manager.resting(REST_S)
            await asyncio.sleep(REST_S)
        if other is not None:
            raise
        return ExitStatus.HARDWARE_GONE
    raise AssertionError("unreachable: the app runs until it is cancelled or fails")


async def _before(front: Front, app: App) -> None:
    """Run `app` until somebody leaves `front`."""
    async with asyncio.TaskGroup() as group:
        running = group.create_task(app.run(), name="app")
        await front.run(app.reception.showing.now, app.reception.requests.answer)
        running.cancel()


def _supervise(config: Config, journal: Journal) -> Callable[[App], Supervisor] | None:
    """Return what makes the link's supervisor; None, and tell so, when there is no key to open it with."""
    if config.live.token_url:
        return supervised(config, None, random.random)
    credential = api_key(config.live.api_key_file, os.environ)
    if credential.key is None:
        journal.error("key.missing", remedy=credential.said)
        return None
    return supervised(config, credential.key, random.random)


def _reread(read: Callable[[], Config]) -> Config:
    """Return the configuration as it is now, with what it needs to find voices loaded. Slow; runs in a thread.

    Raises:
        ConfigurationError: It is refused.
    """
    config = read()
    _voices(config, lambda: config)
    return config


def _voices(config: Config, newest: Callable[[], Config]) -> Vad:
    """Return what finds voices. In mode "hold" none is looked for, and nothing loaded until it is another mode.

    Args:
        config: Which detector it is.
        newest: Returns what the device goes by at the moment.

    Raises:
        ConfigurationError: The detector is needed at once and cannot be loaded.
    """

    def wanted() -> bool:
        return newest().turn.mode != "hold"

    vad = LateVad(lambda: detector(config.turn.vad, config.turn.vad_aggressiveness), wanted)
    if config.turn.mode != "hold":
        vad.load()
    return vad


def _state_file(folder: str) -> StateFile | None:
    return StateFile(Path(folder) / "state.json") if folder else None


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
