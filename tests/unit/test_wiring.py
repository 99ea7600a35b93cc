"""The drawn and the written wires are those of the reference speaker's configuration; none ends at a wrong pin."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from docs import draw_wiring
from docs.wiring import HEADER, Part, Wire, Wiring, glasses, place_of, speaker, table

ROOT = Path(__file__).resolve().parents[2]
SUPPLIES = {"GND": "GND", "one side": "GND", "cathode": "GND", "VDD": "3V3", "Vin": "5V", "5V": "5V"}
"""What belongs to a terminal that carries no signal, by the beginning of its name."""


def wires(*devices: Wiring) -> list[tuple[Part, Wire]]:
    return [(part, wire) for device in devices for part in device.parts for wire in part.wires]


@pytest.mark.parametrize("target", draw_wiring.TARGETS, ids=lambda target: target.stem)
def test_the_drawing_in_the_documentation_is_the_scripts(target: Path) -> None:
    assert target.read_text() == draw_wiring.drawing(draw_wiring.TARGETS[target]), "run: python -m docs.draw_wiring"


@pytest.mark.parametrize("device", [speaker(), glasses()], ids=lambda device: device.title)
def test_the_drawing_is_well_formed(device: Wiring) -> None:
    ET.fromstring(draw_wiring.drawing(device))  # noqa: S314  # our own drawing, not untrusted data


@pytest.mark.parametrize("device", [speaker(), glasses()], ids=lambda device: device.title)
def test_the_documentation_has_the_same_wires(device: Wiring) -> None:
    assert table(device) in (ROOT / "docs" / "parts.md").read_text(), f"docs/parts.md needs:\n{table(device)}"


@pytest.mark.parametrize(
    "wire", [wire for _, wire in wires(speaker(), glasses())], ids=lambda wire: f"{wire.terminal} to {wire.place}"
)
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
    for _, wire in wires(speaker()):
        ends.setdefault(wire.place, []).append(wire)
    shared = {shared[0].means for shared in ends.values() if len(shared) > 1}
    assert shared == {"bit clock", "word clock"}
    assert all(len({wire.means for wire in shared}) == 1 for shared in ends.values())


def test_a_gpio_is_found_by_its_number_and_not_by_its_place() -> None:
    assert (place_of(17), place_of(18), place_of(10)) == (11, 12, 19)
