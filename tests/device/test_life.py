"""Reloading, keys, stopping, upgrading, booting, and doing nothing."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.device.lab import CONFIGURATION, KEY, Lab
from tests.device.machine import BUILD

pytestmark = [pytest.mark.device, pytest.mark.timeout(600)]

Measured = Callable[[str, object], None]

IDLE_S = 60
WAKEUPS_PER_S = 4 * 50 + 20
"""For each frame of 20 ms the microphone's thread and the loop, and perhaps one that waits for the other to let go of
the interpreter; lgpio's thread for what is sent, which nothing stops; and the watchers of the parts."""


def test_reload_of_a_good_configuration(device: Lab) -> None:
    device.restart()
    pid = device.pid
    after = device.cursor()
    device.configure(
        CONFIGURATION.replace("[speaker]\n", "[speaker]\nvolume_percent = 33\n") + "\n[button]\npin = 22\n"
    )
    try:
        device.run("systemctl reload vocative")
        told = device.event(after, "config.reloaded")
        assert told["APPLIED"] == "speaker.volume_percent"
        assert told["NEEDS_RESTART"] == "button.pin"
        assert device.pid == pid
        assert device.show("ActiveState") == "active"
        assert device.status()["volume_percent"] == 33
    finally:
        device.configure()
        device.run("systemctl reload vocative")
    assert device.pid == pid


def test_reload_of_a_bad_configuration(device: Lab) -> None:
    device.restart()
    pid = device.pid
    after = device.cursor()
    device.configure(CONFIGURATION.replace('mode = "hold"', 'mode = "holt"'))
    try:
        device.run("systemctl reload vocative", check=False)
        refused = device.event(after, "config.refused")
        assert "holt" in refused["MESSAGE"]
        assert device.pid == pid
        assert device.show("ActiveState") == "active"
    finally:
        device.configure()
    device.ask(1)
    assert device.event(after, "turn.done", within_s=60)["OUTCOME"] == "answered"


def test_a_bad_configuration_is_not_started_again(device: Lab) -> None:
    device.configure(CONFIGURATION.replace('mode = "hold"', 'mode = "holt"'))
    try:
        device.run("systemctl restart vocative", check=False, within_s=90)
        device.run("sleep 12")
        assert device.show("ExecMainStatus") == "78"
        assert device.show("ActiveState") == "failed"
    finally:
        device.configure()
        device.restart()


@pytest.mark.parametrize("way", ["", "--plain"])
def test_key(device: Lab, way: str) -> None:
    device.run(f"echo {KEY} | vocative key {way}")
    kept = device.says("ls /etc/vocative")
    assert ("gemini-api-key.cred" in kept) == (not way), kept
    assert KEY not in device.says("cat /etc/vocative/* /etc/systemd/system/vocative.service.d/* 2>/dev/null") or way
    device.restart()
    device.until(lambda: device.status().get("link") == "up", "the service takes the key")
    told = f"cat /proc/{device.pid}/environ; journalctl -q -u vocative -o verbose"
    assert KEY not in device.says(told, told=False)


def test_stop(device: Lab, record_property: Measured) -> None:
    after = device.cursor()
    for _ in range(3):
        device.restart()
        took_s = device.run("systemctl stop vocative").took_s
        assert device.show("Result") == "success"
        assert device.show("ExecMainStatus") == "0"
    record_property("stopped in", f"{took_s:.1f} s")
    assert not [line for line in device.journal(after) if "Traceback" in str(line["MESSAGE"])]
    assert device.says("ls /run/vocative 2>/dev/null") == ""
    device.restart()


def test_upgrade_of_a_running_service(device: Lab, tmp_path: Path, record_property: Measured) -> None:
    device.restart()
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    after = device.cursor()
    device.ask(1)
    device.event(after, "turn.done", within_s=60)
    device.run("vocative volume 41")
    sessions = len(device.service()["sessions"])
    pid = device.pid
    shutil.copy(next_version(tmp_path), device.machine.share / "next.deb")
    took_s = device.run("DEBIAN_FRONTEND=noninteractive dpkg -i /lab/next.deb", within_s=300).took_s
    record_property("upgraded in", f"{took_s:.0f} s")
    device.until(lambda: device.status().get("link") == "up", "it is up again")
    assert device.says("dpkg-query -W -f '${Version}' vocative") == "99.0"
    assert device.pid != pid
    assert device.status()["volume_percent"] == 41
    device.ask(2)
    device.event(after, "turn.done", within_s=60)
    assert len(device.service()["sessions"]) == sessions
    assert device.says("cat /etc/vocative/vocative.toml") == CONFIGURATION.strip()
    device.run("vocative volume 70")


def next_version(folder: Path) -> Path:
    """Return the same package under a higher version."""
    for command in (
        f"dpkg-deb -R {BUILD / 'vocative.deb'} {folder}/package",
        f"sed -i 's/^Version: .*/Version: 99.0/' {folder}/package/DEBIAN/control",
        f"dpkg-deb --root-owner-group -Znone --build {folder}/package {folder}/next.deb",
    ):
        subprocess.run(["sh", "-c", command], check=True, capture_output=True)
    return folder / "next.deb"


def test_doing_nothing(device: Lab, record_property: Measured) -> None:
    """Measured in the guest: its kernel is an ordinary process, so that each switch and system call costs much more.

    As after a minute's silence, the loudspeaker sleeps.
    """
    device.configure(CONFIGURATION.replace("sleep_after_s = 0.0", "sleep_after_s = 10.0"))
    device.restart()
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    device.run("sleep 20")
    pid = device.pid
    shutil.copy(Path(__file__).parent / "guest" / "footprint.py", device.machine.share)
    before = device.footprint(pid)
    device.run(f"sleep {IDLE_S}", within_s=IDLE_S + 30)
    after = device.footprint(pid)
    device.configure()
    wakeups = (after["wakeups"] - before["wakeups"]) / IDLE_S
    written = after["written_bytes"] - before["written_bytes"]
    record_property("wake-ups", f"{wakeups:.0f} a second")
    record_property("processor", f"{100 * (after['processor_s'] - before['processor_s']) / IDLE_S:.1f} %")
    record_property(
        "memory", f"{after['pss_mib']:.0f} MiB of its own (PSS), {after['rss_mib']:.0f} with what is shared"
    )
    record_property("written to disk", f"{written:.0f} bytes")
    assert written == 0
    assert after["pss_mib"] < 100
    assert wakeups < WAKEUPS_PER_S


def test_boot_without_a_network(device: Lab, record_property: Measured) -> None:
    """The machine is switched off and on, and its cable is not plugged in."""
    device.machine.reboot()
    device.until(lambda: device.show("ActiveState") == "active", "it comes up by itself", within_s=120)
    ready_us = int(device.show("ActiveEnterTimestampMonotonic"))
    record_property("boot to READY", f"{ready_us / 1e6:.1f} s")
    assert device.status()["link"] != "up"
    device.lay_cable()
    device.restart()
    device.until(lambda: device.status().get("link") == "up", "the link is up", within_s=60)
