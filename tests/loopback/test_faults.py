"""Whole conversations over real sockets, TLS and the real SDK, each struck by one fault: what the owner has of it.

All are held at the same time. `python -m tests.bench.faults` holds many more, and the slow ones.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.bench import page
from tests.bench.failure_table import failure_table
from tests.bench.faults import CASES, witnessed
from tests.support.witness import Account

pytestmark = pytest.mark.loopback

SOON_S = 8.0
"""Measured: at most 2.2 s, of which the person still speaks for 1.5. What it must tell from is a deadline of 10 s."""
BUSY_MS = 100
"""What the loop of a busy machine has not read yet when the button comes up."""

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


async def _all() -> list[Account | BaseException]:
    cases = {case.name: case for case in CASES}
    return await asyncio.gather(*(witnessed(cases[name]) for name in EXPECTED), return_exceptions=True)


@pytest.fixture(scope="module")
def accounts() -> dict[str, Account | BaseException]:
    return dict(zip(EXPECTED, asyncio.run(_all()), strict=True))


@pytest.mark.parametrize("name", EXPECTED)
def test_what_was_said_is_answered_soon_whole_and_once(name: str, accounts: dict[str, Account | BaseException]) -> None:
    found = accounts[name]
    if isinstance(found, BaseException):
        raise found
    assert found.went_on_s < SOON_S
    assert found.lost_ms <= BUSY_MS
    assert found.twice_frames == 0
    assert (found.asked_again, found.errors) == (0, 0)
    assert (found.link, found.attempts) == EXPECTED[name]
    assert "refused" not in found.saw


def test_the_page_about_the_link_says_what_is_decided() -> None:
    """If this fails: `python -m tests.bench.failure_table` writes the table anew."""
    assert page.part("failures") == failure_table()
