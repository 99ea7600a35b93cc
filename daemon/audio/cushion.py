"""The frames between us and the card, as far as they failed: what the device played in the place of what was late."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from hardware.interfaces import Speaker


@dataclass(frozen=True, slots=True)
class Missed:
    """What the device missed between two frames."""

    silent_s: float = 0.0
    """How much silence it was given because the second one was not there."""
    xruns: int = 0
    """How often it ran dry itself, or was served too late."""


class Cushion:
    """Reads what a speaker says it has missed, from one frame to the next."""

    def __init__(self, speaker: Speaker) -> None:
        """Begin with `speaker`, just opened."""
        self._speaker: Final = speaker
        self._silent_s: float | None = None
        self._xruns = 0

    def __repr__(self) -> str:
        return f"<Cushion of {self._speaker!r}>"

    def missed(self) -> Missed:
        """Return what was missed since the last call; nothing the first time, when there was no frame before."""
        silent_s, xruns = self._speaker.reference.silent_s, self._speaker.xruns
        before_s, before_xruns = self._silent_s, self._xruns
        self._silent_s, self._xruns = silent_s, xruns
        return Missed() if before_s is None else Missed(silent_s - before_s, xruns - before_xruns)
