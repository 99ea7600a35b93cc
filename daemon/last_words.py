"""Holds a release of the button back until the microphone's frames from before it have been read.

    captured   ──┬──┬──┬──┬──┬──┬──┐ released         A card, and a busy loop, hand frames over late: a gate that
    read            ──┬──┬──┬──┬──┬──┐ now closed     closed with the button would cut the last word off.

Where nothing is late, and in simulations nothing is, a release is passed on at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from hardware.pcm import FRAME_S

from .events import Event, Released

LATEST_S: Final = 0.3
"""How long a release waits for frames that do not come: a lost microphone must not leave the gate open."""
_ROUNDING_S: Final = 1e-6


class LastWords:
    """Between the button and the conversation.

    Args:
        dispatch: Where everything that the button did goes, in order.
    """

    def __init__(self, dispatch: Callable[[Event], None]) -> None:
        self._dispatch: Final = dispatch
        self._heard_s = 0.0
        """When the newest frame that was read had been captured; the loop's clock, as all times here."""
        self._held: Released | None = None
        self._timer: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<LastWords holds={self._held}>"

    def pushed(self, event: Event) -> None:
        """Take what the button did."""
        self._let_go()
        if isinstance(event, Released) and not self._all_read(event):
            self._held = event
            self._timer = asyncio.get_running_loop().call_later(LATEST_S, self._let_go)
        else:
            self._dispatch(event)

    def heard(self, captured_s: float) -> None:
        """Note that the frame was sent whose last sample was captured then. Frames come in order."""
        self._heard_s = captured_s
        if self._held is not None and self._all_read(self._held):
            self._let_go()

    def _all_read(self, released: Released) -> bool:
        """Whether every frame was read that was whole when the button came up."""
        return self._heard_s > released.at_s - FRAME_S - _ROUNDING_S

    def _let_go(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held, self._held = self._held, None
        if held is not None:
            self._dispatch(held)
