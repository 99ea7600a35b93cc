"""Processor time of each stage of the sound path for a minute of audio, each in a process of its own.

    python -m tests.bench stages

All stages are measured in turns, three times, so that what else the machine does hits them alike. Compare the stages
of one run with each other; the percentages are those of the machine.
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np

from hardware.pcm import DOWN, FRAME_S, UP, gain_of_db, level_dbfs, mixed
from tests.bench.report import BLUE, ORANGE, saved, sheet, table

AUDIO_S: Final = 20.0
FRAMES: Final = round(AUDIO_S / FRAME_S)
REPEATED: Final = 5
"""In each process, after a first time that only warms up."""
ROUNDS: Final = 3
QUIET_DBFS: Final = -62.0
TARGETS_PERCENT: Final = {"cancel": 6.0, "half_duplex": 3.0}
"""All of it, with the canceller and without."""

Work: TypeAlias = Callable[[], object]
"""Does `AUDIO_S` of it, again and again: what it knows of the sound may stay as it is."""


# --- what there is to work on --------------------------------------------------------------------------


def talking() -> list[bytes]:
    """Return frames of the microphone: two sentences and pauses, over and over, in a quiet room."""
    from daemon.rehearsal import voices

    pause = bytes(UP.bytes_in(0.7))
    said = voices.question(1) + pause + voices.question(2) + pause
    size = UP.frame_bytes
    loop = (said * (FRAMES * size // len(said) + 1))[: FRAMES * size]
    return [mixed(loop[at * size : (at + 1) * size], frame) for at, frame in enumerate(resting())]


def resting() -> list[bytes]:
    """Return frames of the microphone in a quiet room."""
    wave = np.random.default_rng(1).normal(0.0, gain_of_db(QUIET_DBFS) * 32768, (FRAMES, UP.frame_samples))
    return [np.rint(frame).astype("<i2").tobytes() for frame in wave]


def answering() -> list[bytes]:
    """Return frames of an answer at 24 kHz, without a longer pause."""
    from daemon.rehearsal import voices

    size = DOWN.frame_bytes
    answer = voices.answer() * 3
    return [answer[at * size : (at + 1) * size] for at in range(FRAMES)]


# --- the stages ----------------------------------------------------------------------------------------


def vad(name: str, frames: Callable[[], list[bytes]]) -> Work:
    from daemon.audio import vad as room

    detector = room.detector(name, 2)  # type: ignore[arg-type] # of the three names in the table below
    heard = frames()
    return lambda: [detector.voiced(frame) for frame in heard]


def echo(mode: str, *, audible: bool) -> Work:
    """Return the echo control with the barge-in rule, in a room in which the answer comes back 10 dB softer."""
    from daemon.audio.echo_making import EchoSettings, echo_control
    from hardware.interfaces import Frame
    from hardware.played import Piece
    from hardware.simulated_room import Room

    room = Room(echo_db=-10.0, delay_s=0.03)
    frames: list[Frame] = []
    pieces: list[list[Piece]] = []
    heard_also = resting()
    for number, answer in enumerate(answering()):
        pcm = answer if audible else DOWN.silence
        at_s = 1.0 + number * FRAME_S
        room.play(pcm, at_s)
        frames.append(Frame(mixed(room.hear(at_s + FRAME_S), heard_also[number]), at_s + FRAME_S))
        half = len(pcm) // 2
        pieces.append([Piece(pcm[:half], at_s), Piece(pcm[half:], at_s + FRAME_S / 2)])
    coming: list[Piece] = []

    def reference() -> list[Piece]:
        taken = coming.copy()
        coming.clear()
        return taken

    control = echo_control(EchoSettings(mode=mode), reference, lambda *_, **__: None, barge_in=True)  # type: ignore[arg-type] # of the two names in the table below
    lap_s = 0.0

    def work() -> None:
        nonlocal lap_s
        for frame, parts in zip(frames, pieces, strict=True):
            coming.extend(Piece(part.pcm, part.sounds_s + lap_s) for part in parts)
            control.heard(Frame(frame.pcm, frame.captured_s + lap_s), audible=audible)
        lap_s += AUDIO_S

    return work


def resampling(from_hz: int, to_hz: int) -> Work:
    from hardware.resample import BlockFir

    converter = BlockFir(from_hz, to_hz)
    count = round(from_hz * FRAME_S)
    wave = np.random.default_rng(2).normal(0.0, 3000.0, (FRAMES, count))
    blocks = [np.rint(block).astype("<i2").tobytes() for block in wave]
    return lambda: [converter.convert(block) for block in blocks]


def gate() -> Work:
    from daemon.audio.gate import Gate

    one, frames = Gate(), resting()
    dice = random.Random(1)
    verdicts = [dice.random() < 0.6 for _ in frames]

    def work() -> None:
        one.open(endpointing=True)
        for frame, voiced in zip(frames, verdicts, strict=True):
            one.push(frame, voiced=voiced, kept=True)
        one.close()

    return work


def playing() -> Work:
    """Return the jitter buffer, fed 3.3 times as fast as it plays, and what makes its frames ready for the speaker."""
    from daemon.audio.jitter import JitterBuffer
    from daemon.audio.lateness import Lateness
    from daemon.audio.volume import Volume

    answer = b"".join(answering())
    chunk = DOWN.bytes_in(0.1)
    chunks = [answer[at : at + chunk] for at in range(0, len(answer), chunk)]
    volume = Volume(70)

    def work() -> None:
        buffer = JitterBuffer(Lateness())
        coming = 0
        for number in range(FRAMES + 2):
            now = number * FRAME_S
            while coming < len(chunks) and coming * 0.1 / 3.3 <= now:
                buffer.push(chunks[coming], now)
                coming += 1
            pcm = buffer.pull(now + 0.001)
            if pcm is not None:
                level_dbfs(pcm)  # what the ring shows of it
                volume.applied(pcm)

    return work


def meter() -> Work:
    heard = talking()
    return lambda: [level_dbfs(frame) for frame in heard]


def ring() -> Work:
    """Return 25 pictures a second of the liveliest kind, for 12 pixels, as bytes for the wire."""
    from daemon.panel.lights import lights
    from daemon.status import LinkState, Status, TurnState
    from hardware.led_bytes import Dimmer, apa102

    status = Status(link=LinkState.UP, turn=TurnState.LISTENING)
    dimmer = Dimmer(40, 400)
    return lambda: [
        apa102(dimmer.levels(lights(status, number / 25, 12, level=0.5))) for number in range(round(AUDIO_S * 25))
    ]


STAGES: Final[Mapping[str, Callable[[], Work]]] = {
    "voice detection: webrtc, while somebody talks": lambda: vad("webrtc", talking),
    "voice detection: silero, while somebody talks": lambda: vad("silero", talking),
    "voice detection: both, while somebody talks": lambda: vad("both", talking),
    "voice detection: both, in a quiet room": lambda: vad("both", resting),
    "echo: cancel, while an answer sounds": lambda: echo("cancel", audible=True),
    "echo: cancel, at rest": lambda: echo("cancel", audible=False),
    "echo: level, while an answer sounds": lambda: echo("level", audible=True),
    "echo: half_duplex": lambda: echo("half_duplex", audible=True),
    "resampling 48 to 16 kHz": lambda: resampling(48_000, UP.rate_hz),
    "resampling 44.1 to 16 kHz": lambda: resampling(44_100, UP.rate_hz),
    "resampling 24 to 48 kHz": lambda: resampling(DOWN.rate_hz, 48_000),
    "gate": gate,
    "jitter buffer, level and volume of an answer": playing,
    "level meter of the microphone": meter,
    "ring: 25 pictures a second": ring,
}
_ALWAYS: Final = (
    "resampling 48 to 16 kHz",
    "resampling 24 to 48 kHz",
    "gate",
    "jitter buffer, level and volume of an answer",
    "level meter of the microphone",
    "ring: 25 pictures a second",
)
SUMS: Final = {
    "cancel": ("voice detection: both, while somebody talks", "echo: cancel, while an answer sounds", *_ALWAYS),
    "half_duplex": ("voice detection: both, while somebody talks", "echo: half_duplex", *_ALWAYS),
}
"""All at once, as when somebody talks over an answer: never for a whole minute in fact."""


# --- measuring -----------------------------------------------------------------------------------------


def measured_s(name: str) -> list[float]:
    """Return the processor time of all threads for a minute of audio, several times; in this process."""
    work = STAGES[name]()
    work()
    spent_s = []
    for _ in range(REPEATED):
        began_s = time.process_time()
        work()
        spent_s.append((time.process_time() - began_s) * 60.0 / AUDIO_S)
    return spent_s


def run(out: Path) -> str:
    """Return the table, and draw `stages.png` into `out`."""
    spent_s: dict[str, list[float]] = {name: [] for name in STAGES}
    for number in range(ROUNDS):
        print(f"    round {number + 1} of {ROUNDS}", flush=True)
        for name in STAGES:
            command = [sys.executable, "-m", "tests.bench.stages", name]
            spent_s[name] += json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    percent = {name: statistics.median(values) / 60.0 * 100.0 for name, values in spent_s.items()}
    sums = {name: sum(percent[stage] for stage in stages) for name, stages in SUMS.items()}
    _draw(out / "stages.png", percent)
    unit = percent["voice detection: webrtc, while somebody talks"]
    rows = [
        [name, f"{share * 600.0:.0f}", f"{share:.2f}", f"{share / unit:.1f}", _spread(spent_s[name])]
        for name, share in percent.items()
    ]
    verdicts = [
        [f"all at once, echo.mode = {name}", f"{total:.2f}", f"{TARGETS_PERCENT[name]:g}",
         "met" if total <= TARGETS_PERCENT[name] else "missed"]
        for name, total in sums.items()
    ]  # fmt: skip
    return "\n\n".join(
        (
            f"Medians of {ROUNDS * REPEATED}, each stage in {ROUNDS} processes of its own; processor time of all"
            " threads. *Ratio* is to webrtc's voice detector in the same run; *spread* is from the least to the most.",
            table(("stage", "ms for a minute of audio", "% of a core", "ratio", "spread, ms"), rows),
            "A voice, an answer, cards of 48 kHz and the ring, all at once and all the time; `turn.vad = both`:",
            table(("sum", "% of a core", "target", ""), verdicts),
        )
    )


def _spread(spent_s: list[float]) -> str:
    return f"{min(spent_s) * 1000:.0f} to {max(spent_s) * 1000:.0f}"


def _draw(path: Path, percent: Mapping[str, float]) -> None:
    figure, (bars, stack) = sheet("Processor time of the sound path, % of one core", columns=2, width=13.0)
    names = list(percent)[::-1]
    bars.barh(names, [percent[name] for name in names], color=BLUE)
    bars.set(xlabel="% of one core")
    for place, (mode, stages) in enumerate(SUMS.items()):
        below = 0.0
        for number, stage in enumerate(stages):
            stack.bar(place, percent[stage], 0.6, below, color=BLUE, alpha=1.0 - number / len(stages) * 0.8)
            below += percent[stage]
        stack.hlines(TARGETS_PERCENT[mode], place - 0.4, place + 0.4, color=ORANGE, linestyle="--")
    stack.set(xticks=range(len(SUMS)), xticklabels=[f"all at once,\n{mode}" for mode in SUMS], ylabel="% of one core")
    stack.set_title("dashed: at most", fontsize=10)
    saved(figure, path)


if __name__ == "__main__":
    print(json.dumps(measured_s(sys.argv[1])))
