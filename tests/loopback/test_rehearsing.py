"""`vocative rehearse` as an owner has it: in real time, with the SDK, TLS and a service of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.process import ROOT

pytestmark = pytest.mark.loopback

WRONG = """purpose = "Nothing happens, and something is expected."
steps = [{ until = "link" }, { button = "tap", after_s = 0.5 }, { wait_s = 0.5 }]

[expect]
answered = 1
journal = [{ event = "link.up", times = 1 }]
"""


def rehearse(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "daemon", "rehearse", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=55, check=False)


def test_what_passes_in_virtual_time_passes_in_real_time(tmp_path: Path) -> None:
    """The shortest of them; `make rehearse` plays all."""
    done = rehearse("--scenario", "press", "--out", str(tmp_path), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["failures"] == []
    made = {"figures.json", "journal.jsonl", "microphone.wav", "residual.wav", "service.jsonl", "speaker.wav"}
    assert {path.name for path in tmp_path.iterdir()} == made | {"timeline.png", "service-ca.pem"}


def test_one_that_fails_says_when_and_shows_it(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(WRONG)
    done = rehearse("--scenario", str(tmp_path / "wrong.toml"), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "1 turn answered expected, and there were none: empty" in done.stderr
    assert "button   down" in done.stderr
    assert f"{tmp_path}/out/timeline.png" in done.stdout
    assert (tmp_path / "out" / "timeline.png").stat().st_size > 10_000


def test_one_that_is_refused_is_not_rehearsed(tmp_path: Path) -> None:
    (tmp_path / "wrong.toml").write_text(WRONG.replace("answered", "answred"))
    done = rehearse("--scenario", str(tmp_path / "wrong.toml"), "--out", str(tmp_path / "out"))
    assert done.returncode == 78
    assert "wrong.toml:5: expect.answred = 1: there is no such key; did you mean answered?" in done.stderr
    assert not (tmp_path / "out").exists()
