"""The queue between the gate and the link: the replay log, and a bell that wakes whoever sends from it."""

from __future__ import annotations

import asyncio

from .replay import Replay
from .upward import Image, Speech, Upward


class Uplink:
    """Takes what is to go up, at any time and without waiting, and hands it to the link of the moment.

    Bounded by the replay log: it drops the oldest unanswered speech beyond its limit, and says how much.
    """

    def __init__(self, limit_s: float, offline_s: float) -> None:
        self.replay = Replay(limit_s, offline_s)
        self._bell = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Uplink {self.replay}>"

    def begin(self, turn_id: int) -> None:
        """Open a turn."""
        self.replay.begin(turn_id)
        self._bell.set()

    def say(self, speech: Speech) -> float:
        """Add a frame to the open turn; returns the seconds of older speech dropped for it."""
        dropped_s = self.replay.say(speech)
        self._bell.set()
        return dropped_s

    def show(self, image: Image) -> None:
        """Add a picture to the open turn."""
        self.replay.show(image)
        self._bell.set()

    def end(self, turn_id: int) -> None:
        """Close the turn."""
        self.replay.end(turn_id)
        self._bell.set()

    def forget(self, turn_id: int) -> None:
        """Forget this turn and all before it."""
        self.replay.answered(turn_id)
        self._bell.set()

    def renumber(self, turn_id: int) -> None:
        """Give what is held the number of a new turn."""
        self.replay.renumber(turn_id)

    async def next(self) -> Upward:
        """Wait for the next item. It counts as sent when this returns: send it before awaiting anything else."""
        while (item := self.replay.next()) is None:
            self._bell.clear()
            await self._bell.wait()
        return item
