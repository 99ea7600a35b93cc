"""Reads how the machine and this process are doing, from a few small files of the kernel. It needs no rights.

Only what the kernel has at hand is read: asking a Raspberry Pi's firmware can take as long as the firmware likes.
"""

from __future__ import annotations

import os
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..kernel_files import temperature_c, texts
from .news import Vitals

_SUPPLY: Final = "rpi_volt"
"""The kernel's name for what watches the supply of a Raspberry Pi (drivers/hwmon/raspberrypi-hwmon.c)."""


def vitals(root: Path = Path("/")) -> Vitals:
    """Return what is worth looking at often.

    Args:
        root: Where /sys is.
    """
    return Vitals(temperature_c=temperature_c(root), under_voltage=_under_voltage(root))


def _under_voltage(root: Path) -> bool | None:
    for name in root.glob("sys/class/hwmon/hwmon*/name"):
        if "".join(texts(name.parent, "name")) == _SUPPLY:
            return "".join(texts(name.parent, "in0_lcrit_alarm")) == "1"
    return None


def memory_mib(root: Path = Path("/")) -> float | None:
    """Return what of this process is resident: the second number of proc(5)'s statm, which counts pages."""
    pages = "".join(texts(root, "proc/self/statm")).split()
    return round(int(pages[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20, 1) if len(pages) > 1 else None


def waits() -> int:
    """Return how often the threads of this process have waited for something, those that have ended, too.

    (getrusage(2). What proc(5) tells of each thread is gone with it, and a card that is closed takes its thread along.)
    """
    return resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw


class Effort:
    """What this process takes of the machine, from one reading to the next.

    Args:
        root: Where /proc is.
        clock: A time in seconds.
        processor: How long all threads of this process have computed so far, in seconds.
        waits: How often they have waited for something, and gone on.
    """

    def __init__(
        self,
        root: Path = Path("/"),
        *,
        clock: Callable[[], float] = time.monotonic,
        processor: Callable[[], float] = time.process_time,
        waits: Callable[[], int] = waits,
    ) -> None:
        self._root: Final = root
        self._clock: Final = clock
        self._processor: Final = processor
        self._waits: Final = waits
        self._before: tuple[float, float, int] | None = None

    def __repr__(self) -> str:
        return f"<Effort of {self._root}>"

    def read(self) -> dict[str, float | None]:
        """Return the fields of `device.health`: the memory, and since the last reading how much was done.

        Of the first reading the latter are None: the start is not what it takes to wait for somebody.
        """
        now_s, cpu_s, wakeups = self._clock(), self._processor(), self._waits()
        before, self._before = self._before, (now_s, cpu_s, wakeups)
        told: dict[str, float | None] = {
            "memory_mib": memory_mib(self._root),
            "cpu_percent": None,
            "wakeups_per_s": None,
        }
        if before is not None and now_s > before[0]:
            passed_s = now_s - before[0]
            told["cpu_percent"] = round((cpu_s - before[1]) / passed_s * 100.0, 2)
            told["wakeups_per_s"] = round((wakeups - before[2]) / passed_s, 1)
        return told
