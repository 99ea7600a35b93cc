"""The level gate: louder than our own sound can be; learned, and learned again when it has changed."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audio.echo_level import EchoLevel, LevelGated
from hardware.interfaces import Frame
from hardware.pcm import DOWN, FRAME_S, UP
from hardware.played import Piece

NOISE_DB = -66.0


def answer_db(rng: random.Random, frames: int) -> list[float]:
    """Return the levels of something like speech: syllables and pauses."""
    levels: list[float] = []
    while len(levels) < frames:
        levels += [rng.uniform(-30.0, -18.0)] * rng.randint(4, 12) + [-96.0] * rng.randint(1, 8)
    return levels[:frames]


def sum_db(*levels_db: float) -> float:
    return float(10 * np.log10(sum(10 ** (level_db / 10) for level_db in levels_db)))


class Headset:
    """A loudspeaker and a microphone that hears `coupling_db` of it, 60 ms later, and some noise."""

    def __init__(self, coupling_db: float, seed: int = 3) -> None:
        self.coupling_db = coupling_db
        self.rng = random.Random(seed)
        self.level = EchoLevel()
        self.late = [-96.0] * 3

    def exceeding(self, seconds: float, voice_db: float = -96.0) -> int:
        """Return in how many frames of an answer the microphone hears more than our own sound."""
        count = 0
        for reference_db in answer_db(self.rng, round(seconds / FRAME_S)):
            self.late.append(reference_db)
            echo_db = self.late.pop(0) + self.coupling_db + self.rng.uniform(-2.0, 2.0)
            noise_db = NOISE_DB + self.rng.uniform(-1.0, 1.0)
            count += self.level.exceeded(sum_db(echo_db, noise_db, voice_db), reference_db)
        return count


@settings(max_examples=15, deadline=None)
@given(st.floats(-60.0, 0.0), st.integers(0, 1000))
def test_our_own_sound_alone_is_hardly_ever_too_loud(coupling_db: float, seed: int) -> None:
    """A frame now and then; six together would be a voice."""
    assert Headset(coupling_db, seed).exceeding(20.0) <= 5


def test_a_voice_that_is_louder_than_the_echo_is_heard_through_it() -> None:
    headset = Headset(-30.0)
    headset.exceeding(4.0)
    assert headset.exceeding(1.0, voice_db=-30.0) > 40


def test_a_voice_that_is_softer_than_the_echo_is_not() -> None:
    speaker = Headset(0.0)
    speaker.exceeding(4.0)
    assert speaker.exceeding(1.0, voice_db=-30.0) == 0


def test_nothing_exceeds_before_the_coupling_is_known() -> None:
    assert Headset(-60.0).exceeding(0.8, voice_db=-20.0) == 0


def test_where_there_is_no_echo_every_voice_is_heard() -> None:
    headset = Headset(-90.0)
    headset.exceeding(4.0)
    assert headset.level.coupling_db < -30.0
    assert headset.exceeding(1.0, voice_db=-45.0) > 40


def test_a_voice_is_not_learned_as_echo() -> None:
    headset = Headset(-30.0)
    headset.exceeding(4.0)
    before_db = headset.level.coupling_db
    headset.exceeding(2.0, voice_db=-25.0)
    assert abs(headset.level.coupling_db - before_db) < 3.0


def test_a_louder_coupling_is_learned_after_three_seconds_in_which_nobody_breathes() -> None:
    level = EchoLevel()
    for _ in range(200):
        level.exceeded(-50.0, -20.0)
    assert [level.exceeded(-25.0, -20.0) for _ in range(400)].count(True) == 150
    assert level.coupling_db > -6.0


# --- the control ---


def gated(voice_db: float, *, barge_in: bool = True, seconds: float = 6.0) -> list[tuple[bool, bool, bool]]:
    """Return kept, users and barged_in of each frame; from 4 s to 5 s a voice is in the microphone."""
    rng = np.random.default_rng(2)
    played: list[Piece] = []
    control = LevelGated(lambda: [played.pop() for _ in range(len(played))], barge_in=barge_in)
    verdicts = []
    for number in range(round(seconds / FRAME_S)):
        sounds_s = number * FRAME_S + 0.04
        played.append(Piece(sound(rng, -20.0, DOWN.frame_samples), sounds_s))
        talking = 4.0 <= number * FRAME_S < 5.0
        pcm = sound(rng, voice_db if talking else -55.0, UP.frame_samples)
        cleaned = control.heard(Frame(pcm, (number + 1) * FRAME_S), audible=number * FRAME_S < 5.5)
        assert cleaned.pcm == pcm
        verdicts.append((cleaned.kept, cleaned.users, cleaned.barged_in))
    return verdicts


def sound(rng: np.random.Generator, level_db: float, count: int) -> bytes:
    values = rng.standard_normal(count) * 32768 * 10 ** (level_db / 20)
    return np.clip(np.rint(values), -32768, 32767).astype("<i2").tobytes()


def test_a_loud_voice_barges_in_once_and_is_the_users_from_then_on() -> None:
    verdicts = gated(-25.0)
    assert [n for n, (_, _, barged_in) in enumerate(verdicts) if barged_in] == [205]
    assert not any(users for _, users, _ in verdicts[:205])
    assert all(users for _, users, _ in verdicts[205:])


def test_only_what_is_louder_than_us_is_kept_while_we_are_audible() -> None:
    verdicts = gated(-25.0)
    assert not any(kept for kept, _, _ in verdicts[:200])
    assert all(kept for kept, _, _ in verdicts[200:])


def test_a_soft_voice_does_not_barge_in() -> None:
    verdicts = gated(-50.0)
    assert not any(barged_in for _, _, barged_in in verdicts)
    assert not any(users for _, users, _ in verdicts[:275])
    assert all(users and kept for kept, users, _ in verdicts[275:])


def test_where_no_barge_in_is_wanted_none_happens() -> None:
    assert not any(barged_in for _, _, barged_in in gated(-25.0, barge_in=False))
