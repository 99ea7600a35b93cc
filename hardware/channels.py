"""All channels of one microphone side by side, for whoever must find out which of them to listen to."""

from __future__ import annotations

from typing import Protocol

from hardware.interfaces import Frame

MOST: int = 8
"""As many as `microphone.channel` can name."""


def worth_hearing(channels: int, *, is_card: bool) -> int:
    """Return how many channels of a microphone that has `channels` are microphones of their own.

    A sound server offers dozens, all made of the same sound.
    """
    return min(channels, MOST) if is_card or channels <= MOST else 1


class Channels(Protocol):
    """An open microphone."""

    async def read(self, channel: int) -> Frame:
        """Wait for the next frame of one channel; the first is 0. Each has a queue of its own, see `Microphone.read`.

        Raises:
            DeviceLost: The device went away, or delivered nothing for a second.
        """
        ...

    async def close(self) -> None:
        """Stop capturing and free the device. May be called twice."""
        ...
