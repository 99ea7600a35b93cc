"""The machine with what every area may need to know of it: the configuration, the service, the running daemon."""

from __future__ import annotations

import asyncio
import socket
import struct
from dataclasses import dataclass
from pathlib import Path

from daemon.config import Config
from daemon.control.client import Reply, ask
from daemon.tools.machine import machine as told_by_kernel
from hardware.blocking import in_thread

from . import board, running, unit
from .libraries import libraries, python_version
from .machine import Machine


@dataclass(frozen=True, slots=True)
class Patient:
    """The machine, and what was looked at first."""

    machine: Machine
    config: Config
    online: bool
    """Whether the service may be asked."""
    board: board.Facts
    unit: unit.Facts
    running: running.Facts
    service_pid: int
    """Of the daemon, however it was started; 0 if it does not run or nobody may know."""
    libraries: frozenset[str]
    told: dict[str, object]
    """By the kernel, see `daemon.tools.machine`."""

    @property
    def in_service(self) -> bool:
        """Whether the daemon runs, so that nothing of its may be opened."""
        return self.unit.active or self.running.status is not None or self.running.denied


async def admitted(machine: Machine, config: Config, *, online: bool) -> Patient:
    """Look at what all areas need. Takes up to some 5 s."""
    unit_facts, board_facts, (running_facts, listener) = await asyncio.gather(
        in_thread(lambda: unit.look(machine)),
        in_thread(lambda: board.look(machine, python_version(machine))),
        _asked(machine.path(config.control.socket)),
    )
    return Patient(
        machine=machine,
        config=config,
        online=online,
        board=board_facts,
        unit=unit_facts,
        running=running_facts,
        service_pid=unit_facts.pid or listener,
        libraries=libraries(machine),
        told=told_by_kernel(machine.root),
    )


async def _asked(path: Path) -> tuple[running.Facts, int]:
    """Return what the daemon says, and its process."""
    pid = 0
    try:
        pid = await in_thread(lambda: _listener(path))
        return running.Facts(dict(await _status(path))), pid
    except (PermissionError, ValueError):  # the socket's mode, and what the daemon says to those it does not let in
        return running.Facts(None, denied=True), pid
    except OSError:  # a TimeoutError, too
        return running.Facts(None), pid


async def _status(path: Path) -> Reply:
    """Return the daemon's status, with what a reload would change, if it is new enough to be asked for that."""
    try:
        return await ask(path, "changes")
    except ValueError:
        return await ask(path, "status")


def _listener(path: Path) -> int:
    """Return the process that listens on a unix socket (unix(7), SO_PEERCRED). Raises OSError if none does."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(1.0)
        client.connect(str(path))
        credentials = client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[0])
