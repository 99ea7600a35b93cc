"""When each turn of a session began, sounded and was over, as far as its `turn.done` tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import inf
from typing import Final

from daemon.history.entry import Entry

PROMPT: Final = "prompt"
"""What began a turn in which nobody spoke: the device had something told."""
GUESSED_S: Final = 0.5
"""How long somebody waited who then spoke again, or whom nobody answered: the journal does not tell."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A turn. All times are the journal's."""

    begun: str
    """`Begun` in `effects.py`, or `PROMPT`."""
    ending: str
    outcome: str
    from_s: float
    """When the gate opened."""
    to_s: float
    """When it closed."""
    sounded_s: float | None
    """When the first sound of the answer did; None if none did, or while the gate was open."""
    over_s: float
    answer: int
    """Which one it is, counted from 1: what the stand-in calls the turns that it answers."""


def asked(entries: Iterable[Entry]) -> Iterator[Asked]:
    """Yield the turns, in the order in which they were over.

    What was cut and said again is one turn: it lasts until its last answer is over.
    """
    number = 0
    cut: Entry | None = None
    for done in entries:
        if done.event != "turn.done":
            continue
        first = done if done.text("begun") else cut  # what is said again was begun by nobody
        cut = first if done.text("outcome") == "cut" else None
        if first is None or cut is not None:
            continue
        number += 1
        yield _asked(first, done, number)


def _asked(first: Entry, done: Entry, number: int) -> Asked:
    """Return the turn that `first` told the beginning of and `done` the end."""
    listened_s = _seconds(first, "listened_ms")
    answer_s = _seconds(first, "first_audio_ms", inf) + _seconds(first, "sounded_ms")
    outcome = done.text("outcome")
    waited_s = answer_s if answer_s < inf else _seconds(first, "thought_ms", 0.0 if outcome == "empty" else GUESSED_S)
    to_s = first.at_s - waited_s
    sounded_s = done.at_s - _seconds(done, "sounded_ms") if done.number("sounded_ms") else None
    if sounded_s is not None and first is done and answer_s < inf:
        sounded_s = to_s + _seconds(first, "first_audio_ms")
    return Asked(
        begun=first.text("begun"),
        ending=first.text("ending"),
        outcome=outcome,
        from_s=to_s - listened_s,
        to_s=to_s,
        sounded_s=sounded_s,
        over_s=done.at_s,
        answer=number,
    )


def _seconds(entry: Entry, name: str, missing: float = 0.0) -> float:
    value_ms = entry.number(name)
    return missing if value_ms is None else value_ms / 1000
