"""What can happen to a conversation, as cases: how it comes to pass, and what the person does meanwhile.

Each begins with a device that is connected, and returns when the fault has struck and is over, as far as it ever is.
Whoever runs it goes on with `Stage.carry_on` and one more question, which must be answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from daemon.rehearsal.stand_in_answer import BURSTS
from daemon.rehearsal.stand_in_faults import (
    ERROR_FRAME,
    MALFORMED_JSON,
    UNKNOWN_MESSAGE,
    Act,
    Faults,
    GoAway,
    Moment,
    huge_message,
)
from daemon.rehearsal.stand_in_messages import Close, Out
from tests.support import wall_clock
from tests.support.stage import Stage

Tale: TypeAlias = Callable[[Stage], Awaitable[None]]

HALF_S: Final = 1.5
"""Half of a sentence."""
LONG_ANSWER_S: Final = 4.0
NOT_FOUND: Final = "Requested entity was not found."
WORDS: Final = {
    1007: "Request contains an invalid argument.",
    1008: NOT_FOUND,
    1011: "Internal error encountered.",
}
"""What the service says with each code (live-api.md 2)."""


@dataclass(frozen=True, slots=True)
class Case:
    """One fault."""

    name: str
    tale: Tale
    remark: str = ""
    shifts_clock: bool = False
    """It needs a process whose wall clock can be moved."""


CASES: Final[list[Case]] = []


def case(name: str, remark: str = "", *, shifts_clock: bool = False) -> Callable[[Tale], Tale]:
    """Add what is decorated to the cases."""

    def add(tale: Tale) -> Tale:
        CASES.append(Case(name, tale, remark, shifts_clock))
        return tale

    return add


# --- the network ------------------------------------------------------------------------------------------------------


@case("connection reset in mid-sentence")
async def reset_in_sentence(s: Stage) -> None:
    await s.exchange()
    await s.begin(HALF_S)
    s.struck()
    s.between.reset()
    await s.end(HALF_S)


@case("connection reset after the sentence, before the answer")
async def reset_before_answer(s: Stage) -> None:
    await s.exchange()
    await s.ask()
    await asyncio.sleep(0.3)
    s.struck()
    s.between.reset()


@case("connection reset in mid-answer, less than half of it heard")
async def reset_early_in_answer(s: Stage) -> None:
    await s.exchange()
    s.answer_s = LONG_ANSWER_S
    await s.ask()
    await s.until_sounding(0.5)
    s.struck()
    s.between.reset()


@case("connection reset in mid-answer, more than half of it heard", "the answer comes no faster than it sounds")
async def reset_late_in_answer(s: Stage) -> None:
    await s.exchange()
    s.answer_s = LONG_ANSWER_S
    s.service.conduct.pacing = replace(BURSTS, speed=1.1)
    await s.ask()
    await s.until_sounding(2.0)
    s.struck()
    s.between.reset()


@case("no network for 20 s from mid-sentence on")
async def cut_in_sentence(s: Stage) -> None:
    await s.exchange()
    await s.begin(HALF_S)
    s.struck()
    s.between.cut()
    await s.end(HALF_S)
    await asyncio.sleep(20.0 - HALF_S)
    s.between.restore()


@case("half open for 30 s while the user speaks", "this kernel goes on acknowledging")
async def half_open_in_sentence(s: Stage) -> None:
    await s.exchange()
    await s.begin(HALF_S)
    s.struck()
    s.between.silence(up=True, down=True)
    await s.end(HALF_S)
    await asyncio.sleep(30.0 - HALF_S)
    s.between.silence(up=False, down=False)


@case("half open for 30 s while an answer comes", "this kernel goes on acknowledging")
async def half_open_in_answer(s: Stage) -> None:
    await s.exchange()
    s.answer_s = LONG_ANSWER_S
    await s.ask()
    await s.until_sounding(0.3)
    s.struck()
    s.between.silence(up=True, down=True)
    s.answer_s = 1.0
    mended = asyncio.ensure_future(_unsilenced(s, 30.0))
    await s.carry_on()
    await mended


async def _unsilenced(s: Stage, after_s: float) -> None:
    await asyncio.sleep(after_s)
    s.between.silence(up=False, down=False)


# --- close codes ------------------------------------------------------------------------------------------------------


def _closed_in_sentence(code: int, *, handle: bool) -> Tale:
    async def tale(s: Stage) -> None:
        if handle:
            await s.exchange()
        await s.begin(HALF_S)
        s.arm(Moment.AUDIO, Close(code, WORDS[code]))
        await s.end(HALF_S)
        await s.until_struck()

    return tale


def _closed_at_setup(code: int, *, handle: bool) -> Tale:
    async def tale(s: Stage) -> None:
        if handle:
            await s.exchange()
        await s.begin(HALF_S)
        s.arm(Moment.SETUP, Close(code, WORDS[code]))
        s.between.reset()
        await s.end(HALF_S)
        await s.until_struck()

    return tale


for _code in WORDS:
    for _has in (True, False):
        _which = "with a handle" if _has else "without a handle"
        case(f"close {_code} in mid-sentence, {_which}")(_closed_in_sentence(_code, handle=_has))
        case(f"close {_code} at the setup after a reset in mid-sentence, {_which}")(
            _closed_at_setup(_code, handle=_has)
        )


@case("1011 because the old socket is still open", "the service notices its end 1.5 s late")
async def old_socket_still_open(s: Stage) -> None:
    await s.exchange()
    [session] = s.service.sessions.values()
    await s.begin(HALF_S)
    s.struck()
    session.open_connections += 1
    s.between.reset()
    await s.end(HALF_S)
    session.open_connections -= 1


# --- going away -------------------------------------------------------------------------------------------------------


def _told_to_go(order: GoAway) -> Tale:
    async def tale(s: Stage) -> None:
        await s.exchange()
        await s.begin(HALF_S)
        s.arm(Moment.AUDIO, order)
        await s.end(HALF_S)
        await s.until_struck()

    return tale


case("go-away in mid-sentence, 50 s left")(_told_to_go(GoAway(50.0)))
case("go-away in mid-sentence, 10 s left, then silence")(_told_to_go(GoAway(10.0, silent=True)))


# --- the setup --------------------------------------------------------------------------------------------------------


@case("the setup is not answered, once, after a reset in mid-sentence", "setup_timeout_s is 10")
async def setup_not_answered(s: Stage) -> None:
    await s.exchange()
    await s.begin(HALF_S)
    s.service.faults = Faults(setup_complete_after_s=None)
    s.struck()
    s.between.reset()
    await s.end(HALF_S)
    await asyncio.sleep(5.0)
    s.service.faults = Faults()


@case("the first frame is something else, once, after a reset in mid-sentence")
async def first_frame_other(s: Stage) -> None:
    await s.exchange()
    await s.begin(HALF_S)
    s.arm(Moment.SETUP, UNKNOWN_MESSAGE)
    s.between.reset()
    await s.end(HALF_S)
    await s.until_struck()


def _refused(status: int) -> Tale:
    async def tale(s: Stage) -> None:
        await s.exchange()
        await s.begin(HALF_S)
        s.service.faults = Faults(refuse_upgrade=status)
        s.struck()
        s.between.reset()
        await s.end(HALF_S)
        await asyncio.sleep(5.0 - HALF_S)
        s.service.faults = Faults()

    return tale


for _status in (401, 403, 429, 503):
    case(f"upgrade refused with {_status} for 5 s, after a reset in mid-sentence")(_refused(_status))


# --- frames that nobody expects ---------------------------------------------------------------------------------------


def _said_in_answer(frame: Out) -> Tale:
    async def tale(s: Stage) -> None:
        await s.exchange()
        s.answer_s = LONG_ANSWER_S
        await s.ask()
        await s.until_sounding(0.2)
        s.arm(Moment.ANSWER_CHUNK, frame)
        await s.until_struck()

    return tale


async def _said_in_sentence(s: Stage, act: Act) -> None:
    await s.exchange()
    await s.begin(HALF_S)
    s.arm(Moment.AUDIO, act)
    await s.end(HALF_S)
    await s.until_struck()


case("a malformed frame in mid-answer")(_said_in_answer(MALFORMED_JSON))
case("an unknown message in mid-answer")(_said_in_answer(UNKNOWN_MESSAGE))
case("an `error` frame in mid-answer")(_said_in_answer(ERROR_FRAME))


@case("an `error` frame in mid-sentence")
async def error_in_sentence(s: Stage) -> None:
    await _said_in_sentence(s, ERROR_FRAME)


@case("a message of 1 MB in mid-sentence", "nothing is wrong with it")
async def huge_in_sentence(s: Stage) -> None:
    await _said_in_sentence(s, huge_message(1_100_000))


# --- time -------------------------------------------------------------------------------------------------------------


@case("pongs come 30 s late", "two turns, 40 s apart; nothing is wrong with the link")
async def slow_pongs(s: Stage) -> None:
    s.server.pong_delay_s = 30.0
    await s.exchange()
    await asyncio.sleep(40.0)
    s.struck()
    await s.ask()


@case(
    "the wall clock jumps 5 h ahead in mid-sentence, and back before the answer",
    "`clock_gettime`, `gettimeofday` and `time` of the whole process, by a preloaded library",
    shifts_clock=True,
)
async def clock_jumps(s: Stage) -> None:
    await s.exchange()
    await s.begin(HALF_S)
    s.struck()
    wall_clock.jump(5 * 3600)
    await s.end(HALF_S)
    await asyncio.sleep(0.3)
    wall_clock.jump(-5 * 3600)


@case("the service answers no turn any more", "reply_timeout_s is 10; from then on it answers again")
async def never_answered(s: Stage) -> None:
    await s.exchange()
    s.service.faults = Faults(answers=False)
    await s.ask()
    s.struck()
    await s.until(lambda: bool(s.journal.told("turn.given_up")))
    s.service.faults = Faults()
