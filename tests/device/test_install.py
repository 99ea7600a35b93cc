"""The package on a system that has never seen it, without a network."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.device.lab import Lab

pytestmark = [pytest.mark.device, pytest.mark.timeout(600)]

Measured = Callable[[str, object], None]

DEVICES = ("/dev/gpiochip0", "/dev/spidev0.0", "/dev/snd/controlC0", "/dev/snd/pcmC0D1c")
"""What the service must reach."""
FORBIDDEN = ("/dev/ubda", "/dev/kmsg", "/dev/hwrng")
"""What it must not, not even as root."""


def test_it_installs_without_a_network(device: Lab) -> None:
    assert "Status: install ok installed" in device.says("dpkg -s vocative")
    assert device.says("dpkg -V vocative") == ""
    assert device.says("systemctl is-enabled vocative") == "enabled"


def test_it_is_ready_soon_after_it_is_started(device: Lab, record_property: Measured) -> None:
    device.restart()
    began_us, ready_us = (
        int(device.show(name)) for name in ("ExecMainStartTimestampMonotonic", "ActiveEnterTimestampMonotonic")
    )
    assert device.show("Type") == "notify"
    assert device.show("ActiveState") == "active"
    record_property("start to READY", f"{(ready_us - began_us) / 1e6:.1f} s")


def test_its_status_is_a_sentence(device: Lab) -> None:
    device.until(lambda: device.status().get("link") == "up", "the link is up")
    sentence = device.show("StatusText")
    assert re.fullmatch(r"[A-Z].+\.", sentence), sentence
    assert f'Status: "{sentence}"' in device.says("systemctl status vocative")


def test_it_runs_as_its_own_user_in_its_cage(device: Lab) -> None:
    status = device.says(f"cat /proc/{device.pid}/status")
    assert re.search(rf"^Uid:\s+{device.says('id -u vocative')}\s", status, re.MULTILINE)
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    assert "CapBnd:\t0000000000000000" in status
    groups = re.search(r"^Groups:\s+(.*)$", status, re.MULTILINE)
    assert groups is not None
    wanted = {device.says(f"getent group {name} | cut -d: -f3") for name in ("audio", "gpio", "spi", "video")}
    assert wanted <= set(groups[1].split())


def test_it_reaches_its_devices_and_no_others(device: Lab) -> None:
    def opened(path: str) -> str:
        """Try it from within the service's control group, as root, so that only DeviceAllow= can be in the way."""
        group = device.show("ControlGroup")
        return device.says(
            f"sh -c 'echo $$ >/sys/fs/cgroup{group}/cgroup.procs; exec 3<>{path} && echo opened' 2>&1 | tail -n 1"
        )

    device.run("systemctl stop vocative; systemctl start vocative")
    for path in DEVICES:
        assert device.says(f"test -c {path} && echo there") == "there", path
    assert opened("/dev/gpiochip0") == "opened"
    assert opened("/dev/spidev0.0") == "opened"
    assert opened("/dev/snd/controlC0") == "opened"
    for path in FORBIDDEN:
        assert device.says(f"test -e {path} && echo there") == "there", path
        assert "Operation not permitted" in opened(path), path


def test_systemd_finds_little_exposed(device: Lab, record_property: Measured) -> None:
    said = device.says("systemd-analyze security vocative --no-pager")
    found = re.search(r"Overall exposure level for vocative\.service: ([0-9.]+)", said)
    assert found is not None, said
    record_property("exposure", found[1])
    assert float(found[1]) <= 1.5
