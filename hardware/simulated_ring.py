"""A ring of pixels without a bus, on any event loop, in real or virtual time."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from typing import Final

from hardware.interfaces import DeviceLost, DeviceMissing, Rgb

OFF: Final[Rgb] = (0, 0, 0)


class SimulatedLedRing:
    """The ring, and the eye that watches it.

    It is a `LedRing` from the beginning until `close`, and the same one when it is opened again. Hands: `lose`,
    `restore`. Eyes: `shown`, `pixels`.
    """

    def __init__(self, count: int = 12) -> None:
        self.count = count
        self.shown: list[tuple[float, tuple[Rgb, ...]]] = []
        """Each picture that differs from the one before, and when it appeared (-inf: while no event loop was running).
        Before the first, it is dark."""
        self._open = True
        self._there = True

    def __repr__(self) -> str:
        state = "lost" if not self._there else "open" if self._open else "closed"
        return f"<SimulatedLedRing {state} {self.count} pixels, {len(self.shown)} changes>"

    @property
    def pixels(self) -> tuple[Rgb, ...]:
        """What it shows now."""
        return self.shown[-1][1] if self.shown else (OFF,) * self.count

    def lose(self) -> None:
        """Cut the bus; the pixels keep what they show, as real ones do."""
        self._there = False

    def restore(self) -> None:
        """Mend the bus. What was open stays lost, but can be opened again."""
        self._there = True
        self._open = False

    def open(self) -> None:
        """Take the bus.

        Raises:
            DeviceMissing: It is lost.
        """
        if not self._there:
            raise DeviceMissing("LED ring: not there")
        self._open = True
        self._show((OFF,) * self.count)

    def show(self, pixels: Sequence[Rgb]) -> None:
        """Show `pixels`; see `LedRing.show`."""
        if len(pixels) != self.count:
            raise ValueError(f"{len(pixels)} pixels for a ring of {self.count}")
        if not self._there or not self._open:
            raise DeviceLost("LED ring: closed" if self._there else "LED ring: gone. Open it again")
        self._show(tuple(pixels))

    def close(self) -> None:
        """Turn everything off, if it can still be reached."""
        if self._there and self._open:
            self._show((OFF,) * self.count)
        self._open = False

    def _show(self, pixels: tuple[Rgb, ...]) -> None:
        if pixels != self.pixels:
            self.shown.append((_now_s(), pixels))


def _now_s() -> float:
    """Return the loop's time; a ring may be shown something when there is no loop yet, or none any more."""
    try:
        return asyncio.get_running_loop().time()
    except RuntimeError:
        return -math.inf
