"""What a switch's bouncing contact means: on the side of silence, always. Pure."""

from __future__ import annotations

from typing import Final

STEADY_S: Final = 0.05
"""For so long the contact must say that the microphone may be open, before it may. Slide switches bounce for less."""
RECHECK_S: Final = 0.25
"""How often the contact is looked at although it tells of its changes: one whose change was lost must not leave the
microphone open, and a pin that is gone tells of nothing."""


class SwitchLevel:
    """Shut off at once; open only after `STEADY_S` without a word to the contrary.

        contact    ______||‾|‾‾‾‾‾‾‾‾‾‾‾|‾|||_______________     up: the contact asks for silence
        meaning    ‾|____|‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾‾|_________     up: the microphone is shut off
                   ├┤                       ├ 50 ms┤

    The caller hands every change to `take`, and the contact's true level at each `deadline`. All times are seconds of
    one monotonic clock.
    """

    def __init__(self) -> None:
        self.muted = True
        """Whether the microphone is shut off: as long as nothing is known, it is."""
        self._open_since_s: float | None = None
        """Since when the contact has said that the microphone may be open."""
        self._taken_s = 0.0
        self.known = False
        """Whether the contact has been clear about it since it was opened."""

    def __repr__(self) -> str:
        return f"<SwitchLevel {'muted' if self.muted else 'open'}{'' if self.known else ', not known'}>"

    def take(self, level: bool, at_s: float) -> None:
        """Take what the contact says: true, the microphone is to be shut off."""
        self._taken_s = at_s
        if level:
            self.muted, self.known, self._open_since_s = True, True, None
            return
        if self._open_since_s is None:
            self._open_since_s = at_s
        if at_s >= self._open_since_s + STEADY_S:
            self.muted, self.known = False, True

    def deadline(self) -> float:
        """Return when the contact must be read again."""
        if self.muted and self._open_since_s is not None:
            return self._open_since_s + STEADY_S
        return self._taken_s + RECHECK_S
