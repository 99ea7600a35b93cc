"""What the edges of a button mean, and how long it is down, whatever the button does."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.events import Doubled, LongPressed, Pressed, Released
from daemon.panel.gesture import Gesture, Gestures
from hardware.interfaces import Edge


def told(*moves: tuple[float, bool], until_s: float = 100.0, opened_s: float = 0.0) -> list[Gesture]:
    """Move the button at each time, letting time speak in between, as the panel does."""
    gestures = Gestures(opened_s)
    events: list[Gesture] = []
    for at_s, pressed in [*moves, (until_s, None)]:
        deadline_s = gestures.deadline()
        if deadline_s is not None and deadline_s < at_s:
            events += gestures.due(deadline_s)
        if pressed is not None:
            events += gestures.edge(Edge(pressed, at_s))
    return events


def names(events: list[Gesture]) -> str:
    """One letter for each: Pressed, Released, Doubled, Long."""
    return "".join(type(event).__name__[0] for event in events)


TABLE = {
    "a press": ([(1.0, True), (1.3, False)], "PR"),
    "a double press": ([(1.0, True), (1.1, False), (1.3, True), (1.4, False)], "PRDR"),
    "its second press comes too late": ([(1.0, True), (1.1, False), (1.51, True), (1.6, False)], "PRPR"),
    "its first press is too long": ([(1.0, True), (1.26, False), (1.3, True), (1.4, False)], "PRPR"),
    "a third press is one of its own": (
        [(1.0, True), (1.1, False), (1.2, True), (1.3, False), (1.4, True), (1.5, False)],
        "PRDRPR",
    ),
    "a fourth doubles the third": (
        [(at_s / 10, at_s % 2 == 0) for at_s in range(10, 18)],
        "PRDRPRDR",
    ),
    "a long press": ([(1.0, True), (2.1, False)], "PLR"),
    "a press that is not quite long": ([(1.0, True), (1.99, False)], "PR"),
    "a very long press is one": ([(1.0, True), (60.0, False)], "PLR"),
    "a long press after a short one is a double one that is held": ([(1.0, True), (1.1, False), (1.3, True)], "PRD"),
    "a press after a long one": ([(1.0, True), (2.1, False), (2.2, True), (2.3, False)], "PLRPR"),
}


@pytest.mark.parametrize(("moves", "expected"), TABLE.values(), ids=TABLE)
def test_what_moves_mean(moves: list[tuple[float, bool]], expected: str) -> None:
    assert names(told(*moves)) == expected


def test_a_press_and_its_release() -> None:
    gestures = Gestures()
    assert gestures.edge(Edge(True, 10.0)) == (Pressed(10.0),)
    assert gestures.edge(Edge(False, 10.25)) == (Released(10.25, 0.25),)


def test_every_gesture_says_when() -> None:
    moves = [(1.0, True), (1.125, False), (1.25, True), (1.5, False), (3.0, True), (4.5, False)]
    assert told(*moves) == [
        Pressed(1.0),
        Released(1.125, 0.125),
        Doubled(1.25),
        Released(1.5, 0.25),
        Pressed(3.0),
        LongPressed(4.0),
        Released(4.5, 1.5),
    ]


def test_time_alone_means_nothing_before_the_deadline_and_nothing_twice() -> None:
    gestures = Gestures()
    assert gestures.deadline() is None
    gestures.edge(Edge(True, 5.0))
    assert gestures.deadline() == 6.0
    assert gestures.due(5.99) == ()
    assert gestures.due(6.2) == (LongPressed(6.0),)
    assert gestures.deadline() is None
    assert gestures.due(7.0) == ()


def test_a_long_press_whose_time_nobody_told_is_told_with_the_release() -> None:
    gestures = Gestures()
    gestures.edge(Edge(True, 5.0))
    assert gestures.edge(Edge(False, 6.5)) == (LongPressed(6.0), Released(6.5, 1.5))


def test_a_button_that_is_down_when_it_is_opened_was_pressed_nobody_knows_when() -> None:
    assert told((7.02, True), (12.0, False), opened_s=7.0) == [Pressed(7.02, found=True), Released(12.0, 12.0 - 7.02)]
    assert told((7.1, True), opened_s=7.0)[0] == Pressed(7.1)


def test_a_release_without_a_press_means_nothing() -> None:
    assert Gestures().edge(Edge(False, 3.0)) == ()


def test_a_second_press_in_a_row_means_nothing_and_the_first_one_counts() -> None:
    gestures = Gestures()
    gestures.edge(Edge(True, 1.0))
    assert gestures.edge(Edge(True, 1.25)) == ()
    assert gestures.edge(Edge(False, 1.75)) == (Released(1.75, 0.75),)


def test_a_button_lost_while_pressed_is_released_once() -> None:
    gestures = Gestures()
    gestures.edge(Edge(True, 1.0))
    assert gestures.let_go(1.5) == (Released(1.5, 0.5),)
    assert gestures.deadline() is None
    assert gestures.let_go(7.0) == ()
    assert gestures.edge(Edge(False, 8.0)) == ()
    assert gestures.edge(Edge(True, 9.0)) == (Pressed(9.0),)


def test_a_button_lost_while_released_means_nothing() -> None:
    assert Gestures().let_go(1.0) == ()


def test_a_release_dated_before_its_press_was_held_for_no_time() -> None:
    gestures = Gestures()
    gestures.edge(Edge(True, 5.0))
    assert gestures.edge(Edge(False, 4.9)) == (Released(4.9, 0.0),)


@given(st.lists(st.tuples(st.sampled_from(["press", "release", "lose", "wait"]), st.floats(0.0, 1.5)), max_size=40))
def test_events_alternate_and_a_lost_button_is_never_left_pressed(steps: list[tuple[str, float]]) -> None:
    gestures = Gestures()
    pressed = long = False
    now_s = 0.0
    for step, after_s in steps:
        now_s += after_s
        match step:
            case "lose":
                events = gestures.let_go(now_s)
            case "wait":
                events = gestures.due(now_s)
            case _:
                events = gestures.edge(Edge(step == "press", now_s))
        for event in events:
            match event:
                case Pressed() | Doubled():
                    assert not pressed
                    pressed, long = True, False
                case LongPressed():
                    assert pressed
                    assert not long
                    long = True
                case Released():
                    assert pressed
                    pressed = False
        assert step == "wait" or pressed == (step == "press"), "after an edge the state is what the button last said"
