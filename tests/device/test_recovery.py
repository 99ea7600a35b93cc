"""Whatever kills or hangs the daemon: it is back by itself, soon, and in the same conversation."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.device.lab import Entry, Lab

pytestmark = [pytest.mark.device, pytest.mark.timeout(300)]

Measured = Callable[[str, object], None]

UNIT_PROCESS_EXIT = "98e322203f7a4ed290d09fe03c09fe15"
"""systemd's message that a unit's process is no more (systemd.journal-catalog)."""
BACK_S = 5.0
"""From whatever went wrong to listening again."""
BREATH_S = 10.0
"""As long as it waits after a crash at its start."""


@pytest.fixture
def talking(device: Lab) -> Lab:
    """Return the device in a conversation that it has the handle of."""
    device.restart()
    after = device.cursor()
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    device.ask(1)
    device.event(after, "turn.done", within_s=60)
    kept = "grep -q '\"handle\"' /var/lib/vocative/state.json && echo kept"
    device.until(lambda: device.says(kept, told=False) == "kept", "the handle is written down", within_s=40)
    return device


@dataclass(frozen=True, slots=True)
class Recovery:
    """From a death to its end, in seconds of the guest's monotonic clock."""

    began_s: float
    """Whatever it died of was done."""
    ended_s: float
    """The process was gone."""
    started_s: float
    """Another one was there."""
    ready_s: float

    def __str__(self) -> str:
        return (
            f"after {self.took_s:.1f} s: gone after {self.ended_s - self.began_s:.1f}, another one started "
            f"{self.started_s - self.ended_s:.1f} later, and was ready after {self.ready_s - self.started_s:.1f}"
        )

    @property
    def took_s(self) -> float:
        """How long nobody listened."""
        return self.ready_s - self.began_s


def recovery(device: Lab, dead: int, began_s: float, *, within_s: float = 60.0) -> Recovery:
    """Wait until another process than `dead` is ready."""

    def ready() -> bool:
        shown = device.says("systemctl show vocative -p MainPID -p ActiveState --value", told=False).split()
        return shown[0] not in {str(dead), "0"} and shown[1] == "active"

    device.until(ready, "it is ready again", within_s=within_s)
    exits = device.entries(f"-u vocative MESSAGE_ID={UNIT_PROCESS_EXIT}")
    return Recovery(
        began_s,
        int(exits[-1]["__MONOTONIC_TIMESTAMP"]) / 1e6,
        int(device.show("ExecMainStartTimestampMonotonic")) / 1e6,
        int(device.show("ActiveEnterTimestampMonotonic")) / 1e6,
    )


def done_at(device: Lab, command: str) -> float:
    """Run `command` and return when it began: the guest's monotonic clock, in seconds."""
    return float(device.says(f"cut -d ' ' -f 1 /proc/uptime; {command}").splitlines()[0])


@contextmanager
def held(device: Lab, what: str) -> Iterator[float]:
    """Hold one thread of the daemon, see `guest/hold_thread.py`, and return since when."""
    shutil.copy(Path(__file__).parent / "guest" / "hold_thread.py", device.machine.share)
    after = device.cursor()
    device.run(f"systemd-run --quiet --collect --unit=hold python3 /lab/hold_thread.py {what}")

    def said() -> list[Entry]:
        return [line for line in device.since(after) if str(line["MESSAGE"]).startswith("holding")]

    try:
        device.until(lambda: bool(said()), "it is held")
        yield int(said()[0]["__MONOTONIC_TIMESTAMP"]) / 1e6
    finally:
        device.run("systemctl stop hold", check=False)


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
    found = recovery(talking, pid, done_at(talking, f"kill -KILL {pid}"))
    record_property("back", found)
    resumed(talking, sessions)
    assert found.took_s < BACK_S


def test_out_of_memory(talking: Lab, record_property: Measured) -> None:
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    group = talking.show("ControlGroup")
    found = recovery(talking, pid, done_at(talking, f"echo 16M >/sys/fs/cgroup{group}/memory.max"))
    assert "OOM killer" in talking.says("journalctl -q -u vocative -n 60 -o cat _PID=1")
    record_property("back", found)
    resumed(talking, sessions)
    assert found.ready_s - found.ended_s < BACK_S  # the kernel tries everything else first


def test_stopped(talking: Lab, record_property: Measured) -> None:
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    found = recovery(talking, pid, done_at(talking, f"kill -STOP {pid}"))
    record_property("back", found)
    assert "watchdog" in talking.says("journalctl -q -u vocative -n 60 -o cat _PID=1").lower()
    resumed(talking, sessions)
    assert found.took_s < BACK_S


def test_event_loop_hangs(talking: Lab, record_property: Measured) -> None:
    """The main thread is held, all others run: microphone frames come, and nobody takes them."""
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    with held(talking, str(pid)) as since_s:
        found = recovery(talking, pid, since_s)
    record_property("back", found)
    assert "most recent call first" in talking.says("journalctl -q -u vocative -n 60 -o cat")
    resumed(talking, sessions)
    assert found.took_s < BACK_S


def test_microphone_thread_hangs(talking: Lab, record_property: Measured) -> None:
    """The one that serves the card is held: it cannot be opened in its place, because it never lets go."""
    talking.run("sleep 45", within_s=60)  # what fails within a minute of its start is left alone for a while
    sessions = len(talking.service()["sessions"])
    pid = talking.pid
    after = talking.cursor()
    with held(talking, f"{pid} card0/pcm1c") as since_s:
        found = recovery(talking, pid, since_s)
    record_property("back", found)
    assert talking.event(after, "device.lost")["PART"] == "microphone"
    assert "ALSA hangs" in talking.event(after, "device.missing")["REASON"]
    resumed(talking, sessions)
    assert found.took_s < BACK_S


def test_microphone_stands_still_for_a_moment(talking: Lab, record_property: Measured) -> None:
    """It is held until it is given up, and then lets go: it is opened again at once, in the same process."""
    pid = talking.pid
    after = talking.cursor()
    with held(talking, f"{pid} card0/pcm1c 1.5") as since_s:
        back = talking.event(after, "device.back")
    record_property("back", f"after {int(back['__MONOTONIC_TIMESTAMP']) / 1e6 - since_s:.1f} s")
    talking.ask(2)
    assert talking.event(after, "turn.done", within_s=60)["OUTCOME"] == "answered"
    assert talking.pid == pid


def test_a_library_that_crashes_at_each_start_is_not_run_hot(device: Lab, record_property: Measured) -> None:
    """And once it is mended, the device is back by itself."""
    crash = device.says("ls -d /opt/vocative/lib/python3*/site-packages") + "/crash.pth"
    device.restart()
    device.run(f"echo 'import os; os.kill(os.getpid(), 11)' >{crash}")
    try:
        device.run("systemctl restart --no-block vocative; sleep 30", within_s=60)
        starts = int(device.show("NRestarts"))
        assert device.run("systemctl stop vocative").took_s < BREATH_S
        device.run("systemctl start --no-block vocative; sleep 3")
    finally:
        device.run(f"rm {crash}")
    record_property("started again", f"{starts} times in 30 s")
    assert 2 <= starts <= 5
    device.until(lambda: device.show("ActiveState") == "active", "it is back")
