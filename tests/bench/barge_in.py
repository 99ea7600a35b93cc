"""Talking over the answer: how often it is noticed, how soon, and how often it is imagined.

    .venv/bin/python -m tests.bench.barge_in [FOLDER]        two minutes; the picture goes into FOLDER, or the current

The verdict comes when the last sample of a frame is in. In the device the answer is flushed at once, and the
loudspeaker is silent within one period of the card after that; `vocative rehearse --scenario bargein` measures that.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Final

from daemon.audio.echo import EchoControl
from daemon.audio.echo_making import EchoSettings, echo_control
from daemon.audio.silero import SileroVad
from daemon.audio.vad import Vad, WebRtcVad
from tests.bench import page
from tests.bench.barge_in_picture import draw
from tests.bench.barge_in_scene import Condition, Result, Scene, Taken
from tests.bench.corpus import missing

RATIOS_DB: Final = (-12.0, -6.0, 0.0, 6.0, 12.0, 20.0)
MAIN: Final = Condition("equally loud", talks=60, alone_s=600.0)
"""What the targets are for."""
RATIOS: Final = tuple(
    Condition(f"echo {ratio_db:+.0f} dB", echo_to_speech_db=ratio_db) if ratio_db else MAIN for ratio_db in RATIOS_DB
)
ROOMS: Final = (
    Condition("equally loud, Silero beside webrtcvad", silero=True),
    Condition("echo +12 dB, Silero beside webrtcvad", echo_to_speech_db=12.0, silero=True),
    Condition("RT60 0.2 s", rt60_s=0.2),
    Condition("RT60 0.4 s", rt60_s=0.4),
    Condition("RT60 0.6 s", rt60_s=0.6),
    Condition("clean loudspeaker", distortion=0.0),
    Condition("loudspeaker clips", distortion=4.0),
    Condition("drift 50 ppm", drift_ppm=50.0, alone_s=120.0),
    Condition("drift 100 ppm", drift_ppm=100.0, alone_s=120.0),
    Condition("drift 300 ppm", drift_ppm=300.0, alone_s=120.0),
    Condition("drift -300 ppm", drift_ppm=-300.0, alone_s=120.0),
    Condition("delay jumps by 20 ms every 20 s", jump_s=0.02),
    Condition("delay jumps by 60 ms every 20 s", jump_s=0.06),
    Condition("a frame lost every 8 s", lose_every_s=8.0),
)
LEVEL: Final = tuple(
    Condition(f"echo {ratio_db:+.0f} dB" if ratio_db else MAIN.name, "level", echo_to_speech_db=ratio_db)
    for ratio_db in RATIOS_DB
)
WITHOUT: Final = (Condition(MAIN.name, "half_duplex"), Condition(MAIN.name, "off"))
LEAST_CAUGHT_PERCENT: Final = 95.0
MOST_MEDIAN_MS: Final = 300.0
HEADINGS: Final = (
    "`echo.mode`",
    "condition",
    "noticed",
    "median ms",
    "95 % ms",
    "imagined a minute",
    "echo less by dB",
)


def control(condition: Condition, taken: Taken) -> EchoControl:
    """Return what the device does in the condition's mode, told of what was played by `taken`."""
    detectors: list[Vad] | None = [WebRtcVad(2), SileroVad()] if condition.silero else None
    settings = EchoSettings(condition.mode)
    return echo_control(settings, taken, lambda *_, **__: None, barge_in=True, detectors=detectors)


def tried(condition: Condition) -> Result:
    """Try one condition."""
    return Scene(condition, control).run()


def run(out: Path) -> str:
    """Try everything, draw `barge_in.png` into `out`, and return a table in Markdown with the verdict below it."""
    conditions = (*RATIOS, *ROOMS, *LEVEL, *WITHOUT)
    longest_first = sorted(conditions, key=lambda condition: -condition.alone_s)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        results = dict(zip(longest_first, pool.map(tried, longest_first), strict=True))
    by_ratio = {"cancel": [results[one] for one in RATIOS], "level": [results[one] for one in LEVEL]}
    draw(by_ratio, out / "barge_in.png", least_percent=LEAST_CAUGHT_PERCENT, most_ms=MOST_MEDIAN_MS)
    table = page.table(HEADINGS, [_cells(results[condition]) for condition in conditions])
    return "\n\n".join((table, *_said(results[MAIN])))


def _cells(result: Result) -> Sequence[str]:
    median_ms, late_ms = result.latency_ms(50), result.latency_ms(95)
    return (
        result.condition.mode,
        result.condition.name,
        f"{result.caught_percent:.0f} %",
        "-" if median_ms is None else f"{median_ms:.0f}",
        "-" if late_ms is None else f"{late_ms:.0f}",
        f"{result.false_per_minute:.1f}",
        f"{result.suppressed_db:.0f}",
    )


def _said(main: Result) -> Iterator[str]:
    """Yield what the table does not say."""
    median_ms = main.latency_ms(50)
    met = (
        main.caught_percent >= LEAST_CAUGHT_PERCENT
        and median_ms is not None
        and median_ms < MOST_MEDIAN_MS
        and not main.false
    )
    yield (
        f"Target, equally loud: at least {LEAST_CAUGHT_PERCENT:.0f} % noticed, median below {MOST_MEDIAN_MS:.0f} ms,"
        f" none imagined in 10 minutes: {'met' if met else 'missed'}"
        f" ({main.false} imagined in {main.answered_s / 60:.0f} minutes of answers)."
    )
    yield (
        "Median and 95 % are from the voice's first sound to the frame with the verdict; the loudspeaker is silent one"
        f" period later. Each row: {RATIOS[0].talks} times that somebody talked over an answer;"
        f" {main.condition.talks} for the target."
    )
    if (said := missing()) is not None:
        yield said


def main() -> None:
    """Try everything and print the table."""
    print(run(Path(sys.argv[1] if len(sys.argv) > 1 else ".")))


if __name__ == "__main__":
    main()
