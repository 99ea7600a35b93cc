"""What the loudspeaker does at a moment, as far as it is known from the frames that were handed to it."""

from __future__ import annotations

from collections import deque
from typing import Final

from hardware.pcm import FRAME_S


class Sounding:
    """The timing, the loudness and the echo of what is played. Every time is one of the loop's clock, in seconds.

    hand over ──(queue, at most four frames)──► device takes it ──(lead)──► converter ──(tail)──► room is quiet

    Args:
        tail_s: How long the room goes on sounding after the converter.
    """

    def __init__(self, tail_s: float) -> None:
        self._tail_s: Final = tail_s
        self._next_s = 0.0
        """When the frame after the last one would sound; in the past if the device plays silence."""
        self._lead_s = float("inf")
        """How long before it sounds the device takes a frame: the shortest time seen."""
        self._levels: Final[deque[tuple[float, float]]] = deque(maxlen=16)
        """When each of the newest frames sounds, and how loud it is."""
        self._audible_until_s = float("-inf")

    def __repr__(self) -> str:
        return f"<Sounding until {self._next_s:.3f} s, lead {self._lead_s * 1000:.0f} ms>"

    def hand_over_by_s(self, now: float) -> float:
        """Return until when the next frame must be handed over to sound without a gap; `now` if nothing sounds."""
        return max(now, self._next_s - self._lead_s)

    def handing_over(self, now: float) -> None:
        """Note that a frame that can be heard is being handed over: from now on it may sound."""
        self._audible_until_s = max(self._audible_until_s, now + FRAME_S + self._tail_s)

    def handed_over(self, starts_s: float, level: float | None, now: float) -> None:
        """Note that a frame will sound from `starts_s` on; `level` is from 0 to 1, None if it cannot be heard."""
        self._lead_s = min(self._lead_s, starts_s - now)
        self._next_s = starts_s + FRAME_S
        self._levels.append((starts_s, level or 0.0))
        if level is not None:
            self.handing_over(starts_s)

    def device_lost(self, now: float) -> None:
        """Note that nothing sounds any more, and that what is known of the device is of no use for the next one."""
        self.silenced(now)
        self._lead_s = float("inf")

    def silenced(self, now: float) -> None:
        """Note that nothing sounds any more but the room."""
        self._next_s = 0.0
        self._levels.clear()
        self._audible_until_s = min(self._audible_until_s, now + self._tail_s)

    def audible(self, now: float) -> bool:
        """Tell whether the microphone may hear us: from handing over until `tail_s` after the last sound."""
        return now < self._audible_until_s

    def level(self, now: float) -> float:
        """Return how loud it is now, 0 to 1."""
        for starts_s, level in reversed(self._levels):
            if starts_s <= now:
                return level if now < starts_s + FRAME_S else 0.0
        return 0.0
