"""The chance that the stand-in needs, so that whoever runs it can seed it."""

from __future__ import annotations

from typing import Protocol


class Dice(Protocol):
    """The part of `random.Random` that the stand-in throws."""

    def random(self) -> float:
        """Return a number from 0 up to, but not including, 1."""

    def uniform(self, a: float, b: float, /) -> float:
        """Return a number between both."""

    def randint(self, a: int, b: int, /) -> int:
        """Return a whole number between both, both included."""
