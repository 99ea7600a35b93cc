"""How the machine itself is doing, as far as its kernel says: heat, power, battery, network. A few small files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from daemon.kernel_files import temperature_c, texts

_UNDER_VOLTAGE_NOW: Final = 0x1
_THROTTLED_NOW: Final = 0x4
_UNDER_VOLTAGE_SINCE: Final = 0x10000
"""Bits of the firmware's `get_throttled` (raspberrypi/documentation, `vcgencmd get_throttled`)."""


def machine(root: Path = Path("/")) -> dict[str, object]:
    """Return what is known, by names that speak for themselves; what the machine does not report is left out.

    Args:
        root: Where /sys and /proc are.
    """
    told: dict[str, object] = {}
    hottest_c = temperature_c(root)
    if hottest_c is not None:
        told["temperature_celsius"] = hottest_c
    power = _power(root)
    if power:
        told["power"] = power
    charges = [int(text) for text in texts(root, "sys/class/power_supply/*/capacity") if text.isdigit()]
    if charges:
        told["battery_percent"] = min(charges)
    signals = list(_wireless_dbm(root))
    if signals:
        told["wifi_signal_dbm"] = max(signals)
    uptime = next(texts(root, "proc/uptime"), "")
    if uptime:
        told["running_for_hours"] = round(float(uptime.split()[0]) / 3600, 1)
    return told


def _power(root: Path) -> str:
    """Return what a Raspberry Pi says about its supply; empty on other machines."""
    text = next(texts(root, "sys/devices/platform/soc*/soc*firmware/get_throttled"), "")
    if not text:
        return ""
    bits = int(text, 16)
    if bits & _UNDER_VOLTAGE_NOW:
        return "the power supply is too weak at this moment"
    if bits & _THROTTLED_NOW:
        return "slowed down, because of heat or a weak power supply"
    if bits & _UNDER_VOLTAGE_SINCE:
        return "the power supply has been too weak at times since the start"
    return "good"


def _wireless_dbm(root: Path) -> Iterator[int]:
    """Yield the signal of each wireless interface (proc(5), /proc/net/wireless: the fourth column is dBm)."""
    table = next(texts(root, "proc/net/wireless"), "")
    for line in table.splitlines()[2:]:
        columns = line.split()
        if len(columns) > 3 and columns[3].rstrip(".").lstrip("-").isdigit():
            yield int(columns[3].rstrip("."))
