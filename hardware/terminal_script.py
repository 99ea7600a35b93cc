"""Keys to be pressed by nobody: "ready space:2.0 wait:4 m q", for recordings and tests. Pure.

"wait" is no key, and neither is "ready": then nothing is done until there is a link and nobody's turn is under way.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

NAMES: Final = ("space", "wait", "ready", "m", "l", "+", "-", "n", "1", "2", "3", "q")
_TIMED: Final = {"space": 2.0, "wait": 1.0}
_LONGEST_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do."""

    key: str
    """One of `NAMES`."""
    for_s: float = 0.0
    """How long it is held, or how long nothing is done."""


def steps(text: str) -> tuple[Step, ...]:
    """Return the steps that `text` names, with spaces between; "space:2.5" holds for so many seconds.

    Raises:
        ValueError: It is not understood; the text says what of it.
    """
    return tuple(_step(word) for word in text.split())


def _step(word: str) -> Step:
    key, colon, length = word.partition(":")
    if key not in NAMES or (colon and key not in _TIMED):
        raise ValueError(f"{word!r} is none of the keys: {', '.join(NAMES)}; with a time: space:2.5, wait:3")
    try:
        for_s = float(length) if colon else _TIMED.get(key, 0.0)
    except ValueError:
        for_s = -1.0
    if not 0.0 <= for_s <= _LONGEST_S:
        raise ValueError(f"{word!r}: the time is a number of seconds, 0 to {_LONGEST_S:g}")
    return Step(key, for_s)
