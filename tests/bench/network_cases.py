"""What the network and the clock can do to a conversation."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Final

from daemon.rehearsal.stand_in.answer import BURSTS
from daemon.rehearsal.stand_in.memory import Session
from tests.bench.fault_case import LONG_ANSWER_S, Case, in_answer, in_sentence, reset
from tests.support import wall_clock
from tests.support.stage import Stage

OUTAGE_S: Final = 20.0
HALF_OPEN_S: Final = 30.0
UNNOTICED_S: Final = 1.0
"""How long the service takes an old socket for open (live-api.md 2)."""
FIVE_HOURS_S: Final = 5 * 3600


def _cut(s: Stage) -> None:
    s.struck()
    s.between.cut()


def _silence(s: Stage) -> None:
    s.struck()
    s.between.silence(up=True, down=True)


def _restore(s: Stage) -> None:
    s.between.restore()


async def _reset_before_answer(s: Stage) -> None:
    await s.exchange()
    await s.ask()
    await asyncio.sleep(0.3)
    reset(s)


async def _half_open_in_answer(s: Stage) -> None:
    await s.exchange()
    s.answer_s = LONG_ANSWER_S
    await s.ask()
    await s.until_sounding(0.3)
    _silence(s)
    asyncio.get_running_loop().call_later(HALF_OPEN_S, _restore, s)
    s.answer_s = 1.0
    await s.carry_on()


async def _old_socket_still_open(s: Stage) -> None:
    await s.exchange()
    [session] = s.service.sessions.values()
    await s.begin(1.5)
    session.open_connections += 1
    asyncio.get_running_loop().call_later(UNNOTICED_S, _noticed, session)
    reset(s)
    await s.end(1.5)


def _noticed(session: Session) -> None:
    session.open_connections -= 1


async def _slow_pongs(s: Stage) -> None:
    s.server.pong_delay_s = 30.0
    await s.exchange()
    await asyncio.sleep(40.0)
    s.struck()
    await s.ask()


async def _clock_jumps(s: Stage) -> None:
    await s.exchange()
    await s.begin(1.5)
    s.struck()
    wall_clock.jump(FIVE_HOURS_S)
    await s.end(1.5)
    await asyncio.sleep(0.3)
    wall_clock.jump(-FIVE_HOURS_S)


CASES: Final = (
    Case("reset in mid-sentence", in_sentence(reset)),
    Case("reset after the sentence, before the answer", _reset_before_answer),
    Case("reset in mid-answer, less than half of it heard", in_answer(reset, heard_s=0.5)),
    Case(
        "reset in mid-answer, more than half of it heard",
        in_answer(reset, heard_s=2.0, pacing=replace(BURSTS, speed=1.1)),
        "the answer comes hardly faster than it sounds",
    ),
    Case("no network for 20 s from mid-sentence on", in_sentence(_cut, lasts_s=OUTAGE_S, end=_restore)),
    Case(
        "half open for 30 s from mid-sentence on",
        in_sentence(_silence, lasts_s=HALF_OPEN_S, end=_restore),
        "this machine's kernel goes on acknowledging, so only the overdue answer tells",
    ),
    Case("half open for 30 s from mid-answer on", _half_open_in_answer, "the same"),
    Case(
        "1011 because the old socket is still open, after a reset in mid-sentence",
        _old_socket_still_open,
        "the service notices after 1 s",
    ),
    Case(
        "pongs come 30 s late",
        _slow_pongs,
        "nothing is wrong: two turns, 40 s apart, counted from the second press",
    ),
    Case(
        "the wall clock jumps 5 h ahead in mid-sentence, and back before the answer",
        _clock_jumps,
        "what libc says of the time, to the whole process",
        moves_clock=True,
    ),
)
