"""How often and how soon a voice over the answer is noticed, as a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from daemon.rehearsal.timeline_sheet import AMBER, BRIGHT, CYAN, EDGE, NIGHT, PALE
from tests.bench.barge_in_scene import LATEST_S, Result

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS: Final = {"cancel": CYAN, "level": AMBER}
LONGEST_MS: Final = 1000.0 * LATEST_S
LEGEND: Final = 1.24
"""How much higher the plots are than what can be in them, for the legend."""


def draw(by_ratio: Mapping[str, Sequence[Result]], path: Path, *, least_percent: float, most_ms: float) -> None:
    """Draw the results for the modes in `COLOURS`, by how much louder the echo is than the voice, as PNG.

    Args:
        by_ratio: The results of each mode.
        path: Where to.
        least_percent: What is to be caught.
        most_ms: What the median latency may be.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13.0, 5.2), dpi=100, facecolor=NIGHT)
    FigureCanvasAgg(figure)
    caught, soon = figure.subplots(1, 2)
    for mode, results in by_ratio.items():
        ratios_db = [result.condition.echo_to_speech_db for result in results]
        colour = COLOURS[mode]
        caught.plot(ratios_db, [one.caught_percent for one in results], "o-", color=colour, label=f'"{mode}"')
        heard = [one for one in results if one.latencies_s]
        heard_db = [one.condition.echo_to_speech_db for one in heard]
        medians_ms = [one.latency_ms(50) for one in heard]
        soon.plot(heard_db, medians_ms, "o-", color=colour, label=f'"{mode}", median')
        soon.plot(heard_db, [one.latency_ms(95) for one in heard], ":", color=colour, label=f'"{mode}", 95 %')
    caught.axhline(least_percent, color=PALE, linewidth=1.0, linestyle=(0, (4, 3)))
    soon.axhline(most_ms, color=PALE, linewidth=1.0, linestyle=(0, (4, 3)))
    caught.set_ylim(-4.0, 100.0 * LEGEND)
    caught.set_yticks(range(0, 101, 20))
    soon.set_ylim(0.0, LONGEST_MS * LEGEND)
    soon.set_yticks(range(0, int(LONGEST_MS) + 1, 250))
    _dress(caught, "noticed, % of the times that somebody talked over the answer")
    _dress(soon, "from the voice's onset to the verdict, ms")
    figure.tight_layout(pad=1.6, w_pad=3.0)
    figure.savefig(path, format="png")


def _dress(axes: Axes, title: str) -> None:
    axes.set_facecolor(NIGHT)
    axes.set_title(title, color=BRIGHT, fontsize=12.0, loc="left", pad=12.0)
    axes.set_xlabel(
        "echo louder than the voice at the microphone by dB (dashed: target at 0)", color=PALE, fontsize=11.0
    )
    axes.tick_params(colors=PALE, labelsize=11.0)
    axes.spines[:].set_color(EDGE)
    axes.grid(color=EDGE, linewidth=0.8)
    axes.legend(facecolor=NIGHT, edgecolor=EDGE, labelcolor=BRIGHT, fontsize=10.5, loc="upper center", ncols=2)
