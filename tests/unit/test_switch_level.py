"""A contact that shuts the microphone off errs on the side of silence."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from hardware.switch_level import RECHECK_S, STEADY_S, SwitchLevel

LEVELS = st.lists(st.tuples(st.booleans(), st.floats(0.0, 0.1)), max_size=40)


@given(LEVELS)
def test_it_is_muted_at_once_and_open_only_when_the_contact_was_steady(moves: list[tuple[bool, float]]) -> None:
    level, now_s, asked_muted_s = SwitchLevel(), 0.0, 0.0
    assert level.muted
    assert not level.known
    for muted, pause_s in moves:
        now_s += pause_s
        level.take(muted, now_s)
        if muted:
            asked_muted_s = now_s
            assert level.muted
        if not level.muted:
            assert now_s >= asked_muted_s + STEADY_S
        assert now_s <= level.deadline() <= now_s + RECHECK_S


@given(LEVELS, st.booleans())
def test_whoever_reads_at_each_deadline_knows_soon(moves: list[tuple[bool, float]], muted: bool) -> None:
    level, now_s = SwitchLevel(), 0.0
    for moved, pause_s in moves:
        now_s += pause_s
        level.take(moved, now_s)
    settled_s = now_s + 1e-9
    level.take(muted, settled_s)
    while (deadline_s := level.deadline()) < settled_s + 2 * STEADY_S:
        level.take(muted, deadline_s)
    assert (level.known, level.muted) == (True, muted)
