"""The service as systemd sees it, and whether what runs is what is installed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "service"
UNIT: Final = "vocative"
_PROPERTIES: Final = (
    "LoadState",
    "ActiveState",
    "SubState",
    "Result",
    "NRestarts",
    "UnitFileState",
    "MainPID",
    "ExecMainStatus",
    "ExecMainStartTimestamp",
    "NeedDaemonReload",
    "User",
    "Environment",
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What `systemctl show vocative` says, and what is installed."""

    systemd: bool
    """Whether systemctl answers."""
    properties: dict[str, str]
    last_error: str
    """The newest line of the journal that is an error; empty if there is none, or it may not be read."""
    version: str
    """Of what is installed in /opt/vocative; empty if nothing is."""
    installed_s: float
    """When it was installed, in seconds since the epoch."""

    @property
    def installed(self) -> bool:
        """Whether the unit is there."""
        return self.properties.get("LoadState") == "loaded"

    @property
    def active(self) -> bool:
        """Whether it runs, or is just beginning to; not in the pause before it is tried again."""
        state = self.properties.get("ActiveState")
        return state in {"active", "activating", "reloading"} and not self.failing

    @property
    def failing(self) -> bool:
        """Whether it has ended by itself."""
        return self.properties.get("ActiveState") == "failed" or self.properties.get("SubState") == "auto-restart"

    @property
    def pid(self) -> int:
        """Of its process; 0 if there is none."""
        return int(self.properties.get("MainPID") or 0)

    @property
    def user(self) -> str:
        """The user that it runs as."""
        return self.properties.get("User") or UNIT

    @property
    def environment(self) -> str | None:
        """Its Environment=; None if it is not installed."""
        return self.properties.get("Environment", "") if self.installed else None


def look(machine: Machine) -> Facts:
    """Gather the facts."""
    shown = machine.said("systemctl", "show", UNIT, f"--property={','.join(_PROPERTIES)}", "--timestamp=unix")
    properties = dict(line.split("=", 1) for line in (shown or "").splitlines() if "=" in line)
    versions = machine.names("/opt/vocative/lib/python3*/site-packages/vocative-*.dist-info")
    node = machine.node(versions[-1]) if versions else None
    facts = Facts(
        systemd=shown is not None,
        properties=properties,
        last_error="",
        version=_version(versions[-1]) if versions else "",
        installed_s=node.changed_s if node else 0.0,
    )
    if not facts.failing:
        return facts
    lines = machine.said("journalctl", "--unit", UNIT, "--priority=err", "--lines=1", "--output=cat", "--quiet") or ""
    return replace(facts, last_error=lines.rpartition("\n")[2])


def findings(facts: Facts) -> Iterator[Finding]:
    """Say what they mean."""
    if not facts.systemd:
        yield note(AREA, "systemd does not answer here: the service was not looked at")
        return
    if not facts.installed:
        masked = facts.properties.get("LoadState") == "masked"
        if masked:
            yield to_do(AREA, "the service is masked", "sudo systemctl unmask vocative")
        else:
            yield note(AREA, "the service is not installed", "sudo make install, in vocative's folder")
        return
    yield _state(facts)
    if facts.properties.get("UnitFileState") in {"disabled", "indirect"}:
        yield to_do(AREA, "it does not begin with the machine", "sudo systemctl enable vocative")
    if facts.properties.get("NeedDaemonReload") == "yes":
        yield to_do(AREA, "the unit was changed and not read again", "sudo systemctl daemon-reload")
    yield from _freshness(facts)


def _state(facts: Facts) -> Finding:
    state, result = facts.properties.get("ActiveState", ""), facts.properties.get("Result", "")
    restarts = int(facts.properties.get("NRestarts") or 0)
    again = f", restarted {restarts} times" if restarts else ""
    status = facts.properties.get("ExecMainStatus", "0")
    if facts.failing:
        said = f": {facts.last_error}" if facts.last_error else ""
        remedy = "journalctl -u vocative -b says what came before it"
        if status == "78":
            remedy = "Correct the configuration: vocative check; then sudo systemctl restart vocative"
        elif status == "69":
            remedy = "Mend the sound card (see sound); the service tries again by itself"
        return to_do(AREA, f"the service does not stay up ({result}, status {status}{again}){said}", remedy)
    if facts.active:
        if restarts >= 3:
            return note(AREA, f"the service runs{again}", "journalctl -u vocative -b says why")
        return fine(AREA, f"the service runs{again}")
    return to_do(AREA, f"the service is {state or 'not running'}", "sudo systemctl start vocative")


def _freshness(facts: Facts) -> Iterator[Finding]:
    if not facts.version:
        return
    started = facts.properties.get("ExecMainStartTimestamp", "").removeprefix("@")
    if facts.active and started.isdecimal() and int(started) < facts.installed_s:
        what = f"version {facts.version} was installed after the service had started: the one before still runs"
        yield to_do(AREA, what, "sudo systemctl restart vocative")
    else:
        yield fine(AREA, f"version {facts.version} is installed{' and runs' if facts.active else ''}")


def _version(path: str) -> str:
    found = re.search(r"vocative-(.+)\.dist-info$", path)
    return found[1] if found else ""
