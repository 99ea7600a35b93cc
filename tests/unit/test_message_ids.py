"""The ids of what an owner must act upon, and the catalogue that explains them."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from daemon.telling.message_ids import MESSAGE_IDS, message_id
from tests.unit.test_journal_table import in_the_readme

CATALOG = Path(__file__).resolve().parents[2] / "systemd" / "vocative.catalog"


def entries() -> dict[str, str]:
    """Return the catalogue's texts by their ids, as systemd's catalog format has them: `-- id`, header, text."""
    _, *pieces = re.split(r"^-- ([0-9a-f]{32})\n", CATALOG.read_text(), flags=re.MULTILINE)
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


def test_the_catalogue_explains_each_id_and_no_other() -> None:
    assert sorted(entries()) == sorted(set(MESSAGE_IDS.values()))


def test_each_id_is_explained_once() -> None:
    assert len(re.findall(r"^-- ", CATALOG.read_text(), re.MULTILINE)) == len(entries())


def test_only_events_that_there_are_have_ids() -> None:
    assert sorted(MESSAGE_IDS.keys() - in_the_readme().keys()) == []


@pytest.mark.parametrize("event", sorted(MESSAGE_IDS))
def test_a_text_names_only_fields_of_its_event(event: str) -> None:
    """Where there is no such field, systemd puts its bare name."""
    named = {name.lower() for name in re.findall(r"@([A-Z_]+)@", entries()[MESSAGE_IDS[event]])}
    assert named - {"message"} <= in_the_readme()[event].fields


@pytest.mark.parametrize("event", ["link.failed", "link.lost"])
def test_a_link_concerns_its_owner_if_there_is_something_to_do(event: str) -> None:
    assert message_id(event, {"reason": "close 1006"}) is None
    assert message_id(event, {"reason": "close 1008", "remedy": "Make a new key."}) == MESSAGE_IDS[event]


def test_most_events_need_nobody() -> None:
    assert message_id("turn.done", {"turn_id": 1}) is None


@pytest.mark.skipif(shutil.which("journalctl") is None, reason="systemd is not here")
def test_systemd_takes_the_catalogue(tmp_path: Path) -> None:
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    shutil.copy(CATALOG, folder)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    made = subprocess.run(
        ["journalctl", f"--root={tmp_path}", "--update-catalog"], capture_output=True, text=True, check=True
    )
    assert made.stdout + made.stderr == ""
    shown = subprocess.run(
        ["journalctl", f"--root={tmp_path}", "--list-catalog"], capture_output=True, text=True, check=True
    ).stdout
    listed = dict(re.findall(r"^([0-9a-f]{32}) vocative: (.+)$", shown, re.MULTILINE))
    assert sorted(listed) == sorted(entries())
