"""What an owner reads who asks how the device is."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.control.status_lines import duration, news_line, status_lines

STATUS: dict[str, Any] = {
    "link": "up",
    "turn": "idle",
    "muted_by": [],
    "meaning": "Ready, nothing is sent.",
    "volume_percent": 70,
    "echo": "cancel",
    "tokens_today": 5150,
    "daily_tokens": 2_000_000,
    "last_turn": {"turn_id": 3, "outcome": "answered", "first_audio_ms": 412.4},
    "uptime_s": 8000,
    "memory_mib": 88.4,
}


def test_the_status_in_a_few_lines() -> None:
    assert list(status_lines(STATUS)) == [
        "Ready, nothing is sent.",
        "  link        up",
        "  microphone  not muted",
        "  volume      70 %",
        "  echo        cancel",
        "  tokens      5150 today, of 2000000",
        "  last turn   answered, first sound after 412 ms",
        "  running     for 2 h 13 min, in 88 MiB",
    ]


def test_a_part_that_does_not_work_says_why() -> None:
    wrong = {
        "mute_switch": "mute switch on GPIO26: gone",
        "speaker": "speaker: it is in use. arecord holds it: stop that",
    }
    lines = list(status_lines(STATUS | {"wrong": wrong}))
    assert lines[3:5] == [
        "  mute switch does not work: mute switch on GPIO26: gone",
        "  speaker     does not work: it is in use. arecord holds it: stop that",
    ]


def test_what_there_is_not_is_not_made_up() -> None:
    without = {"muted_by": ["switch"], "daily_tokens": 0, "last_turn": {"outcome": "empty"}, "memory_mib": None}
    lines = list(status_lines(STATUS | without))
    assert "  microphone  muted, by the switch on the device" in lines
    assert "  tokens      5150 today" in lines
    assert "  last turn   empty" in lines
    assert "  running     for 2 h 13 min" in lines
    assert "  last turn   none yet" in list(status_lines(STATUS | {"last_turn": None}))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.6, "1 min 0 s"), (3599, "59 min 59 s"), (3600, "1 h 0 min"), (90_000, "1 d 1 h")],
)
def test_a_duration_has_two_units(seconds: float, said: str) -> None:
    assert duration(seconds) == said


def test_news_are_a_sentence_each() -> None:
    assert news_line(STATUS) == "Ready, nothing is sent."
    assert news_line({"event": "turn.done", "text": "Answered after 412 ms"}) == "Answered after 412 ms"
