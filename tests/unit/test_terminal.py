"""The terminal device: what is drawn of it, what the space bar means, and what a script of keys says."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.interfaces import Rgb
from hardware.shown import News, Shown, Words
from hardware.terminal_lines import lines
from hardware.terminal_picture import FAINT, LEAST_COLUMNS, LEAST_ROWS, Picture, figures, picture
from hardware.terminal_ring import drawn
from hardware.terminal_script import Step, steps
from hardware.terminal_strokes import Strokes

CYAN: Rgb = (0, 225, 255)
DARK: Rgb = (0, 0, 0)
KEYS = "space talk · q quit"
TURN: dict[str, str | int | float | bool] = {
    "outcome": "answered",
    "listened_ms": 2100,
    "first_audio_ms": 642,
    "sounded_ms": 9300,
}
BUSY = Shown(
    state="listening",
    meaning="Listening, what the microphone hears is sent.",
    turn="listening",
    link="up",
    gate_open=True,
    microphone_level=0.5,
    volume_percent=70,
    words=Words("device", "It is a quarter past nine, and it rains."),
    last_turn=TURN,
    news=(News(0.0, "Connected after 52 ms", bad=False), News(1.0, "The service is away", bad=True)),
)


def text(cells: Picture) -> list[str]:
    return ["".join(cell.character for cell in row) for row in cells]


def seen(shown: Shown, columns: int = 100, rows: int = 30, pixels: tuple[Rgb, ...] = (CYAN,) * 12) -> str:
    return "\n".join(text(picture(shown, pixels, columns, rows, keys=KEYS)))


# --- the picture ---------------------------------------------------------------------------------------


def test_everything_that_there_is_to_know_is_in_it() -> None:
    words = seen(BUSY)
    for said in (
        "LISTENING",
        "what the microphone hears is sent",
        "gate open",
        "link up",
        "70 %",
        "device: It is a quarter past nine",
        "Last turn: answered",
        "642 ms",
        "The service is away",
        KEYS,
    ):
        assert said in words


@given(
    st.integers(1, 200),
    st.integers(1, 70),
    st.sampled_from([0, 1, 12, 60]),
    st.text(max_size=300),
    st.floats(0.0, 1.0),
    st.booleans(),
)
def test_it_fills_every_window_exactly_whatever_was_said(
    columns: int, rows: int, count: int, said: str, level: float, blocks: bool
) -> None:
    shown = Shown(meaning=said, words=Words("you", said), speaker_level=level, news=(News(0.0, said, bad=True),) * 20)
    cells = picture(shown, (CYAN,) * count, columns, rows, keys=KEYS, blocks=blocks)
    assert [len(row) for row in cells] == [columns] * rows
    assert all(cell.character.isprintable() for row in cells for cell in row)


def test_the_smallest_window_holds_the_essentials_and_a_smaller_one_says_what_it_needs() -> None:
    words = seen(BUSY, LEAST_COLUMNS, LEAST_ROWS)
    for said in ("LISTENING", "mic", "gate open", "link up", "device:", "space talk"):
        assert said in words
    for columns, rows in ((LEAST_COLUMNS - 1, LEAST_ROWS), (LEAST_COLUMNS, LEAST_ROWS - 1)):
        needed = " ".join(seen(BUSY, columns, rows).split())
        assert f"needs {LEAST_COLUMNS} by {LEAST_ROWS}" in needed


@pytest.mark.parametrize(("level", "full"), [(0.0, 0), (0.5, 15), (1.0, 30), (7.0, 30)])
def test_a_meter_is_as_full_as_it_is_loud(level: float, full: int) -> None:
    line = next(line for line in seen(Shown(microphone_level=level)).splitlines() if "microphone" in line)
    assert line.count("█") == full


def test_a_muted_microphone_shows_no_level() -> None:
    line = next(line for line in seen(Shown(muted=True, microphone_level=0.9)).splitlines() if "microphone" in line)
    assert "█" not in line
    assert "muted" in line


def test_the_network_is_shown_where_it_was_cut_here() -> None:
    assert "network cut" in seen(Shown(network=False))
    assert "network" not in seen(Shown(network=True))


def test_a_wide_letter_takes_two_places() -> None:
    row = next(
        row for row in picture(Shown(words=Words("you", "東京")), (), 60, 20, keys="") if row[8].character == "東"
    )
    assert [cell.character for cell in row[8:12]] == ["東", "", "京", ""]


@pytest.mark.parametrize(("lit", "row", "column"), [(0, 0.1, 0.5), (3, 0.5, 0.9), (6, 0.9, 0.5), (9, 0.5, 0.1)])
def test_the_pixels_sit_on_a_circle_clockwise_from_the_top(lit: int, row: float, column: float) -> None:
    side = 32
    points = drawn([CYAN if index == lit else DARK for index in range(12)], side)
    blue = [(y, x) for y, line in enumerate(points) for x, point in enumerate(line) if point and point[2] > 200]
    assert blue
    assert sum(y for y, _ in blue) / len(blue) == pytest.approx(row * (side - 1), abs=1.0)
    assert sum(x for _, x in blue) / len(blue) == pytest.approx(column * (side - 1), abs=1.0)


def test_a_dark_ring_can_still_be_seen_and_a_single_led_is_in_the_middle() -> None:
    assert any(point for line in drawn([DARK] * 12, 32) for point in line)
    lone = drawn([CYAN], 32)[16][16]
    assert lone is not None
    assert lone[2] > 200


@pytest.mark.parametrize(("lit", "letters"), [(CYAN, "*#%@"), (DARK, ".:-")])
def test_without_blocks_the_ring_is_letters_in_its_colours(lit: Rgb, letters: str) -> None:
    cells = picture(BUSY, (lit,) * 12, 100, 30, keys=KEYS, blocks=False)
    assert "▀" not in "".join(text(cells))
    inks = [cell.ink for row in cells[:18] for cell in row[:34] if cell.character in letters]
    assert inks
    for ink in inks:
        assert ink == FAINT if lit == DARK else ink is not None and 3 * ink[0] < min(ink[1:])


def test_all_keys_are_named_where_there_is_room_and_else_the_first() -> None:
    keys = " · ".join(f"{letter} does this" for letter in "abcdefgh")
    for rows, named in ((24, 8), (20, 5)):
        words = "\n".join(text(picture(BUSY, (CYAN,) * 12, 80, rows, keys=keys)))
        assert [f"{letter} does this" in words for letter in "abcdefgh"] == [True] * named + [False] * (8 - named)


def test_figures_of_a_turn_are_a_sentence() -> None:
    assert figures(TURN) == "Last turn: answered, listened 2.1 s, first sound after 642 ms, sounded 9.3 s."
    assert figures({"outcome": "given_up", "sounded_ms": 0}) == "Last turn: given up."
    assert figures({}) == ""


def test_where_nothing_can_be_drawn_what_changes_is_said() -> None:
    assert list(lines(BUSY, BUSY)) == []
    answered = list(lines(Shown(meaning=BUSY.meaning, volume_percent=70), BUSY))
    assert answered == ['It said: "It is a quarter past nine, and it rains."', figures(TURN)]
    assert list(lines(Shown(network=True), Shown(network=False))) == ["The network is cut."]


# --- the space bar -------------------------------------------------------------------------------------


def moved(*struck_s: float, hold: bool = True, until_s: float = 10.0) -> list[tuple[float, bool]]:
    """Strike at these times; return when the button moved, and how."""
    strokes = Strokes()
    strokes.hold = hold
    told = []
    for at_s in [*struck_s, until_s]:
        while (due_s := strokes.deadline()) is not None and due_s <= at_s:
            told.append((round(due_s, 3), strokes.due(due_s)))
        if at_s != until_s:
            told.append((at_s, strokes.stroke(at_s)))
    return [(at_s, pressed) for at_s, pressed in told if pressed is not None]


REPEATED = tuple(round(1.0 + 0.5 + 0.033 * number, 3) for number in range(30))
"""What a terminal sends while a key is held for a second and a half from 1.0 on, after the stroke itself."""


def test_a_stroke_presses_and_the_next_one_releases() -> None:
    assert moved(1.0, 4.0) == [(1.0, True), (4.0, False)]


def test_a_key_that_is_held_is_released_when_it_is_not_repeated_any_more() -> None:
    assert moved(1.0, *REPEATED) == [(1.0, True), (round(REPEATED[-1] + 0.25, 3), False)]


def test_a_second_stroke_soon_after_is_no_repetition_if_no_other_follows() -> None:
    assert moved(1.0, 1.6) == [(1.0, True), (1.72, False)]


@pytest.mark.parametrize("held", [(), REPEATED])
def test_where_a_press_is_enough_a_stroke_is_a_tap_however_long_it_is_held(held: tuple[float, ...]) -> None:
    assert moved(1.0, *held, hold=False) == [(1.0, True), (1.1, False)]


@given(st.lists(st.floats(0.01, 3.0), min_size=1, max_size=30), st.booleans())
def test_presses_and_releases_alternate_however_it_is_struck(pauses_s: list[float], hold: bool) -> None:
    struck_s = [sum(pauses_s[: index + 1]) for index in range(len(pauses_s))]
    told = moved(*struck_s, hold=hold, until_s=1000.0)
    assert told[0][1] is True
    assert all(before != after for (_, before), (_, after) in pairwise(told))


# --- scripts -------------------------------------------------------------------------------------------


def test_a_script_names_keys_and_times() -> None:
    assert steps("space:2.5 wait:4 m q") == (Step("space", 2.5), Step("wait", 4.0), Step("m"), Step("q"))
    assert steps("ready space") == (Step("ready"), Step("space", 2.0))
    assert steps("") == ()


@pytest.mark.parametrize("wrong", ["x", "m:2", "space:", "space:long", "wait:-1", "wait:nan", "space:1e9"])
def test_what_is_no_script_is_refused_with_the_word(wrong: str) -> None:
    with pytest.raises(ValueError, match=wrong):
        steps(f"space {wrong}")
