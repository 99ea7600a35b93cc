"""What somebody is told who has asked and cannot be served: which fault it is, when it is said, and how often.

Pure. Nothing is said without somebody having asked, never while he speaks, and once for each time that he asks:

    press ─── speaks ─── lets go ── THINKING ───────────────► "I have no connection …"       once
                                      │ no link, for the second time in a row, or no good key
    press ── no turn may begin ─────────────────────────────► "I have used up …"             at once
    press ──────────────────────────────────────────────────► whatever is being said falls silent
"""

from __future__ import annotations

from typing import Final

from ..effects import Begun, Cue, Effect, Hush, Sound
from ..events import Doubled, Event, LongPressed, Pressed, StopAsked, VoiceHeard
from ..status import Fault, LinkState, Status, TurnState

FAILING: Final = 2
"""So many times in a row no link could be had, or the one there was is lost: a first time mends itself in a second."""
_INTERRUPTING: Final = (Pressed, Doubled, LongPressed, StopAsked, VoiceHeard)
_SPOKEN: Final = {Fault.KEY: Cue.KEY_REFUSED, Fault.LIMIT: Cue.LIMIT}


class Excuses:
    """Knows what was said already."""

    def __init__(self) -> None:
        self._failures = 0
        """How often in a row the link was lost or could not be made."""
        self._begun = Begun.PROMPT
        """What began the newest turn."""
        self._told = False
        """The newest turn has had its excuse."""
        self._told_voice = False
        """A turn that a voice began has had one in this outage: a television asks again and again."""
        self._saying = False
        """Something may still be sounding."""

    def __repr__(self) -> str:
        return f"<Excuses failures={self._failures} told={self._told}>"

    def turn_began(self, begun: Begun) -> None:
        """Note that there is a new turn."""
        self._begun, self._told = begun, False

    def link_changed(self, link: LinkState) -> None:
        """Note what became of the link."""
        match link:
            case LinkState.DOWN:
                self._failures += 1
            case LinkState.UP:
                self._failures, self._told_voice = 0, False
            case LinkState.CONNECTING | LinkState.DRAINING | LinkState.RESTING:
                pass

    def refusal(self, faults: frozenset[Fault]) -> list[Effect]:
        """Return how somebody is told that no turn may begin, because of `faults`."""
        for fault in (Fault.MICROPHONE, Fault.KEY, Fault.SETUP, Fault.LIMIT):
            if fault in faults:
                cue = _SPOKEN.get(fault, Cue.ERROR)
                self._saying = self._saying or fault in _SPOKEN
                return [Sound(cue)]
        return [Sound(Cue.ERROR)]

    def before(self, event: Event) -> list[Effect]:
        """Return what silences us, if `event` does and anything may be sounding."""
        if not (self._saying and isinstance(event, _INTERRUPTING)):
            return []
        self._saying = False
        return [Hush()]

    def after(self, status: Status) -> list[Effect]:
        """Return what somebody is told whose question cannot be asked now; to be called after every event."""
        if status.turn is not TurnState.THINKING or self._told or self._begun is Begun.PROMPT:
            return []
        if Fault.KEY in status.faults:
            cue = Cue.KEY_REFUSED
        elif self._failures >= FAILING and Fault.SETUP not in status.faults:
            cue = Cue.NO_NETWORK
        else:
            return []
        self._told = True
        if self._begun is Begun.VOICE:
            if self._told_voice:
                return []
            self._told_voice = True
        self._saying = True
        return [Sound(cue)]
