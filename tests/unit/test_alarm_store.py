"""What is left of timers and alarms after a restart, a pulled plug, and on a bad disk."""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
from datetime import time
from pathlib import Path

import pytest

from daemon.tools.alarm import Alarm, Kind
from daemon.tools.alarm_store import AlarmStore

TIMER = Alarm(Kind.TIMER, "eggs \N{EGG}", 1000.5, 1, 300.0, "boot", 42.25)
REPEATING = Alarm(Kind.ALARM, "", 2000.0, 2, at=time(7, 30), days=frozenset({0, 4}))


def loaded(path: Path | None) -> tuple[list[Alarm], str | None]:
    store = AlarmStore(path)
    try:
        return asyncio.run(store.load())
    finally:
        store.close()


def kept(path: Path | None, *alarms: Alarm, removed: tuple[int, ...] = ()) -> str | None:
    """Put `alarms` into the file, take some out again, close it; return what was wrong with it at first."""

    async def keep() -> str | None:
        store = AlarmStore(path)
        _, reason = await store.load()
        for alarm in alarms:
            await store.put(alarm)
        for alarm_id in removed:
            await store.remove(alarm_id)
        store.close()
        await store.put(REPEATING)  # too late for anything, and no failure
        return reason

    return asyncio.run(keep())


def test_everything_comes_back_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "alarms.db"
    kept(path, TIMER, REPEATING)
    assert loaded(path) == ([TIMER, REPEATING], None)
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_removed_does_not_come_back(tmp_path: Path) -> None:
    path = tmp_path / "alarms.db"
    kept(path, TIMER, REPEATING)
    kept(path, removed=(1,))
    assert loaded(path) == ([REPEATING], None)


def test_what_a_call_returned_for_survives_a_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "alarms.db"
    program = (
        "import asyncio, os, sys; from pathlib import Path; from daemon.tools.alarm import *\n"
        "from daemon.tools.alarm_store import AlarmStore\n"
        "store = AlarmStore(Path(sys.argv[1]))\n"
        "async def keep(): await store.load(); await store.put(Alarm(Kind.REMINDER, 'call', 5.0, 1))\n"
        "asyncio.run(keep()); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", program, str(path)], check=False).returncode == -9
    assert loaded(path) == ([Alarm(Kind.REMINDER, "call", 5.0, 1)], None)


@pytest.mark.parametrize(
    "content", [b"no database at all, but long enough to be one" * 40, b"SQLite format 3\0" + b"\1" * 4096]
)
def test_a_broken_file_is_put_aside_and_alarms_can_be_set_again(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "alarms.db"
    path.write_bytes(content)
    alarms, reason = loaded(path)
    assert alarms == []
    assert reason is not None
    assert "put aside as alarms.unusable" in reason
    assert (tmp_path / "alarms.unusable").read_bytes() == content
    kept(path, TIMER)
    assert loaded(path) == ([TIMER], None)


def test_a_later_version_is_put_aside(tmp_path: Path) -> None:
    path = tmp_path / "alarms.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA user_version = 9")
    database.close()
    _, reason = loaded(path)
    assert reason is not None
    assert "version 9" in reason


def test_without_a_folder_to_write_to_nothing_is_kept_and_all_works(tmp_path: Path) -> None:
    reason = kept(tmp_path / "missing" / "alarms.db", TIMER, removed=(1,))
    assert reason is not None
    assert "nothing can be kept" in reason


def test_in_memory_nothing_is_wrong_and_nothing_stays() -> None:
    assert kept(None, TIMER) is None
    assert loaded(None) == ([], None)
