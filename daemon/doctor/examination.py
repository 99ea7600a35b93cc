"""The whole examination: what is needed first, then all areas side by side, each within its own time."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Iterable, Sequence
from pathlib import Path
from typing import Final

from daemon.config import Config, default_path, load
from daemon.errors import ConfigurationError
from daemon.live.models import refusals
from hardware.blocking import in_thread

from . import identity, network
from .areas import AREAS, CONFIGURATION, PROBES, key_facts
from .finding import Finding, fine, note, to_do
from .machine import Machine
from .online import AREA
from .online import findings as told_by_service
from .patient import Patient, admitted
from .reach import reach
from .session import tried

_FILE_S: Final = 5.0
_DOOR_S: Final = 10.0
_ONLINE_S: Final = 25.0
"""The SDK alone takes 8 s to be imported on the smallest board (hardware.md section 8)."""


async def examine(config_file: Path | None, *, online: bool, root: Path = Path("/")) -> list[Finding]:
    """Look at everything and return the findings in the order in which they are to be told.

    Takes up to some 10 s, with `online` up to 30. Raises nothing: what cannot be looked at is a finding.

    Args:
        config_file: The configuration; None for the machine's own.
        online: Whether the service may be asked.
        root: The folder that stands for the machine's `/`.
    """
    machine = Machine(root)
    config, findings = _configuration(config_file or machine.path(str(default_path())))
    patient = await admitted(machine, config or Config(), online=online)
    found = await asyncio.gather(
        *([_within(_FILE_S, CONFIGURATION, _shut(patient))] if config_file is None else []),
        *(_within(limit_s, area, look(patient)) for area, limit_s, look, needs in PROBES if config or not needs),
        *([_online(patient)] if online and config else []),
    )
    findings += [finding for group in found for finding in group]
    return sorted(findings, key=lambda finding: AREAS.index(finding.area))


def _configuration(path: Path) -> tuple[Config | None, list[Finding]]:
    try:
        config = load(path, refusals=refusals)
    except ConfigurationError as error:
        found = [to_do(CONFIGURATION, *_mended(fault, path)) for fault in error.faults]
        rest = "parts, network, key and model were not looked at: they depend on it"
        return None, [*found, note(CONFIGURATION, rest)]
    return config, [fine(CONFIGURATION, f"nothing is wrong with {path}")]


def _mended(fault: str, path: Path) -> tuple[str, str]:
    """Return a fault of the configuration, and where to correct it; the sentence itself says how."""
    if not path.exists():
        return f"there is no {path}", "sudo vocative setup asks what it needs, and writes it"
    if not os.access(path, os.R_OK):
        return f"this user may not read {path}", "Look again with sudo"
    line = re.match(rf"{re.escape(path.name)}:(\d+):", fault)
    return fault.removesuffix("."), f"Correct {f'line {line[1]} of ' if line else ''}{path}"


async def _shut(patient: Patient) -> Iterable[Finding]:
    """Say so if the service may not read the configuration."""
    machine, service = patient.machine, patient.unit
    if not service.installed:
        return ()

    def look() -> Iterable[Finding]:
        user = identity.look(machine, service.user, (), installed=True)
        return tuple(identity.shut_file(CONFIGURATION, user, machine.node(str(default_path()))))

    return await in_thread(look)


async def _within(limit_s: float, area: str, looking: Awaitable[Iterable[Finding]]) -> list[Finding]:
    """Return what one area finds; that it hangs or breaks is a finding of its own."""
    try:
        async with asyncio.timeout(limit_s):
            return list(await looking)
    except TimeoutError:
        return [to_do(area, f"no answer within {limit_s:.0f} s", "Try again; if it stays so, restart the machine")]
    except Exception as error:  # whatever is wrong with one area, the owner wants to hear of the others
        what = f"could not be looked at: {type(error).__name__} {error}".strip()
        return [to_do(area, what, "Report this, with the output of vocative doctor --json")]


async def _online(patient: Patient) -> list[Finding]:
    """Try the service's door, and then one session; only what comes that far."""
    live = patient.config.live
    door = await _door(patient)
    if isinstance(door, list):
        return door
    findings = list(network.reached(door))
    if door.dns or door.tcp or door.tls:
        return findings
    facts = await in_thread(lambda: key_facts(patient))
    if facts.key is None and not live.token_url:
        return findings

    async def trial() -> Sequence[Finding]:
        return tuple(told_by_service(await tried(patient.config, facts.key)))

    return findings + await _within(_ONLINE_S, AREA, trial())


async def _door(patient: Patient) -> network.Reach | list[Finding]:
    live = patient.config.live
    try:
        async with asyncio.timeout(_DOOR_S):
            return await in_thread(lambda: reach(live.base_url, live.ca_file))
    except TimeoutError:
        host, _ = network.place(live.base_url)
        remedy = "Check the network's name server"
        return [to_do(network.AREA, f"{host}: no answer within {_DOOR_S:.0f} s", remedy)]
