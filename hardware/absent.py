"""What stands in for a part that the device does not have, because its driver is "none"."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hardware.interfaces import Edge, Rgb


class AbsentButton:
    """A `Button` that nobody ever presses."""

    async def edge(self) -> Edge:
        """Wait for ever."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError("unreachable")

    async def close(self) -> None:
        """Do nothing."""


class AbsentMuteSwitch:
    """A `MuteSwitch` that nobody ever moves: it lets the microphone hear."""

    def __init__(self) -> None:
        self._told = False

    async def position(self) -> bool:
        """Return False the first time, then wait for ever."""
        if self._told:
            await asyncio.get_running_loop().create_future()
        self._told = True
        return False

    async def close(self) -> None:
        """Do nothing."""


class AbsentLedRing:
    """A `LedRing` without a pixel."""

    def __init__(self) -> None:
        self.count = 0

    def show(self, pixels: Sequence[Rgb]) -> None:
        """Show nothing; see `LedRing.show`."""
        if len(pixels) != self.count:
            raise ValueError(f"{len(pixels)} pixels for a ring of {self.count}")

    def close(self) -> None:
        """Do nothing."""
