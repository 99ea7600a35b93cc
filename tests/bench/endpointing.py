"""The voice detectors side by side: who begins to speak, and who has finished, in noise, by the rules of the gate.

    .venv/bin/python -m tests.bench.corpus           # once, for more than one reader, a keyboard and music
    .venv/bin/python -m tests.bench.endpointing out/bench

Twenty-four utterances with pauses of 2.2 to 3.2 s between them pass the real gate, which is opened again as soon as it
has told an end. Its hangover stays what it is in the beginning: how it adapts is not measured here.

| column | |
|---|---|
| missed | utterances in which no beginning was noticed |
| clipped | their beginning was noticed so late that the pre-roll does not hold all of it |
| cut | an end was told 100 ms or more before it was one |
| no end | none was told before the next utterance: the turn would not have ended |
| false/min | beginnings noticed in a minute in which nobody spoke; few, too, where turns do not end |
| onset | from the first sound to the gate's knowing, median and 95 % |
| end | from the last sound to the gate's knowing, the hangover included, median and 95 % |
| CPU | of the detector, for a frame of 20 ms |
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Final, get_args

import matplotlib as mpl
import numpy as np

from daemon.audio.gate import Gate, GateSettings, Marker
from daemon.audio.vad import Name, detector
from hardware.pcm import FRAME_MS, UP
from tests.bench import corpus

DETECTORS: Final[tuple[Name, ...]] = get_args(Name)
HANGOVER_MS: Final = GateSettings().hangover_ms
NORMAL_DBFS: Final = -26.0
_UTTERANCES: Final = 24
_COLOURS: Final = {"both": "#2a6f97", "webrtc": "#e07a5f", "silero": "#81b29a"}


@dataclass(frozen=True, slots=True)
class Condition:
    """How loud somebody speaks, and in what."""

    name: str
    noise: corpus.Kind | None = None
    """None for a quiet room, or for what `second_voice` says."""
    snr_db: float = 40.0
    speech_dbfs: float = NORMAL_DBFS
    second_voice: bool = False


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of frames: the first, and the one after the last; None if it never ended."""

    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Scene:
    """A condition as the microphone hears it."""

    frames: tuple[bytes, ...]
    spoken: tuple[tuple[int, int], ...]
    """The first frame of each utterance, and the one after its last."""


@dataclass(frozen=True, slots=True)
class Score:
    """How one detector did in one condition. Shares are of the utterances."""

    missed: float
    clipped: float
    cut: float
    no_end: float
    false_per_min: float
    onset_ms: tuple[float, float]
    end_ms: tuple[float, float]
    cpu_us: float


def conditions() -> Iterator[Condition]:
    """Yield all that can be made from what was fetched."""
    yield Condition("clean")
    for kind in corpus.kinds():
        for snr_db in (20, 10, 5):
            yield Condition(f"{kind} {snr_db} dB", kind, snr_db)
    for dbfs in (-14, -45, -55, -62):
        yield Condition(f"{'quiet' if dbfs < NORMAL_DBFS else 'loud'}, {dbfs} dBFS", "pink", 15, dbfs)
    yield Condition("second voice 10 dB", snr_db=10, second_voice=True)


def scene(condition: Condition, rng: np.random.Generator) -> Scene:
    """Return the utterances one after the other, as loud and in the noise that the condition says."""
    pieces: list[corpus.Samples] = []
    spoken: list[tuple[int, int]] = []
    at = 0
    said = corpus.speech()
    for utterance in islice(cycle(said[:: max(1, len(said) // _UTTERANCES)]), _UTTERANCES):
        silent = int(rng.uniform(2.2, 3.2) * 1000 / FRAME_MS)
        loud = corpus.at_level(utterance.pcm, condition.speech_dbfs)
        pieces += [_silence(silent), loud]
        spoken.append((at + silent, at + silent + len(loud) // UP.frame_samples))
        at = spoken[-1][1]
    pcm = np.concatenate([*pieces, _silence(3000 // FRAME_MS)])
    if condition.second_voice:
        made = _second_voice(len(pcm))
    else:
        made = corpus.noise(condition.noise or "pink", len(pcm) / UP.rate_hz, rng)
    heard = corpus.with_noise(pcm, made, condition.snr_db, dbfs=condition.speech_dbfs).tobytes()
    return Scene(tuple(heard[i : i + UP.frame_bytes] for i in range(0, len(heard), UP.frame_bytes)), tuple(spoken))


def told(verdicts: Sequence[bool], frames: Sequence[bytes]) -> list[Span]:
    """Return what the gate takes for speech: from its telling of the beginning to its telling of the end."""
    settings = GateSettings(
        hangover_ms=HANGOVER_MS,
        shortest_hangover_ms=HANGOVER_MS,
        longest_hangover_ms=HANGOVER_MS,
        no_speech_s=1e6,
        longest_s=1e6,
    )
    gate = Gate(settings)
    gate.open(endpointing=True)
    spans: list[Span] = []
    for at, (pcm, voiced) in enumerate(zip(frames, verdicts, strict=True)):
        match gate.push(pcm, voiced=voiced, kept=True).marker:
            case Marker.SPEECH_STARTED:
                spans.append(Span(at, None))
            case Marker.SPEECH_ENDED:
                spans[-1] = Span(spans[-1].start, at)
                gate.close()
                gate.open(endpointing=True)
    return spans


def score(heard: Scene, spans: Sequence[Span], cpu_us: float) -> Score:
    """Compare what the gate told with what was said."""
    total = len(heard.frames)
    missed = clipped = cut = no_end = 0
    onsets: list[int] = []
    ends: list[int] = []
    for (start, end), following in zip(heard.spoken, [*(first for first, _ in heard.spoken[1:]), total], strict=True):
        ours = [span for span in spans if span.start < end + 10 and (span.end or total) > start]
        if not ours:
            missed += 1
            continue
        if ours[0].start >= start:
            onsets.append(ours[0].start - start)
            clipped += onsets[-1] * FRAME_MS > GateSettings().pre_roll_ms
        cut += any(span.end is not None and start < span.end < end - 5 for span in ours)
        told_end = ours[-1].end
        if told_end is None or told_end >= following:
            no_end += 1
        elif told_end >= end - 5:
            ends.append(told_end - end)
    false = sum(not any(start <= span.start < end + 10 for start, end in heard.spoken) for span in spans)
    count = len(heard.spoken)
    unspoken_min = (total - sum(end - start for start, end in heard.spoken)) * FRAME_MS / 60_000
    shares = (missed / count, clipped / count, cut / count, no_end / count)
    return Score(*shares, false / unspoken_min, _median_and_95(onsets), _median_and_95(ends), cpu_us)


def measure(heard: Scene, name: Name, aggressiveness: int = 2) -> Score:
    """Let one detector hear one scene."""
    vad = detector(name, aggressiveness)
    began_s = time.process_time()
    verdicts = [vad.voiced(frame) for frame in heard.frames]
    cpu_us = (time.process_time() - began_s) * 1e6 / len(heard.frames)
    return score(heard, told(verdicts, heard.frames), cpu_us)


def run(out: Path) -> str:
    """Measure everything, leave `endpointing.png` in `out`, and return the table (markdown).

    A minute of processor time; no sound card, no network.
    """
    scores: dict[str, dict[Name, Score]] = {}
    for condition in conditions():
        heard = scene(condition, np.random.default_rng(7))
        scores[condition.name] = {name: measure(heard, name) for name in DETECTORS}
    out.mkdir(parents=True, exist_ok=True)
    _draw(scores, out / "endpointing.png")
    return table(scores)


def table(scores: dict[str, dict[Name, Score]]) -> str:
    """Return a line for each condition and detector, and below it what was missing for the whole of it."""
    lines = [
        "| condition | detector | missed | clipped | cut | no end | false/min | onset ms | end ms | CPU us |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for condition, by_detector in scores.items():
        for name, one in by_detector.items():
            shares = " | ".join(f"{share:.0%}" for share in (one.missed, one.clipped, one.cut, one.no_end))
            delays = f"{_delays(one.onset_ms)} | {_delays(one.end_ms)}"
            lines.append(f"| {condition} | {name} | {shares} | {one.false_per_min:.1f} | {delays} | {one.cpu_us:.0f} |")
    lines += ["", corpus.missing() or f"{_UTTERANCES} utterances of five speakers in each."]
    return "\n".join(lines) + "\n"


def _draw(scores: dict[str, dict[Name, Score]], path: Path) -> None:
    mpl.use("agg")
    from matplotlib.figure import Figure

    places = np.arange(len(scores))
    figure = Figure(figsize=(13, 8.5), layout="constrained")
    rows = figure.subplots(4, 1, sharex=True)
    for nth, name in enumerate(DETECTORS):
        ours = [by_detector[name] for by_detector in scores.values()]
        bars = (
            [one.false_per_min for one in ours],
            [100 * one.no_end for one in ours],
            [100 * (one.missed + one.clipped + one.cut) for one in ours],
            [one.end_ms[0] for one in ours],
        )
        for axes, heights in zip(rows, bars, strict=True):
            axes.bar(places + (nth - 1) * 0.27, heights, 0.25, label=name, color=_COLOURS[name])
    titles = (
        "beginnings noticed while nobody spoke, a minute",
        "turns that did not end, %",
        "utterances missed, clipped and cut, added up, %",
        f"from the last sound to the end of the turn, median ms ({HANGOVER_MS} ms of it are the hangover)",
    )
    for axes, title in zip(rows, titles, strict=True):
        axes.set_title(title, loc="left", fontsize=10)
        axes.spines[["top", "right"]].set_visible(False)
    rows[0].legend(frameon=False, ncols=3, loc="upper left")
    rows[-1].set_xticks(places, list(scores), rotation=60, ha="right", fontsize=8)
    figure.savefig(path, dpi=110)


def _second_voice(count: int) -> corpus.Samples:
    """Return another person, the last in the corpus, who speaks with pauses of 1.5 s."""
    theirs = corpus.speech()[-1].name.split("/")[0]
    pieces: list[corpus.Samples] = []
    for utterance in cycle(one for one in corpus.speech() if one.name.startswith(theirs + "/")):
        pieces += [corpus.at_level(utterance.pcm, NORMAL_DBFS), _silence(75)]
        if sum(map(len, pieces)) >= count:
            break
    return np.concatenate(pieces)[:count]


def _silence(frames: int) -> corpus.Samples:
    return np.zeros(frames * UP.frame_samples, dtype=np.int16)


def _median_and_95(frames: Sequence[int]) -> tuple[float, float]:
    if not frames:
        return (float("nan"), float("nan"))
    return (float(np.median(frames)) * FRAME_MS, float(np.percentile(frames, 95)) * FRAME_MS)


def _delays(median_and_95: tuple[float, float]) -> str:
    median_ms, longest_ms = median_and_95
    return "-" if np.isnan(median_ms) else f"{median_ms:.0f} / {longest_ms:.0f}"


if __name__ == "__main__":
    print(run(Path(sys.argv[1] if len(sys.argv) > 1 else "out/bench")))
