"""The rows of a timeline that show sound and messages."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import inf
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from hardware.pcm import FRAME_S, level_dbfs

from .evidence import Passage, Span, answers, deliveries, holds_sound, interruptions, moment, openings
from .recording import Line, Recording
from .timeline_sheet import AMBER, BRIGHT, CYAN, GREEN, PALE, RED, TEXT_PT, VIOLET, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

QUIETEST_DB: Final = -70.0
MARK_MS: Final = 122.0
"""Where in the uplink's row the activity marks stand, in its unit."""


def draw_level(axes: Axes, sheet: Sheet, frames: Sequence[tuple[float, bytes]], first_s: float, colour: str) -> None:
    """Draw the level of each frame; `first_s` is from the time that goes with a frame to its first sample's."""
    edges_s, levels_db = [0.0], [QUIETEST_DB]
    for at_s, pcm in frames:
        starts_s = at_s + first_s - sheet.started_s
        if starts_s > edges_s[-1] + FRAME_S / 2:  # silence in between
            edges_s += [edges_s[-1], starts_s]
            levels_db += [QUIETEST_DB, QUIETEST_DB]
        edges_s += [starts_s, starts_s + FRAME_S]
        levels_db += [level_dbfs(pcm)] * 2
    axes.fill_between(edges_s, QUIETEST_DB, np.maximum(levels_db, QUIETEST_DB), color=colour, linewidth=0.0)


def draw_bars(axes: Axes, sheet: Sheet, spans: Sequence[Span], colour: str, *, alpha: float = 1.0) -> None:
    """Draw one bar for each span, as high as the row from 0.18 to 0.82."""
    bars = [(sheet.seconds(from_s), sheet.seconds(to_s) - sheet.seconds(from_s)) for from_s, to_s in spans]
    axes.broken_barh(bars, (0.18, 0.64), facecolors=colour, alpha=alpha, linewidth=0.0)


def held_down(recording: Recording) -> list[Span]:
    """Return when the button was held down."""
    changes = [*recording.button, (inf, False)]
    return [(at_s, changes[index + 1][0]) for index, (at_s, down) in enumerate(recording.button) if down]


def draw_gate(axes: Axes, sheet: Sheet, recording: Recording) -> None:
    """Draw when the gate was open, and in a paler colour what was sent from before that."""
    opened = openings(recording.journal)
    draw_bars(axes, sheet, opened, CYAN)
    early = [frame.captured_s for frame in deliveries(recording).frames if frame.passage is Passage.PRE_ROLL]
    for (from_s, _), since_s in zip(opened, (-inf, *(to_s for _, to_s in opened)), strict=False):
        pre_roll = [captured_s for captured_s in early if since_s < captured_s <= from_s]
        if pre_roll:
            draw_bars(axes, sheet, [(min(pre_roll) - FRAME_S, from_s)], CYAN, alpha=0.4)


def draw_uplink(axes: Axes, sheet: Sheet, recording: Recording) -> None:
    """Draw each audio message as high as it is long, and the marks of activity above them."""
    sent = [line for line in recording.service if line.get("way") == "up"]
    times_s, lengths_ms = _times_and_lengths(sheet, sent)
    axes.vlines(times_s, 0.0, lengths_ms, color=CYAN, linewidth=0.9)
    for kind, marker in (("activity_start", ">"), ("activity_end", "s")):
        marks_s = [sheet.seconds(moment(line)) for line in sent if line.get("kind") == kind]
        axes.scatter(marks_s, [MARK_MS] * len(marks_s), s=52.0, marker=marker, color=BRIGHT, zorder=4)
    pictures_s = [sheet.seconds(moment(line)) for line in sent if line.get("kind") == "video"]
    axes.scatter(pictures_s, [MARK_MS] * len(pictures_s), s=90.0, marker="*", color=AMBER, zorder=5)


def draw_downlink(axes: Axes, sheet: Sheet, recording: Recording, row_s: float) -> None:
    """Draw how many seconds of answer had been sent and not been played, each message, and the marks of the ends.

    Args:
        axes: The row.
        sheet: The paper.
        recording: What is drawn.
        row_s: How many seconds of answer the row is high.
    """
    came = [line for line in recording.service if line.get("way") == "down"]
    times_s, lengths_ms = _times_and_lengths(sheet, came)
    at_s = _grid_s(recording)
    axes.fill_between(at_s - sheet.started_s, 0.0, ahead_s(recording, at_s), color=GREEN, alpha=0.45, linewidth=0.0)
    axes.vlines(times_s, 0.0, lengths_ms / 1000, color=GREEN, linewidth=1.4)
    for kind, marker, colour, height in _ENDS:
        marks_s = [sheet.seconds(moment(line)) for line in came if line.get("kind") == kind]
        axes.scatter(marks_s, [row_s * height] * len(marks_s), s=52.0, marker=marker, color=colour, zorder=4)


def draw_waits(axes: Axes, sheet: Sheet, recording: Recording, height_db: float) -> None:
    """Draw how long it took from the end of each question to the first sound of its answer."""
    closed_s = [to_s for _, to_s in openings(recording.journal)]
    for earlier_s, answer in zip(
        (-inf, *(one.arrived_s for one in answers(recording))), answers(recording), strict=False
    ):
        before = [at_s for at_s in closed_s if earlier_s < at_s < answer.arrived_s]  # else nobody has asked
        if answer.sounded_s is None or not before:
            continue
        from_s, to_s = sheet.seconds(before[-1]), sheet.seconds(answer.sounded_s)
        axes.plot((from_s, to_s), (height_db, height_db), color=VIOLET, linewidth=2.0, marker="|", markersize=9.0)
        said = f"{to_s - from_s:.2f} s"
        axes.text(
            to_s + sheet.duration_s * 0.006, height_db, said, fontsize=TEXT_PT, color=VIOLET, verticalalignment="center"
        )


def most_ahead_s(recording: Recording) -> float:
    """Return how many seconds of answer had been sent and not sounded when it was most."""
    return max((float(ahead) for ahead in ahead_s(recording, _grid_s(recording))), default=0.0)


def ahead_s(recording: Recording, at_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how many seconds of answer had been sent and not sounded, at each moment.

    What a press or a voice made worthless counts as gone from then on.
    """
    ahead = np.zeros(len(at_s))
    sounding_s = np.array([starts_s for starts_s, pcm in recording.speaker if holds_sound(pcm)])
    sent = [line for line in recording.service if line.get("way") == "down" and line.get("kind") == "audio"]
    sent_s = np.array([moment(line) for line in sent])
    total_s = np.concatenate(([0.0], np.cumsum([_length_ms(line) / 1000 for line in sent])))
    begun_s = [stopped.begun_s for stopped in interruptions(recording)]
    for arrived_s, end_s in pairwise([*(answer.arrived_s for answer in answers(recording)), inf]):
        stopped_s = min((at for at in begun_s if arrived_s < at), default=inf)
        within = (arrived_s <= at_s) & (at_s < min(end_s, stopped_s))
        before = np.searchsorted(sent_s, arrived_s), np.searchsorted(sounding_s, arrived_s)
        came_s = total_s[np.searchsorted(sent_s, at_s[within], side="right")] - total_s[before[0]]
        sounded_s = (np.searchsorted(sounding_s, at_s[within]) - before[1]) * FRAME_S
        ahead[within] = np.maximum(0.0, came_s - sounded_s)
    return ahead


def _grid_s(recording: Recording) -> NDArray[np.float64]:
    return np.arange(recording.started_s, recording.ended_s, _GRID_S)


def _times_and_lengths(sheet: Sheet, lines: Sequence[Line]) -> tuple[list[float], NDArray[np.float64]]:
    audio = [line for line in lines if line.get("kind") == "audio"]
    return [sheet.seconds(moment(line)) for line in audio], np.array([_length_ms(line) for line in audio])


def _length_ms(line: Line) -> float:
    length_ms = line.get("pcm_ms")
    return float(length_ms) if isinstance(length_ms, int | float) else 0.0


_GRID_S: Final = 0.01
_ENDS: Final = (
    ("generation_complete", "D", PALE, 0.88),
    ("turn_complete", "s", BRIGHT, 0.88),
    ("interrupted", "X", RED, 0.70),
)
"""The marks in the downlink's row, and how high: `interrupted` and `turn_complete` come together."""
