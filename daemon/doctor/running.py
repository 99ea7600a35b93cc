"""What the running daemon says of itself when it is asked for its status. It is disturbed in nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from daemon.status import Fault

from .finding import Finding, fine, note, to_do

AREA: Final = "running"
_NAMED_KEYS: Final = 4
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

    def changes(self, what: str) -> tuple[str, ...]:
        """Return how the file differs from what the daemon goes by, as `Requests` tells it.

        Args:
            what: "applied" by a reload, "needs_restart", or the "faults" for which it is refused.
        """
        told = self.status.get("changes") if self.status is not None else None
        names = told.get(what) if isinstance(told, Mapping) else None
        return tuple(map(str, names)) if isinstance(names, list | tuple) else ()

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
        yield from _changes(facts)


def _status(status: Mapping[str, object], names: list[str]) -> Iterator[Finding]:
    wrong = status.get("wrong")
    reasons = wrong if isinstance(wrong, Mapping) else {}
    for name in names:
        known = next((fault for fault in _REMEDIES if fault.value == name), None)
        reason = str(reasons.get(name) or name.replace("_", " ")).removesuffix(".")
        # Its last sentence says what to do.
        what, _, remedy = reason.rpartition(". ")
        remedy = remedy if what else _REMEDIES[known] if known else "journalctl -u vocative -b says more"
        yield to_do(AREA, f"the daemon shows a fault: {what or reason}", remedy)
    if status.get("muted"):
        yield note(AREA, "the microphone is muted", "A long press, or sudo vocative unmute")
    if not names:
        yield fine(AREA, f"the daemon says: {status.get('meaning', 'it is up')}")


def _changes(facts: Facts) -> Iterator[Finding]:
    """Say whether the file is newer than what the daemon goes by. What it says of itself counts, not the clocks."""
    faults, restart, reload = (facts.changes(what) for what in ("faults", "needs_restart", "applied"))
    if faults:
        what = f"the daemon goes on with an older configuration, since it cannot take the file: {faults[0]}"
        yield to_do(AREA, what.removesuffix("."), "Correct that, then sudo systemctl reload vocative")
    elif restart or reload:
        names = (*restart, *reload)
        keys = ", ".join(names[:_NAMED_KEYS]) + (f" and {len(names) - _NAMED_KEYS} more" * (len(names) > _NAMED_KEYS))
        remedy = f"sudo systemctl {'restart' if restart else 'reload'} vocative"
        yield to_do(AREA, f"the configuration was changed since the daemon read it: {keys}", remedy)
