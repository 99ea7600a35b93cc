"""When the loudspeaker's card is closed, so that amplifier and converter can rest, and when it is opened again.

sound ─► quiet ──after_s──► asleep ──wake──► opened ──lead-in──► sound
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from daemon.journal import Level

LEAD_IN_S: Final = 0.1
"""How long a woken card plays zeros before the first sound: amplifiers take that long to come up."""


class Rest:
    """Every time is one of the loop's clock, in seconds.

    Args:
        after_s: How long nothing must have sounded; 0 for never to rest.
        tell: The journal: `speaker.asleep`, `speaker.awake` (asleep_s).
    """

    def __init__(self, after_s: float, tell: Callable[..., None]) -> None:
        self._after_s: Final = after_s
        self._tell: Final = tell
        self._wanted: Final = asyncio.Event()
        self._busy_s = float("-inf")
        self._asleep_s: float | None = None

    def __repr__(self) -> str:
        return f"<Rest {'asleep' if self.asleep else 'awake'}, after {self._after_s:g} s>"

    @property
    def asleep(self) -> bool:
        """Whether the card is closed, or on its way there or back."""
        return self._asleep_s is not None

    @property
    def due_s(self) -> float | None:
        """When it may fall asleep; None for never."""
        return self._busy_s + self._after_s if self._after_s else None

    def busy(self, until_s: float) -> None:
        """Note that the card was of use until then."""
        self._busy_s = max(self._busy_s, until_s)

    def wake(self, now: float) -> None:
        """Want the card from now on."""
        self.busy(now)
        self._wanted.set()

    def begin(self, now: float) -> None:
        """Note that the card is being closed; a `wake` from now on opens it again."""
        self._wanted.clear()
        self._asleep_s = now
        self._tell("speaker.asleep", level=Level.DEBUG)

    async def until_wanted(self) -> None:
        """Wait until somebody has called `wake` since `begin`."""
        await self._wanted.wait()

    def end(self, now: float) -> None:
        """Note that the card is open again, or is known to be lost."""
        if self._asleep_s is not None:
            self._tell("speaker.awake", level=Level.DEBUG, asleep_s=round(now - self._asleep_s, 1))
            self._asleep_s = None
