"""What surrounds a rehearsal in real time: the stand-in service, and a network if one is needed.

What is measured is the daemon: the service has a process of its own, so that its work is not counted.
"""

from __future__ import annotations

import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias, assert_never

from daemon.journal import Journal, JsonLinesSink

from .converse import converse, simulated_board
from .device import Device
from .device_config import device_config
from .network import Network, network
from .recording import Line, Recording
from .scenario import Service
from .scenario_file import Read
from .service_process import service_process
from .steps import Weather

Forecast: TypeAlias = Callable[[Weather], None]
"""What does something to the network."""


async def rehearse(read: Read, folder: Path, progress: Callable[[str], None]) -> Recording:
    """Rehearse a scenario, and return what was to be seen and heard; service and daemon leave their logs in `folder`.

    Raises:
        ConnectionError: The service did not start.
        TimeoutError: It does not get ready.
    """
    progress("starts the stand-in service")
    log, journal, ca_file = folder / "service.jsonl", folder / "journal.jsonl", folder / "service-ca.pem"
    options = ("--log", str(log), *_options(read.scenario.service, read.folder))
    async with service_process(ca_file, *options) as port, _reached(port, read) as (base_url, weather):
        with journal.open("w") as file, tempfile.TemporaryDirectory(prefix="vocative-") as own:
            _write_tools(Path(own), read.scenario.tools)
            config = device_config(read.scenario, base_url=base_url, ca_file=str(ca_file.absolute()), own=Path(own))
            board = simulated_board(read, config)
            device = Device(config, board, Journal(JsonLinesSink(file), clock=time.monotonic))
            recording = await converse(read, board, device, weather, progress)
    return replace(recording, service=_lines(log), journal=_lines(journal))


def _options(service: Service, folder: Path) -> Sequence[str]:
    """Return the options of `vocative stand-in` that make it behave so."""
    found = ["--think-ms", str(service.think_ms), "--speed", str(service.speed)]
    found += ["--answer", str(folder / service.answer)] if service.answer else []
    for call in service.calls:
        found += ["--call", f"{call.answer}:{call.name} {json.dumps(call.arguments)}"]
    for fault in service.faults:
        found += ["--strike", fault.model_dump_json()]
    return found


@contextlib.asynccontextmanager
async def _reached(port: int, read: Read) -> AsyncIterator[tuple[str, Forecast]]:
    """Yield the service's address as the device sees it, and what does something to the network in between.

    Only a scenario that needs one gets a network: its work would be counted as the daemon's.
    """
    if not read.scenario.needs_network:
        yield f"https://127.0.0.1:{port}", lambda _: None
        return
    async with network(port) as between:
        yield f"https://127.0.0.1:{between.port}", lambda weather: _befall(between, weather)


def _befall(between: Network, weather: Weather) -> None:
    match weather.network:
        case "cut":
            between.cut()
        case "silent_up":
            between.silence(up=True, down=False)
        case "silent_down":
            between.silence(up=False, down=True)
        case "reset":
            between.reset()
        case "slow":
            between.delay(weather.delay_ms, weather.jitter_ms)
        case "back":
            between.restore()
            between.delay(0.0)
        case _:
            assert_never(weather.network)


def _write_tools(own: Path, tools: str) -> None:
    (own / "tools").mkdir()
    (own / "tools" / "own.py").write_text(tools)


def _lines(path: Path) -> tuple[Line, ...]:
    return tuple(json.loads(line) for line in path.read_text().splitlines())
