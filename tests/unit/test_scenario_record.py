"""What a session's journal tells, as a scenario: from either of the two formats in which it is kept."""

from __future__ import annotations

import json
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from daemon.history.entry import Entry, entry
from daemon.rehearsal.record.record import main
from daemon.rehearsal.record.story import newest_session, story
from daemon.rehearsal.scenario import Scenario
from daemon.rehearsal.scenario_file import load

Told = tuple[float, str, dict[str, Any]]


def done(at_s: float, outcome: str = "answered", **fields: object) -> Told:
    usual = {"begun": "button", "ending": "released", "listened_ms": 3000, "first_audio_ms": 700, "sounded_ms": 4000}
    return at_s, "turn.done", {"outcome": outcome, **usual, **fields}


def of_file(*told: Told) -> list[Entry]:
    """Return what a rehearsal's journal tells."""
    return _entries([{"at_s": at_s, "event": event, "level": "info", **fields} for at_s, event, fields in told])


def of_journald(*told: Told) -> list[Entry]:
    """Return the same as `journalctl -o json` gives it: all text, and in capitals."""
    lines = []
    for at_s, event, fields in told:
        texts = {name.upper(): str(value) for name, value in fields.items() if value is not None}
        lines.append({"__REALTIME_TIMESTAMP": str(round(at_s * 1e6)), "PRIORITY": "6", "EVENT": event, **texts})
    return _entries(lines)


def _entries(lines: list[dict[str, Any]]) -> list[Entry]:
    return [found for line in lines if (found := entry(json.dumps(line))) is not None]


def made(folder: Path, *told: Told) -> Scenario:
    """Return the scenario that is made of it."""
    (folder / "made.toml").write_text(story(newest_session(of_file(*told)), UTC))
    return load(folder / "made.toml").scenario


def steps(scenario: Scenario) -> list[str]:
    """Return the steps in short, with the seconds before each."""
    said = []
    for step in scenario.steps:
        fields = step.model_dump(exclude={"after_s", "go_on_s", "voice", "delay_ms", "jitter_ms"}, exclude_none=True)
        [verb, *_] = fields
        named = f"{fields[verb]}" if verb != "say" else f"say {fields['for_s']:g} s"
        said.append(f"+{step.after_s:g} {named}" if step.after_s else named)
    return said


def test_a_held_question_and_its_answer(tmp_path: Path) -> None:
    scenario = made(tmp_path, done(1020.0))
    assert steps(scenario) == [
        *("link", "+0.7 press", "+0.1 say 2.8 s", "+2.9 release", "answer", "silence", "0.5"),
    ]
    assert scenario.config == {"turn": {"mode": "hold"}}
    assert (scenario.expect.answered, scenario.expect.interrupted, scenario.expect.words_lost_ms) == (1, 0, 0)


def test_an_answer_that_was_talked_over_after_two_seconds(tmp_path: Path) -> None:
    stopped = done(1020.0, "interrupted", sounded_ms=2000)
    assert steps(made(tmp_path, stopped, done(1027.7)))[4:6] == ["answer", "+2 press"]


def test_a_tapped_question_ends_by_itself(tmp_path: Path) -> None:
    scenario = made(tmp_path, done(1020.0, ending="silence"))
    assert steps(scenario)[1:4] == ["+0.7 tap", "+0.1 say 2.3 s", "answer"]
    assert scenario.config == {"turn": {"mode": "tap"}}


def test_a_voice_begins_hands_free(tmp_path: Path) -> None:
    scenario = made(tmp_path, done(1020.0, begun="voice", ending="silence"))
    assert steps(scenario)[1:3] == ["+0.7 say 2.7 s", "answer"]
    assert scenario.config == {"turn": {"mode": "hands_free"}}


def test_muting_by_word_and_by_switch_and_the_volume(tmp_path: Path) -> None:
    told: list[Told] = [(1021.0, "microphone.muted", {"by": "owner"}), (1022.0, "microphone.unmuted", {"by": "owner"})]
    told += [(1023.0, "microphone.muted", {"by": "switch"}), (1024.0, "volume.set", {"percent": 40})]
    scenario = made(tmp_path, done(1020.0), *told)
    assert steps(scenario)[-5:] == ["+1 mute", "+1 unmute", "+1 True", "+1 volume 40", "0.5"]
    assert scenario.expect.muted_frames_sent == 0


def test_an_outage_between_two_turns_lasts_as_long(tmp_path: Path) -> None:
    told: list[Told] = [(1030.0, "link.lost", {"reason": "timed out"}), (1060.0, "link.up", {})]
    scenario = made(tmp_path, done(1020.0), *told, done(1080.0))
    assert steps(scenario)[6:10] == ["+5 cut", "reset", "+29.5 back", "+12.8 press"]
    [given_up, lost] = scenario.expect.journal
    assert (lost.event, lost.times, given_up.times) == ("link.lost", 1, 0)


def test_a_question_that_was_answered_over_the_next_link_is_cut_off_at_its_end(tmp_path: Path) -> None:
    told: list[Told] = [(1008.0, "link.lost", {}), (1020.0, "link.up", {})]
    scenario = made(tmp_path, *told, done(1026.0, first_audio_ms=16_000))
    assert steps(scenario)[1:6] == ["+0.7 press", "+0.1 say 2.8 s", "+2.85 cut", "+0.05 release", "+2 reset"]


def test_a_link_that_was_back_at_once_was_reset(tmp_path: Path) -> None:
    told: list[Told] = [(1021.0, "link.lost", {}), (1021.4, "link.up", {})]
    assert steps(made(tmp_path, done(1020.0), *told))[-2:] == ["+1 reset", "0.5"]


def test_what_was_cut_and_said_again_is_one_turn(tmp_path: Path) -> None:
    again = done(1030.0, begun=None, ending="said_again", listened_ms=0)
    scenario = made(tmp_path, done(1018.0, "cut", sounded_ms=2000), again)
    assert steps(scenario).count("answer") == 1
    assert scenario.expect.answered == 1


def test_a_timer_rings_again_as_long_after_it_was_set(tmp_path: Path) -> None:
    told = [(1014.0, "tool.called", {"name": "set_timer"}), (1034.0, "alarm.rings", {}), (1037.0, "alarm.stopped", {})]
    scenario = made(tmp_path, done(1020.0, first_audio_ms=3000), *told)
    assert scenario.timer_s == 20
    assert steps(scenario)[-4:] == ["silence", "ringing", "+3 tap", "0.5"]
    assert scenario.expect.alarms_rung == 1


def test_lost_speech_is_not_expected_to_be_there(tmp_path: Path) -> None:
    assert made(tmp_path, done(1020.0, dropped_ms=400)).expect.words_lost_ms is None


def test_only_the_newest_session_counts_and_long_pauses_are_cut_short(tmp_path: Path) -> None:
    scenario = made(tmp_path, done(100.0), done(1020.0), done(1220.0))
    assert scenario.expect.answered == 2
    assert steps(scenario)[6] == "+5 press"


def test_both_formats_tell_the_same() -> None:
    told = [
        done(1_800_000_020.0),
        (1_800_000_030.0, "link.lost", {"reason": "x"}),
        done(1_800_000_050.0, "interrupted"),
    ]
    assert story(newest_session(of_journald(*told)), UTC) == story(newest_session(of_file(*told)), UTC)
    assert 'purpose = "A session of 2027-01-15 08:00' in story(newest_session(of_file(*told)), UTC)


def test_where_nobody_talked_there_is_nothing_to_be_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "journal.jsonl").write_text('{"at_s": 1.0, "event": "daemon.ready", "level": "info"}\n')
    assert main(tmp_path / "journal.jsonl", None, None) == 1
    assert "Nobody has talked" in capsys.readouterr().err
