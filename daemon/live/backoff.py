"""How long to wait before the next attempt: for ever, ever less often, and never all devices together.

    pause                                       a pause is drawn evenly from the shaded part
      60 s ┤                    ┌───────────    below the ceiling; the ceiling doubles with each
           │              ┌─────┘▒▒▒▒▒▒▒▒▒▒▒    failure and ends at the cap
           │        ┌─────┘▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
     0.5 s ┤  ┌─────┘▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒
           └──┴──────────────────────────────
              1st failure   2nd …

Drawing from zero is what spreads ten thousand devices that lost the service in the same instant
(`docs/reconnects.png`). For a fault that only the owner can mend there is a floor as well; and where the service must
first learn that our old socket is gone, because three tries that fall together would cost the handle for nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, assert_never

from .resume import STABLE_S, Pause


@dataclass(frozen=True, slots=True)
class Schedule:
    """The range from which pauses are drawn."""

    first_s: float
    """The ceiling after the first failure; it doubles with each further one."""
    cap_s: float
    """Where the ceiling ends."""
    floor: float = 0.0
    """The shortest pause, as a share of the ceiling; 0 is full jitter."""

    def ceiling_s(self, failures: int) -> float:
        """Return the longest pause after `failures` (at least 1) in a row."""
        # The exponent is bounded because a float is: a device may be without a network for months.
        return float(min(self.cap_s, self.first_s * 2.0 ** min(failures - 1, 60)))


TRANSIENT: Final = Schedule(first_s=0.5, cap_s=60.0)
"""For what passes by itself. Half a minute on average at the cap: the longest that an owner waits for nothing."""
PERMANENT: Final = Schedule(first_s=120.0, cap_s=900.0, floor=0.5)
"""For what only the owner can mend, or a quota: 1 to 2 minutes, growing to between 7.5 and 15."""
OLD_SOCKET: Final = Schedule(first_s=2.0, cap_s=2.0, floor=0.75)
"""Three tries for one handle take 3 to 4 s. Half a second to one was enough for others (live-api.md 2)."""


class Backoff:
    """Counts the failures in a row and draws their pauses.

    Args:
        random: Returns a float in [0, 1), such as `random.Random(seed).random`.
    """

    def __init__(self, random: Callable[[], float]) -> None:
        self._random: Final = random
        self._failures = {TRANSIENT: 0, OLD_SOCKET: 0, PERMANENT: 0}
        self._up_since_s: float | None = None

    def __repr__(self) -> str:
        return f"<Backoff transient={self._failures[TRANSIENT]} permanent={self._failures[PERMANENT]}>"

    def succeeded(self, now: float) -> None:
        """Note that a link came up at `now`."""
        self._up_since_s = now

    def network_came(self) -> None:
        """Note that there is a network again: what failed for want of it says nothing about the next attempts."""
        self._failures[TRANSIENT] = 0

    def next_pause_s(self, now: float, pause: Pause = Pause.BACKOFF) -> float:
        """Return how long to wait, `now` being when the link, or the attempt to make one, failed.

        The row of failures begins anew if the link that came up last had lasted `STABLE_S`.
        """
        if self._up_since_s is not None and now - self._up_since_s >= STABLE_S:
            self._failures = dict.fromkeys(self._failures, 0)
        self._up_since_s = None
        match pause:
            case Pause.NONE:
                return 0.0
            case Pause.BACKOFF:
                return self._draw_s(TRANSIENT)
            case Pause.OLD_SOCKET:
                return self._draw_s(OLD_SOCKET)
            case Pause.SLOW | Pause.QUOTA:
                return self._draw_s(PERMANENT)
            case _:
                assert_never(pause)

    def _draw_s(self, schedule: Schedule) -> float:
        self._failures[schedule] += 1
        share = schedule.floor + (1.0 - schedule.floor) * self._random()
        return schedule.ceiling_s(self._failures[schedule]) * share
