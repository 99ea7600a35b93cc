"""The owner's volume: even steps for the ear, and no click when it changes."""

from __future__ import annotations

from typing import Final

from hardware.pcm import gain_of_db, ramped, scaled

LOWEST_DB: Final = -50.0
"""At 1 %: just audible in a quiet room. The ear hears equal steps in decibel as equal (about 0.5 dB for 1 %)."""


def gain_of(percent: int) -> float:
    """Return the linear gain of a volume of 0 to 100 %: -50 dB at 1 %, 0 dB at 100 %, nothing at 0.

    Raises:
        ValueError: `percent` is outside that range.
    """
    if not 0 <= percent <= 100:
        raise ValueError(f"volume is 0 to 100 %, not {percent}")
    return gain_of_db(LOWEST_DB * (100 - percent) / 99) if percent else 0.0


class Volume:
    """The gain of what is played, frame by frame."""

    def __init__(self, percent: int) -> None:
        self._percent = percent
        self._before = self._gain = gain_of(percent)

    def __repr__(self) -> str:
        return f"<Volume {self._percent} %>"

    @property
    def percent(self) -> int:
        """What was set, 0 to 100."""
        return self._percent

    def set(self, percent: int) -> None:
        """Set the volume from the next frame on. Raises `ValueError` outside 0 to 100."""
        self._gain = gain_of(percent)
        self._percent = percent

    def applied(self, pcm: bytes) -> bytes:
        """Return the next frame at this volume; the first one after a change glides over to it."""
        before, self._before = self._before, self._gain
        return scaled(pcm, self._gain) if before == self._gain else ramped(pcm, before, self._gain)
