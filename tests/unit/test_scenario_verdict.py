"""Whether a rehearsal was as expected: each expectation, kept and broken, and the moment at which it was."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from daemon.panel.lights import lights
from daemon.rehearsal.colours import colours
from daemon.rehearsal.expected import FIGURES, Expected
from daemon.rehearsal.failure_report import report
from daemon.rehearsal.figures import measure
from daemon.rehearsal.recording import Recording
from daemon.rehearsal.scenario import Scenario
from daemon.rehearsal.verdict import Failure, failures
from daemon.status import LinkState, Status, TurnState
from hardware.pcm import FRAME_S, UP
from tests.support.rehearsed import NOTHING, captured, recording, told, up

FRAMES = captured(50)
"""One second from 100 on."""
GONE = [number for number in range(50) if 20 <= number < 30]
"""200 ms that never arrived."""


def judged(seen: Recording, **expected: Any) -> tuple[Failure, ...]:
    scenario = Scenario(purpose="x", expect=Expected.model_validate(expected))
    seen = replace(seen, scenario=scenario)
    return failures(seen, measure(seen))


def session() -> Recording:
    """Return a question that was answered, one that was interrupted, a ringing, a picture, muted frames."""
    journal = [
        told(99.0, "link.up"),
        told(99.1, "gate.opened", turn_id=1),
        told(102.0, "turn.done", turn_id=1, outcome="answered", first_audio_ms=700, underruns=0),
        told(103.0, "microphone.muted", by="owner"),
        told(104.0, "microphone.unmuted", by="owner"),
        told(105.0, "turn.done", turn_id=2, outcome="interrupted", first_audio_ms=900, underruns=2),
        told(106.0, "alarm.rings", kind="timer"),
        told(107.0, "link.lost", reason="close 1011 Internal error"),
    ]
    heard = [up(at_s + 0.003, pcm) for number, (at_s, pcm) in enumerate(FRAMES) if number not in GONE]
    while_muted = captured(2, 103.5)
    return replace(
        recording(
            microphone=[*FRAMES, *while_muted],
            voice=[(100.0, 101.0)],
            journal=journal,
            service=[*heard, up(101.5, kind="video"), up(103.53, while_muted[0][1])],
        ),
        ring=((101.0, ((0, 225, 255),) * 3), (102.0, ((26, 15, 0), (235, 235, 215))), (103.0, ((125, 0, 0),))),
    )


KEPT = {
    "answered": 1,
    "interrupted": 1,
    "first_audio_ms": 900.0,
    "underruns": 2,
    "words_lost_ms": 200.0,
    "muted_frames_sent": 1,
    "alarms_rung": 1,
    "pictures_sent": 1,
    "ring": ["cyan", "white", "red"],
    "journal": [
        {"event": "link.lost", "times": 1, "fields": {"reason": "1011"}},
        {"event": "link.lost", "times": 0, "fields": {"reason": "1008"}},
        {"event": "turn.done", "fields": {"turn_id": 2}},
    ],
    "figures": {"peak_mib": 50.0},
}


def test_what_was_expected_is_no_failure() -> None:
    assert judged(session(), **KEPT) == ()


def test_what_is_not_expected_is_not_looked_at() -> None:
    assert judged(session()) == ()


@pytest.mark.parametrize(
    ("expected", "at_s", "said"),
    [
        ({"answered": 2}, 105.0, "2 turns answered expected, and there was 1: answered, interrupted"),
        ({"answered": 0}, 102.0, "0 turns answered expected, and there was 1"),
        ({"interrupted": 0}, 105.0, "0 turns interrupted expected"),
        ({"first_audio_ms": 800.0}, 105.0, "within 800 ms, and came after 900 ms"),
        ({"underruns": 1}, 105.0, "ran dry 2 times, and at most 1"),
        ({"words_lost_ms": 0}, FRAMES[20][0], "no word was to be lost, and 200 ms never reached the service"),
        ({"words_lost_ms": 100.0}, FRAMES[20][0], "at most 100 ms of words"),
        ({"muted_frames_sent": 0}, 103.5, "1 frame went up that were captured while it was muted"),
        ({"alarms_rung": 0}, 106.0, "0 ringings expected, and there was 1"),
        ({"alarms_rung": 2}, 110.0, "2 ringings expected, and there was 1"),
        ({"pictures_sent": 0}, 101.5, "0 pictures expected"),
        ({"ring": ["cyan", "green"]}, 101.0, "the ring was to be green after cyan, and was not"),
        ({"ring": ["red", "cyan"]}, 103.0, "the ring was to be cyan after red"),
        ({"journal": [{"event": "link.lost", "times": 0}]}, 107.0, "link.lost 0 times, and does so 1 times"),
        ({"journal": [{"event": "link.go_away"}]}, 110.0, "was to tell of link.go_away, and does not"),
        ({"journal": [{"event": "turn.done", "fields": {"turn_id": 3}}]}, 110.0, "turn.done turn_id=3"),
        ({"figures": {"peak_mib": 40.0}}, 110.0, "peak_mib was to be at most 40, and is 50"),
        ({"figures": {"ring_late_ms": 40.0}}, 110.0, "was not measured"),
    ],
)
def test_what_was_not_as_expected_is_told_with_its_moment(expected: dict[str, Any], at_s: float, said: str) -> None:
    [failure] = judged(session(), **expected)
    assert failure.at_s == pytest.approx(at_s)
    assert said in failure.text


def test_words_said_while_muted_are_not_lost() -> None:
    seen = session()
    muted = [told(100.39, "microphone.muted"), told(100.61, "microphone.unmuted")]
    assert judged(replace(seen, journal=(*muted, *seen.journal)), words_lost_ms=0) == ()


def test_what_got_stuck_is_the_only_failure() -> None:
    seen = replace(NOTHING, stuck=(104.0, "step 3 was not over"))
    assert judged(seen, answered=7) == (Failure(104.0, "step 3 was not over"),)


def test_the_report_shows_what_happened_around_the_moment() -> None:
    seen = replace(session(), happened=((104.5, "network gone"),), button=((104.9, True),))
    lines = list(report(seen, judged(seen, underruns=1)))
    [at] = [number for number, line in enumerate(lines) if ">" in line]
    assert lines[at].split() == [">", "5.00", "s"]
    before, after = lines[at - 4 : at], lines[at + 1]
    assert [
        next(name for name in ("microphone", "network gone", "button   down", "turn.done") if name in line)
        for line in before
    ] == ["microphone", "network gone", "button   down", "turn.done"]
    assert "6.00 s  journal  alarm.rings" in after
    assert list(report(seen, ())) == []


def test_every_figure_that_can_be_asked_for_is_measured() -> None:
    assert tuple(goal.figure for goal in measure(NOTHING).goals()) == FIGURES


@pytest.mark.parametrize(
    ("status", "colour"),
    [
        (Status(link=LinkState.UP, turn=TurnState.LISTENING), {"cyan"}),
        (Status(link=LinkState.UP, turn=TurnState.THINKING), {"violet"}),
        (Status(link=LinkState.UP, turn=TurnState.SPEAKING), {"green"}),
        (Status(link=LinkState.DOWN, turn=TurnState.THINKING), {"amber"}),
        (Status(link=LinkState.DOWN), {"amber"}),
        (Status(link=LinkState.UP, muted=True), {"red"}),
        (Status(link=LinkState.UP, ringing=True), {"rose"}),
        (Status(link=LinkState.UP, turn=TurnState.LISTENING, seeing=True), {"cyan", "white"}),
        (Status(link=LinkState.UP), set()),
    ],
)
def test_the_rings_colours_are_called_as_people_call_them(status: Status, colour: set[str]) -> None:
    seen = set[str]()
    for number in range(100):
        seen |= colours(lights(status, number * 0.05, 12, level=0.5))
    assert seen == colour


def test_frames_are_as_long_as_is_reckoned_with() -> None:
    assert FRAMES[1][0] - FRAMES[0][0] == pytest.approx(FRAME_S)
    assert UP.seconds(len(FRAMES[0][1])) == FRAME_S
