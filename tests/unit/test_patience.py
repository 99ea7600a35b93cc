"""The hangover that follows its speaker: up at once, down slowly, inside its bounds."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audio.patience import Patience
from hardware.pcm import FRAME_MS

BOUNDS_MS = st.tuples(*[st.integers(500, 3000)] * 3).map(sorted).map(tuple)
"""Shortest, start, longest."""
HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("paused"), st.integers(0, 200)),
        st.tuples(st.just("went_on"), st.integers(0, 200)),
        st.tuples(st.just("ended"), st.just(0)),
    ),
    max_size=60,
)


def patience() -> Patience:
    """Return one with the bounds of the configuration: 700 ms, from 500 to 1200."""
    return Patience(700, 500, 1200)


def tell(one: Patience, what: str, frames: int) -> None:
    match what:
        case "paused":
            one.paused(frames)
        case "went_on":
            one.went_on(frames)
        case _:
            one.ended()


@pytest.mark.parametrize(
    ("happenings", "frames"),
    [
        ([], 35),
        ([("paused", 20)], 35),  # 400 ms are well inside 700
        ([("paused", 32)], 42),  # 640 ms were nearly too long: a third more
        ([("paused", 32), ("paused", 10)], 42),  # it does not fall within a turn
        ([("went_on", 0)], 46),  # cut, and the pause was over at once: it was 700 ms
        ([("went_on", 10)], 58),  # it was 900 ms
        ([("went_on", 20)], 60),  # 1100 ms would need more than the bound
        ([("ended", 0)], 34),
        ([("went_on", 10), ("ended", 0)], 58),  # this turn needed it
        ([("went_on", 10), ("ended", 0), ("ended", 0)], 55),  # the next one did not
        ([("paused", 32), ("ended", 0), ("paused", 24), ("ended", 0)], 41),  # a turn's own pauses hold it up
    ],
)
def test_it_goes_up_at_once_and_down_slowly(happenings: list[tuple[str, int]], frames: int) -> None:
    one = patience()
    for what, count in happenings:
        tell(one, what, count)
    assert one.hangover_frames == frames


@given(BOUNDS_MS, HAPPENINGS)
def test_it_stays_inside_its_bounds(bounds_ms: tuple[int, int, int], happenings: list[tuple[str, int]]) -> None:
    shortest_ms, start_ms, longest_ms = bounds_ms
    one = Patience(start_ms, shortest_ms, longest_ms)
    for what, frames in happenings:
        tell(one, what, frames)
        assert shortest_ms // FRAME_MS <= one.hangover_frames <= longest_ms // FRAME_MS


@given(st.integers(500, 3000), HAPPENINGS)
def test_equal_bounds_switch_it_off(ms: int, happenings: list[tuple[str, int]]) -> None:
    one = Patience(ms, ms, ms)
    for what, frames in happenings:
        tell(one, what, frames)
        assert one.hangover_frames == ms // FRAME_MS


@given(HAPPENINGS, st.integers(0, 200))
def test_a_pause_never_shortens_it_and_an_end_never_lengthens_it(
    happenings: list[tuple[str, int]], frames: int
) -> None:
    one = patience()
    for what, count in happenings:
        tell(one, what, count)
    before = one.hangover_frames
    one.ended()
    assert one.hangover_frames <= before
    before = one.hangover_frames
    one.paused(frames)
    assert one.hangover_frames >= before


@given(HAPPENINGS, st.integers(0, 39))
def test_a_pause_that_cut_somebody_does_not_cut_them_again_in_that_turn(
    happenings: list[tuple[str, int]], frames: int
) -> None:
    one = patience()
    for what, count in happenings:
        tell(one, what, count)
    pause = one.hangover_frames + frames
    one.went_on(frames)
    assert one.hangover_frames == 60 or one.hangover_frames > pause


@pytest.mark.parametrize("bounds_ms", [(400, 500, 1200), (1300, 500, 1200), (700, 1200, 500)])
def test_bounds_out_of_order_are_a_bug(bounds_ms: tuple[int, int, int]) -> None:
    with pytest.raises(AssertionError, match="not in order"):
        Patience(*bounds_ms)


def talk(one: Patience, turns: Iterable[Iterable[float]]) -> tuple[int, int, list[int]]:
    """Let somebody speak whose turns have such pauses, in frames.

    Returns:
        How many turns were cut, how many there were, and how long each one's speaker waited after its end.
    """
    cut = count = 0
    waited: list[int] = []
    for pauses in turns:
        was_cut = False
        for pause in pauses:
            if pause < one.hangover_frames:
                one.paused(int(pause))
            else:
                was_cut = True
                one.went_on(int(pause) - one.hangover_frames)
        waited.append(one.hangover_frames)
        one.ended()
        cut += was_cut
        count += 1
    return cut, count, waited


def turns(median_ms: float, seed: int, count: int = 200) -> list[list[float]]:
    """Return turns with three pauses each; pauses are log-normal, one in twenty twice the median or longer."""
    rng = np.random.default_rng(seed)
    return [list(rng.lognormal(np.log(median_ms / FRAME_MS), 0.42, 3)) for _ in range(count)]


SEEDS = pytest.mark.parametrize("seed", range(5))


@SEEDS
def test_who_hesitates_is_cut_far_less_often_than_with_a_fixed_hangover(seed: int) -> None:
    said = turns(450, seed)
    adaptive_cut, count, _ = talk(patience(), said)
    fixed_cut, _, _ = talk(Patience(700, 700, 700), said)
    assert fixed_cut > 0.25 * count
    assert adaptive_cut < 0.3 * fixed_cut


@SEEDS
def test_who_never_hesitates_is_answered_sooner_and_hardly_ever_cut(seed: int) -> None:
    cut, count, waited = talk(patience(), turns(150, seed))
    assert cut <= 0.02 * count
    assert np.mean(waited[20:]) * FRAME_MS < 560


@SEEDS
def test_who_pauses_as_people_do_is_served_as_by_the_fixed_hangover(seed: int) -> None:
    cut, count, waited = talk(patience(), turns(250, seed))
    assert cut <= 0.05 * count
    assert np.mean(waited) * FRAME_MS == pytest.approx(700, abs=50)


def test_it_takes_one_turn_to_learn_and_many_to_forget() -> None:
    one = patience()
    hesitating = [[45.0, 20.0]]
    assert talk(one, hesitating)[0] == 1
    assert talk(one, hesitating)[0] == 0
    talk(one, [[10.0]] * 4)
    assert talk(one, hesitating)[0] == 0, "a few brisk turns do not make a brisk speaker"
    talk(one, [[10.0]] * 30)
    assert one.hangover_frames < 28
