"""The row of a timeline that tells what befell the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from .evidence import moment
from .recording import Line, Recording
from .timeline_sheet import BRIGHT, NIGHT, PALE, TEXT_PT, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LINES: Final = 3
"""Much can happen at once."""
LINE_PX: Final = 22
_BESIDE_PX: Final = 7.0
"""From a moment to what is said of it."""
_BETWEEN_PX: Final = 12.0
_SAME_S: Final = 0.5
"""A link so soon after something, such as a network that is back, is what was to be expected."""
_TOLD: Final = {
    "set_timer": "timer set",
    "alarm.rings": "due",
    "alarm.stopped": "stopped",
    "look_at_surroundings": "the model looked",
    "count_to_nothing": "tool done",
}
"""What is worth telling of the journal, by the event or the tool."""
_SENT: Final = {("up", "text"): "the model is told", ("down", "go_away"): "go-away"}
"""The same of what went over the wire."""


def events(recording: Recording) -> list[tuple[float, str]]:
    """Return when something befell the device, and what, in order."""
    told = [(line, _TOLD.get(str(line.get("name") or line["event"]))) for line in recording.journal]
    told += [(line, _sent(line)) for line in recording.service]
    befell = [*recording.happened, *((moment(line), said) for line, said in told if said is not None)]
    links_s = [moment(line) for line in recording.service if line.get("kind") == "setup_complete"]
    for link_s in links_s[1:]:
        if all(abs(at_s - link_s) > _SAME_S for at_s, _ in befell):
            befell.append((link_s, "new link"))
    return sorted(befell)


def draw_events(axes: Axes, sheet: Sheet, recording: Recording) -> None:
    """Write what befell the device where it did, in the uppermost line that has room there."""
    axes.set_zorder(10)  # a line that goes through everything goes behind the words
    free_px = [0.0] * LINES
    for at_s, said in events(recording):
        at_px = sheet.x_px(at_s)
        number = next((line for line in range(LINES) if free_px[line] <= at_px), LINES - 1)
        top = 1 - number / LINES
        axes.axvline(sheet.seconds(at_s), top - 1 / LINES, top, color=PALE, linewidth=1.2)
        words = axes.text(
            sheet.seconds(at_s) + _BESIDE_PX / sheet.x_px(sheet.started_s + sheet.duration_s) * sheet.duration_s,
            top - 0.5 / LINES,
            said,
            fontsize=TEXT_PT,
            color=BRIGHT,
            verticalalignment="center",
            bbox={"facecolor": NIGHT, "alpha": 0.7, "pad": 1.0, "linewidth": 0.0},
        )
        free_px[number] = at_px + _BESIDE_PX + words.get_window_extent().width + _BETWEEN_PX


def _sent(line: Line) -> str | None:
    if line.get("kind") == "close":
        return f"closed: {line.get('code')}"
    return _SENT.get((str(line.get("way")), str(line.get("kind"))))
