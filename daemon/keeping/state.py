"""What survives a restart: how to go on with the session, what was used of the limits, and what was set."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class SavedSession:
    """What a session is resumed with. Times are seconds since 1970 by the device's clock."""

    handle: str = field(repr=False)
    """The resumption handle: a secret."""
    fingerprint: str
    """Of the setup that it is good for."""
    offered_wall_s: float
    began_wall_s: float
    """When the session began, however often it was resumed since."""
    session_id: str
    """What the journal calls it."""

    def ages_s(self, wall_s: float) -> tuple[float, float]:
        """Return how old the handle and the session are, in seconds; 0 by a clock that has gone back.

        Too young is harmless: the service refuses a handle that is too old, and a new session begins.
        """
        return max(0.0, wall_s - self.offered_wall_s), max(0.0, wall_s - self.began_wall_s)


@dataclass(frozen=True, slots=True)
class State:
    """All that is kept."""

    session: SavedSession | None = None
    budget: Mapping[str, object] | None = None
    """The budget's snapshot, fit for JSON; whether it makes sense, the budget knows."""
    muted: bool = False
    """The owner muted the microphone: a restart must not undo that."""
    settings: Mapping[str, int] = field(default_factory=dict)
    """What was set by voice or by command, in percent, by name; what is not there is as configured."""
    boot_id: str = ""
    """The start of the machine in which it was written; empty if nobody said."""


def as_json(state: State) -> dict[str, object]:
    """Return `state` as JSON has it."""
    session = state.session
    saved = (
        None
        if session is None
        else {
            "handle": session.handle,
            "fingerprint": session.fingerprint,
            "offered_wall_s": float(session.offered_wall_s),
            "began_wall_s": float(session.began_wall_s),
            "session_id": session.session_id,
        }
    )
    return {
        "version": VERSION,
        "session": saved,
        "budget": None if state.budget is None else dict(state.budget),
        "muted": state.muted,
        "settings": dict(state.settings),
        "boot_id": state.boot_id,
    }


def from_json(data: object) -> State | None:
    """Return what `as_json` was given; None if `data` is not from there."""
    match data:
        case {"version": version} if version != VERSION:
            return None
        case {"version": _, "session": None, "budget": dict() | None as budget, "muted": bool(muted)}:
            return State(None, budget, muted, _settings(data), _boot_id(data))
        case {
            "version": _,
            "session": {
                "handle": str(handle),
                "fingerprint": str(fingerprint),
                "offered_wall_s": float(offered_wall_s),
                "began_wall_s": float(began_wall_s),
                "session_id": str(session_id),
            },
            "budget": dict() | None as budget,
            "muted": bool(muted),
        } if handle and math.isfinite(offered_wall_s) and math.isfinite(began_wall_s):
            session = SavedSession(handle, fingerprint, offered_wall_s, began_wall_s, session_id)
            return State(session, budget, muted, _settings(data), _boot_id(data))
        case _:
            return None


def _boot_id(data: object) -> str:
    """Return the start of the machine that is named; earlier versions named none."""
    boot_id = data.get("boot_id") if isinstance(data, dict) else None
    return boot_id if isinstance(boot_id, str) else ""


def _settings(data: object) -> dict[str, int]:
    """Return the settings that make sense; earlier versions kept none."""
    kept = data.get("settings") if isinstance(data, dict) else None
    if not isinstance(kept, dict):
        return {}
    return {
        name: value
        for name, value in kept.items()
        if isinstance(name, str) and type(value) is int and 0 <= value <= 100
    }
