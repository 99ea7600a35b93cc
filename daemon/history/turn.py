"""One turn, as its `turn.done` tells it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from daemon.telling.wording import one_line

from .entry import Entry


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that is over. What was not told is None."""

    at_s: float
    """When it was over."""
    turn_id: str
    outcome: str
    """As `Outcome` names it."""
    asked_ms: float | None
    first_audio_ms: float | None
    """From the end of the question to the first sound of the answer."""
    sounded_ms: float | None
    underruns: int
    """How often it ran dry: the network was late."""
    stutters: int
    """How often it had a gap although its sound was there: the program was late."""
    xruns: int
    """How often the card itself ran dry: so was PortAudio's thread."""
    tokens: int
    cost: float | None
    currency: str

    @property
    def stuttered(self) -> int:
        """How often it had a gap because this computer had too much else to do."""
        return self.stutters + self.xruns


def turns(entries: Iterable[Entry]) -> Iterator[Turn]:
    """Yield the turns that `entries` tell of, in their order."""
    for one in entries:
        if one.event == "turn.done":
            yield turn(one)


def turn(done: Entry) -> Turn:
    """Return the turn that a `turn.done` tells of."""
    return Turn(
        at_s=done.at_s,
        turn_id=done.text("turn_id"),
        outcome=one_line(done.text("outcome")),
        asked_ms=done.number("listened_ms"),
        first_audio_ms=done.number("first_audio_ms"),
        sounded_ms=done.number("sounded_ms"),
        underruns=round(done.number("underruns") or 0),
        stutters=round(done.number("stutters") or 0),
        xruns=round(done.number("xruns") or 0),
        tokens=round(done.number("total_tokens") or 0),
        cost=done.number("cost_estimate"),
        currency=one_line(done.text("currency")),
    )
