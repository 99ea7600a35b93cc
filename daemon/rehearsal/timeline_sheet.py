"""The paper that a timeline is drawn on: rows below each other, placed in pixels, all over the same seconds."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH_PX: Final = 1800
HEIGHT_PX: Final = 1100
LEFT_PX: Final = 214
"""Where the seconds begin; to the left of it stand the rows' names."""
RIGHT_PX: Final = 1724
_DPI: Final = 100
_LINE_PX: Final = 21

NIGHT: Final = "#0e1116"
EDGE: Final = "#2a313b"
BRIGHT: Final = "#eef2f7"
PALE: Final = "#9aa5b4"
CYAN: Final = "#35cdf0"
"""The user: the microphone, the open gate, what goes up. As on the ring."""
GREEN: Final = "#4ddb62"
"""The answer: what comes down, the loudspeaker. As on the ring."""
VIOLET: Final = "#b06cff"
AMBER: Final = "#f0a52b"
RED: Final = "#ff5c66"
ROSE: Final = "#ff4f9a"
"""A timer. As on the ring."""

NAME_PT: Final = 14.0
TEXT_PT: Final = 11.5
"""Still legible when the picture is shown 1000 px wide."""


class Sheet:
    """One picture, `WIDTH_PX` wide. Pixels count from the top left.

    Args:
        started_s: The moment at the left edge of the rows, on the recording's clock.
        ended_s: The moment at their right edge.
        height_px: How high it is.
    """

    def __init__(self, started_s: float, ended_s: float, height_px: int = HEIGHT_PX) -> None:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        self.figure: Final = Figure(figsize=(WIDTH_PX / _DPI, height_px / _DPI), dpi=_DPI, facecolor=NIGHT)
        FigureCanvasAgg(self.figure)
        self.height_px: Final = height_px
        self.started_s: Final = started_s
        self.duration_s: Final = ended_s - started_s
        self.rows: Final[list[Axes]] = []

    def __repr__(self) -> str:
        return f"<Sheet {self.duration_s:.1f} s, {len(self.rows)} rows>"

    def seconds(self, at_s: float) -> float:
        """Return where a moment of the recording's clock lies on the time axis, at an edge if it lies beyond."""
        return min(self.duration_s, max(0.0, at_s - self.started_s))

    def x_px(self, at_s: float) -> float:
        """Return how many pixels to the right of the rows' left edge a moment lies."""
        return self.seconds(at_s) / self.duration_s * (RIGHT_PX - LEFT_PX)

    def row(self, top_px: float, height_px: float, name: str, about: str = "", *, low: float, high: float) -> Axes:
        """Add a row over the seconds and from `low` to `high`, with its name, and in small print what it shows."""
        axes = self.bare(top_px, height_px)
        axes.set(facecolor="none", xlim=(0.0, self.duration_s), ylim=(low, high), xticks=[], yticks=[])
        axes.spines[:].set_color(EDGE)
        lines = [name, *about.splitlines()]
        first_px = top_px + height_px / 2 - _LINE_PX * (len(lines) - 1) / 2
        for number, line in enumerate(lines):
            size_pt, colour = (TEXT_PT, PALE) if number else (NAME_PT, BRIGHT)
            self.write(LEFT_PX - 16, first_px + _LINE_PX * number, line, size_pt, colour, horizontalalignment="right")
        self.rows.append(axes)
        return axes

    def bare(self, top_px: float, height_px: float) -> Axes:
        """Add what is as wide as the rows, without anything on it."""
        bottom_px = self.height_px - top_px - height_px
        left, bottom = LEFT_PX / WIDTH_PX, bottom_px / self.height_px
        return self.figure.add_axes((left, bottom, (RIGHT_PX - LEFT_PX) / WIDTH_PX, height_px / self.height_px))

    def over_rows(self, *, zorder: float) -> Axes:
        """Add what reaches from the first row's top to the last one's bottom; its heights are pixels from the top."""
        top_px = (1.0 - self.rows[0].get_position().y1) * self.height_px
        bottom_px = (1.0 - self.rows[-1].get_position().y0) * self.height_px
        axes = self.bare(top_px, bottom_px - top_px)
        axes.set(xlim=(0.0, self.duration_s), ylim=(bottom_px, top_px), zorder=zorder)
        axes.set_axis_off()
        return axes

    def write(
        self, x_px: float, y_px: float, text: str, size_pt: float, colour: str, *, horizontalalignment: str = "left"
    ) -> None:
        """Write `text`, its middle at `y_px`."""
        self.figure.text(
            x_px / WIDTH_PX,
            1.0 - y_px / self.height_px,
            text,
            fontsize=size_pt,
            color=colour,
            horizontalalignment=horizontalalignment,
            verticalalignment="center",
        )

    def scale(self, axes: Axes, unit: str, *values: float) -> None:
        """Draw a line across a row at each value, and write the value and the unit to the right of it."""
        axes.set_yticks(values, labels=[f"{value:g} {unit}" for value in values], fontsize=TEXT_PT - 1.5, color=PALE)
        axes.tick_params(axis="y", length=0.0, pad=5.0, labelleft=False, labelright=True)
        axes.grid(axis="y", color=EDGE, linewidth=0.8)
        axes.set_axisbelow(True)

    def save(self, path: Path) -> None:
        """Write the picture as PNG, of 256 colours: a third of the size, and nobody sees a difference."""
        from PIL import Image  # which matplotlib cannot do without

        drawn = io.BytesIO()
        self.figure.savefig(drawn, format="png")
        with Image.open(drawn) as picture:
            # Of Pillow's ways the one that keeps small things in their colour, such as one amber LED.
            few = picture.convert("RGB").quantize(256, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
        few.save(path, format="png", optimize=True)
