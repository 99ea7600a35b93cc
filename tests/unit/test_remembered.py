"""How long a call that was carried out is remembered."""

from __future__ import annotations

import pytest

from daemon.tools.remembered import MOST_REMEMBERED, REPEAT_S, Remembered

DONE = {"status": "ok"}


def test_it_is_remembered_for_a_while() -> None:
    remembered = Remembered()
    remembered.add("a", DONE, 100.0)
    assert remembered.get("a", 100.0 + REPEAT_S - 0.1) == DONE
    assert remembered.get("b", 100.0) is None
    assert remembered.get("a", 100.0 + REPEAT_S) is None


def test_the_time_without_a_session_does_not_count_if_it_will_be_asked_again() -> None:
    remembered = Remembered()
    remembered.add("a", DONE, 100.0)
    remembered.pause(104.0)
    remembered.pause(400.0)  # another attempt to connect has failed
    remembered.go_on(1000.0)
    assert remembered.get("a", 1000.0 + REPEAT_S - 4.1) == DONE
    assert remembered.get("a", 1000.0 + REPEAT_S - 4.0) is None


def test_what_is_settled_without_a_session_counts_from_the_next_one_on() -> None:
    remembered = Remembered()
    remembered.pause(100.0)
    remembered.add("a", DONE, 150.0)
    remembered.go_on(160.0)
    assert remembered.get("a", 160.0 + REPEAT_S - 0.1) == DONE
    assert remembered.get("a", 160.0 + REPEAT_S) is None


def test_what_was_old_when_the_session_ended_does_not_come_back() -> None:
    remembered = Remembered()
    remembered.add("a", DONE, 100.0)
    remembered.pause(100.0 + REPEAT_S)
    remembered.go_on(500.0)
    assert remembered.get("a", 500.0) is None


@pytest.mark.parametrize("paused", [False, True])
def test_where_nobody_will_be_asked_again_nothing_is_remembered(paused: bool) -> None:
    remembered = Remembered()
    remembered.add("a", DONE, 100.0)
    if paused:
        remembered.pause(101.0)
    remembered.clear()
    remembered.go_on(102.0)
    assert remembered.get("a", 102.0) is None


def test_the_oldest_are_forgotten_first() -> None:
    remembered = Remembered()
    for number in range(MOST_REMEMBERED + 1):
        remembered.add(str(number), DONE, 100.0)
    remembered.add("1", DONE, 101.0)
    remembered.add("new", DONE, 101.0)
    assert [remembered.get(name, 101.0) for name in ("0", "2")] == [None, None]
    assert remembered.get("1", 101.0) == DONE
