"""Draw docs/ring.svg: what the ring shows and what it means, from `daemon.panel.lights` itself.

Run from the top of the project: `python -m docs.draw_ring`.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from daemon.panel.lights import Arc, ArcKind, lights
from daemon.panel.scene import meaning
from daemon.status import Fault, LinkState, Status, TurnState
from hardware.interfaces import Rgb

TARGET: Final = Path(__file__).with_name("ring.svg")

WIDTH_PX: Final = 1180
HEAD_PX: Final = 92
ROW_PX: Final = 84
TEXT_X_PX: Final = 28
RINGS_X_PX: Final = 500
RING_STEP_PX: Final = 76
RING_RADIUS_PX: Final = 25.0
PIXELS: Final = 12
MOMENTS_S: Final = (0.0, 0.3, 0.6, 0.9, 1.2)
STRIP_X_PX: Final = 874
STRIP_PX: Final = 276
STRIP_S: Final = 4.8
STRIP_STEPS: Final = 72
UNLIT: Final[Rgb] = (30, 33, 38)


def _voice(t_s: float) -> float:
    """Return the loudness of a made-up sentence: syllables under a slower rise and fall."""
    return abs(math.sin(2.6 * t_s + 0.5)) * (0.55 + 0.45 * math.sin(9.0 * t_s))


def _countdown(t_s: float) -> float:
    """Return what is left of a time that is as long as the strip."""
    return max(0.0, 1.0 - t_s / STRIP_S)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    look: str
    """What one sees, in words."""
    status: Status
    level: Callable[[float], float] = _voice
    """What moves it, from 0 to 1, at each moment."""
    arc: ArcKind | None = None
    """What is measured beside the status; its share is `level`."""

    def picture(self, t_s: float, count: int) -> tuple[Rgb, ...]:
        """Return what a ring of `count` shows."""
        arc = None if self.arc is None else Arc(self.arc, self.level(t_s))
        return lights(self.status, t_s, count, level=self.level(t_s), arc=arc)


UP: Final = LinkState.UP
ROWS: Final = (
    Row("dark", Status(UP)),
    Row("cyan all round, brighter with your voice, never dark", Status(UP, TurnState.LISTENING)),
    Row("violet, going round", Status(UP, TurnState.THINKING)),
    Row("green from the top, with the answer's loudness", Status(UP, TurnState.SPEAKING)),
    Row("green, faint: an arc that shrinks", Status(UP, follow_up=True), _countdown),
    Row("red all round, still", Status(UP, muted=True)),
    Row("red in everything that happens", Status(UP, TurnState.SPEAKING, muted=True)),
    Row("white at the top; a single LED turns pale and shimmers", Status(UP, TurnState.LISTENING, seeing=True)),
    Row("amber, faint: one place comes and goes", Status(LinkState.DOWN)),
    Row("amber, faint: one place walks round", Status(LinkState.CONNECTING)),
    Row("amber, bright, swinging to and fro", Status(LinkState.DOWN, TurnState.THINKING)),
    Row(
        "cyan, with amber welling up from below",
        Status(LinkState.DOWN, TurnState.LISTENING, overflowing=True),
    ),
    Row("rose, everything swells and ebbs", Status(UP, ringing=True)),
    Row("rose, an arc that shrinks: what is left of a timer", Status(UP), _countdown, ArcKind.TIMER),
    Row("blue, an arc for 2 s: how loud it has just been set", Status(UP), lambda _: 0.7, ArcKind.VOLUME),
    Row("amber, one blink and a rest", Status(UP, faults=frozenset((Fault.MICROPHONE,)))),
    Row("amber, two blinks and a rest", Status(UP, faults=frozenset((Fault.KEY,)))),
    Row("amber, three blinks and a rest", Status(UP, faults=frozenset((Fault.SETUP,)))),
    Row("amber, four blinks and a rest", Status(UP, faults=frozenset((Fault.SPEAKER,)))),
    Row("amber, five blinks and a rest", Status(UP, faults=frozenset((Fault.LIMIT,)))),
    Row(
        "red, everything swells and ebbs",
        Status(UP, muted=True, muted_by_switch=True, faults=frozenset((Fault.MUTE_SWITCH,))),
    ),
)


def drawing() -> str:
    """Return the whole table as SVG."""
    height_px = HEAD_PX + ROW_PX * len(ROWS) + 14
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height_px}" '
        f'width="{WIDTH_PX}" height="{height_px}" font-family="DejaVu Sans, Verdana, sans-serif">',
        "<title>What the ring shows</title>",
        f'<rect width="{WIDTH_PX}" height="{height_px}" rx="14" fill="#121418"/>',
        *_head(),
    ]
    for number, row in enumerate(ROWS):
        lines += _row(f"led{number}", row, HEAD_PX + ROW_PX * number)
    return "\n".join([*lines, "</svg>", ""])


def _head() -> Iterator[str]:
    yield _text(TEXT_X_PX, 44, "What the ring shows", 21, "#f2f4f8", bold=True)
    for number, moment_s in enumerate(MOMENTS_S):
        yield _text(RINGS_X_PX + RING_STEP_PX * number, 66, f"{moment_s:.1f} s", 11, "#7d8694", anchor="middle")
    yield _text(RINGS_X_PX + RING_STEP_PX * 2, 40, f"a ring of {PIXELS}", 13, "#aab2bf", anchor="middle")
    yield _text(STRIP_X_PX, 40, "a single LED, over time", 13, "#aab2bf")
    for second in range(5):
        yield _text(STRIP_X_PX + STRIP_PX * second / STRIP_S, 66, f"{second} s", 11, "#7d8694")


def _row(name: str, row: Row, top_px: int) -> Iterator[str]:
    middle_px = top_px + ROW_PX / 2
    yield f'<path d="M{TEXT_X_PX} {top_px}H{WIDTH_PX - TEXT_X_PX}" stroke="#262a31"/>'
    said = textwrap.wrap(meaning(row.status), 52)
    first_px = middle_px - 9 * len(said) + 7
    for number, line in enumerate(said):
        yield _text(TEXT_X_PX, first_px + 18 * number, line, 14, "#e6e9ef")
    yield _text(TEXT_X_PX, first_px + 18 * len(said) + 1, row.look, 12, "#8f98a6")
    for number, moment_s in enumerate(MOMENTS_S):
        yield from _ring(row, moment_s, RINGS_X_PX + RING_STEP_PX * number, middle_px)
    yield from _strip(name, row, middle_px)


def _ring(row: Row, moment_s: float, x_px: float, y_px: float) -> Iterator[str]:
    for index, pixel in enumerate(row.picture(moment_s, PIXELS)):
        angle = math.tau * index / PIXELS
        yield _lamp(pixel, x_px + RING_RADIUS_PX * math.sin(angle), y_px - RING_RADIUS_PX * math.cos(angle))


def _lamp(pixel: Rgb, x_px: float, y_px: float) -> str:
    """Draw one LED: a disc, and as much glow about it as it gives light."""
    colour = _colour(pixel)
    disc = f'<circle cx="{x_px:.1f}" cy="{y_px:.1f}" r="4.4" fill="{colour}"'
    glow = max(pixel) / 255
    return f'{disc} stroke="{colour}" stroke-width="6" stroke-opacity="{0.34 * glow:.2f}"/>' if glow else f"{disc}/>"


def _strip(name: str, row: Row, y_px: float) -> Iterator[str]:
    """Draw what a single LED shows, from left to right."""
    times_s = [STRIP_S * step / STRIP_STEPS for step in range(STRIP_STEPS + 1)]
    colours = [_colour(row.picture(t_s, 1)[0]) for t_s in times_s]
    yield f'<linearGradient id="{name}">'
    for step, colour in enumerate(colours):
        if not (0 < step < STRIP_STEPS and colours[step - 1] == colour == colours[step + 1]):
            yield f'<stop offset="{step / STRIP_STEPS:.4g}" stop-color="{colour}"/>'
    yield "</linearGradient>"
    yield f'<rect x="{STRIP_X_PX}" y="{y_px - 12:g}" width="{STRIP_PX}" height="24" rx="5" fill="url(#{name})"/>'


def _colour(pixel: Rgb) -> str:
    """Return the colour on the page: the LED's own grey body and the light that it gives together."""
    red, green, blue = (255 - (255 - body) * (255 - light) // 255 for body, light in zip(UNLIT, pixel, strict=True))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _text(
    x_px: float, y_px: float, text: str, size_px: int, fill: str, *, anchor: str = "start", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x_px:.0f}" y="{y_px:.0f}" font-size="{size_px}" fill="{fill}" '
        f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


if __name__ == "__main__":
    TARGET.write_text(drawing())
