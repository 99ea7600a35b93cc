"""One fault as a case: how it comes to pass, and what the person does meanwhile.

A tale begins with a device that is connected, and returns when the fault has struck and is over, as far as it ever is.
Whoever runs it goes on with `Stage.carry_on` and one more question, which must be answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from daemon.rehearsal.stand_in.answer import BURSTS, Pacing
from daemon.rehearsal.stand_in.faults import Act, Moment
from tests.support.stage import Stage

Tale: TypeAlias = Callable[[Stage], Awaitable[None]]
Blow: TypeAlias = Callable[[Stage], None]
"""What strikes, or what ends it."""

HALF_S: Final = 1.5
"""Half of a sentence."""
LONG_ANSWER_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Case:
    """One fault."""

    name: str
    tale: Tale
    remark: str = ""
    moves_clock: bool = False
    """It needs a process whose wall clock can be moved."""


def in_sentence(blow: Blow, *, handle: bool = True, lasts_s: float = 0.0, end: Blow = lambda _: None) -> Tale:
    """Let `blow` strike in the middle of a sentence, and call `end` after `lasts_s`, or after the sentence.

    With `handle` there was an exchange before, so that the session can be resumed.
    """

    async def tale(s: Stage) -> None:
        if handle:
            await s.exchange()
        await s.begin(HALF_S)
        blow(s)
        await s.end(HALF_S)
        await asyncio.sleep(lasts_s - HALF_S)
        end(s)
        await s.until_struck()

    return tale


def in_answer(blow: Blow, *, heard_s: float, pacing: Pacing = BURSTS) -> Tale:
    """Let `blow` strike in an answer of 4 s of which `heard_s` have been heard."""

    async def tale(s: Stage) -> None:
        await s.exchange()
        s.answer_s, s.service.conduct.pacing = LONG_ANSWER_S, pacing
        await s.ask()
        await s.until_sounding(heard_s)
        blow(s)
        await s.until_struck()
        s.answer_s = 1.0

    return tale


def service_does(act: Act, moment: Moment) -> Blow:
    """Return the blow of a service that does `act` at the next such moment."""
    return lambda s: s.arm(moment, act)


def reset(s: Stage) -> None:
    """Reset the connection."""
    s.struck()
    s.between.reset()
