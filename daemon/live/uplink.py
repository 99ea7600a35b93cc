"""The queue between the gate and the link: the replay log, a lane beside it, and a bell that wakes whoever sends.

speech, pictures of a turn ──► replay log ──┐
                                            ├─► next ─► link       what is aside goes first, and with its link
tool results, single looks ──► aside ───────┘
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

from .replay import Replay
from .upward import Aside, Image, Prompt, Speech, Upward

_MOST_ASIDE: Final = 32
"""The model calls for a few things at once; more than this waits only on a link that is about to be given up."""


class Uplink:
    """Takes what is to go up, at any time and without waiting, and hands it to the link of the moment.

    Bounded by the replay log: it drops the oldest unanswered speech beyond its limit, and says how much. What is aside
    is bounded too: the oldest is dropped.
    """

    def __init__(self, limit_s: float, offline_s: float) -> None:
        self.replay = Replay(limit_s, offline_s)
        self.holds_speech: Callable[[], bool] = lambda: False
        """Whether speech must wait: a blocking call is under way (live-api.md 1.8). When it need not any more,
        something goes aside, or `ring` is called."""
        self._aside: Final = deque[Aside](maxlen=_MOST_ASIDE)
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

    def ask(self, prompt: Prompt) -> None:
        """Add a whole turn in writing. No turn may be open."""
        self.replay.ask(prompt)
        self._bell.set()

    def put_aside(self, item: Aside) -> None:
        """Have `item` sent over the present link, ahead of speech."""
        self._aside.append(item)
        self._bell.set()

    def link_began(self) -> None:
        """Drop what was for the link before, or for none."""
        self._aside.clear()

    def ring(self) -> None:
        """Wake whoever sends: speech may go on."""
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
        while True:
            if self._aside:
                return self._aside.popleft()
            item = None if self.holds_speech() else self.replay.next()
            if item is not None:
                return item
            self._bell.clear()
            await self._bell.wait()
