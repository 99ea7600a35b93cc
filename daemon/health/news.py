"""How the device is doing, and when that is worth a line in the journal.

While nobody talks to the device nothing is written: the disk is an SD card. So it is told after a turn, at most every
ten minutes, and at once when something begins that its owner must act upon.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

TOLD_EVERY_S: Final = 600.0
HOT_C: Final = 80.0
"""A Raspberry Pi begins to slow down there."""
COOL_C: Final = 75.0
STEADY_S: Final = 600.0
"""A supply that was not too weak for so long has recovered; until then it is the same trouble."""


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the kernel says at one moment; None for what it does not say on this machine."""

    temperature_c: float | None = None
    """Of the hottest place that is measured."""
    under_voltage: bool | None = None
    """Whether the supply of a Raspberry Pi is, or a moment ago was, too weak."""


class Trouble(Enum):
    """What an owner must act upon, named like its event."""

    HOT = "device.hot"
    UNDER_VOLTAGE = "device.under_voltage"


class Health:
    """Decides what is news. Every `now` is a time of the loop's clock, in seconds."""

    def __init__(self) -> None:
        self._told_s: float | None = None
        self._told_turn = 0
        self._hot = False
        self._weak_s: float | None = None
        """When the supply was too weak last, while that counts."""

    def __repr__(self) -> str:
        return f"<Health hot={self._hot} weak={self._weak_s is not None}>"

    def troubles(self, vitals: Vitals, now: float) -> tuple[Trouble, ...]:
        """Return what has begun since the last look."""
        begun = []
        if vitals.temperature_c is not None:
            if vitals.temperature_c > HOT_C and not self._hot:
                begun.append(Trouble.HOT)
            self._hot = vitals.temperature_c > (COOL_C if self._hot else HOT_C)
        if vitals.under_voltage:
            if self._weak_s is None:
                begun.append(Trouble.UNDER_VOLTAGE)
            self._weak_s = now
        elif self._weak_s is not None and now - self._weak_s >= STEADY_S:
            self._weak_s = None
        return tuple(begun)

    def due(self, turn_id: int, now: float) -> bool:
        """Return whether the figures are to be told now, turn `turn_id` being the newest; the first is 1."""
        rested = self._told_s is None or now - self._told_s >= TOLD_EVERY_S
        if turn_id == self._told_turn or not rested:
            return False
        self._told_turn, self._told_s = turn_id, now
        return True
