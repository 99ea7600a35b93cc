"""Replies over random networks through the jitter buffer, against the best constant prime in hindsight.

python -m tests.bench.jitter_bench [seeds] [seconds]
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np

from daemon.audio.gate import Gate
from daemon.audio.jitter import JitterBuffer
from daemon.audio.lateness import Lateness
from daemon.audio.vad import WebRtcVad
from daemon.audio.volume import Volume
from hardware.pcm import DOWN, FRAME_S, SAMPLE_BYTES, UP


@dataclass(frozen=True, slots=True)
class Network:
    """How chunks of a reply travel. Each is delayed at random, but none overtakes the one before it."""

    chunk_s: float
    delay_s: Callable[[random.Random], float]
    speed: float = 1.0
    """How fast the service sends, in seconds of audio a second."""

    def arrivals(self, reply_s: float, dice: random.Random) -> list[tuple[float, float]]:
        """Return for each chunk when it arrives, in seconds after the reply was begun, and its place in the reply."""
        arrivals: list[tuple[float, float]] = []
        arrives_s = 0.0
        for number in range(round(reply_s / self.chunk_s)):
            place_s = number * self.chunk_s
            arrives_s = max(arrives_s, place_s / self.speed + self.delay_s(dice))
            arrivals.append((arrives_s, place_s))
        return arrivals


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one reply was played. Times are seconds."""

    held_s: float
    """From the first chunk to the first sound."""
    underruns_at_s: tuple[float, ...]
    """When the reply went on after each underrun, counted from the first sound."""
    pauses: int
    delay_s: float
    """How far the end of the reply sounded behind its place, from the reply's beginning on."""
    ideal_s: float
    """The smallest constant delay without an underrun, in hindsight."""
    chunk_to_sound_s: float
    """Median over the chunks."""
    ideal_chunk_to_sound_s: float


def play(network: Network, reply: bytes, lateness: Lateness, dice: random.Random) -> Outcome:
    """Play `reply` with a speaker that wants a frame every 20 ms, from a random moment on."""
    arrivals = network.arrivals(DOWN.seconds(len(reply)), dice)
    buffer = JitterBuffer(lateness)
    now = dice.random() * FRAME_S
    coming = 0
    sounds: list[tuple[float, float]] = []
    underruns_at_s: list[float] = []
    while not buffer.finished:
        while coming < len(arrivals) and arrivals[coming][0] <= now:
            arrives_s, place_s = arrivals[coming]
            buffer.push(_part(reply, place_s, place_s + network.chunk_s), arrives_s)
            coming += 1
            if coming == len(arrivals):
                buffer.end()
        played_s, underruns = buffer.played_s, buffer.tally.underruns
        buffer.pull(now)
        if buffer.played_s > played_s:
            sounds.append((played_s, now))
        if buffer.tally.underruns > underruns:
            underruns_at_s.append(now - sounds[0][1])
        now += FRAME_S
    tally = buffer.tally
    assert tally.played_bytes == len(reply)
    buffer.flush()
    ideal_s = max(arrives_s - place_s for arrives_s, place_s in arrivals)
    return Outcome(
        held_s=sounds[0][1] - arrivals[0][0],
        underruns_at_s=tuple(underruns_at_s),
        pauses=tally.pauses,
        delay_s=sounds[-1][1] - sounds[-1][0],
        ideal_s=ideal_s,
        chunk_to_sound_s=statistics.median(_waits(arrivals, sounds)),
        ideal_chunk_to_sound_s=statistics.median(ideal_s + place_s - arrives_s for arrives_s, place_s in arrivals),
    )


def _part(reply: bytes, from_s: float, to_s: float) -> bytes:
    return reply[round(from_s * DOWN.rate_hz) * SAMPLE_BYTES : round(to_s * DOWN.rate_hz) * SAMPLE_BYTES]


def _waits(arrivals: list[tuple[float, float]], sounds: list[tuple[float, float]]) -> list[float]:
    """Return for each chunk how long after its arrival its first sample sounded."""
    waits = []
    frame = 0
    for arrives_s, place_s in arrivals:
        while frame + 1 < len(sounds) and sounds[frame + 1][0] <= place_s + 1e-9:
            frame += 1
        starts_s, sounds_s = sounds[frame]
        waits.append(sounds_s + place_s - starts_s - arrives_s)
    return waits


@cache
def tone(seconds: float) -> bytes:
    """Return a sound without a quiet moment."""
    angles = 2.0 * np.pi * 220.0 * np.arange(round(seconds * DOWN.rate_hz)) / DOWN.rate_hz
    return np.rint(8000.0 * np.sin(angles)).astype("<i2").tobytes()


@cache
def syllables(seconds: float) -> bytes:
    """Return a sound with the pauses of speech: most of 30 to 80 ms, some of 250 ms."""
    wave = np.frombuffer(tone(seconds), "<i2").copy()
    dice = random.Random(1)
    at = 0.0
    while at < seconds:
        at += dice.uniform(0.12, 0.5)
        pause_s = dice.choices((0.03, 0.05, 0.08, 0.25), (4, 3, 2, 1))[0]
        wave[round(at * DOWN.rate_hz) : round((at + pause_s) * DOWN.rate_hz)] = 0
        at += pause_s
    return wave.tobytes()


def jumping(dice: random.Random) -> float:
    """Return a delay between 0 and 300 ms."""
    return dice.uniform(0.0, 0.3)


def quiet(dice: random.Random) -> float:
    """Return a delay of a good network."""
    return dice.uniform(0.0, 0.004)


def _row(title: str, network: Network, reply: bytes, seeds: int, *, warm: bool = False) -> None:
    outcomes = []
    for seed in range(seeds):
        dice = random.Random(seed)
        lateness = Lateness()
        if warm:
            play(network, reply, lateness, dice)
        outcomes.append(play(network, reply, lateness, dice))
    late = [sum(any(at > after for at in each.underruns_at_s) for each in outcomes) for after in (1.0, 2.0, 4.0)]
    means = [
        1000 * statistics.fmean(values)
        for values in (
            [each.held_s for each in outcomes],
            [each.delay_s - each.ideal_s for each in outcomes],
            [each.chunk_to_sound_s for each in outcomes],
            [each.ideal_chunk_to_sound_s for each in outcomes],
        )
    ]
    print(
        f"{title:30} {network.chunk_s * 1000:4.0f}"
        f" {statistics.fmean(len(each.underruns_at_s) for each in outcomes):9.2f}"
        f" {statistics.fmean(each.pauses for each in outcomes):6.2f}"
        f"  {late[0]:4}{late[1]:4}{late[2]:4}"
        f" {means[0]:8.0f} {means[1]:9.0f} {means[2]:9.0f} {means[3]:7.0f}"
    )


def _per_frame_us(call: Callable[[], object], times: int = 20_000) -> float:
    begin_s = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - begin_s) / times * 1e6


def _cpu() -> None:
    gate, vad = Gate(), WebRtcVad(2)
    speech = np.random.default_rng(1).integers(-3000, 3000, UP.frame_samples).astype("<i2").tobytes()
    gate.open(endpointing=True)
    gate_us = _per_frame_us(lambda: gate.push(speech, voiced=vad.voiced(speech), audible=False))
    volume = Volume(70)
    chunk = syllables(0.2)
    buffer = JitterBuffer(Lateness())
    at_s = 0.0

    def frame() -> None:
        nonlocal at_s
        if buffer.buffered_s < 1.0:
            buffer.push(chunk, at_s)
        pcm = buffer.pull(at_s + 1.0)
        assert pcm is not None
        volume.applied(pcm)
        at_s += FRAME_S

    print(f"gate and vad {gate_us:.1f} us a frame; jitter and volume {_per_frame_us(frame):.1f} us")


def main() -> None:
    """Print one row per kind of network."""
    seeds, seconds = (int(word) for word in (sys.argv[1:] + ["200", "60"][len(sys.argv) - 1 :]))
    print(
        f"{seeds} replies of {seconds} s; seeds with an underrun later than 1, 2, 4 s; milliseconds\n"
        f"{'':30} chunk underruns pauses   >1  >2  >4     held over ideal p50 sound   ideal"
    )
    for chunk_s in (0.04, 0.1, 0.2):
        _row("0-300 ms, speech", Network(chunk_s, jumping), syllables(seconds), seeds)
        _row("0-300 ms, tone", Network(chunk_s, jumping), tone(seconds), seeds)
        _row("0-300 ms, second reply, tone", Network(chunk_s, jumping), tone(seconds), seeds, warm=True)
        _row("quiet, tone", Network(chunk_s, quiet), tone(seconds), seeds)
        _row("quiet, second reply, tone", Network(chunk_s, quiet), tone(seconds), seeds, warm=True)
        _row("quiet, 3.3 times as fast", Network(chunk_s, quiet, 3.3), syllables(seconds), seeds)
        _row("0-300 ms, 3.3 times as fast", Network(chunk_s, jumping, 3.3), syllables(seconds), seeds)
    _cpu()


if __name__ == "__main__":
    main()
