"""Edges become presses and releases that strictly alternate, whatever the button does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from daemon.events import Pressed, Released
from daemon.panel.gesture import Gestures
from hardware.interfaces import Edge


def test_a_press_and_its_release() -> None:
    gestures = Gestures()
    assert gestures.edge(Edge(True, 10.0)) == (Pressed(10.0),)
    assert gestures.edge(Edge(False, 10.25)) == (Released(10.25, 0.25),)


def test_a_release_without_a_press_means_nothing() -> None:
    assert Gestures().edge(Edge(False, 3.0)) == ()


def test_a_second_press_in_a_row_means_nothing_and_the_first_one_counts() -> None:
    gestures = Gestures()
    gestures.edge(Edge(True, 1.0))
    assert gestures.edge(Edge(True, 2.0)) == ()
    assert gestures.edge(Edge(False, 4.0)) == (Released(4.0, 3.0),)


def test_a_button_lost_while_pressed_is_released_once() -> None:
    gestures = Gestures()
    gestures.edge(Edge(True, 1.0))
    assert gestures.let_go(6.0) == (Released(6.0, 5.0),)
    assert gestures.let_go(7.0) == ()
    assert gestures.edge(Edge(False, 8.0)) == ()
    assert gestures.edge(Edge(True, 9.0)) == (Pressed(9.0),)


def test_a_button_lost_while_released_means_nothing() -> None:
    assert Gestures().let_go(1.0) == ()


def test_a_release_dated_before_its_press_was_held_for_no_time() -> None:
    gestures = Gestures()
    gestures.edge(Edge(True, 5.0))
    assert gestures.edge(Edge(False, 4.9)) == (Released(4.9, 0.0),)


@given(st.lists(st.sampled_from(["press", "release", "lose"]), max_size=40))
def test_events_alternate_and_a_lost_button_is_never_left_pressed(what: list[str]) -> None:
    gestures = Gestures()
    pressed = False
    for at_s, step in enumerate(what):
        events = gestures.let_go(at_s) if step == "lose" else gestures.edge(Edge(step == "press", at_s))
        for event in events:
            assert isinstance(event, Pressed) is not pressed
            pressed = isinstance(event, Pressed)
        assert pressed == (step == "press"), "after any step the state is what the button last said"
