"""A bouncing contact becomes clean edges: at once, alternating, and never without their counterpart."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from hardware.debounce import RECHECK_S, Debouncer
from hardware.interfaces import Edge

TICK_S = 1 / 1024
"""Times are whole ticks, which floats hold exactly."""
WINDOW_TICKS = 32
WINDOW_S = WINDOW_TICKS * TICK_S


@dataclass(frozen=True)
class Raw:
    """One movement of the contact, and what becomes of the news of it."""

    at_s: float
    pressed: bool
    delay_s: float = 0.0
    lost: bool = False


def moves(gaps: Sequence[int]) -> list[Raw]:
    """A contact that changes after each of these gaps, in ticks, beginning with a press."""
    raws: list[Raw] = []
    at_s = 0.0
    for index, gap in enumerate(gaps):
        at_s += gap * TICK_S
        raws.append(Raw(at_s, index % 2 == 0))
    return raws


def reported(raws: Sequence[Raw], *, poll_late_s: float = 0.0, quiet_s: float = 2.0) -> list[tuple[float, Edge]]:
    """Play the contact to a debouncer as an event loop would; return its edges with the times of their reports."""

    def level(at_s: float) -> bool:
        return next((raw.pressed for raw in reversed(raws) if raw.at_s <= at_s), False)

    debouncer = Debouncer(WINDOW_S)
    edges: list[tuple[float, Edge]] = []
    news: list[tuple[float, int, Raw]] = []
    arrives_s = 0.0
    for order, raw in enumerate(raws):
        arrives_s = max(arrives_s, raw.at_s + raw.delay_s)
        if not raw.lost:
            heapq.heappush(news, (arrives_s, order, raw))
    now = 0.0
    end_s = (raws[-1].at_s if raws else 0.0) + quiet_s
    while True:
        deadline = debouncer.deadline()
        polls_s = end_s if deadline is None else max(now, deadline + poll_late_s)
        if news and news[0][0] <= polls_s:
            now, _, raw = heapq.heappop(news)
            edges += [(now, edge) for edge in debouncer.feed(raw.pressed, raw.at_s)]
        elif polls_s < end_s:
            now = polls_s
            edges += [(now, edge) for edge in debouncer.poll(now, level(now))]
        else:
            return edges


ANY_GAPS = st.lists(st.integers(1, 3 * WINDOW_TICKS), max_size=40)


@st.composite
def any_contact(draw: st.DrawFn, *, losses: bool) -> list[Raw]:
    """Anything a contact can do, with news that come late or, if `losses`, never."""
    return [
        Raw(raw.at_s, raw.pressed, draw(st.integers(0, 20)) * TICK_S, losses and draw(st.booleans()))
        for raw in moves(draw(ANY_GAPS))
    ]


@given(contact=any_contact(losses=True), poll_late=st.integers(0, 40))
def test_edges_alternate_and_move_forward_in_time_whatever_happens(contact: list[Raw], poll_late: int) -> None:
    edges = [edge for _, edge in reported(contact, poll_late_s=poll_late * TICK_S)]
    assert [edge.pressed for edge in edges] == [index % 2 == 0 for index in range(len(edges))]
    assert all(before.at_s <= after.at_s for before, after in pairwise(edges))


@given(contact=any_contact(losses=True), poll_late=st.integers(0, 40))
def test_a_button_that_has_come_up_is_reported_as_up_even_when_edges_were_lost(
    contact: list[Raw], poll_late: int
) -> None:
    if contact and contact[-1].pressed:
        contact.append(Raw(contact[-1].at_s + TICK_S, False, lost=True))
    edges = reported(contact, poll_late_s=poll_late * TICK_S)
    assert not edges or not edges[-1][1].pressed


@given(contact=any_contact(losses=False), poll_late=st.integers(0, 40))
def test_the_last_report_is_the_last_level(contact: list[Raw], poll_late: int) -> None:
    edges = reported(contact, poll_late_s=poll_late * TICK_S)
    last_level = contact[-1].pressed if contact else False
    assert (edges[-1][1].pressed if edges else False) == last_level


@given(gaps=ANY_GAPS)
def test_reports_are_at_least_a_window_apart(gaps: list[int]) -> None:
    times = [at_s for at_s, _ in reported(moves(gaps))]
    assert all(after - before >= WINDOW_S for before, after in pairwise(times))


@st.composite
def bouncing(draw: st.DrawFn) -> tuple[list[Raw], list[Edge]]:
    """A contact that bounces for less than a window at each change, and what a person did with it."""
    raws: list[Raw] = []
    meant: list[Edge] = []
    at_s = 1.0
    for index, held in enumerate(draw(st.lists(st.integers(2 * WINDOW_TICKS, 9 * WINDOW_TICKS), max_size=8))):
        pressed = index % 2 == 0
        meant.append(Edge(pressed, at_s))
        raws.append(Raw(at_s, pressed))
        offsets = sorted(draw(st.sets(st.integers(1, WINDOW_TICKS - 1), max_size=12)))
        for number, offset in enumerate(offsets[: len(offsets) // 2 * 2]):
            raws.append(Raw(at_s + offset * TICK_S, pressed == (number % 2 == 1)))
        at_s += held * TICK_S
    return raws, meant


@given(played=bouncing())
def test_each_change_is_reported_once_and_at_once_however_it_bounces(played: tuple[list[Raw], list[Edge]]) -> None:
    raws, meant = played
    assert reported(raws) == [(edge.at_s, edge) for edge in meant]


@given(held=st.integers(1, WINDOW_TICKS - 1), delay=st.integers(0, 2 * WINDOW_TICKS))
def test_a_tap_shorter_than_the_window_keeps_its_release_and_its_length(held: int, delay: int) -> None:
    raws = [Raw(1.0, True), Raw(1.0 + held * TICK_S, False, delay * TICK_S)]
    edges = [edge for _, edge in reported(raws)]
    assert [edge.pressed for edge in edges] == [True, False]
    assert edges[0].at_s == 1.0
    # News that come after the pin was read can no longer say when it moved, only that it did.
    expected_s = 1.0 + held * TICK_S if held + delay <= WINDOW_TICKS else 1.0 + WINDOW_S
    assert edges[1].at_s == expected_s


def test_the_release_of_a_short_tap_is_reported_when_the_window_ends() -> None:
    assert reported(moves([1024, 4])) == [
        (1.0, Edge(True, 1.0)),
        (1.0 + WINDOW_S, Edge(False, 1.0 + 4 * TICK_S)),
    ]


def test_a_release_inside_the_window_dates_from_the_moment_the_contact_stayed_open() -> None:
    debouncer = Debouncer(0.03)
    assert debouncer.feed(True, 1.0) == [Edge(True, 1.0)]
    for pressed, at_s in ((False, 1.001), (True, 1.002), (False, 1.02)):
        assert debouncer.feed(pressed, at_s) == []
    assert debouncer.poll(1.03, False) == [Edge(False, 1.02)]


def test_a_release_of_which_only_the_level_tells_dates_from_the_reading() -> None:
    debouncer = Debouncer(0.03)
    for pressed, at_s in ((True, 1.0), (False, 1.001), (True, 1.002)):
        debouncer.feed(pressed, at_s)
    assert debouncer.poll(1.03, False) == [Edge(False, 1.03)]


def test_a_loop_that_was_busy_for_longer_than_the_window_still_hears_both_taps() -> None:
    debouncer = Debouncer(0.03)
    edges = [edge for raw in ((True, 1.0), (False, 1.005), (True, 1.04)) for edge in debouncer.feed(*raw)]
    assert edges == [Edge(True, 1.0), Edge(False, 1.005)]
    assert debouncer.deadline() == 1.06
    assert debouncer.poll(1.06, True) == [Edge(True, 1.04)]


def test_an_edge_from_before_the_last_reading_says_nothing() -> None:
    debouncer = Debouncer(0.03)
    debouncer.feed(True, 1.0)
    assert debouncer.poll(1.03, True) == []
    assert debouncer.feed(False, 1.029) == []


def test_nothing_is_awaited_before_the_first_press_and_after_the_last_release() -> None:
    debouncer = Debouncer(0.03)
    assert debouncer.deadline() is None
    debouncer.feed(True, 1.0)
    debouncer.feed(False, 2.0)
    assert debouncer.poll(2.03, False) == []
    assert debouncer.deadline() is None


def test_polling_before_the_deadline_changes_nothing() -> None:
    debouncer = Debouncer(0.03)
    debouncer.feed(True, 1.0)
    assert debouncer.poll(1.02, False) == []
    assert debouncer.poll(1.03, True) == []


def test_a_held_button_is_looked_at_again_so_that_a_lost_release_is_found() -> None:
    debouncer = Debouncer(0.03)
    debouncer.feed(True, 1.0)
    debouncer.poll(1.03, True)
    assert debouncer.deadline() == 1.03 + RECHECK_S
    assert debouncer.poll(1.03 + RECHECK_S, True) == []
    assert debouncer.poll(1.03 + 2 * RECHECK_S, False) == [Edge(False, 1.03 + 2 * RECHECK_S)]


def test_a_release_found_by_looking_again_does_not_date_from_an_old_bounce() -> None:
    debouncer = Debouncer(0.03)
    debouncer.feed(True, 1.0)
    debouncer.feed(False, 1.001)
    assert debouncer.poll(1.03, True) == []
    assert debouncer.poll(1.5, False) == [Edge(False, 1.5)]


def test_its_repr_tells_the_state() -> None:
    debouncer = Debouncer(0.03)
    debouncer.feed(True, 1.0)
    assert repr(debouncer) == "Debouncer(pressed=True, blind_until_s=1.03)"
