"""Whatever kills or hangs the daemon: it is back by itself, soon, and in the same conversation."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.device.lab import Lab

pytestmark = [pytest.mark.device, pytest.mark.timeout(300)]

Measured = Callable[[str, object], None]

UNIT_PROCESS_EXIT = "98e322203f7a4ed290d09fe03c09fe15"
"""systemd's message that a unit's process is no more (systemd.journal-catalog)."""
BACK_S = 5.0
"""From the death to listening again."""


@pytest.fixture
def talking(device: Lab) -> Lab:
    """Return the device in a conversation that it has the handle of."""
    device.restart()
    after = device.cursor()
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    device.ask(1)
    device.event(after, "turn.done", within_s=60)
    device.run("sleep 3")  # the service hands out the handle after the turn, and it is written down a moment later
    return device


def back(device: Lab, dead: int, *, within_s: float) -> float:
    """Wait until another process than `dead` is ready, and return how long that took."""

    def ready() -> bool:
        shown = device.says("systemctl show vocative -p MainPID -p ActiveState --value", told=False).split()
        return shown[0] not in {str(dead), "0"} and shown[1] == "active"

    return device.until(ready, "it is ready again", within_s=within_s)


def moments(device: Lab) -> tuple[float, float]:
    """Return when the last process before this one died, and when this one was ready: the guest's monotonic clock."""
    exits = device.entries(f"-u vocative MESSAGE_ID={UNIT_PROCESS_EXIT}")
    return int(exits[-1]["__MONOTONIC_TIMESTAMP"]) / 1e6, int(device.show("ActiveEnterTimestampMonotonic")) / 1e6


def resumed(device: Lab, sessions_before: int) -> None:
    """Assert that it goes on with the conversation that it had, and answers in it."""
    after = device.cursor()
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    device.ask(2)
    device.event(after, "turn.done", within_s=60)
    sessions = device.service()["sessions"]
    assert len(sessions) == sessions_before
    assert sessions[-1]["connections"] >= 2
    assert sessions[-1]["turns"][-1]["answered"]


def test_killed(talking: Lab, record_property: Measured) -> None:
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    talking.run(f"kill -KILL {pid}")
    back(talking, pid, within_s=30)
    died_s, ready_s = moments(talking)
    record_property("dead for", f"{ready_s - died_s:.1f} s")
    resumed(talking, sessions)
    assert ready_s - died_s < BACK_S


def test_out_of_memory(talking: Lab, record_property: Measured) -> None:
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    group = talking.show("ControlGroup")
    talking.run(f"echo 16M >/sys/fs/cgroup{group}/memory.max", within_s=90, check=False)
    back(talking, pid, within_s=60)
    died_s, ready_s = moments(talking)
    assert "OOM killer" in talking.says("journalctl -q -u vocative -n 60 -o cat _PID=1")
    record_property("dead for", f"{ready_s - died_s:.1f} s")
    resumed(talking, sessions)
    assert ready_s - died_s < BACK_S


def test_stopped(talking: Lab, record_property: Measured) -> None:
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    watchdog_s = int(talking.says("systemctl show vocative -p WatchdogUSec --value --timestamp=us").rstrip("s"))
    talking.run(f"kill -STOP {pid}")
    took_s = back(talking, pid, within_s=watchdog_s + 60)
    record_property("noticed and back", f"after {took_s:.1f} s, WatchdogSec {watchdog_s}")
    assert "watchdog" in talking.says("journalctl -q -u vocative -n 60 -o cat _PID=1").lower()
    resumed(talking, sessions)
    assert took_s < watchdog_s + BACK_S


def test_event_loop_hangs(talking: Lab, record_property: Measured) -> None:
    """The main thread is held, all others run: microphone frames come, and nobody takes them."""
    shutil.copy(Path(__file__).parent / "guest" / "hold_thread.py", talking.machine.share)
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    watchdog_s = int(talking.says("systemctl show vocative -p WatchdogUSec --value --timestamp=us").rstrip("s"))
    talking.run(f"systemd-run --quiet --collect --unit=hold python3 /lab/hold_thread.py {pid}")
    try:
        took_s = back(talking, pid, within_s=watchdog_s + 60)
    finally:
        talking.run("systemctl stop hold", check=False)
    record_property("noticed and back", f"after {took_s:.1f} s, WatchdogSec {watchdog_s}")
    resumed(talking, sessions)
    assert took_s < watchdog_s + BACK_S
