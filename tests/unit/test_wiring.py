"""The drawn and the written wires are those of the reference speaker's configuration; none ends at a wrong pin."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from daemon.config import load
from docs import draw_wiring
from docs.wiring import HEADER, SPEAKER, Part, Wire, parts, place_of, table

ROOT = Path(__file__).resolve().parents[2]
PARTS = parts(load(SPEAKER))
SUPPLIES = {"GND": "GND", "one side": "GND", "VDD": "3V3", "Vin": "5V", "5V": "5V"}
"""What belongs to a terminal that carries no signal, by the beginning of its name."""


def wires() -> list[tuple[Part, Wire]]:
    return [(part, wire) for part in PARTS for wire in part.wires]


def test_the_drawing_in_the_documentation_is_the_scripts() -> None:
    assert draw_wiring.TARGET.read_text() == draw_wiring.drawing(), "run: python -m docs.draw_wiring"


def test_the_drawing_is_well_formed() -> None:
    ET.fromstring(draw_wiring.drawing())  # noqa: S314  # our own drawing, not untrusted data


def test_the_readme_has_the_same_wires() -> None:
    assert table() in (ROOT / "README.md").read_text(), f"README.md needs this table:\n{table()}"


@pytest.mark.parametrize("wire", [wire for _, wire in wires()], ids=lambda wire: f"{wire.terminal} to {wire.place}")
def test_a_wire_is_either_a_supply_or_a_signal(wire: Wire) -> None:
    supply = next((name for start, name in SUPPLIES.items() if wire.terminal.startswith(start)), None)
    if supply is None:
        assert HEADER[wire.place].startswith("GPIO")
        assert wire.means
    else:
        assert HEADER[wire.place] == supply
        assert not wire.means


def test_only_the_clocks_of_i2s_are_shared() -> None:
    ends: dict[int, list[Wire]] = {}
    for _, wire in wires():
        ends.setdefault(wire.place, []).append(wire)
    shared = {shared[0].means for shared in ends.values() if len(shared) > 1}
    assert shared == {"bit clock", "word clock"}
    assert all(len({wire.means for wire in shared}) == 1 for shared in ends.values())


def test_a_gpio_is_found_by_its_number_and_not_by_its_place() -> None:
    assert (place_of(17), place_of(18), place_of(10)) == (11, 12, 19)
