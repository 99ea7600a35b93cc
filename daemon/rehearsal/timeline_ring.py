"""The ring in a timeline: its pixels over time as a strip, and above it the round ring itself at telling moments."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import Rgb

from .evidence import moment
from .recording import Line, Recording
from .timeline_sheet import AMBER, CYAN, EDGE, GREEN, LEFT_PX, NIGHT, PALE, RED, RIGHT_PX, ROSE, TEXT_PT, VIOLET, Sheet

if TYPE_CHECKING:
    from matplotlib.axes import Axes

GAMMA: Final = 0.55
"""LED values raised to this: a value of 20 is plain to see on an LED and next to black on a screen."""
UNLIT: Final = np.array((38, 43, 51)) / 255
"""An LED's own grey body."""

_STRIP_COLUMNS: Final = 1550
BESIDE_PX: Final = 100.0
"""Between the middles of two rings."""
_RADIUS_PX: Final = 30.0
_SHORTEST_S: Final = 0.25
"""Nobody sees what the ring says for a shorter time."""
_ONE_EACH_S: Final = 5.0

INTERRUPTING: Final = "talks over"
"""The user has begun to speak while the answer sounded; the ring shows that it listens."""

COLOURS: Final = {
    "listening": CYAN,
    "thinking": VIOLET,
    "speaking": GREEN,
    "no link": AMBER,
    "connecting": AMBER,
    "ringing": ROSE,
    "muted": RED,
    "off": PALE,
    INTERRUPTING: RED,
}


_CHANGES: Final = {"status.changed", "daemon.stopped"}


@dataclass(frozen=True, slots=True)
class Spell:
    """For how long the device was in one state, on the recording's clock."""

    from_s: float
    to_s: float
    state: str
    """A key of `COLOURS`, or "" where all was well and nothing going on."""


def spells(recording: Recording) -> tuple[Spell, ...]:
    """Return the states of the device one after the other, from the beginning of the recording to its end."""
    changes = [(-math.inf, "no link")]
    changes += [(moment(line), _state(line)) for line in recording.journal if line["event"] in _CHANGES]
    if len(changes) == 1:
        return ()
    merged = [changes[0], *(later for earlier, later in pairwise(changes) if later[1] != earlier[1])]
    ends_s = [from_s for from_s, _ in merged[1:]] + [math.inf]
    clipped = (
        Spell(max(from_s, recording.started_s), min(to_s, recording.ended_s), state)
        for (from_s, state), to_s in zip(merged, ends_s, strict=True)
    )
    return tuple(spell for spell in clipped if spell.from_s < spell.to_s)


def draw_strip(axes: Axes, sheet: Sheet, recording: Recording) -> None:
    """Draw what each pixel showed, the topmost in the uppermost line, then clockwise."""
    at_s = sheet.started_s + (np.arange(_STRIP_COLUMNS) + 0.5) / _STRIP_COLUMNS * sheet.duration_s
    shown = [_seen(_picture(recording, moment_s)) for moment_s in at_s]
    width = max(map(len, shown), default=0)
    if not width:
        return
    dark = np.zeros((width, 3))
    light = np.stack([pixels if len(pixels) else dark for pixels in shown], axis=1)
    image = 1.0 - (1.0 - 0.5 * UNLIT) * (1.0 - light)
    axes.imshow(
        image, extent=(0.0, sheet.duration_s, float(width), 0.0), aspect="auto", interpolation="nearest", zorder=1
    )
    axes.set(xlim=(0.0, sheet.duration_s), ylim=(float(width), 0.0))
    for index in range(1, width):
        axes.axhline(index, color=NIGHT, linewidth=1.0, zorder=1.5)


def draw_rings(axes: Axes, sheet: Sheet, recording: Recording, height_px: float) -> None:
    """Draw the ring as one sees it at telling moments, with what it said, and a line down to when that was."""
    width_px = float(RIGHT_PX - LEFT_PX)
    axes.set(xlim=(0.0, width_px), ylim=(0.0, height_px))
    axes.set_axis_off()
    moments = _moments(recording, int(width_px // BESIDE_PX))
    wanted_px = [sheet.x_px(at_s) for at_s, _ in moments]
    centre_px = height_px - _RADIUS_PX - 34.0
    for (at_s, state), from_px, middle_px in zip(moments, wanted_px, spread_out(wanted_px, width_px), strict=True):
        foot_px = centre_px - _RADIUS_PX - 16.0
        axes.plot((middle_px, middle_px, from_px), (foot_px, foot_px - 6.0, 0.0), color=COLOURS[state], linewidth=1.2)
        _draw_ring(axes, _picture(recording, at_s), middle_px, centre_px)
        axes.text(
            middle_px,
            height_px - 2.0,
            state,
            color=COLOURS[state],
            fontsize=TEXT_PT,
            horizontalalignment="center",
            verticalalignment="top",
        )


def _draw_ring(axes: Axes, pixels: Sequence[Rgb], x_px: float, y_px: float) -> None:
    colours = _seen(pixels)
    angles = math.tau * np.arange(len(pixels)) / max(1, len(pixels))
    xs, ys = x_px + _RADIUS_PX * np.sin(angles), y_px + _RADIUS_PX * np.cos(angles)
    light = colours.max(axis=1, initial=0.0)
    for size, share in ((420.0, 0.10), (220.0, 0.16), (120.0, 0.25)):
        halo = np.column_stack((colours, light * share))
        axes.scatter(xs, ys, s=size, c=halo, linewidths=0.0)
    bodies = 1.0 - (1.0 - UNLIT) * (1.0 - colours)
    axes.scatter(xs, ys, s=46.0, c=bodies, linewidths=0.6, edgecolors=EDGE)


def _moments(recording: Recording, most: int) -> list[tuple[float, str]]:
    """Return when to show the ring, and what it says then: often in long spells if there is room, else once in each."""
    all_spells = spells(recording)
    states_before = ["", *(spell.state for spell in all_spells)]
    telling = [
        (spell, INTERRUPTING if (before, spell.state) == ("speaking", "listening") else spell.state)
        for before, spell in zip(states_before, all_spells, strict=False)
        if spell.state and spell.to_s - spell.from_s >= _SHORTEST_S
    ]
    for longest_s in (_ONE_EACH_S, math.inf):
        moments = [
            (_typical_moment(recording, part), said) for spell, said in telling for part in _parts(spell, longest_s)
        ]
        if len(moments) <= most:
            return moments
    return moments[:most]


def _parts(spell: Spell, longest_s: float) -> list[Spell]:
    """Return a spell cut into equal parts of about `longest_s`."""
    count = max(1, round((spell.to_s - spell.from_s) / longest_s))
    cuts = np.linspace(spell.from_s, spell.to_s, count + 1)
    return [Spell(float(from_s), float(to_s), spell.state) for from_s, to_s in pairwise(cuts)]


def _typical_moment(recording: Recording, spell: Spell) -> float:
    """Return when, nearest to the spell's middle, the ring was a little less bright than it mostly was in it.

    At its brightest every pixel is lit, and one does not see what shape the light has.
    """
    middle_s, length_s = (spell.from_s + spell.to_s) / 2, spell.to_s - spell.from_s
    within = [one for one in recording.ring if abs(one[0] - middle_s) < 0.4 * length_s]
    within.sort(key=lambda one: sum(map(sum, one[1])))
    typical = within[len(within) // 4 : len(within) // 2 + 1]
    return min((at_s for at_s, _ in typical), key=lambda at_s: abs(at_s - middle_s), default=middle_s)


def spread_out(wanted_px: Sequence[float], width_px: float) -> list[float]:
    """Return the places nearest to the wanted ones, in order, that are `BESIDE_PX` apart and within the row."""
    blocks: list[tuple[float, int]] = []
    for index, wanted in enumerate(wanted_px):
        place, count = wanted - index * BESIDE_PX, 1
        while blocks and blocks[-1][0] > place:  # too near: the two move together, by as much each
            other, others = blocks.pop()
            place, count = (place * count + other * others) / (count + others), count + others
        blocks.append((place, count))
    flat = [place for place, count in blocks for _ in range(count)]
    least, most = BESIDE_PX / 2, width_px - BESIDE_PX / 2 - (len(flat) - 1) * BESIDE_PX
    return [min(max(place, least), most) + index * BESIDE_PX for index, place in enumerate(flat)]


def _picture(recording: Recording, at_s: float) -> tuple[Rgb, ...]:
    """Return what the ring showed at a moment; nothing if it had not shown anything yet."""
    index = bisect_right(recording.ring, at_s, key=lambda one: one[0])
    return recording.ring[index - 1][1] if index else ()


def _seen(pixels: Sequence[Rgb]) -> NDArray[np.float64]:
    """Return the pixels' colours as a screen has to show them, an array of (pixels, 3) from 0 to 1."""
    return np.asarray((np.array(pixels, dtype=np.float64).reshape(-1, 3) / 255) ** GAMMA, dtype=np.float64)


def _state(line: Line) -> str:  # noqa: PLR0911 - one return for each state is the table
    if line["event"] == "daemon.stopped":
        return "off"
    if line.get("muted"):
        return "muted"  # whatever else happens is drawn in red
    turn = "ringing" if line.get("ringing") and line.get("turn") != "listening" else line.get("turn")
    match line.get("link"), turn:
        case _, ("listening" | "speaking" | "ringing") as shown:
            return shown
        case "down" | "connecting", "thinking":
            return "no link"  # which is what the ring shows: the answer has no way to come
        case _, "thinking":
            return "thinking"
        case "down", _:
            return "no link"
        case "connecting", _:
            return "connecting"
        case _:
            return ""
