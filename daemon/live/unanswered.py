"""What is held and gets no answer: when to give it up, so that nothing is said for ever."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.events import TurnGivenUp
from daemon.journal import Level

from .replay import Replay

UNANSWERED_TRIES: Final = 3
"""How often a turn that the service does not answer is said before it is given up."""
KEEP_TURN_S: Final = 120.0
"""How long what was said waits for a link."""


class Unanswered:
    """Gives up the newest turn that is held, and with it all before it.

    Args:
        replay: What is held.
        tell: The journal's `tell`: `turn.given_up` (turn_id, tries or waited_s).
        dispatch: Told of the turn.
    """

    def __init__(self, replay: Replay, *, tell: Callable[..., None], dispatch: Callable[[TurnGivenUp], None]) -> None:
        self._replay: Final = replay
        self._tell: Final = tell
        self._dispatch: Final = dispatch
        self._tries = 0
        """How often in a row the service has owed an answer and not given it."""

    def __repr__(self) -> str:
        return f"<Unanswered tries={self._tries} {self._replay}>"

    def answered(self) -> None:
        """Note that the service has begun to answer."""
        self._tries = 0

    def failed(self, failure: LinkError) -> None:
        """Count `failure` if an answer was overdue: a turn is not said for ever, link after link."""
        if not (isinstance(failure, LinkTimeout) and failure.deadline is Deadline.REPLY):
            return
        self._tries += 1
        if self._tries >= UNANSWERED_TRIES:
            self._give_up_after(UNANSWERED_TRIES)

    def unheard(self) -> None:
        """Give up what the service heard no speech in, as far as can be known: it would hear none in it again."""
        self._give_up_after(self._tries + 1)

    def late_s(self, now: float) -> float:
        """Return when `late` is to be asked next: the last word of what is held has waited long enough by then.

        Something that is still being said, or not even begun, has all its time before it.
        """
        since_s = self._replay.waiting_since_s()
        return (now if since_s is None else since_s) + KEEP_TURN_S

    def late(self, now: float) -> None:
        """Give up what has waited for too long: an answer minutes after its question speaks to an empty room."""
        since_s, turn_id = self._replay.waiting_since_s(), self._replay.newest_turn
        if since_s is not None and turn_id is not None and now >= since_s + KEEP_TURN_S:
            self._tell("turn.given_up", level=Level.WARNING, turn_id=turn_id, waited_s=round(now - since_s))
            self._dispatch(TurnGivenUp(turn_id))

    def _give_up_after(self, tries: int) -> None:
        turn_id = self._replay.newest_turn
        if turn_id is not None:
            self._tries = 0
            self._tell("turn.given_up", level=Level.WARNING, turn_id=turn_id, tries=tries)
            self._dispatch(TurnGivenUp(turn_id))
