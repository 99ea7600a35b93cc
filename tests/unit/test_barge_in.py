"""Barge-in: a voice that stands out, for 120 ms, said once; never in the second in which the canceller learns."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.audio.barge_in import GUARDED_S, BargeIn, Floor, Insistence
from hardware.pcm import UP

GUARDED_FRAMES = 150


def judge(insistence: Insistence, verdicts: list[bool], *, audible: bool = True) -> list[int]:
    """Return at which of `verdicts` it said that somebody talks."""
    return [n for n, talking in enumerate(verdicts) if insistence.judged(talking=talking, audible=audible)]


def noise(level_db: float, seed: int = 1) -> bytes:
    values = np.random.default_rng(seed).standard_normal(UP.frame_samples) * 32768 * 10 ** (level_db / 20)
    return np.clip(np.rint(values), -32768, 32767).astype("<i2").tobytes()


class Says:
    """A detector with one opinion, that counts what it was asked."""

    def __init__(self, voiced: bool) -> None:
        self.opinion = voiced
        self.asked = 0

    def voiced(self, pcm: bytes) -> bool:
        self.asked += 1
        return self.opinion


# --- the floor ---


def test_the_floor_never_falls_below_the_clamp() -> None:
    floor = Floor()
    for _ in range(500):
        floor.exceeded(-96.0)
    assert floor.level_db == -74.0


def test_a_level_must_exceed_both_the_floor_by_12_db_and_minus_62() -> None:
    assert not Floor().exceeded(-62.0)
    assert Floor().exceeded(-61.0)
    loud_room = Floor()
    for _ in range(50 * 40):
        loud_room.exceeded(-50.0)
    assert loud_room.level_db == pytest.approx(-50.0)
    assert not loud_room.exceeded(-38.5)
    assert loud_room.exceeded(-37.0)


def test_the_floor_rises_by_a_decibel_a_second_and_falls_within_half_a_one() -> None:
    floor = Floor()
    for _ in range(500):
        floor.exceeded(-20.0)
    assert floor.level_db == pytest.approx(-64.0)
    for _ in range(40):
        floor.exceeded(-74.0)
    assert floor.level_db < -72.0


@given(st.lists(st.floats(-96.0, 0.0), max_size=300))
def test_the_floor_is_never_above_what_it_has_heard(levels: list[float]) -> None:
    floor = Floor()
    for level_db in levels:
        floor.exceeded(level_db)
        assert -74.0 <= floor.level_db <= max([-74.0, *levels])


# --- how long ---


def test_120_ms_are_enough_and_100_are_not() -> None:
    assert judge(Insistence(guarded_s=0.0), [True] * 6 + [False] * 10) == [5]
    assert judge(Insistence(guarded_s=0.0), [True] * 5 + [False] * 10) == []


def test_two_soft_frames_in_a_word_do_not_matter_and_three_do() -> None:
    assert judge(Insistence(guarded_s=0.0), [True, True, False, True, False, True, True, True]) == [7]
    assert judge(Insistence(guarded_s=0.0), [True, True, False, True, False, True, False, True]) == []


def test_it_is_said_once_as_long_as_somebody_goes_on_talking() -> None:
    assert judge(Insistence(guarded_s=0.0), ([True] * 40 + [False] * 49) * 3) == [5]


def test_it_is_said_again_after_a_quiet_second() -> None:
    assert judge(Insistence(guarded_s=0.0), [True] * 10 + [False] * 50 + [True] * 10) == [5, 65]


def test_it_is_said_again_in_the_next_answer() -> None:
    insistence = Insistence(guarded_s=0.0)
    assert judge(insistence, [True] * 10) == [5]
    assert judge(insistence, [True] * 3, audible=False) == []
    assert judge(insistence, [True] * 10) == [5]


def test_nobody_can_talk_over_what_is_not_audible() -> None:
    assert judge(Insistence(guarded_s=0.0), [True] * 100, audible=False) == []


def test_the_first_three_seconds_of_sound_do_not_count_however_they_are_cut() -> None:
    insistence = Insistence(guarded_s=GUARDED_S)
    assert judge(insistence, [True] * 40) == []
    assert judge(insistence, [False] * 100, audible=False) == []
    assert judge(insistence, [True] * 120) == [GUARDED_FRAMES - 40 + 5]


def test_the_second_answer_is_not_guarded_unless_the_canceller_begins_anew() -> None:
    insistence = Insistence(guarded_s=GUARDED_S)
    judge(insistence, [False] * GUARDED_FRAMES)
    judge(insistence, [False], audible=False)
    assert judge(insistence, [True] * 10) == [5]
    judge(insistence, [False], audible=False)
    insistence.guard(GUARDED_S)
    assert judge(insistence, [True] * 160) == [GUARDED_FRAMES + 5]


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=400), st.booleans())
def test_it_is_never_said_without_120_ms_of_talking_within_160(frames: list[tuple[bool, bool]], guarded: bool) -> None:
    insistence = Insistence(guarded_s=GUARDED_S if guarded else 0.0)
    for n, (talking, audible) in enumerate(frames):
        if insistence.judged(talking=talking, audible=audible):
            assert sum(t and a for t, a in frames[max(0, n - 7) : n + 1]) >= 6


# --- the whole rule ---


def test_a_voice_that_any_detector_hears_counts_if_it_stands_out() -> None:
    rule = BargeIn([Says(False), Says(True)], guarded_s=0.0)
    heard = [rule.heard(noise(-40.0), audible=True) for _ in range(10)]
    assert heard.index(True) == 5


@pytest.mark.parametrize(("level_db", "voiced"), [(-40.0, False), (-65.0, True)])
def test_neither_loud_noise_nor_a_faint_voice_counts(level_db: float, voiced: bool) -> None:
    rule = BargeIn([Says(voiced)], guarded_s=0.0)
    assert not any(rule.heard(noise(level_db), audible=True) for _ in range(100))


def test_detectors_are_only_asked_while_we_are_audible_and_then_all_of_them() -> None:
    first, second = Says(True), Says(True)
    rule = BargeIn([first, second], guarded_s=0.0)
    for n in range(30):
        rule.heard(noise(-40.0), audible=n >= 10)
    assert (first.asked, second.asked) == (20, 20)
