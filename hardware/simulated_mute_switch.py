"""A mute switch without a pin, on any event loop, in real or virtual time."""

from __future__ import annotations

import asyncio
import itertools
import math

from hardware.interfaces import DeviceLost, DeviceMissing


class SimulatedMuteSwitch:
    """A contact that does not bounce.

    It is a `MuteSwitch` from the beginning until `close`, and the same one when it is opened again. Hands: `flip`,
    `lose`, `restore`. Eyes: `muted`, `muted_spans`, `lost_spans`.
    """

    def __init__(self) -> None:
        self.muted = False
        """Where it stands."""
        self._moves: list[tuple[float, bool]] = []
        """When it was moved, and whereto."""
        self._losses: list[tuple[float, bool]] = []
        """When its pin was taken away, and given back."""
        self._told: bool | None = None
        self._moved = asyncio.Event()
        self._gone = ""
        self._there = True

    def __repr__(self) -> str:
        return f"<SimulatedMuteSwitch {'muted' if self.muted else 'open'}{f' {self._gone}' if self._gone else ''}>"

    # --- hands ---

    def flip(self, muted: bool) -> None:
        """Move it to the position that shuts the microphone off, or out of it."""
        if muted != self.muted:
            self.muted = muted
            self._moves.append((asyncio.get_running_loop().time(), muted))
            self._moved.set()

    def muted_spans(self) -> list[tuple[float, float]]:
        """Return from when to when it shut the microphone off; `inf` where it still does."""
        return _spans(self._moves)

    def lost_spans(self) -> list[tuple[float, float]]:
        """Return from when to when its pin was away; `inf` where it still is."""
        return _spans(self._losses)

    def lose(self) -> None:
        """Take the pin away."""
        if self._there:
            self._losses.append((asyncio.get_running_loop().time(), True))
        self._there = False
        self._end("mute switch: gone. Open it again")

    def restore(self) -> None:
        """Give the pin back. What was open stays lost, but can be opened again."""
        if not self._there:
            self._losses.append((asyncio.get_running_loop().time(), False))
        self._there = True

    # --- MuteSwitch ---

    def open(self) -> None:
        """Look at the contact afresh.

        Raises:
            DeviceMissing: It is lost.
        """
        if not self._there:
            raise DeviceMissing("mute switch: not there")
        self._gone, self._told = "", None

    async def position(self) -> bool:
        """Wait until it stands otherwise than was told; see `MuteSwitch.position`."""
        while True:
            if self._gone:
                raise DeviceLost(self._gone)
            if self.muted != self._told:
                self._told = self.muted
                return self._told
            self._moved.clear()
            await self._moved.wait()

    async def close(self) -> None:
        """Look away; see `MuteSwitch.close`."""
        self._end("mute switch: closed")

    def _end(self, reason: str) -> None:
        self._gone = self._gone or reason
        self._moved.set()


def _spans(changes: list[tuple[float, bool]]) -> list[tuple[float, float]]:
    ends = [*changes, (math.inf, False)]
    return [(from_s, to_s) for (from_s, on), (to_s, _) in itertools.pairwise(ends) if on]
