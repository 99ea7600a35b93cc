"""Answers over random networks through the jitter buffer, against the best constant prime in hindsight.

    python -m tests.bench jitter

Nothing here takes real time: the chunks of an answer arrive when a seeded network says so, and the speaker wants a
frame every 20 ms.
"""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import numpy as np

from daemon.audio.jitter import JitterBuffer
from daemon.audio.lateness import Lateness
from hardware.pcm import DOWN, FRAME_S, SAMPLE_BYTES
from tests.bench.report import BLUE, GREY, ORANGE, saved, sheet, table

CONVERSATIONS: Final = 300
"""For each kind of network."""
ANSWERS: Final = 6
ANSWER_S: Final = (3.0, 8.0)
ADAPTED_S: Final = 1.0 + 1e-6
"""From the first sound of a conversation on; after it, nothing should run dry. A little more: times are sums."""


@dataclass(frozen=True, slots=True)
class Network:
    """How chunks of a reply travel. Each is delayed at random, but none overtakes the one before it."""

    chunk_s: float
    delay_s: Callable[[random.Random], float]
    speed: float = 1.0
    """How fast the service sends, in seconds of audio a second."""
    burst_s: float = 0.0
    """What was sent within this time arrives together, at its end."""

    def arrivals(self, reply_s: float, dice: random.Random) -> list[tuple[float, float]]:
        """Return for each chunk when it arrives, in seconds after the reply was begun, and its place in the reply."""
        arrivals: list[tuple[float, float]] = []
        arrives_s = 0.0
        for number in range(round(reply_s / self.chunk_s)):
            place_s = number * self.chunk_s
            sent_s = place_s / self.speed
            passed_s = -(-sent_s // self.burst_s) * self.burst_s if self.burst_s else sent_s
            arrives_s = max(arrives_s, passed_s + self.delay_s(dice))
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
    ideal_held_s: float
    """From the first chunk to the first sound with that."""
    sounded_s: float
    """From the first sound to the last."""
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
        ideal_held_s=ideal_s - arrivals[0][0],
        sounded_s=sounds[-1][1] + FRAME_S - sounds[0][1],
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


# --- conversations -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation: several answers, one after the other, over the same network."""

    answers: tuple[Outcome, ...]

    @property
    def underruns_at_s(self) -> Iterator[float]:
        """When answers went on after an underrun: seconds of answers since the conversation's first sound."""
        before_s = 0.0
        for each in self.answers:
            yield from (before_s + at_s for at_s in each.underruns_at_s)
            before_s += each.sounded_s

    @property
    def late_underruns(self) -> int:
        """How many of them came when there had been time to adapt."""
        return sum(at_s > ADAPTED_S for at_s in self.underruns_at_s)


def talk(network: Network, seed: int) -> Talk:
    """Hold one conversation; the same for the same seed, but for what the buffer makes of it."""
    lateness = Lateness()
    dice = random.Random(seed)
    lengths_s = [dice.uniform(*ANSWER_S) // network.chunk_s * network.chunk_s for _ in range(ANSWERS)]
    talked = tuple(play(network, _speech(length_s), lateness, dice) for length_s in lengths_s)
    return Talk(talked)


def _speech(seconds: float) -> bytes:
    return syllables(ANSWER_S[1])[: DOWN.bytes_in(seconds)]


NETWORKS: Final = {
    "quiet, 0 to 4 ms": Network(0.1, quiet),
    "quiet, sent 3.3 times as fast": Network(0.1, quiet, 3.3),
    "0 to 300 ms": Network(0.1, jumping),
    "0 to 300 ms, sent 3.3 times as fast": Network(0.1, jumping, 3.3),
    "bursts, every 400 ms": Network(0.1, quiet, burst_s=0.4),
    "bursts, sent 3.3 times as fast": Network(0.1, quiet, 3.3, burst_s=0.4),
    "sent 0.8 times as fast": Network(0.1, quiet, 0.8),
}
JUMPY: Final = {
    f"{chunk_s * 1000:.0f} ms{'' if speed == 1.0 else f', sent {speed:g} times as fast'}": Network(
        chunk_s, jumping, speed
    )
    for speed in (1.0, 3.3)
    for chunk_s in (0.04, 0.1, 0.2)
}


def run(out: Path) -> str:
    """Return the tables, and draw `jitter.png` into `out`."""
    print(f"    {CONVERSATIONS} conversations over each of {len(NETWORKS) + len(JUMPY)} networks", flush=True)
    talks = {name: [talk(network, seed) for seed in range(CONVERSATIONS)] for name, network in NETWORKS.items()}
    jumpy = {name: [talk(network, seed) for seed in range(CONVERSATIONS)] for name, network in JUMPY.items()}
    _draw(out / "jitter.png", talks, jumpy)
    return "\n\n".join(
        (
            f"{CONVERSATIONS} conversations of {ANSWERS} answers of {ANSWER_S[0]:g} to {ANSWER_S[1]:g} s over each"
            " network; chunks of 100 ms; means over the answers, in ms. *Wait*: from an answer's first chunk to its"
            " first sound. *Delay*: how much later its end sounds than with the ideal, which is the smallest constant"
            " prime without an underrun, in hindsight. Up to 20 ms are the card's period; the ideal has none.",
            table(
                (
                    "network",
                    "wait, 1st",
                    "wait, later",
                    "wait, ideal",
                    "delay, 1st",
                    "delay, later",
                    "underruns, 1st",
                    "underruns, later",
                ),
                [_row(name, each) for name, each in talks.items()],
            ),
            f"Underruns after the first {ADAPTED_S:g} s of a conversation with 0 to 300 ms of random delay:",
            table(
                (
                    "chunks",
                    "conversations with one",
                    "of",
                    "underruns, all",
                    "in the 1st answer",
                    "in later ones",
                    "the last at",
                ),
                [_late_row(name, each) for name, each in jumpy.items()],
            ),
        )
    )


def _row(name: str, talks: Sequence[Talk]) -> list[str]:
    first = [each.answers[0] for each in talks]
    later = [answer for each in talks for answer in each.answers[1:]]

    def mean_ms(values: Iterator[float]) -> str:
        return f"{1000 * statistics.fmean(values):.0f}"

    return [
        name,
        mean_ms(each.held_s for each in first),
        mean_ms(each.held_s for each in later),
        mean_ms(each.ideal_held_s for each in [*first, *later]),
        mean_ms(each.delay_s - each.ideal_s for each in first),
        mean_ms(each.delay_s - each.ideal_s for each in later),
        f"{statistics.fmean(len(each.underruns_at_s) for each in first):.2f}",
        f"{statistics.fmean(len(each.underruns_at_s) for each in later):.2f}",
    ]


def _late_row(name: str, talks: Sequence[Talk]) -> list[str]:
    all_late = sum(each.late_underruns for each in talks)
    first = sum(at_s > ADAPTED_S for each in talks for at_s in each.answers[0].underruns_at_s)
    latest_s = max((at_s for each in talks for at_s in each.underruns_at_s), default=0.0)
    concerned = sum(each.late_underruns > 0 for each in talks)
    return [
        name,
        str(concerned),
        str(len(talks)),
        str(all_late),
        str(first),
        str(all_late - first),
        f"{latest_s:.2f} s",
    ]


def _draw(path: Path, talks: dict[str, list[Talk]], jumpy: dict[str, list[Talk]]) -> None:
    figure, (waits, dry) = sheet("Answers over random networks", columns=2, width=15.0, height=5.5)
    places = np.arange(len(talks))[::-1]
    later = {name: [answer for each in those for answer in each.answers[1:]] for name, those in talks.items()}
    for offset, height, colour, label, value in (
        (0.2, 0.38, BLUE, "ours, after the first answer", lambda each: each.held_s),
        (-0.2, 0.38, ORANGE, "the ideal in hindsight", lambda each: each.ideal_held_s),
    ):
        means_ms = [1000 * statistics.fmean(map(value, those)) for those in later.values()]
        waits.barh(places + offset, means_ms, height, color=colour, label=label)
    waits.set(yticks=places, yticklabels=list(talks), xlabel="ms from the first chunk to the first sound, mean")
    waits.legend()
    edges_s = np.geomspace(0.1, ANSWERS * ANSWER_S[1], 100)
    for (name, those), shade in zip(jumpy.items(), np.linspace(0.0, 1.0, len(jumpy)), strict=True):
        at_s = [at for each in those for at in each.underruns_at_s]
        counts = np.histogram(at_s, edges_s)[0] / len(those)
        dry.plot(edges_s[1:], np.cumsum(counts), color=(0.9 * shade, 0.3, 0.9 * (1 - shade)), label=name)
    dry.axvline(ADAPTED_S, color=GREY, linestyle="--")
    dry.set(xlabel="s since the first sound of the conversation", ylabel="underruns so far, for each conversation")
    dry.set(xscale="log", xticks=(0.1, 1.0, 10.0), xticklabels=("0.1", "1", "10"))
    dry.legend(title="0 to 300 ms late; chunks of", bbox_to_anchor=(1.0, 1.0), loc="upper left", fontsize=9)
    saved(figure, path)
