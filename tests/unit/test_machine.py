"""What the kernel's files say about the machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from daemon.tools.machine import machine

WIRELESS = """Inter-| sta-|   Quality        |   Discarded packets               | Missed | WE
 face | tus | link level noise |  nwid  crypt   frag  retry   misc | beacon | 22
 wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0
"""


def put(root: Path, **files: str) -> None:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def test_a_machine_that_says_nothing_is_not_guessed_at(tmp_path: Path) -> None:
    assert machine(tmp_path) == {}


def test_heat_battery_signal_and_time_are_told(tmp_path: Path) -> None:
    put(
        tmp_path,
        sys__class__thermal__thermal_zone0__temp="48312\n",
        sys__class__power_supply__BAT0__capacity="83\n",
        proc__net__wireless=WIRELESS,
        proc__uptime="7260.55 1000.0\n",
    )
    assert machine(tmp_path) == {
        "temperature_celsius": 48.3,
        "battery_percent": 83,
        "wifi_signal_dbm": -56,
        "running_for_hours": 2.0,
    }


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        ("0", "good"),
        ("50005", "too weak at this moment"),
        ("80004", "slowed down"),
        ("50000", "too weak at times"),
    ],
)
def test_a_weak_supply_is_told(tmp_path: Path, bits: str, told: str) -> None:
    folder = tmp_path / "sys/devices/platform/soc/soc:firmware"
    folder.mkdir(parents=True)
    (folder / "get_throttled").write_text(f"{bits}\n")
    assert told in str(machine(tmp_path)["power"])


def test_this_machine_can_be_asked() -> None:
    assert float(str(machine()["running_for_hours"])) >= 0.0
