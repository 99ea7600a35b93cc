"""What was said so far, in words: told to a new session when the old one cannot be resumed.

Kept in memory only, from the service's own transcripts, newest turns first within a budget. It goes into the system
instruction, because context that is sent as content is lost again when that session is resumed (live-api.md 0.12).
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

CHARACTERS_PER_TOKEN: Final = 4
"""A rule of thumb for English; other languages need more tokens, so less is told than the budget allows."""
PREFACE: Final = (
    "The connection was lost and this is a new one. The person does not know and does not care: go on as if nothing "
    "had happened, and do not mention it. This was said so far, oldest first:"
)


@dataclass(slots=True)
class _Exchange:
    turn_id: int
    heard: str = ""
    said: str = ""

    @property
    def text(self) -> str:
        lines = (("Person", self.heard), ("You", self.said))
        return "\n".join(f"{who}: {' '.join(words.split())}" for who, words in lines if words.strip())


class Recollection:
    """The newest exchanges, bounded by `budget_tokens`; with 0 nothing is kept."""

    def __init__(self, budget_tokens: int) -> None:
        self._budget_characters = budget_tokens * CHARACTERS_PER_TOKEN
        self._exchanges: deque[_Exchange] = deque()

    def __repr__(self) -> str:
        return f"<Recollection of {len(self._exchanges)} exchanges>"

    def heard(self, turn_id: int, text: str) -> None:
        """Add a piece of what the user said in turn `turn_id`, as the service understood it."""
        self._exchange(turn_id).heard += text
        self._forget_oldest()

    def said(self, turn_id: int, text: str) -> None:
        """Add a piece of what the service answered to turn `turn_id`."""
        self._exchange(turn_id).said += text
        self._forget_oldest()

    @property
    def newest_said(self) -> str:
        """The newest answer, or what is left of it; empty if there is none."""
        return next((exchange.said for exchange in reversed(self._exchanges) if exchange.said.strip()), "")

    @property
    def newest(self) -> tuple[bool, str] | None:
        """The newest words, and whether they are the service's; None if nothing was said."""
        for exchange in reversed(self._exchanges):
            for ours, words in ((True, exchange.said), (False, exchange.heard)):
                if said := " ".join(words.split()):
                    return ours, said
        return None

    def clear(self) -> None:
        """Forget everything: the conversation is over."""
        self._exchanges.clear()

    def instruction(self, own: str) -> str:
        """Return `own`, the owner's system instruction, followed by what was said so far."""
        told = [text for exchange in self._exchanges if (text := exchange.text)]
        return "\n\n".join([part for part in (own, PREFACE) if part] + ["\n".join(told)]) if told else own

    def _exchange(self, turn_id: int) -> _Exchange:
        for exchange in reversed(self._exchanges):
            if exchange.turn_id == turn_id:
                return exchange
        self._exchanges.append(_Exchange(turn_id))
        return self._exchanges[-1]

    def _forget_oldest(self) -> None:
        """Keep within the budget; of a single exchange that is too long, its end is what matters."""
        while len(self._exchanges) > 1 and self._length() > self._budget_characters:
            self._exchanges.popleft()
        newest = self._exchanges[-1]
        excess = self._length() - self._budget_characters
        if excess > 0:
            cut = min(excess, len(newest.heard))
            newest.heard = newest.heard[cut:]
            newest.said = newest.said[excess - cut :]

    def _length(self) -> int:
        return sum(len(exchange.heard) + len(exchange.said) for exchange in self._exchanges)
