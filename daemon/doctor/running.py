"""What the running daemon says of itself when it is asked for its status. It is disturbed in nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from daemon.events import Fault

from .finding import Finding, fine, note, to_do

AREA: Final = "running"
_REMEDIES: Final = {
    Fault.KEY: "vocative doctor --online says whether it is the key or the quota",
    Fault.SETUP: "journalctl -u vocative -b shows a link.failed with the remedy",
    Fault.LIMIT: "Wait until it goes on by itself (limit.reached in the journal says when), or change [limits]",
    Fault.MICROPHONE: "Plug the microphone in again, or check its wires; it is opened again by itself",
    Fault.SPEAKER: "Plug the loudspeaker in again, or check its wires; it is opened again by itself",
    Fault.MUTE_SWITCH: "Check the wires of the mute switch and mute.pin",
}


@dataclass(frozen=True, slots=True)
class Facts:
    """What came back."""

    status: Mapping[str, object] | None
    """None: nobody answered."""
    denied: bool = False
    """Somebody is there, and does not tell this user."""

    @property
    def faults(self) -> frozenset[str] | None:
        """What the daemon says is wrong; None if it says nothing."""
        if self.status is None:
            return None
        faults = self.status.get("faults")
        return frozenset(map(str, faults)) if isinstance(faults, list | tuple) else frozenset()


def findings(facts: Facts, *, unit_active: bool) -> Iterator[Finding]:
    """Say what it means; `unit_active`: systemd says that it runs."""
    if facts.denied:
        yield note(AREA, "this user may not ask the running daemon", "Look again with sudo")
    elif facts.status is None and unit_active:
        yield to_do(AREA, "the service runs and does not answer", "sudo systemctl restart vocative")
    elif facts.status is None:
        yield note(AREA, "the daemon does not run")
    else:
        yield from _status(facts.status, sorted(facts.faults or ()))


def _status(status: Mapping[str, object], names: list[str]) -> Iterator[Finding]:
    for name in names:
        known = next((fault for fault in _REMEDIES if fault.value == name), None)
        remedy = _REMEDIES[known] if known else "journalctl -u vocative -b says more"
        yield to_do(AREA, f"the daemon shows a fault: {name.replace('_', ' ')}", remedy)
    if status.get("muted"):
        yield note(AREA, "the microphone is muted", "A long press, or sudo vocative unmute")
    if not names:
        yield fine(AREA, f"the daemon says: {status.get('meaning', 'it is up')}")
