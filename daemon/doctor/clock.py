"""The clock, without which no certificate can be trusted: a Pi without a battery wakes up in the past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "clock"
FIRST_YEAR: Final = 2026
"""That of this version."""
LAST_YEAR: Final = 2045


def look(machine: Machine) -> bool | None:
    """Return whether the clock is set by the network; None if nobody knows."""
    said = machine.said("timedatectl", "show", "--property=NTPSynchronized", "--value")
    if said in {"yes", "no"}:
        return said == "yes"
    return True if machine.node("/run/systemd/timesync/synchronized") else None


def findings(now_s: float, synchronised: bool | None) -> Iterator[Finding]:
    """Say what the time and its source mean."""
    now = datetime.fromtimestamp(now_s, UTC)
    told = f"{now:%Y-%m-%d %H:%M} UTC"
    if not FIRST_YEAR <= now.year <= LAST_YEAR:
        remedy = "Connect to a network and wait a minute, or set it: sudo timedatectl set-time 'YYYY-MM-DD HH:MM'"
        yield to_do(AREA, f"the clock is wrong: {told}. No certificate is valid then", remedy)
    elif synchronised is None:
        yield note(AREA, f"{told}; nothing says whether it is set by the network", "Compare it with another clock")
    elif not synchronised:
        yield to_do(AREA, f"{told}, not set by the network", "sudo timedatectl set-ntp true")
    else:
        yield fine(AREA, f"{told}, set by the network")
