"""What of the time between the last word and the answer is ours: measured by rehearsals, in real time.

    python -m tests.bench answer_time

    last sample captured ─► on the wire ... gate closed ─► activityEnd on the wire ... thinking ... answer ─► sound
    └────── ours ───────┘                  └───────────── ours ────────────┘           the service's └─ ours ─┘

How long a pause must be to be the end is not in it: that is endpointing. The card's own 20 ms are.
"""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from math import inf
from pathlib import Path
from typing import Any, Final

import numpy as np

from tests.bench.report import ORANGE, SERIES, saved, sheet, table

REHEARSALS: Final = 2
TARGET_MS: Final = 120.0


def run(out: Path) -> str:
    """Return the table, and draw `answer_time.png` into `out`."""
    captured_ms: list[float] = []
    ended_ms: list[float] = []
    sounded_ms: list[float] = []
    for number in range(REHEARSALS):
        print(f"    rehearsal {number + 1} of {REHEARSALS}", flush=True)
        folder = out / "rehearsal"
        command = [sys.executable, "-m", "daemon", "rehearse", "--json", "--out", str(folder)]
        figures = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
        captured_ms.append(figures["microphone_to_wire_ms"]["median"])
        sounded_ms.append(figures["wire_to_speaker_ms"]["median"])
        ended_ms += endings_ms(_lines(folder / "journal.jsonl"), _lines(folder / "service.jsonl"))
    parts = {
        "a sample captured, until the service has it": captured_ms,
        "the gate closed, until the service has activityEnd": ended_ms,
        "the answer's first chunk sent, until it sounds": sounded_ms,
    }
    medians_ms = {name: float(np.median(values)) for name, values in parts.items()}
    own_ms = sum(medians_ms.values())
    _draw(out / "answer_time.png", medians_ms)
    rows = [
        [name, f"{medians_ms[name]:.1f}", f"{min(values):.1f} to {max(values):.1f}", str(len(values))]
        for name, values in parts.items()
    ]
    verdict = "met" if own_ms < TARGET_MS else "missed"
    return "\n\n".join(
        (
            f"From `vocative rehearse --json`, {REHEARSALS} times, in ms. The first and the last are medians of a"
            " rehearsal's own; the first counts every sample, so 10 ms of it are half a frame.",
            table(("our part", "median", "range", "values"), rows),
            f"Together {own_ms:.0f} ms; wanted: less than {TARGET_MS:g} ms at the median: {verdict}."
            " Endpointing and the service's thinking are not in it, the simulated card's 20 ms are.",
        )
    )


def endings_ms(journal: list[dict[str, Any]], service: list[dict[str, Any]]) -> list[float]:
    """Return how long after each closing of the gate the service had an activityEnd, where it had one."""
    closed_s = [float(line["at_s"]) for line in journal if line["event"] == "gate.closed"]
    arrived_s = [float(line["t_s"]) for line in service if line.get("kind") == "activity_end"]
    found = []
    for from_s, until_s in pairwise([*closed_s, inf]):
        ended_s = [at_s for at_s in arrived_s if from_s <= at_s < until_s]
        found += [(ended_s[0] - from_s) * 1000] if ended_s else []
    return found


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def _draw(path: Path, medians_ms: dict[str, float]) -> None:
    figure, (axes,) = sheet("Our own part of the time between the last word and the answer", height=2.6)
    before_ms = 0.0
    for colour, (name, part_ms) in zip(SERIES[::2], medians_ms.items(), strict=True):
        axes.barh(0, part_ms, 0.5, before_ms, color=colour, label=name)
        before_ms += part_ms
    axes.axvline(TARGET_MS, color=ORANGE, linestyle="--", label="wanted: less than this")
    axes.set(xlabel="ms", yticks=[], ylim=(-0.5, 2.0))
    axes.legend(loc="upper left", ncols=2, fontsize=9)
    saved(figure, path)
