"""Reads the small files in which the kernel says how the machine is doing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path


def texts(root: Path, pattern: str) -> Iterator[str]:
    """Yield what the files that fit say; one that vanishes, or that its driver cannot read now, says nothing."""
    for path in sorted(root.glob(pattern)):
        try:
            yield path.read_text().strip()
        except OSError:
            continue


def temperature_c(root: Path) -> float | None:
    """Return how hot the hottest part of the machine is, in degrees Celsius; None where nothing tells.

    Args:
        root: Where /sys is.
    """
    told = texts(root, "sys/class/thermal/thermal_zone*/temp")
    temperatures_c = [int(text) / 1000 for text in told if text.lstrip("-").isdigit()]
    return round(max(temperatures_c), 1) if temperatures_c else None
