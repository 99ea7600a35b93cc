"""The picture of a rehearsal: that it can be drawn of anything, and that what it shows is where it belongs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from daemon.panel.lights import lights
from daemon.rehearsal.recording import Line, Recording
from daemon.rehearsal.scenario import Scenario
from daemon.rehearsal.timeline import draw
from daemon.rehearsal.timeline_events import events
from daemon.rehearsal.timeline_ring import BESIDE_PX, Spell, spells, spread_out
from daemon.rehearsal.timeline_sheet import HEIGHT_PX, LEFT_PX, RIGHT_PX, WIDTH_PX
from daemon.rehearsal.timeline_tracks import ahead_s, held_down
from daemon.status import LinkState, Status, TurnState
from hardware.interfaces import Rgb
from hardware.pcm import FRAME_S
from tests.support.rehearsed import NOTHING, captured, down, recording, sounded, told, up

pytest.importorskip("matplotlib")

TURNS = [
    (99.0, "idle"),
    (101.0, "listening"),
    (102.0, "thinking"),
    (103.0, "speaking"),
    (106.0, "listening"),
    (107.0, "thinking"),
    (108.0, "speaking"),
    (109.0, "idle"),
]


def conversation() -> Recording:
    """Return ten seconds: a question, an answer that is talked over, another question and its answer."""
    heard = captured(490)
    spoken = [frame for frame in heard if 101.0 < frame[0] <= 102.0 or 106.0 < frame[0] <= 107.0]
    service = [up(at_s + 0.002, pcm) for at_s, pcm in spoken]
    service += [up(101.0, kind="activity_start"), up(102.0, kind="activity_end")]
    service += [down(102.95 + 0.1 * number, pcm_ms=300.0) for number in range(20)]
    service += [up(106.0, kind="activity_start"), down(106.05, "interrupted"), down(106.05, "turn_complete")]
    service += [up(107.0, kind="activity_end"), down(107.95, pcm_ms=1000.0), down(107.96, "generation_complete")]
    journal = [told(99.0, "link.up", connect_ms=40)]
    journal += [told(at_s, "status.changed", link="up", turn=turn) for at_s, turn in TURNS]
    journal += [told(101.0, "gate.opened"), told(102.0, "gate.closed"), told(106.0, "gate.opened")]
    journal += [told(107.0, "gate.closed")]
    ring = [(at_s, lights(Status(LinkState.UP, TurnState(turn)), at_s, 12, level=0.7)) for at_s, turn in TURNS]
    return replace(
        recording(
            microphone=heard,
            speaker=[*sounded(103.0, 106.04), *sounded(108.0, 109.0)],
            service=service,
            journal=journal,
            button=[(101.0, True), (102.0, False), (106.0, True), (107.0, False)],
        ),
        ring=tuple(ring),
    )


def drawn(seen: Recording, folder: Path) -> NDArray[np.float64]:
    """Draw it, and return the picture: (height, width, RGBA) from 0 to 1."""
    from matplotlib.image import imread

    draw(seen, folder / "timeline.png")
    return np.asarray(imread(folder / "timeline.png"), dtype=np.float64)


def column(at_s: float) -> int:
    """Return where a second of `conversation` is in the picture."""
    return round(LEFT_PX + (at_s - NOTHING.started_s) / 10.0 * (RIGHT_PX - LEFT_PX))


class TestThePicture:
    def test_a_conversation_shows_its_colours_where_they_belong(self, tmp_path: Path) -> None:
        picture = drawn(conversation(), tmp_path)
        assert picture.shape[:2] == (HEIGHT_PX, WIDTH_PX)
        ring = picture[245:249]
        red, green, blue = ring[:, column(101.5), :3].mean(axis=0)
        assert red < 0.3, "cyan while it listens"
        assert 0.6 < green <= blue
        red, green, blue = ring[:, column(104.0), :3].mean(axis=0)
        assert green > 0.6 > max(red, blue), "green while it speaks"
        assert (ring[:, column(109.5), :3] < 0.2).all(), "dark while nothing goes on"

    def test_a_line_marks_where_the_answer_was_talked_over(self, tmp_path: Path) -> None:
        picture = drawn(conversation(), tmp_path)
        red, green, blue = np.moveaxis(picture[250:1000, :, :3], -1, 0)
        is_red = (red > 0.6) & (green < 0.5) & (blue < 0.5)
        [line] = np.flatnonzero(is_red.mean(axis=0) > 0.9).tolist()[:1]
        assert abs(line - column(106.0)) <= 2

    def test_where_there_is_an_echo_it_has_a_row_of_its_own(self, tmp_path: Path) -> None:
        seen = replace(conversation(), scenario=Scenario(room=True), button=(), voice=((105.8, 107.0),))
        picture = drawn(seen, tmp_path)
        assert picture.shape[:2] == (HEIGHT_PX + 120, WIDTH_PX)
        bright = np.flatnonzero((picture[530:550, :, :3].min(axis=2) > 0.8).any(axis=0))
        assert abs(np.min(bright) - column(105.8)) <= 3, "somebody spoke from here"
        assert abs(np.max(bright) - column(107.0)) <= 3, "to here"

    def test_what_befell_the_device_has_a_row_of_its_own_and_moves_the_others_down(self, tmp_path: Path) -> None:
        plain, told_of = tmp_path / "plain", tmp_path / "told"
        plain.mkdir()
        told_of.mkdir()
        before = drawn(conversation(), plain)
        after = drawn(replace(conversation(), happened=((104.0, "network gone"),)), told_of)
        added_px = after.shape[0] - before.shape[0]
        assert added_px > 0
        top, bottom = 365, 900
        same = np.abs(after[top + added_px : bottom + added_px] - before[top:bottom]).max(axis=2) < 0.02
        assert same.mean() > 0.98
        marked = after[370:400, column(104.0) - 2 : column(104.0) + 3, :3]
        assert np.max(marked) > 0.5

    def test_what_befell_it_is_told_once_and_in_order(self) -> None:
        service = [
            *(down(at_s, "setup_complete") for at_s in (100.1, 103.0, 108.3)),
            down(102.0, "go_away"),
            down(105.0, "close") | {"code": 1011},
        ]
        seen = replace(conversation(), service=tuple(service), happened=((108.0, "network back"),))
        assert events(seen) == [
            (102.0, "go-away"),
            (103.0, "new link"),
            (105.0, "closed: 1011"),
            (108.0, "network back"),
        ]

    def test_of_nothing_there_is_a_picture_too(self, tmp_path: Path) -> None:
        assert drawn(NOTHING, tmp_path).shape[:2] == (HEIGHT_PX, WIDTH_PX)


class TestTheStates:
    def test_they_follow_each_other_without_a_gap(self) -> None:
        found = spells(conversation())
        assert (found[0].from_s, found[-1].to_s) == (100.0, 110.0)
        assert all(earlier.to_s == later.from_s for earlier, later in pairwise(found))
        assert [spell.state for spell in found if spell.state] == [turn for _, turn in TURNS if turn != "idle"]

    @pytest.mark.parametrize(
        ("link", "turn", "state"),
        [
            ("up", "idle", ""),
            ("draining", "idle", ""),
            ("down", "idle", "no link"),
            ("connecting", "idle", "connecting"),
            ("resting", "idle", ""),
            ("up", "thinking", "thinking"),
            ("down", "thinking", "no link"),
            ("down", "listening", "listening"),
            ("down", "speaking", "speaking"),
        ],
    )
    def test_they_are_what_the_ring_shows(self, link: str, turn: str, state: str) -> None:
        [spell] = spells(recording(journal=[told(99.0, "status.changed", link=link, turn=turn)]))
        assert spell == Spell(100.0, 110.0, state)

    def test_a_muted_device_is_muted_whatever_else_it_does(self) -> None:
        for turn in ("idle", "thinking", "speaking"):
            journal = [told(99.0, "status.changed", link="down", turn=turn, muted=True, ringing=True)]
            [spell] = spells(recording(journal=journal))
            assert spell.state == "muted"

    def test_before_the_first_change_there_is_no_link(self) -> None:
        found = spells(recording(journal=[told(104.0, "status.changed", link="up", turn="idle")]))
        assert found == (Spell(100.0, 104.0, "no link"), Spell(104.0, 110.0, ""))

    def test_a_journal_without_them_shows_none(self) -> None:
        assert spells(NOTHING) == ()


class TestTheRings:
    @given(st.lists(st.floats(0.0, 1500.0), max_size=15))
    def test_none_lies_over_another_or_over_an_edge(self, wanted_px: list[float]) -> None:
        placed = spread_out(sorted(wanted_px), 1500.0)
        assert len(placed) == len(wanted_px)
        assert all(later - earlier >= BESIDE_PX - 1e-6 for earlier, later in pairwise(placed))
        assert all(BESIDE_PX / 2 - 1e-6 <= place <= 1500.0 - BESIDE_PX / 2 + 1e-6 for place in placed)

    def test_where_there_is_room_they_stand_where_they_are_wanted(self) -> None:
        assert spread_out([100.0, 400.0, 1200.0], 1500.0) == [100.0, 400.0, 1200.0]

    def test_where_there_is_none_both_move(self) -> None:
        assert spread_out([500.0, 520.0], 1500.0) == [510.0 - BESIDE_PX / 2, 510.0 + BESIDE_PX / 2]


class TestWhatWasSentAhead:
    def test_it_grows_with_what_comes_and_falls_while_it_sounds(self) -> None:
        service: list[Line] = [down(101.0, pcm_ms=500.0), down(101.1, pcm_ms=1000.0)]
        seen = recording(service=service, speaker=sounded(101.05, 102.55))
        at_s = np.array([100.9, 101.02, 101.2, 102.06, 102.6])
        assert ahead_s(seen, at_s) == pytest.approx([0.0, 0.5, 1.34, 0.48, 0.0], abs=FRAME_S)

    def test_a_press_makes_it_worthless(self) -> None:
        service = [down(101.0, pcm_ms=5000.0), down(102.02, pcm_ms=5000.0)]
        seen = recording(service=service, speaker=sounded(101.05, 102.05), button=[(102.0, True)])
        assert ahead_s(seen, np.array([101.99, 102.01, 102.5])) == pytest.approx([4.05, 0.0, 0.0], abs=FRAME_S)

    def test_it_is_reckoned_for_each_answer_anew(self) -> None:
        """Of an answer that was cut off nothing is left when the next one comes."""
        service = [down(101.0, pcm_ms=5000.0), down(102.0, "turn_complete"), down(103.0, pcm_ms=400.0)]
        seen = recording(service=service, speaker=sounded(101.05, 101.5))
        assert ahead_s(seen, np.array([102.9, 103.1])) == pytest.approx([4.54, 0.4], abs=FRAME_S)


class TestTheButton:
    def test_it_is_held_from_press_to_release(self) -> None:
        pushed = [(101.0, True), (102.0, False), (103.0, True)]
        assert held_down(recording(button=pushed)) == [(101.0, 102.0), (103.0, float("inf"))]


def test_a_ring_may_have_any_number_of_pixels(tmp_path: Path) -> None:
    one: tuple[Rgb, ...] = ((0, 200, 255),)
    draw(replace(conversation(), ring=((float("-inf"), one),)), tmp_path / "timeline.png")
    assert (tmp_path / "timeline.png").read_bytes().startswith(b"\x89PNG")


def test_a_device_that_is_off_and_one_that_rings_are_told_from_the_rest() -> None:
    journal = [
        told(101.0, "status.changed", link="up", turn="idle"),
        told(102.0, "status.changed", link="down", turn="idle", ringing=True),
        told(103.0, "status.changed", link="down", turn="listening", ringing=True),
        told(104.0, "daemon.stopped"),
        told(105.0, "status.changed", link="connecting", turn="idle", ringing=False),
    ]
    states = [(spell.from_s, spell.state) for spell in spells(recording(journal=journal))]
    assert states[1:] == [(101.0, ""), (102.0, "ringing"), (103.0, "listening"), (104.0, "off"), (105.0, "connecting")]
