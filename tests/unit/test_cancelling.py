"""The canceller, with the real library, in a small room made of numbers: what is left of us, and what of the user."""

from __future__ import annotations

import wave
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import daemon.rehearsal
from daemon.audio.barge_in import GUARDED_S, BargeIn
from daemon.audio.canceller import Canceller, Finish
from daemon.audio.cancelling import EchoCancelling
from daemon.audio.echo import Cleaned
from daemon.audio.vad import WebRtcVad
from hardware.interfaces import Frame
from hardware.pcm import DOWN, FRAME_S, UP, samples
from hardware.played import Piece
from hardware.resample import BlockFir

Sound = NDArray[np.float64]

SPEECH = Path(daemon.rehearsal.__path__[0]) / "speech"
LAG = 128
PIECE = 240
CARD_S = 0.04
"""How long a piece waits in the loudspeaker's card."""
QUIET_S, PAUSE_S = 3.0, 2.0


def recorded(name: str) -> Sound:
    with wave.open(str(SPEECH / f"{name}.wav")) as file:
        return samples(file.readframes(file.getnframes())).astype(np.float64)


def s16(sound: Sound) -> bytes:
    return np.clip(np.rint(sound), -32768, 32767).astype("<i2").tobytes()


def level_db(sound: Sound) -> float:
    return float(10 * np.log10(np.mean(sound**2) / 32768**2 + 1e-12))


def noise(count: int, level: float, seed: int = 2) -> Sound:
    return np.random.default_rng(seed).standard_normal(count) * 32768 * 10 ** (level / 20)


@dataclass
class Evening:
    """Answers, one after the other, in a room with a loudspeaker and a microphone."""

    played: Sound
    """What the loudspeaker plays, 24 kHz."""
    answers: list[tuple[float, float]]
    """From when to when each sounds."""
    echo: Sound
    """What of it reaches the microphone, 16 kHz."""


@cache
def evening(answers: int, delay_s: float) -> Evening:
    """Return one in a room of RT60 0.3 s whose direct path is `delay_s` longer than the drivers believe."""
    answer = samples(BlockFir(UP.rate_hz, DOWN.rate_hz).convert(s16(recorded("answer")))).astype(np.float64)
    parts, spans, now = [np.zeros(round(QUIET_S * DOWN.rate_hz))], [], QUIET_S
    for _ in range(answers):
        parts += [answer, np.zeros(round(PAUSE_S * DOWN.rate_hz))]
        spans.append((now, now + len(answer) / DOWN.rate_hz))
        now = spans[-1][1] + PAUSE_S
    played = np.concatenate(parts)
    at_16_khz = samples(BlockFir(DOWN.rate_hz, UP.rate_hz).convert(s16(played))).astype(np.float64)
    response = np.random.default_rng(1).standard_normal(4800) * 10 ** (-3 * np.arange(4800) / 4800) * 0.05
    response[0] = 1.0
    size = 1 << (len(at_16_khz) + 4800).bit_length()
    echo = np.fft.irfft(np.fft.rfft(at_16_khz, size) * np.fft.rfft(response * 0.5, size), size)
    late = np.concatenate([np.zeros(round(delay_s * UP.rate_hz)), echo])
    return Evening(played, spans, late[: len(at_16_khz)])


def spent(
    evening: Evening, microphone: Sound, *, barge_in: bool = True, finish: Finish | None = None
) -> tuple[Sound, list[Cleaned]]:
    """Return what is left of `microphone` after an evening, whole, and frame by frame."""
    unread: list[Piece] = []
    rule = BargeIn([WebRtcVad(2)], guarded_s=GUARDED_S) if barge_in else None
    control = EchoCancelling(
        lambda: [unread.pop(0) for _ in range(len(unread))],
        rule,
        Canceller(),
        finish or Finish("off", automatic_gain=False),
    )
    taken, cleaned = 0, []
    for number in range(len(microphone) // UP.frame_samples):
        now = (number + 1) * FRAME_S + 0.003
        while taken / DOWN.rate_hz - CARD_S < now and taken < len(evening.played):
            unread.append(Piece(s16(evening.played[taken : taken + PIECE]), taken / DOWN.rate_hz))
            taken += PIECE
        pcm = s16(microphone[number * UP.frame_samples : (number + 1) * UP.frame_samples])
        audible = any(begin_s - CARD_S < now < end_s + 0.3 for begin_s, end_s in evening.answers)
        cleaned.append(control.heard(Frame(pcm, (number + 1) * FRAME_S), audible=audible))
    return samples(b"".join(frame.pcm for frame in cleaned)).astype(np.float64), cleaned


def reductions_db(evening: Evening, microphone: Sound, left: Sound, skip_s: float) -> list[float]:
    """Return by how much each answer became softer, but for its first `skip_s`."""
    values = []
    for begin_s, end_s in evening.answers:
        first, last = round((begin_s + skip_s) * UP.rate_hz), round(end_s * UP.rate_hz)
        values.append(level_db(microphone[first:last]) - level_db(left[first + LAG : last + LAG]))
    return values


def high_passed(sound: Sound) -> Sound:
    """Return `sound` through WebRTC's high pass at 100 Hz, which is all that it does to a voice without echo."""
    out, one, two = np.empty(len(sound)), 0.0, 0.0
    for n, value in enumerate(sound):
        y = 0.97261 * value + one
        one = -1.94523 * value + 1.94448 * y + two
        two = 0.97261 * value - 0.94598 * y
        out[n] = y
    return out


@pytest.mark.parametrize("delay_s", [0.003, 0.06, 0.15])
def test_after_two_seconds_of_an_answer_less_than_a_twentieth_of_it_is_left(delay_s: float) -> None:
    night = evening(2, delay_s)
    microphone = night.echo + noise(len(night.echo), -70.0)
    left, _ = spent(night, microphone)
    assert min(reductions_db(night, microphone, left, 2.0)) > 25.0
    assert reductions_db(night, microphone, left, 0.3)[1] > 20.0


def test_in_a_minute_of_answers_nobody_barges_in_who_is_not_there() -> None:
    night = evening(7, 0.06)
    left, cleaned = spent(night, night.echo + noise(len(night.echo), -66.0))
    assert len(left) == len(cleaned) * UP.frame_samples
    assert sum(end_s - begin_s for begin_s, end_s in night.answers) > 60.0
    assert not any(frame.barged_in for frame in cleaned)
    assert all(frame.kept for frame in cleaned)
    assert {frame.users for frame in cleaned} == {True, False}


def onsets(speech: Sound) -> list[int]:
    """Return the samples at which somebody begins to speak up after a pause."""
    frames = speech[: len(speech) // 320 * 320].reshape(-1, 320)
    levels = np.array([level_db(frame) for frame in frames])
    return [320 * n for n in range(6, len(levels) - 50) if levels[n] > -32.0 and levels[n - 5 : n].max() < -36.0]


def talked_over(night: Evening, loudness_db: float) -> tuple[Sound, list[float]]:
    """Return the room with somebody in it who talks over each answer but the first, and when."""
    voices = [speech[n : n + 32_000] for speech in map(recorded, ("question_1", "question_2")) for n in onsets(speech)]
    begin_s, end_s = night.answers[0]
    aim_db = level_db(night.echo[round(begin_s * UP.rate_hz) : round(end_s * UP.rate_hz)]) + loudness_db
    microphone, times_s = night.echo + noise(len(night.echo), -66.0), []
    for number, (begins_s, _) in enumerate(night.answers[1:]):
        voice = voices[number % len(voices)]
        at_s = begins_s + 1.5 + 0.7 * number
        first = round(at_s * UP.rate_hz)
        microphone[first : first + len(voice)] += voice * 10 ** ((aim_db - level_db(voice)) / 20)
        times_s.append(at_s)
    return microphone, times_s


def test_who_talks_over_an_answer_as_loudly_as_it_is_heard_within_400_ms() -> None:
    night = evening(6, 0.06)
    microphone, times_s = talked_over(night, 0.0)
    _, cleaned = spent(night, microphone)
    heard_s = [n * FRAME_S for n, frame in enumerate(cleaned) if frame.barged_in]
    delays_s = [min((heard - at for heard in heard_s if 0.0 < heard - at < 2.0), default=9.0) for at in times_s]
    assert float(np.median(delays_s)) < 0.4
    assert max(delays_s) < 1.0
    assert all(any(0.0 < heard - at < 2.5 for at in times_s) for heard in heard_s)


def test_from_a_barge_in_to_the_end_of_the_answer_every_voice_is_the_users() -> None:
    night = evening(2, 0.06)
    _, cleaned = spent(night, talked_over(night, 6.0)[0])
    begin_s, end_s = night.answers[1]
    fired = next(n for n, frame in enumerate(cleaned) if frame.barged_in)
    assert not any(frame.users for frame in cleaned[round(begin_s / FRAME_S) : fired])
    assert all(frame.users for frame in cleaned[fired : round((end_s + 0.5) / FRAME_S)])


def test_where_no_barge_in_is_wanted_none_happens_and_the_echo_still_goes() -> None:
    night = evening(2, 0.06)
    microphone, _ = talked_over(night, 6.0)
    left, cleaned = spent(night, microphone, barge_in=False)
    assert not any(frame.barged_in for frame in cleaned)
    assert reductions_db(night, microphone, left, 2.0)[0] > 25.0


# --- not a sample lost ---


def without_echo(needed: Callable[[int], bool]) -> tuple[Sound, Sound]:
    """Return a voice through the canceller with a silent reference, and what it should be."""
    voice = np.tile(recorded("question_2"), 2)
    voice = voice[: len(voice) // 320 * 320]
    canceller = Canceller()
    out = b"".join(
        canceller.cleaned(s16(voice[first : first + 320]), UP.silence, needed=needed(first // 320))
        for first in range(0, len(voice), 320)
    )
    late = np.concatenate([np.zeros(LAG), high_passed(voice)])
    return samples(out).astype(np.float64), late[: len(voice)]


@pytest.mark.parametrize("frames", [1, 2, 3, 7, 50])
def test_resting_and_working_are_the_same_to_the_last_bit_so_that_nobody_hears_the_change(frames: int) -> None:
    out, wanted = without_echo(lambda number: number // frames % 2 == 1)
    assert np.abs(out - wanted).max() <= 2.0


def test_what_never_works_and_what_always_does_are_the_same() -> None:
    resting, wanted = without_echo(lambda _: False)
    working, _ = without_echo(lambda _: True)
    assert np.abs(resting - wanted).max() <= 1.0
    assert np.abs(working - wanted).max() <= 2.0


def test_a_rest_costs_no_work() -> None:
    canceller = Canceller()
    assert not canceller.working
    for number in range(10):
        canceller.cleaned(UP.silence, UP.silence, needed=number < 5)
        assert canceller.working == (2 <= number < 5)


# --- the finish ---


def test_noise_suppression_takes_noise_out() -> None:
    hiss = noise(UP.rate_hz * 4, -40.0)
    finish = Finish("high", automatic_gain=False)
    out = b"".join(finish.finished(s16(hiss[n : n + 320])) for n in range(0, len(hiss), 320))
    assert level_db(samples(out)[-16_000:].astype(np.float64)) < -50.0


def test_automatic_gain_makes_a_quiet_voice_louder() -> None:
    voice = np.tile(recorded("question_2"), 4) * 0.05
    voice = voice[: len(voice) // 320 * 320]
    finish = Finish("off", automatic_gain=True)
    out = b"".join(finish.finished(s16(voice[n : n + 320])) for n in range(0, len(voice), 320))
    assert len(out) == 2 * len(voice)
    assert level_db(samples(out)[-32_000:].astype(np.float64)) > level_db(voice[-32_000:]) + 6.0


def test_without_a_finish_nothing_is_touched() -> None:
    pcm = s16(noise(320, -20.0))
    assert Finish("off", automatic_gain=False).finished(pcm) is pcm


def test_the_rule_sees_what_is_left_before_the_gain_makes_it_louder() -> None:
    night = evening(2, 0.06)
    _, cleaned = spent(night, night.echo + noise(len(night.echo), -66.0), finish=Finish("low", automatic_gain=True))
    assert not any(frame.barged_in for frame in cleaned)
