"""Draw docs/wiring.svg and docs/wiring-glasses.svg from `docs.wiring`.

Run from the top of the project: `python -m docs.draw_wiring`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

from docs.wiring import HEADER, PITCH_PX, TOP_PX, Apart, Part, Wire, Wiring, glasses, speaker

TARGETS: Final = {
    Path(__file__).with_name("wiring.svg"): speaker(),
    Path(__file__).with_name("wiring-glasses.svg"): glasses(),
}

WIDTH_PX: Final = 1180
HEIGHT_PX: Final = 816
BLOCK_PX: Final = (426, 742)
"""The left and the right edge of the header with its names."""
PINS_PX: Final = (571, 597)
"""The header's two columns."""
LEFT_PX: Final = 250
"""The right edge of the parts on the left."""
RIGHT_PX: Final = 930
"""The left edge of the parts on the right."""
PART_WIDTH_PX: Final = 222

PAPER: Final = "#121418"
CARD: Final = "#1c2026"
EDGE: Final = "#3a404a"
INK: Final = "#f2f4f8"
SOFT: Final = "#aab2bf"
FAINT: Final = "#6d7683"


def drawing(wiring: Wiring) -> str:
    """Return the whole drawing as SVG."""
    all_parts = wiring.parts
    width_px = BLOCK_PX[1] + 28 if all(part.left for part in all_parts) else WIDTH_PX
    width_px = BLOCK_PX[1] + 28 if all(part.left for part in all_parts) else WIDTH_PX
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width_px} {HEIGHT_PX}" '
        f'width="{width_px}" height="{HEIGHT_PX}" font-family="DejaVu Sans, Verdana, sans-serif">',
        f"<title>{escape(wiring.title)}</title>",
        f'<rect width="{width_px}" height="{HEIGHT_PX}" rx="14" fill="{PAPER}"/>',
        _text(28, 44, wiring.title, 21, INK, bold=True),
        _text(
            28,
            68,
            f"The Pi from above, its header at the right. {wiring.colours}",
            13,
            SOFT,
        ),
    ]
    wires = [(part, number) for part in all_parts for number in range(len(part.wires))]
    # Those with the longest way round first, so that the others are drawn over them.
    wires.sort(key=lambda one: one[0].wires[one[1]].over_px is None)
    for part, number in wires:
        lines += _wire(part, number)
    lines += _junctions(all_parts)
    lines += _header({wire.place: wire for part in all_parts for wire in part.wires})
    for part in all_parts:
        lines += _part(part)
    for apart in wiring.apart:
        lines += _apart(apart)
    return "\n".join([*lines, "</svg>", ""])


def _wire(part: Part, number: int) -> Iterator[str]:
    """Draw one wire: from the header's edge to its lane, along it, and to the terminal."""
    wire = part.wires[number]
    y_px = part.terminal_y_px(number)
    place_y_px = _row_px(wire.place)
    at_left = wire.place % 2 == 1
    edge_px = BLOCK_PX[0 if at_left else 1]
    part_px = LEFT_PX if part.left else RIGHT_PX
    corners: list[tuple[float, float]] = [(edge_px, place_y_px)]
    if at_left != part.left:
        assert wire.over_px is not None, f"{part.name} {wire.terminal} is on the other side of the header"
        away_px = edge_px - 14 if at_left else edge_px + 14
        corners += [(away_px, place_y_px), (away_px, wire.over_px), (wire.lane_px, wire.over_px)]
    else:
        corners.append((wire.lane_px, place_y_px))
    corners += [(wire.lane_px, y_px), (part_px, y_px)]
    path = _rounded(corners)
    yield f'<path d="{path}" fill="none" stroke="{PAPER}" stroke-width="9"/>'
    yield f'<path d="{path}" fill="none" stroke="{wire.colour}" stroke-width="3.2"/>'


def _rounded(corners: list[tuple[float, float]], radius_px: float = 8.0) -> str:
    """Return a path through right-angled `corners` with their edges taken off."""
    path = [f"M{corners[0][0]:g} {corners[0][1]:g}"]
    for before, corner, after in zip(corners, corners[1:], corners[2:], strict=False):
        begin, end = (_towards(corner, other, radius_px) for other in (before, after))
        path.append(f"L{begin[0]:g} {begin[1]:g}Q{corner[0]:g} {corner[1]:g} {end[0]:g} {end[1]:g}")
    path.append(f"L{corners[-1][0]:g} {corners[-1][1]:g}")
    return "".join(path)


def _towards(corner: tuple[float, float], other: tuple[float, float], radius_px: float) -> tuple[float, float]:
    """Return the point on the way from `corner` to `other`, `radius_px` or half of the way off."""
    away_px = abs(other[0] - corner[0]) + abs(other[1] - corner[1])
    share = min(radius_px, away_px / 2) / away_px if away_px else 0.0
    return corner[0] + share * (other[0] - corner[0]), corner[1] + share * (other[1] - corner[1])


def _junctions(all_parts: tuple[Part, ...]) -> Iterator[str]:
    """Mark where a wire that two parts share divides: at the terminal's height on the way to the farther one."""
    ends: dict[int, list[tuple[Wire, float]]] = {}
    for part in all_parts:
        for number, wire in enumerate(part.wires):
            ends.setdefault(wire.place, []).append((wire, part.terminal_y_px(number)))
    for place, shared in ends.items():
        if len(shared) > 1:
            wire = shared[0][0]
            from_px = wire.over_px if wire.over_px is not None else _row_px(place)
            heights_px = [y_px for _, y_px in shared]
            apart = min(heights_px) < from_px < max(heights_px)
            y_px = from_px if apart else min(heights_px, key=lambda y_px: abs(y_px - from_px))
            yield f'<circle cx="{wire.lane_px:g}" cy="{y_px:g}" r="5.5" fill="{wire.colour}"/>'


def _header(wired: Mapping[int, Wire]) -> Iterator[str]:
    left_px, right_px = BLOCK_PX
    height_px = 20 * PITCH_PX + 8
    yield (
        f'<rect x="{left_px}" y="{TOP_PX - PITCH_PX / 2 - 4:g}" width="{right_px - left_px}" height="{height_px}" '
        f'rx="8" fill="#10241a" stroke="#24523a"/>'
    )
    for place, name in HEADER.items():
        column = (place - 1) % 2
        x_px, y_px = PINS_PX[column], _row_px(place)
        wire = wired.get(place)
        colour = wire.colour if wire else "none"
        shape = f'width="20" height="20" rx="{3 if place == 1 else 10}"'
        yield (
            f'<rect x="{x_px - 10}" y="{y_px - 10:g}" {shape} fill="{colour}" '
            f'stroke="{wire.colour if wire else EDGE}" stroke-width="1.5"/>'
        )
        yield _text(x_px, y_px + 4, str(place), 10.5, PAPER if wire else FAINT, anchor="middle", bold=wire is not None)
        name_px = x_px - 20 if column == 0 else x_px + 20
        said = f"{name}  {wire.means}" if wire and wire.means else name
        yield _text(
            name_px, y_px + 4.5, said, 12.5, wire.colour if wire else FAINT, anchor="end" if column == 0 else "start"
        )
    middle_px = (left_px + right_px) / 2
    yield _text(
        middle_px, TOP_PX + height_px + 30, "1, the square one, is at the microSD card's end", 12, SOFT, anchor="middle"
    )


def _part(part: Part) -> Iterator[str]:
    left_px = LEFT_PX - PART_WIDTH_PX if part.left else RIGHT_PX
    yield (
        f'<rect x="{left_px}" y="{part.top_px}" width="{PART_WIDTH_PX}" height="{part.height_px}" rx="10" '
        f'fill="{CARD}" stroke="{EDGE}"/>'
    )
    yield _text(left_px + 16, part.top_px + 27, part.name, 16, INK, bold=True)
    yield _text(left_px + 16, part.top_px + 46, part.kind, 12, SOFT)
    for number, wire in enumerate(part.wires):
        y_px = part.terminal_y_px(number)
        x_px = LEFT_PX if part.left else RIGHT_PX
        yield f'<circle cx="{x_px}" cy="{y_px:g}" r="6" fill="{wire.colour}"/>'
        text_px, anchor = (x_px - 16, "end") if part.left else (x_px + 16, "start")
        yield _text(text_px, y_px + 4.5, wire.terminal, 13, wire.colour, anchor=anchor)
    for number, note in enumerate(part.notes):
        y_px = part.terminal_y_px(len(part.wires)) + 16 * number
        yield _text(left_px + 16, y_px, note, 11, FAINT)


def _apart(apart: Apart) -> Iterator[str]:
    x_px, top_px = LEFT_PX - PART_WIDTH_PX, apart.top_px
    yield (
        f'<rect x="{x_px}" y="{top_px}" width="{PART_WIDTH_PX}" height="84" rx="10" fill="{CARD}" stroke="{EDGE}" '
        f'stroke-dasharray="6 5"/>'
    )
    yield _text(x_px + 16, top_px + 27, apart.name, 16, INK, bold=True)
    yield _text(x_px + 16, top_px + 46, apart.kind, 12, SOFT)
    yield _text(x_px + 16, top_px + 70, apart.note, 11, FAINT)


def _row_px(place: int) -> float:
    return TOP_PX + PITCH_PX * ((place - 1) // 2)


def _text(
    x_px: float, y_px: float, text: str, size_px: float, fill: str, *, anchor: str = "start", bold: bool = False
) -> str:
    weight = ' font-weight="bold"' if bold else ""
    return (
        f'<text x="{x_px:g}" y="{y_px:g}" font-size="{size_px:g}" fill="{fill}" '
        f'text-anchor="{anchor}"{weight}>{escape(text)}</text>'
    )


if __name__ == "__main__":
    for target, wiring in TARGETS.items():
        target.write_text(drawing(wiring))
