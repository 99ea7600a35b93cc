"""What the user said and the service has not answered: sent from here, and said again after a cut.

Everything that goes up passes through this one log. While the link is up the session takes from it as fast as
it can send; while the link is down it fills. After a cut, `rewind` puts the unanswered turns back in front, as
one turn, so that they reach the next session once and in order. `answered` forgets them.

    turn 1 ── answered, forgotten      turn 2 ── sent, no answer yet      turn 3 ── being spoken
                                      └──────────── held ──────────────────────────┘
                                                          ▲ cursor: what is sent next
"""

from __future__ import annotations

from collections import deque
from dataclasses import replace
from typing import Final

from hardware.pcm import FRAME_S

from .upward import Image, Prompt, Speech, TurnEnd, TurnStart, Upward

JOINED_FRAMES: Final = 5


class Replay:
    """The bounded log of unanswered turns, with a cursor for what has been sent on this link.

    Bounded: of speech that no link has been given, more than `offline_s` is dropped from its front; and so is the
    oldest of all when more than `limit_s` is held. `dropped_s` counts it.
    """

    def __init__(self, limit_s: float, offline_s: float) -> None:
        self._limit_frames = max(1, round(limit_s / FRAME_S))
        self._offline_frames = max(1, round(offline_s / FRAME_S))
        self._new_frames = 0
        """Speech that no link has been given: the newest of what is held."""
        self._given_s = float("-inf")
        """When the newest speech that a link was given was captured."""
        self._items: deque[Upward] = deque()
        self._sent = 0
        self._speech_frames = 0
        self._open_turn: int | None = None
        self._window: int | None = None
        """The turn whose activityStart has gone out on this link and whose activityEnd has not."""
        self.dropped_s = 0.0
        """Speech given up since the start because too much was held."""

    def __repr__(self) -> str:
        return f"<Replay held={self.held_s:.2f}s unsent={len(self._items) - self._sent} open={self._open_turn}>"

    @property
    def held_s(self) -> float:
        """Speech held, sent or not, in seconds of audio."""
        return self._speech_frames * FRAME_S

    @property
    def pending(self) -> bool:
        """Whether `next` would return something."""
        return self._sent < len(self._items)

    @property
    def newest_turn(self) -> int | None:
        """The newest unanswered turn; None when nothing is held."""
        return next((item.turn_id for item in reversed(self._items) if isinstance(item, TurnStart | Prompt)), None)

    @property
    def oldest_turn(self) -> int | None:
        """The oldest unanswered turn; None when nothing is held."""
        return next((item.turn_id for item in self._items if isinstance(item, TurnStart | Prompt)), None)

    def waiting_since_s(self) -> float | None:
        """Return when the last word of what is held was captured; None while a turn is open, or nothing is held."""
        if self._open_turn is not None:
            return None
        return next((item.captured_s for item in reversed(self._items) if isinstance(item, Speech)), None)

    def begin(self, turn_id: int) -> None:
        """Open a turn. An open one is ended first: the service allows one at a time."""
        if self._open_turn is not None:
            self.end(self._open_turn)
        self._items.append(TurnStart(turn_id))
        self._open_turn = turn_id

    def ask(self, prompt: Prompt) -> None:
        """Add a whole turn in writing. It stands alone: no turn may be open."""
        assert self._open_turn is None, "a prompt inside a turn would get no answer"
        self._items.append(prompt)

    def say(self, speech: Speech) -> float:
        """Add a frame to the open turn; without one it is ignored.

        Returns:
            Seconds of older speech that had to be dropped for it.
        """
        if self._open_turn is None:
            return 0.0
        self._items.append(speech)
        self._speech_frames += 1
        self._new_frames += 1
        dropped = 0
        if self._new_frames > self._offline_frames:
            dropped += self._drop_speech(self._sent)
        if self._speech_frames > self._limit_frames:
            dropped += self._drop_speech(0)
        self.dropped_s += dropped * FRAME_S
        return dropped * FRAME_S

    def show(self, image: Image) -> None:
        """Add a picture to the open turn; without one it is ignored."""
        if self._open_turn is not None:
            self._items.append(image)

    def end(self, turn_id: int) -> None:
        """Close the turn if it is the open one."""
        if self._open_turn == turn_id:
            self._items.append(TurnEnd(turn_id))
            self._open_turn = None

    def next(self) -> Upward | None:
        """Return what is to be sent next and count it as sent; None when all is sent.

        Frames that have piled up come joined, up to 100 ms at once, because every message costs the same.
        """
        if not self.pending:
            return None
        item = self._items[self._sent]
        self._sent += 1
        if isinstance(item, Speech):
            self._give(item)
            return self._join(item)
        if isinstance(item, TurnStart):
            self._window = item.turn_id
        elif isinstance(item, TurnEnd):
            self._window = None
        return item

    def answered(self, turn_id: int) -> None:
        """Forget this turn and all before it: nothing of them is ever said again.

        The open turn is never forgotten, and an activityEnd that this link is still owed stays.
        """
        if self._open_turn is not None:
            turn_id = min(turn_id, self._open_turn - 1)
        while self._items and _turn_of(self._items[0], turn_id) <= turn_id:
            self._forget_first()
        if self._window is not None and self._window <= turn_id:
            self._items.appendleft(TurnEnd(self._window))

    def renumber(self, turn_id: int) -> None:
        """Give what is held, and is said no more, the number of a new turn; the open turn keeps its own."""
        if self._open_turn is None:
            self._items = deque(
                replace(item, turn_id=turn_id) if isinstance(item, TurnStart | TurnEnd | Prompt) else item
                for item in self._items
            )

    def rewind(self) -> float:
        """Prepare for a new link: everything held is unsent again, and is said as one turn.

        The turns are joined because an activityStart would interrupt the answer to the turn before it: the one
        answer that then comes is the answer to all of them. It carries the newest turn's number. A resumed session
        may know some of them. Which, a handle does not tell, and words that are heard twice do less harm than none.

        Returns:
            Seconds of speech that will be said again or for the first time.
        """
        newest = self.newest_turn
        self._sent = 0
        self._window = None
        prompts = [item for item in self._items if isinstance(item, Prompt)]
        newest_image = next((item for item in reversed(self._items) if isinstance(item, Image)), None)
        # The service takes one picture a second, and here they would come all at once (live-api.md 1.2).
        content = [item for item in self._items if isinstance(item, Speech) or item is newest_image]
        spoken = self._open_turn is not None or any(isinstance(item, TurnStart) for item in self._items)
        # Whoever speaks after a prompt has not waited for its answer, and a prompt is only said if nothing else is.
        self._items = deque(prompts[-1:] if not spoken else ())
        if newest is not None and spoken:
            self._items = deque([TurnStart(newest), *content])
            if self._open_turn is None:
                self._items.append(TurnEnd(newest))
        return self.held_s

    def _join(self, first: Speech) -> Speech:
        joined = [first.pcm]
        last = first
        while self.pending and len(joined) < JOINED_FRAMES:
            item = self._items[self._sent]
            if not isinstance(item, Speech):
                break
            last = item
            self._give(item)
            joined.append(item.pcm)
            self._sent += 1
        return first if last is first else Speech(b"".join(joined), last.captured_s)

    def _give(self, speech: Speech) -> None:
        """Note that a link was given `speech`."""
        if speech.captured_s > self._given_s:
            self._given_s = speech.captured_s
            self._new_frames -= 1

    def _drop_speech(self, start: int) -> int:
        """Drop the first speech at or after index `start`; return how many frames that were."""
        index = next((i for i in range(start, len(self._items)) if isinstance(self._items[i], Speech)), None)
        if index is None:
            return 0
        self._count_out(self._items[index])
        del self._items[index]
        self._sent -= index < self._sent
        return 1

    def _count_out(self, item: Upward) -> None:
        if isinstance(item, Speech):
            self._speech_frames -= 1
            self._new_frames -= item.captured_s > self._given_s

    def _forget_first(self) -> None:
        item = self._items.popleft()
        self._sent = max(0, self._sent - 1)
        self._count_out(item)


def _turn_of(item: Upward, unmarked: int) -> int:
    """The turn an item names; speech and pictures name none and go with what stands before them."""
    return item.turn_id if isinstance(item, TurnStart | TurnEnd | Prompt) else unmarked
