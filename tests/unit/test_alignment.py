"""The pairing of microphone and loudspeaker: 320 samples a frame, always early, and always as early as before.

What is played is a ramp, so that each sample says which one it is: how long before its sounding it is handed out is
read from the sound itself, and not from what the alignment believes.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.audio.alignment import Alignment
from daemon.audio.drift import Drift
from hardware.interfaces import Frame
from hardware.pcm import DOWN, FRAME_S, UP, samples
from hardware.played import Piece

RAMP = 30_000


@dataclass
class Cards:
    """Two sound cards with clocks and ideas of time of their own."""

    microphone_ppm: float = 0.0
    piece_samples: int = 240
    burst: int = 1
    """Pieces that the driver asks for at a time."""
    buffer_s: float = 0.04
    """How long a piece waits in the card."""
    wrong_s: float = 0.0
    """By how much each time is wrong, at most."""
    talks_s: float = 8.0
    pauses_s: float = 2.0
    asleep: tuple[float, float] = (0.0, 0.0)
    """From when to when the speaker is closed."""
    rng: random.Random = field(default_factory=lambda: random.Random(7))
    _played: int = 0

    def captured_s(self, number: int) -> float:
        """Return when the frame `number` was captured."""
        return (number + 1) * FRAME_S / (1 + self.microphone_ppm * 1e-6)

    def pieces(self, until_s: float) -> list[Piece]:
        """Return what the speaker has taken until then, since it was asked last."""
        taken = []
        while self._played / DOWN.rate_hz - self.buffer_s <= until_s:
            for _ in range(self.burst):
                starts_s = self._played / DOWN.rate_hz
                if not self.asleep[0] <= starts_s < self.asleep[1]:
                    taken.append(Piece(self._sound(self._played), starts_s + self._wrong()))
                self._played += self.piece_samples
        return taken

    def _sound(self, first: int) -> bytes:
        cycle = self.talks_s + self.pauses_s
        if first / DOWN.rate_hz % cycle < self.pauses_s:
            return bytes(2 * self.piece_samples)
        return (1000 + np.arange(first, first + self.piece_samples) % RAMP).astype("<i2").tobytes()

    def _wrong(self) -> float:
        return self.rng.uniform(-self.wrong_s, self.wrong_s)

    def frame(self, number: int, lost_frames: int = 0) -> Frame:
        return Frame(UP.silence, self.captured_s(number) + self._wrong(), lost_frames)

    def lead_s(self, pcm: bytes, number: int) -> float | None:
        """Return how long before it sounds `pcm` was handed out with the frame `number`; None if it does not say."""
        values = samples(pcm).astype(int) - 1000
        if values.min() < 100 or values.max() > RAMP - 100 or np.abs(np.diff(values, 2)).max() > 3:
            return None  # the ramp begins anew within it, or there is none
        middle = float(values[100:220].mean())
        captured_s = self.captured_s(number) - FRAME_S + 159.5 / UP.rate_hz
        near = captured_s * DOWN.rate_hz
        sample = middle + RAMP * round((near - middle) / RAMP)
        return sample / DOWN.rate_hz - captured_s


def leads(
    cards: Cards, seconds: float, alignment: Alignment | None = None, *, every: int = 1
) -> Iterator[tuple[float, float]]:
    """Yield time and lead of those frames that say so, of each `every`th."""
    alignment = alignment or Alignment()
    for number in range(round(seconds / FRAME_S)):
        pcm = alignment.align(cards.frame(number), cards.pieces(cards.captured_s(number) + 0.004)).pcm
        assert len(pcm) == UP.frame_bytes
        lead_s = cards.lead_s(pcm, number) if number % every == 0 and pcm != UP.silence else None
        if lead_s is not None:
            yield cards.captured_s(number), lead_s


@pytest.mark.parametrize("burst", [1, 4])
@pytest.mark.parametrize("piece_samples", [240, 480, 441])
@pytest.mark.parametrize("wrong_s", [0.0, 0.01])
def test_the_lead_is_long_enough_and_the_same_from_answer_to_answer(
    burst: int, piece_samples: int, wrong_s: float
) -> None:
    cards = Cards(piece_samples=piece_samples, burst=burst, buffer_s=0.06, wrong_s=wrong_s)
    measured = np.array([lead_s for at_s, lead_s in leads(cards, 20.0) if at_s > 2.0])
    assert len(measured) > 400
    assert measured.min() >= 0.020
    assert measured.max() < 0.045
    assert np.ptp(measured) < (0.0005 if wrong_s == 0.0 else 0.0015)


@pytest.mark.parametrize("ppm", [300.0, -300.0])
def test_a_drift_is_followed_in_answers_that_never_pause_without_ever_being_late(ppm: float) -> None:
    cards = Cards(microphone_ppm=ppm, piece_samples=480, wrong_s=0.005, talks_s=1e6)
    alignment = Alignment()
    measured = np.array([lead_s for at_s, lead_s in leads(cards, 160.0, alignment, every=10) if at_s > 2.0])
    assert len(measured) > 600
    assert measured.min() >= 0.020
    assert measured.max() < 0.050
    assert alignment.drift_ppm == pytest.approx(ppm, abs=20)
    assert alignment.placings <= 8


@pytest.mark.parametrize("ppm", [300.0, -300.0])
def test_with_pauses_a_drift_is_put_right_in_them_alone(ppm: float) -> None:
    cards = Cards(microphone_ppm=ppm, piece_samples=480, wrong_s=0.005, talks_s=6.0, pauses_s=6.0)
    answers: dict[int, list[float]] = {}
    for at_s, lead_s in leads(cards, 160.0, every=10):
        answers.setdefault(int(at_s // 12.0), []).append(lead_s)
    measured = list(answers.values())[1:]
    assert all(max(answer) - min(answer) < 6.0 * abs(ppm) * 1e-6 + 0.0003 for answer in measured)
    assert all(0.022 <= lead_s < 0.043 for answer in measured for lead_s in answer)


def test_a_drift_is_followed_for_twenty_minutes_without_ever_being_late() -> None:
    cards = Cards(microphone_ppm=-300.0, piece_samples=480, wrong_s=0.005, talks_s=10.0, pauses_s=110.0)
    measured = [lead_s for at_s, lead_s in leads(cards, 1200.0, every=10) if at_s > 2.0]
    assert len(measured) > 400
    assert min(measured) >= 0.020
    assert max(measured) < 0.050


def test_without_a_drift_nothing_is_moved() -> None:
    alignment = Alignment()
    cards = Cards(piece_samples=480, wrong_s=0.004, talks_s=0.5, pauses_s=12.0)
    for _ in leads(cards, 300.0, alignment):
        pass
    assert alignment.placings <= 2
    assert abs(alignment.drift_ppm) < 20


def test_a_lost_block_of_the_microphone_drops_as_much_reference() -> None:
    cards, alignment = Cards(pauses_s=1.0, talks_s=1e6), Alignment()
    measured, lost = [], 0
    for number in range(1500):
        if number > 200 and number % 50 < number // 200:
            lost += 1
            continue
        pcm = alignment.align(cards.frame(number, lost), cards.pieces(cards.captured_s(number))).pcm
        lost = 0
        lead_s = cards.lead_s(pcm, number)
        if number > 100 and lead_s is not None:
            measured.append(lead_s)
    assert len(measured) > 800
    assert np.ptp(measured) < 0.0005
    assert alignment.placings <= 2


def test_the_lead_is_the_same_after_the_speaker_has_slept() -> None:
    cards, alignment = Cards(asleep=(20.5, 41.2)), Alignment()
    measured = dict(leads(cards, 70.0, alignment))
    assert 2 <= alignment.placings <= 4
    before = [lead_s for at_s, lead_s in measured.items() if 2.0 < at_s < 20.0]
    after = [lead_s for at_s, lead_s in measured.items() if at_s > 43.0]
    assert not [at_s for at_s in measured if 20.55 < at_s < 41.0]
    assert np.ptp(before + after) < 0.0015


def test_a_gap_that_the_device_filled_by_itself_is_silence_and_moves_nothing() -> None:
    cards, alignment = Cards(asleep=(5.0, 5.2), pauses_s=1.0, talks_s=1e6), Alignment()
    measured = dict(leads(cards, 12.0, alignment))
    assert not [at_s for at_s in measured if 5.02 < at_s < 5.12]
    assert np.ptp([lead_s for at_s, lead_s in measured.items() if at_s > 1.5]) < 0.0015
    assert alignment.placings <= 2


def test_a_microphone_that_was_muted_for_a_while_is_paired_anew() -> None:
    cards, alignment = Cards(), Alignment()
    for number in range(2000):
        unread = cards.pieces(cards.captured_s(number))
        if 400 <= number < 700:
            continue  # pieces are dropped unread, too
        pcm = alignment.align(cards.frame(number), unread[-200:]).pcm
        lead_s = cards.lead_s(pcm, number)
        assert lead_s is None or number < 120 or 0.020 <= lead_s < 0.045


def test_a_speaker_that_takes_its_frames_late_gets_the_longest_lead_that_it_can_give() -> None:
    cards = Cards(piece_samples=480, buffer_s=0.02)
    measured = np.array([lead_s for at_s, lead_s in leads(cards, 30.0) if at_s > 2.0])
    assert measured.min() > 0.017
    assert np.ptp(measured) < 0.0005


def test_it_is_said_when_the_pairing_begins_anew() -> None:
    cards, alignment = Cards(asleep=(10.0, 15.0)), Alignment()
    aligned = [alignment.align(cards.frame(n), cards.pieces(cards.captured_s(n))) for n in range(1000)]
    assert [round(n * FRAME_S) for n, one in enumerate(aligned) if one.begun] == [0, 15]


def test_nothing_played_is_silence() -> None:
    alignment = Alignment()
    cards = Cards()
    for number in range(200):
        aligned = alignment.align(cards.frame(number), [])
        assert aligned.pcm == UP.silence
        assert aligned.moved_s == 0.0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(st.lists(st.integers(1, 1500), max_size=5), st.floats(-0.5, 3.0), st.integers(0, 30)), max_size=60
    ),
    st.floats(0.0, 1e6),
)
def test_whatever_comes_in_320_samples_come_out_and_little_is_kept(
    calls: list[tuple[list[int], float, int]], now: float
) -> None:
    alignment = Alignment()
    for sizes, later_s, lost_frames in calls:
        now += FRAME_S * (1 + lost_frames)
        pieces = [Piece(b"\1\1" * size, now + later_s) for size in sizes]
        assert len(alignment.align(Frame(UP.silence, now, lost_frames), pieces).pcm) == UP.frame_bytes
        assert alignment.kept_samples <= 3 * UP.rate_hz


@given(st.integers(-300, 300), st.floats(-1.0, 1.0))
@settings(max_examples=20, deadline=None)
def test_the_drift_of_two_clocks_is_known_after_a_minute_to_10_ppm(ppm: int, begins_s: float) -> None:
    drift, rng = Drift(), random.Random(ppm)
    for number in range(50 * 60):
        drift.note_one(begins_s + ppm * 1e-6 * number * FRAME_S + rng.uniform(-0.002, 0.002))
        drift.note_other(rng.uniform(-0.002, 0.002))
    assert drift.ppm == pytest.approx(ppm, abs=10)
    assert drift.difference_s == pytest.approx(begins_s + ppm * 1e-6 * 60, abs=0.001)
