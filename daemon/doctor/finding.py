"""What an examination finds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Verdict(Enum):
    """What a finding means to the owner."""

    FINE = "fine"
    NOTE = "note"
    """Good to know: nothing need be done, or it could not be looked at, or it does not apply here."""
    TO_DO = "to do"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    area: str
    """What it is about, in a word or two; findings of one area stand together."""
    what: str
    """What was found, in words that can stand alone. Never a secret."""
    verdict: Verdict
    remedy: str = ""
    """The one thing to do, as a sentence without its full stop; there always is one where something is to be done."""

    def __post_init__(self) -> None:
        assert self.remedy or self.verdict is not Verdict.TO_DO, "an owner must be told what to do"


def fine(area: str, what: str) -> Finding:
    """Return that all is well."""
    return Finding(area, what, Verdict.FINE)


def note(area: str, what: str, remedy: str = "") -> Finding:
    """Return what is good to know; `remedy` says how it could be otherwise."""
    return Finding(area, what, Verdict.NOTE, remedy)


def to_do(area: str, what: str, remedy: str) -> Finding:
    """Return what is wrong, and what to do."""
    return Finding(area, what, Verdict.TO_DO, remedy)
