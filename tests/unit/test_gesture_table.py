"""The table of what presses and voices do, in docs/gestures.md, is what they do: each of its cells is a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.ways import Mode, Ways
from tests.support.finger import Bench, Deed, State, states_of, ways_of

TABLE = Path(__file__).parents[2] / "docs" / "gestures.md"


def cells() -> Iterator[tuple[Mode, State, Deed, str]]:
    """Read the tables: a heading names the mode, the first row the states, the first column what somebody does."""
    mode: Mode | None = None
    states: list[State] = []
    for line in TABLE.read_text().splitlines():
        if line.startswith("## "):
            mode, states = Mode(line.split('"')[1]), []
        elif mode is not None and line.startswith("|") and not line.startswith("|-"):
            first, *rest = [cell.strip() for cell in line.strip("|").split("|")]
            if not states:
                states = [State(cell) for cell in rest]
                continue
            for state, said in zip(states, rest, strict=True):
                yield mode, state, Deed(first), said


CELLS = list(cells())


@pytest.mark.parametrize(
    ("mode", "state", "deed", "said"),
    CELLS,
    ids=[f"{mode.value}, {state.value}: {deed.value}" for mode, state, deed, _ in CELLS],
)
def test_what_happens_is_what_the_table_says(mode: Mode, state: State, deed: Deed, said: str) -> None:
    bench = Bench(ways_of(mode))
    bench.bring_to(state)
    bench.do(deed)
    assert bench.said() == said


def test_the_table_is_complete() -> None:
    assert [(mode, state, deed) for mode, state, deed, _ in CELLS] == [
        (mode, state, deed) for mode in Mode for deed in Deed for state in states_of(mode)
    ]


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("state", State)
def test_without_a_camera_a_double_press_is_two_presses(mode: Mode, state: State) -> None:
    """Only the first may open a gate then, and the second closes it: in mode hold each asks nothing."""
    if state in states_of(mode):
        once, twice = Bench(Ways(mode, follow_up_s=8.0)), Bench(Ways(mode, follow_up_s=8.0))
        for bench, times in ((once, 2), (twice, 1)):
            bench.bring_to(state)
            for _ in range(times):
                bench.do(Deed.SHORT if bench is once else Deed.DOUBLE)
        assert once.effects == twice.effects
