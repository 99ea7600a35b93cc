"""What is going to happen in one simulated conversation, as data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from daemon.rehearsal.stand_in.answer import Pacing
from daemon.rehearsal.stand_in.conduct import Manners
from tests.scenario.story import Story
from tests.support.virtual_time import START_S


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens `at_s` seconds into the conversation."""

    at_s: float
    what: str
    do: Callable[[Story], object]
    kind: str = ""
    """Of something that is to be survived: what it is counted as."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One conversation."""

    seed: int
    mode: str
    seconds: float
    pacing: Pacing
    manners: Manners
    delay_s: float
    config: dict[str, dict[str, object]]
    happenings: tuple[Happening, ...]

    def __str__(self) -> str:
        lines = [f"seed {self.seed}, {self.mode}, {self.seconds:g} s, {self.delay_s * 1000:.0f} ms, {self.pacing}"]
        return "\n".join([*lines, *(f"  {START_S + each.at_s:9.3f}  {each.what}" for each in self.happenings)])
