"""Whole conversations over real sockets, TLS and the real SDK, each struck by one fault: what the owner has of it.

Several are held at the same time. `python -m tests.bench.faults` holds many more, and the slow ones.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from tests.bench import page
from tests.bench.failure_table import failure_table
from tests.bench.faults import CASES, witnessed
from tests.support.witness import Account

pytestmark = [pytest.mark.loopback, pytest.mark.timeout(180)]

SOON_S = 8.0
"""Measured: at most 2.2 s, of which the person still speaks for 1.5. What it must tell from is a deadline of 10 s."""
AT_A_TIME = 4
BUSY_MS = 100
"""What a loop that is in time may not have read yet, in all, when the button comes up."""
GATES = 4
"""How often the button comes up at most in one conversation."""

EXPECTED = {
    "reset in mid-sentence": ("resumed", 1),
    "reset after the sentence, before the answer": ("resumed", 1),
    "reset in mid-answer, less than half of it heard": ("resumed", 1),
    "1008 in mid-sentence, with a handle": ("new session", 1),
    "1007 at the setup after a reset in mid-sentence, without a handle": ("new session", 2),
    "the first frame after a reset in mid-sentence is something else, once": ("resumed", 2),
    "an unknown message in mid-answer": ("resumed", 1),
    "go-away in mid-sentence, 50 s left": ("the same", 1),
}
"""What the answer came over, and how many attempts to connect there were after the fault."""


@dataclass(frozen=True, slots=True)
class Evening:
    """What came of all conversations, and by how much their loop was late at worst."""

    accounts: dict[str, Account | BaseException]
    late_ms: float


async def _all() -> Evening:
    cases = {case.name: case for case in CASES}
    places = asyncio.Semaphore(AT_A_TIME)
    late_s = [0.0]

    async def one(name: str) -> Account:
        async with places:
            return await witnessed(cases[name])

    watch = asyncio.ensure_future(_watch(late_s))
    found = await asyncio.gather(*map(one, EXPECTED), return_exceptions=True)
    watch.cancel()
    return Evening(dict(zip(EXPECTED, found, strict=True)), max(late_s) * 1000)


async def _watch(late_s: list[float]) -> None:
    """Note by how much the loop is late, each time that it has never been so late before."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + 0.02
        await asyncio.sleep(0.02)
        if (late := loop.time() - due_s) > late_s[-1]:
            late_s.append(late)


@pytest.fixture(scope="module")
def evening() -> Evening:
    return asyncio.run(_all())


@pytest.mark.parametrize("name", EXPECTED)
def test_what_was_said_is_answered_soon_whole_and_once(name: str, evening: Evening) -> None:
    found = evening.accounts[name]
    if isinstance(found, BaseException):
        raise found
    assert found.went_on_s < SOON_S
    assert found.lost_ms <= BUSY_MS + GATES * evening.late_ms
    assert found.twice_frames == 0
    assert (found.asked_again, found.errors) == (0, 0)
    assert (found.link, found.attempts) == EXPECTED[name]
    assert "refused" not in found.saw


def test_the_page_about_the_link_says_what_is_decided() -> None:
    """If this fails: `python -m tests.bench.failure_table` writes the table anew."""
    assert page.part("failures") == failure_table()
