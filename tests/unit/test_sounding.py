"""What the loudspeaker does at a moment: when it must be fed, how loud it is, and how long the room remembers."""

from __future__ import annotations

import pytest

from daemon.audio.sounding import Sounding
from hardware.pcm import FRAME_S


def test_silence_can_be_ended_at_any_time() -> None:
    sounds = Sounding(tail_s=0.3)
    assert sounds.hand_over_by_s(7.0) == 7.0
    sounds.handed_over(7.05, 1.0, now=7.0)
    assert sounds.hand_over_by_s(9.0) == 9.0


def test_the_next_frame_is_due_one_frame_later_as_long_before_it_sounds_as_the_device_ever_took_one() -> None:
    sounds = Sounding(tail_s=0.3)
    sounds.handed_over(7.05, 1.0, now=7.0)
    assert sounds.hand_over_by_s(7.0) == pytest.approx(7.02)
    sounds.handed_over(7.07, 1.0, now=7.0)
    assert sounds.hand_over_by_s(7.0) == pytest.approx(7.04)
    sounds.handed_over(9.045, 1.0, now=9.0)
    assert sounds.hand_over_by_s(9.0) == pytest.approx(9.02)
    sounds.handed_over(9.065, 1.0, now=9.0)
    assert sounds.hand_over_by_s(9.0) == pytest.approx(9.04)


def test_another_device_is_learned_anew() -> None:
    sounds = Sounding(tail_s=0.3)
    sounds.handed_over(7.01, 1.0, now=7.0)
    sounds.device_lost(7.0)
    assert sounds.hand_over_by_s(7.1) == 7.1
    sounds.handed_over(8.05, 1.0, now=8.0)
    assert sounds.hand_over_by_s(8.0) == pytest.approx(8.02)


def test_audible_from_handing_over_until_the_room_is_quiet() -> None:
    sounds = Sounding(tail_s=0.3)
    assert not sounds.audible(6.9)
    sounds.handing_over(7.0)
    assert sounds.audible(7.0)
    sounds.handed_over(7.05, 0.5, now=7.0)
    assert sounds.audible(7.05 + FRAME_S + 0.29)
    assert not sounds.audible(7.05 + FRAME_S + 0.31)


def test_what_cannot_be_heard_is_not_audible() -> None:
    sounds = Sounding(tail_s=0.3)
    sounds.handed_over(7.05, None, now=7.0)
    assert not sounds.audible(7.05)


def test_silenced_leaves_the_room_its_tail() -> None:
    sounds = Sounding(tail_s=0.3)
    for number in range(3):
        sounds.handed_over(7.05 + number * FRAME_S, 0.5, now=7.0)
    sounds.silenced(7.06)
    assert sounds.audible(7.35)
    assert not sounds.audible(7.37)
    assert sounds.level(7.06) == 0.0
    sounds.silenced(9.0)
    assert not sounds.audible(9.0)


def test_the_level_is_that_of_the_frame_that_sounds_now() -> None:
    sounds = Sounding(tail_s=0.3)
    sounds.handed_over(7.05, 0.2, now=7.0)
    sounds.handed_over(7.07, 0.8, now=7.0)
    assert [sounds.level(at_s) for at_s in (7.04, 7.06, 7.08, 7.1)] == [0.0, 0.2, 0.8, 0.0]
