"""Our daemon beside the vendor's minimal sample: the same sound card, service and conversation, in turns.

    python -m tests.bench.compare                 about three minutes, on this machine alone; README.md says the rest

The microphone hears bursts of noise, and the first sample of each is looked for in what the room sounded like and in
what the service got. Both are on one clock. The answer is looked for in what the loudspeaker played.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TypeAlias

import numpy as np

from daemon.rehearsal import voices
from hardware.pcm import DOWN, SAMPLE_BYTES, UP, samples
from tests.bench.recorder import Recorder
from tests.support import pulse
from tests.support.process import Process, Service, device, running, stand_in

BURST_S: Final = 0.020
PERIOD_S: Final = 0.2513
"""Longer than two of the longest messages (64 ms), so that silent ones come between the bursts; and no multiple of a
frame, so that they begin anywhere in the messages."""
QUESTION_S: Final = 5.0
THINK_S: Final = 0.6
SETTLE_S: Final = 0.5
ANSWER: Final = voices.answer()
MARK: Final = DOWN.bytes_in(0.5)
"""From where on a piece of the answer is looked for; it begins softly."""
KEY: Final = "bench-key"
LOUD_DB: Final = -90.0

Line: TypeAlias = dict[str, Any]
"""One of the service's log, see `daemon.rehearsal.frame_log`."""


@dataclass(frozen=True, slots=True)
class Client:
    """One client that runs: its process and its user's finger."""

    process: Process
    open_s: float
    """From the start of the process to the open session."""
    press: Callable[[], object]
    release: Callable[[], object]


@dataclass(slots=True)
class Figures:
    """What was measured of one client, round by round."""

    name: str
    open_s: list[float] = field(default_factory=list)
    cpu_s: list[float] = field(default_factory=list)
    """A minute of conversation."""
    cpu_with_start_s: list[float] = field(default_factory=list)
    peak_mib: list[float] = field(default_factory=list)
    to_service_ms: list[float] = field(default_factory=list)
    to_sound_ms: list[float] = field(default_factory=list)
    to_silence_ms: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)
    """How often the answer did not go on where it was."""


def bursts() -> bytes:
    """Return noise of constant power in bursts, with digital silence between; 16 kHz."""
    sign = np.random.default_rng(1).choice((-8192, 8192), int(QUESTION_S * UP.rate_hz))
    at_s = np.arange(len(sign)) / UP.rate_hz % PERIOD_S
    return np.where(at_s < BURST_S, sign, 0).astype("<i2").tobytes()


def onsets(pcm: bytes) -> list[int]:
    """Return the samples with which sound begins after at least 10 ms of digital silence."""
    loud = np.flatnonzero(samples(pcm))
    silent_before = np.diff(loud, prepend=-UP.rate_hz) > UP.rate_hz // 100
    return [int(sample) for sample in loud[silent_before]]


# --- the clients ----------------------------------------------------------------------------------------


@contextmanager
def ours(service: Service, folder: Path) -> Iterator[Client]:
    with device(folder, service.live, key=KEY) as one:
        open_s = one.process.line("link.up").at_s - one.process.started_s
        yield Client(one.process, open_s, lambda: one.ask("button", "press"), lambda: one.ask("button", "release"))


@contextmanager
def minimal(service: Service, chunk_ms: int) -> Iterator[Client]:
    chunk = str(UP.rate_hz * chunk_ms // 1000)
    command = (sys.executable, "-m", "tests.bench.minimal_client", service.base_url, str(service.ca_file), chunk)
    with running(*command, environ={"GEMINI_API_KEY": KEY}) as process:
        open_s = process.line("open").at_s - process.started_s
        yield Client(process, open_s, lambda: process.send(signal.SIGUSR1), lambda: process.send(signal.SIGUSR2))


# --- a round --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Bench:
    """What both clients share."""

    rig: pulse.PrivatePulse
    service: Service
    question: bytes

    def converse(self, client: Client, figures: Figures, *, interrupt: bool) -> None:
        """Have one conversation and note what it took."""
        with ExitStack() as stack:
            room = stack.enter_context(Recorder(self.rig._parec("room"), UP))
            speaker = stack.enter_context(Recorder(self.rig._parec("speaker"), DOWN))
            time.sleep(SETTLE_S)
            begun_s, cpu_s = time.monotonic(), client.process.cpu_s
            client.press()
            self.rig.feed(self.question)
            time.sleep(QUESTION_S + 0.3)
            client.release()
            time.sleep(THINK_S + DOWN.seconds(len(ANSWER)) + SETTLE_S)
            took_min = (time.monotonic() - begun_s) / 60
            figures.open_s.append(client.open_s)
            figures.cpu_s.append((client.process.cpu_s - cpu_s) / took_min)
            figures.cpu_with_start_s.append(client.process.cpu_s / took_min)
            figures.peak_mib.append(client.process.peak_mib)
            if interrupt:
                figures.to_silence_ms.append(self._interrupt(client, speaker))
            log = [line for line in self._log() if line["t_s"] > begun_s]
            figures.to_service_ms += _to_service_ms(room, log)
            _hear_answer(speaker, log, figures)

    def _interrupt(self, client: Client, speaker: Recorder) -> float:
        """Press in the middle of another answer; return how long the loudspeaker went on, in ms."""
        client.press()
        time.sleep(0.3)
        client.release()
        time.sleep(THINK_S + 1.5)
        pressed_s = time.monotonic()
        client.press()
        time.sleep(0.5)
        sound = samples(speaker.pcm)
        from_sample = speaker.sample_at(pressed_s - 0.1)
        heard = np.flatnonzero(sound[from_sample:])
        assert len(heard), "nothing sounded when it was interrupted"
        client.release()
        return (speaker.time_of(from_sample + int(heard[-1])) - pressed_s) * 1000

    def _log(self) -> list[Line]:
        return [json.loads(line) for line in self.service.log.read_text().splitlines()]


def _to_service_ms(room: Recorder, log: Sequence[Line]) -> Iterator[float]:
    """Yield, for each burst, how long after its first sample sounded the service had read the message that holds it."""
    begun_s: list[float] = []
    quiet = True
    for line in log:
        if line["way"] == "up" and line["kind"] == "audio":
            loud = line["level_db"] > LOUD_DB
            if loud and quiet:
                begun_s.append(line["t_s"])
            quiet = not loud
    sounded_s = [room.time_of(sample) for sample in onsets(room.pcm)]
    for at_s in sounded_s:
        arrived = [came_s - at_s for came_s in begun_s if 0.0 <= came_s - at_s < PERIOD_S]
        if arrived:
            yield arrived[0] * 1000


def _hear_answer(speaker: Recorder, log: Sequence[Line], figures: Figures) -> None:
    """Note how long after the service sent the answer it began to sound, and how often it was torn apart."""
    sent_s = next(line["t_s"] for line in log if line["way"] == "down" and line["kind"] == "audio")
    heard = speaker.pcm
    size = DOWN.bytes_in(0.1)
    at = heard.find(ANSWER[MARK : MARK + size])
    assert at >= 0, "the answer was not heard"
    figures.to_sound_ms.append((speaker.time_of((at - MARK) // SAMPLE_BYTES) - sent_s) * 1000)
    gaps = 0
    for place in range(MARK, len(ANSWER) - size, size):
        goes_on = heard.find(ANSWER[place : place + size], at)
        gaps += goes_on != at
        at = (goes_on if goes_on >= 0 else at) + size
    figures.gaps.append(gaps)


# --- the table ------------------------------------------------------------------------------------------


def percentile(values: Sequence[float], percent: float) -> float:
    return float(np.percentile(values, percent))


def table(one: Figures, other: Figures) -> str:
    """Return the figures side by side, as Markdown; the ratio is of the first numbers."""
    rows: list[tuple[str, str, Callable[[Figures], list[float]]]] = [
        ("CPU seconds per minute of conversation", "{:.2f}", lambda f: [statistics.median(f.cpu_s)]),
        ("the same with the start", "{:.2f}", lambda f: [statistics.median(f.cpu_with_start_s)]),
        ("peak memory MiB", "{:.0f}", lambda f: [statistics.median(f.peak_mib)]),
        ("start to session open s", "{:.2f}", lambda f: [statistics.median(f.open_s)]),
        (
            "microphone sample to service, p50 / p99 ms",
            "{:.1f}",
            lambda f: [percentile(f.to_service_ms, 50), percentile(f.to_service_ms, 99)],
        ),
        (
            "first reply chunk sent to sound, median / longest ms",
            "{:.1f}",
            lambda f: [statistics.median(f.to_sound_ms), max(f.to_sound_ms)],
        ),
        ("gaps in an answer, mean", "{:.1f}", lambda f: [statistics.mean(f.gaps)]),
        (
            "press to the last old sample, median / longest ms",
            "{:.0f}",
            lambda f: [statistics.median(f.to_silence_ms), max(f.to_silence_ms)] if f.to_silence_ms else [],
        ),
    ]
    lines = [f"| | {one.name} | {other.name} | ratio |", "|---|---|---|---|"]
    for name, shape, of in rows:
        mine, theirs = of(one), of(other)
        ratio = f"{mine[0] / theirs[0]:.2f}" if theirs and theirs[0] else "-"
        cells = (" / ".join(shape.format(value) for value in values) or "-" for values in (mine, theirs))
        lines.append(f"| {name} | {' | '.join(cells)} | {ratio} |")
    lines.append("")
    lines.append(f"{len(one.open_s)} rounds; {len(one.to_service_ms)} and {len(other.to_service_ms)} bursts found.")
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.compare", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--rounds", type=int, choices=range(1, 7), default=5)
    parser.add_argument("--chunk-ms", type=int, default=64, help="the minimal client's chunks; the vendor's are 64")
    asked = parser.parse_args()
    if reason := pulse.missing():
        print(reason, file=sys.stderr)
        return 69
    load = os.getloadavg()[0]
    one, other = Figures("vocative"), Figures(f"minimal, {asked.chunk_ms} ms chunks")
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as name,
        pulse.PrivatePulse() as rig,
        stand_in(Path(name), "--think-ms", str(round(THINK_S * 1000))) as service,
    ):
        bench = Bench(rig, service, bursts())
        for number in range(asked.rounds):
            print(f"round {number + 1} of {asked.rounds}", file=sys.stderr, flush=True)
            with ours(service, Path(name) / str(number)) as client:
                bench.converse(client, one, interrupt=True)
            with minimal(service, asked.chunk_ms) as client:
                bench.converse(client, other, interrupt=False)
    machine = f"{os.cpu_count()} cores, load {load:.1f} at the start, {os.getloadavg()[0]:.1f} at the end"
    print(f"{time.strftime('%Y-%m-%d')}, {machine}")
    print(f"\n{table(one, other)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
