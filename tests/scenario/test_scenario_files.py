"""The scenarios that vocative is shipped with, in virtual time; and a session that was recorded, rehearsed again."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC
from functools import cache
from pathlib import Path

import pytest

from daemon.history.entry import Entry, entry
from daemon.rehearsal.failure_report import report
from daemon.rehearsal.figures import measure
from daemon.rehearsal.record.story import newest_session, story
from daemon.rehearsal.recording import Recording
from daemon.rehearsal.scenario_file import Read, find, load, shipped
from daemon.rehearsal.verdict import failures
from tests.support.virtual_rehearsal import rehearsed

REAL_TIME_ONLY = {"look", "timer"}
"""Owners' tools have threads, and what outlives a restart is on a disk: `make rehearse`."""
IN_VIRTUAL_TIME = [name for name in shipped() if name not in REAL_TIME_ONLY]


@cache
def played(name: str) -> Recording:
    return rehearsed(find(name))


def wrong(seen: Recording) -> str:
    """Return what was not as the scenario expects, as an owner reads it."""
    return "\n".join(report(seen, failures(seen, measure(seen))))


def recorded(seen: Recording, path: Path) -> Read:
    """Return the scenario that is made of what a rehearsal's journal tells at level info, as the unit keeps it."""
    kept: list[Entry] = []
    for line in seen.journal:
        found = entry(json.dumps(line))
        if found is not None and line["level"] != "debug":
            kept.append(found)
    path.write_text(story(newest_session(kept), UTC))
    return load(path)


@pytest.mark.parametrize("name", IN_VIRTUAL_TIME)
def test_what_is_shipped_passes(name: str) -> None:
    assert wrong(played(name)) == ""


def test_the_example_of_the_documentation_passes(tmp_path: Path) -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "scenarios.md").read_text()
    example = page.partition("```toml\n")[2].partition("```")[0]
    path = tmp_path / "own.toml"
    path.write_text(example.replace('say = "What time is it?"', 'say = "", for_s = 1.5'))  # without espeak-ng, too
    assert wrong(rehearsed(load(path))) == ""


@pytest.mark.parametrize("name", ["bargein", "mute", "outage", "refused"])
def test_what_was_recorded_passes_when_it_is_rehearsed_again(name: str, tmp_path: Path) -> None:
    read = recorded(played(name), tmp_path / "recorded.toml")
    again = rehearsed(read)
    assert wrong(again) == ""
    assert measure(again).turns == measure(played(name)).turns


def test_a_recorded_outage_is_one(tmp_path: Path) -> None:
    read = recorded(played("outage"), tmp_path / "recorded.toml")
    text = (tmp_path / "recorded.toml").read_text()
    assert 'network = "cut"' in text
    assert read.scenario.expect.answered == 2
    assert [(line.event, line.times) for line in read.scenario.expect.journal] == [
        ("turn.given_up", 0),
        ("link.lost", 1),
    ]


def test_a_scenario_that_expects_something_else_fails() -> None:
    seen = played("press")
    expected = seen.scenario.expect.model_copy(update={"interrupted": 1, "ring": ("cyan", "rose")})
    other = seen.scenario.model_copy(update={"expect": expected})
    found = failures(replace(seen, scenario=other), measure(seen))
    assert len(found) == 2
    assert all(seen.started_s < failure.at_s <= seen.ended_s for failure in found)
