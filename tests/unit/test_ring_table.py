"""The drawn table of the ring's colours is what the ring shows."""

from __future__ import annotations

import importlib.util
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType

import pytest

from daemon.panel.lights import ArcKind
from daemon.panel.scene import meaning
from daemon.status import Fault, LinkState, TurnState

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    specification = importlib.util.spec_from_file_location("draw_ring", DOCS / "draw_ring.py")
    assert specification is not None
    assert specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    monkeypatch.setitem(sys.modules, "draw_ring", module)  # its dataclasses look themselves up
    specification.loader.exec_module(module)
    return module


def test_the_drawing_in_the_documentation_is_the_scripts(script: ModuleType) -> None:
    assert (DOCS / "ring.svg").read_text() == script.drawing(), "run: python -m docs.draw_ring"


def test_the_drawing_is_well_formed(script: ModuleType) -> None:
    ET.fromstring(script.drawing())  # noqa: S314  # our own drawing, not untrusted data


def test_every_link_turn_and_fault_has_a_row(script: ModuleType) -> None:
    shown = [row.status for row in script.ROWS]
    assert {status.turn for status in shown} == set(TurnState)
    assert {fault for status in shown for fault in status.faults} == set(Fault)
    assert {status.link for status in shown} == set(LinkState) - {LinkState.DRAINING, LinkState.RESTING}, (
        "they look like up"
    )
    assert {row.arc for row in script.ROWS} == {None, *ArcKind}
    assert any(status.ringing for status in shown)
    plain = [row.status for row in script.ROWS if row.arc is None]
    assert len({meaning(status) for status in plain}) == len(plain)
