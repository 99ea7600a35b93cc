"""What the service can do to a conversation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from daemon.rehearsal.stand_in.faults import (
    ERROR_FRAME,
    MALFORMED_JSON,
    UNKNOWN_MESSAGE,
    Faults,
    GoAway,
    Moment,
    huge_message,
)
from daemon.rehearsal.stand_in.messages import Close
from tests.bench.fault_case import Blow, Case, in_answer, in_sentence, reset, service_does
from tests.support.stage import Stage

REFUSED_S: Final = 5.0
REASONS: Final = {
    1007: "Request contains an invalid argument.",
    1008: "Requested entity was not found.",
    1011: "Internal error encountered.",
}
"""What the service says with each code (live-api.md 2)."""


def _reset_with(faults: Faults) -> Blow:
    """Return a reset after which the service has these faults."""

    def blow(s: Stage) -> None:
        s.service.faults = faults
        reset(s)

    return blow


def _refusing_setup(code: int) -> Blow:
    """Return a reset after which the next setup is refused; the fault is the reset."""

    def blow(s: Stage) -> None:
        s.arm(Moment.SETUP, Close(code, REASONS[code]))
        reset(s)

    return blow


def _other_first_frame(s: Stage) -> None:
    s.arm(Moment.SETUP, UNKNOWN_MESSAGE)
    reset(s)


def _mend(s: Stage) -> None:
    s.service.faults = Faults()


async def _never_answered(s: Stage) -> None:
    await s.exchange()
    s.service.faults = Faults(answers=False)
    await s.ask()
    s.struck()
    await s.until(lambda: bool(s.journal.told("turn.given_up")))
    _mend(s)


def _closes() -> Iterator[Case]:
    for code, reason in REASONS.items():
        for handle in (True, False):
            which = f"{'with' if handle else 'without'} a handle"
            closing = service_does(Close(code, reason), Moment.AUDIO)
            yield Case(f"{code} in mid-sentence, {which}", in_sentence(closing, handle=handle))
            yield Case(
                f"{code} at the setup after a reset in mid-sentence, {which}",
                in_sentence(_refusing_setup(code), handle=handle),
            )


CASES: Final = (
    *_closes(),
    Case("go-away in mid-sentence, 50 s left", in_sentence(service_does(GoAway(50.0), Moment.AUDIO))),
    Case(
        "go-away in mid-sentence, 10 s left, then silence",
        in_sentence(service_does(GoAway(10.0, silent=True), Moment.AUDIO)),
    ),
    Case(
        "the setup after a reset in mid-sentence is not answered, once",
        in_sentence(_reset_with(Faults(setup_complete_after_s=None)), lasts_s=REFUSED_S, end=_mend),
        "`network.setup_timeout_s` is 10",
    ),
    Case("the first frame after a reset in mid-sentence is something else, once", in_sentence(_other_first_frame)),
    *(
        Case(
            f"every upgrade refused with {status} for 5 s, from mid-sentence on",
            in_sentence(_reset_with(Faults(refuse_upgrade=status)), lasts_s=REFUSED_S, end=_mend),
        )
        for status in (401, 403, 429, 503)
    ),
    Case("a malformed frame in mid-answer", in_answer(service_does(MALFORMED_JSON, Moment.ANSWER_CHUNK), heard_s=0.2)),
    Case(
        "an unknown message in mid-answer", in_answer(service_does(UNKNOWN_MESSAGE, Moment.ANSWER_CHUNK), heard_s=0.2)
    ),
    Case("an `error` frame in mid-answer", in_answer(service_does(ERROR_FRAME, Moment.ANSWER_CHUNK), heard_s=0.2)),
    Case("an `error` frame in mid-sentence", in_sentence(service_does(ERROR_FRAME, Moment.AUDIO))),
    Case(
        "a message of 1 MB in mid-sentence",
        in_sentence(service_does(huge_message(1_100_000), Moment.AUDIO)),
        "nothing is wrong with it",
    ),
    Case(
        "the service answers nothing more, until the device has given the question up",
        _never_answered,
        "said three times; `network.reply_timeout_s` is 10",
    ),
)
