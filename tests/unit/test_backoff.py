"""How long is waited: drawn, capped, for ever, and begun anew only after a link that lasted."""

from __future__ import annotations

import itertools
import random

from hypothesis import given
from hypothesis import strategies as st

from daemon.live.backoff import OLD_SOCKET, PERMANENT, TRANSIENT, Backoff, Schedule
from daemon.live.resume import STABLE_S, Pause


def always(share: float) -> Backoff:
    """A backoff whose chance is always `share`."""
    return Backoff(lambda: share)


def test_the_ceiling_doubles_up_to_the_cap() -> None:
    backoff = always(1.0)
    pauses = [backoff.next_pause_s(now) for now in range(10)]
    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0, 60.0]


def test_full_jitter_draws_from_zero() -> None:
    """That is what spreads devices which lost the service in the same instant."""
    backoff = always(0.0)
    assert [backoff.next_pause_s(now) for now in range(5)] == [0.0] * 5


def test_permanent_faults_are_tried_slowly_from_the_first() -> None:
    shortest, longest = always(0.0), always(1.0)
    assert [shortest.next_pause_s(0.0, Pause.SLOW) for _ in range(5)] == [60.0, 120.0, 240.0, 450.0, 450.0]
    assert [longest.next_pause_s(0.0, Pause.QUOTA) for _ in range(5)] == [120.0, 240.0, 480.0, 900.0, 900.0]


def test_no_pause_is_none_and_counts_for_nothing() -> None:
    backoff = always(1.0)
    assert [backoff.next_pause_s(0.0, Pause.NONE) for _ in range(3)] == [0.0] * 3
    assert backoff.next_pause_s(0.0) == 0.5


def test_the_two_schedules_are_counted_apart() -> None:
    """Hours without a network do not make a refused key wait a quarter of an hour, nor the other way round."""
    backoff = always(1.0)
    for _ in range(20):
        backoff.next_pause_s(0.0)
    assert backoff.next_pause_s(0.0, Pause.SLOW) == 120.0
    assert backoff.next_pause_s(0.0) == 60.0


@given(chances=st.lists(st.floats(0.0, 1.0, exclude_max=True), min_size=3, max_size=9))
def test_three_tries_for_one_handle_take_three_seconds_at_least(chances: list[float]) -> None:
    """The service learns of the end of our old socket in 0.5 to 1 s (live-api.md 2)."""
    chance = itertools.cycle(chances)
    backoff = Backoff(lambda: next(chance))
    pauses = [backoff.next_pause_s(0.0, Pause.OLD_SOCKET) for _ in range(2)]
    assert 3.0 <= sum(pauses) <= 4.0
    assert all(0.5 < pause <= OLD_SOCKET.cap_s for pause in pauses)
    assert backoff.next_pause_s(0.0) <= TRANSIENT.first_s, "counted apart"


@given(failures=st.integers(1, 200), chance=st.floats(0.0, 1.0, exclude_max=True))
def test_retries_never_end_and_never_leave_their_range(failures: int, chance: float) -> None:
    for pause, schedule in ((Pause.BACKOFF, TRANSIENT), (Pause.SLOW, PERMANENT)):
        backoff = always(chance)
        pauses = [backoff.next_pause_s(now, pause) for now in range(failures)]
        ceiling_s = schedule.ceiling_s(failures)
        assert schedule.floor * ceiling_s <= pauses[-1] <= ceiling_s <= schedule.cap_s


def test_months_without_a_network_are_a_number_like_any_other() -> None:
    assert TRANSIENT.ceiling_s(10**6) == 60.0
    assert PERMANENT.ceiling_s(10**6) == 900.0


@given(first_s=st.floats(0.1, 100.0), cap_s=st.floats(100.0, 1000.0))
def test_a_ceiling_never_falls(first_s: float, cap_s: float) -> None:
    schedule = Schedule(first_s, cap_s)
    ceilings = [schedule.ceiling_s(failures) for failures in range(1, 80)]
    assert all(one <= other for one, other in itertools.pairwise(ceilings))
    assert ceilings[-1] == cap_s


def test_a_link_that_lasted_begins_the_row_anew() -> None:
    backoff = always(1.0)
    for now in range(5):
        backoff.next_pause_s(now)
    backoff.succeeded(100.0)
    assert backoff.next_pause_s(100.0 + STABLE_S) == 0.5


def test_a_link_that_did_not_last_changes_nothing() -> None:
    """A service that accepts and then closes is as good as away."""
    backoff = always(1.0)
    for now in range(5):
        backoff.next_pause_s(now)
    backoff.succeeded(100.0)
    assert backoff.next_pause_s(100.0 + STABLE_S - 0.01) == 16.0


def test_time_without_a_link_is_not_time_with_one() -> None:
    """A short link, then a long wait: the wait does not count as the link's."""
    backoff = always(1.0)
    backoff.succeeded(0.0)
    backoff.next_pause_s(1.0, Pause.NONE)
    assert [backoff.next_pause_s(now) for now in (50.0, 100.0)] == [0.5, 1.0]


def test_a_network_that_comes_forgives_what_failed_without_it() -> None:
    backoff = always(1.0)
    for now in range(9):
        backoff.next_pause_s(now)
    backoff.network_came()
    assert [backoff.next_pause_s(now) for now in (10.0, 11.0)] == [0.5, 1.0]


def test_a_lasting_link_forgives_permanent_faults_too() -> None:
    backoff = always(1.0)
    for now in range(4):
        backoff.next_pause_s(now, Pause.SLOW)
    backoff.succeeded(1000.0)
    assert backoff.next_pause_s(2000.0, Pause.SLOW) == 120.0


def test_a_thousand_devices_come_back_spread_over_the_cap() -> None:
    """They lose the service in the same instant; ten minutes later no second sees more than six in a hundred."""
    chance = random.Random(7)
    arrivals = []
    for _ in range(1000):
        backoff, now = Backoff(chance.random), 0.0
        while now < 600.0:
            now += 0.1 + backoff.next_pause_s(now)
        arrivals.append(now)
    in_a_second = [sum(1 for at in arrivals if second <= at < second + 1) for second in range(600, 661)]
    assert sum(in_a_second) == 1000
    assert max(in_a_second) <= 60
