"""What is asked, and what an answer means. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_YES: Final = ("y", "yes")
_NO: Final = ("n", "no")


@dataclass(frozen=True, slots=True)
class Question:
    """One with numbered answers, or, without any, one for yes and no."""

    text: str
    answers: Sequence[str] = ()
    default: int = 0
    """The place of what an empty line means, counted from 0; of a yes or no: 0 yes, 1 no."""

    def shown(self) -> str:
        """Return all of it, as it stands before what is typed."""
        if not self.answers:
            return f"{self.text} {'[Y/n]' if self.default == 0 else '[y/N]'} "
        rows = [f"  {number}  {answer}" for number, answer in enumerate(self.answers, 1)]
        return "\n".join([self.text, *rows, f"Number [{self.default + 1}]: "])

    def meant(self, typed: str) -> int | None:
        """Return the place of the answer that was typed, counted from 0; None if it is none."""
        word = typed.strip().lower()
        if not word:
            return self.default
        if not self.answers:
            return 0 if word in _YES else 1 if word in _NO else None
        if word.isascii() and word.isdecimal():
            return int(word) - 1 if 1 <= int(word) <= len(self.answers) else None
        fitting = [place for place, answer in enumerate(self.answers) if answer.lower().startswith(word)]
        return fitting[0] if len(fitting) == 1 else None

    def refusal(self) -> str:
        """Return what to say to an answer that is none."""
        return f"Please type a number from 1 to {len(self.answers)}." if self.answers else "Please type y or n."


def whole_number(typed: str, default: int, least: int, most: int) -> int | None:
    """Return the number that was typed, `default` for nothing; None if it is not one from `least` to `most`."""
    word = typed.strip()
    if not word:
        return default
    if not (word.isascii() and word.isdecimal()) or not least <= int(word) <= most:
        return None
    return int(word)
