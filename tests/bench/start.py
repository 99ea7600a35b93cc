"""What a start costs, from the process to READY, and what is imported for it.

    python -m tests.bench start

Each row is a number of fresh processes that go so much further than the row before; the last one is `vocative run` on
simulated parts, up to the moment at which it says READY=1 to whoever is in the place of systemd. What each package is
imported for is Python's own account (`-X importtime`), whose writing is a part of what it counts.
"""

from __future__ import annotations

import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tests.bench.report import BLUE, saved, sheet, table

STARTS: Final = 7
PACKAGES: Final = 12
LONGEST_S: Final = 30.0
CLOCK_TICKS_PER_S: Final = 100

_CONFIGURATION: Final = """
[microphone]
driver = "simulated"
[speaker]
driver = "simulated"
[button]
driver = "simulated"
[leds]
driver = "simulated"
[camera]
driver = "simulated"
[control]
socket = ""
[state]
folder = ""
"""
_STEPS: Final = {
    "Python": "pass",
    "and the command line": "import daemon.cli",
    "and NumPy": "import daemon.cli, numpy",
    "and the configuration": "import daemon.cli, numpy, daemon.config",
    "and the daemon": "import daemon.cli, daemon.run",
}
_THREADS: Final = {"OMP_THREAD_LIMIT": "1", "OPENBLAS_NUM_THREADS": "1"}
"""As the unit has it."""
_IMPORTED: Final = re.compile(r"^import time:\s+(\d+) \|\s+\d+ \|\s+([\w.]+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Start:
    """How far, and what it took: medians."""

    until: str
    took_s: float
    cpu_s: float


def run(out: Path) -> str:
    """Answer the question; return the tables, draw `start.png` into `out`."""
    with tempfile.TemporaryDirectory(prefix="start-") as name:
        config = Path(name) / "vocative.toml"
        config.write_text(_CONFIGURATION)
        _ready(config)  # whatever is read from a disk is in memory afterwards
        starts = [
            *(_median(step, [_imported(code) for _ in range(STARTS)]) for step, code in _STEPS.items()),
            _median("and its parts: READY", [_ready(config) for _ in range(STARTS)]),
        ]
        packages = _packages(config)
    _draw(starts, out)
    rows = [(one.until, f"{1e3 * one.took_s:.0f}", f"{1e3 * one.cpu_s:.0f}") for one in starts]
    shares = [(name, f"{took_ms:.0f}") for name, took_ms in packages]
    return (
        f"Medians of {STARTS} starts, {os.cpu_count()} processors.\n\n"
        f"{table(('up to', 'ms', 'ms of processor'), rows)}\n\n"
        f"What the modules of a package take, those that they import left out:\n\n{table(('package', 'ms'), shares)}"
    )


def _median(until: str, starts: list[tuple[float, float]]) -> Start:
    took_s, cpu_s = (statistics.median(one) for one in zip(*starts, strict=True))
    return Start(until, took_s, cpu_s)


def _imported(code: str) -> tuple[float, float]:
    """Return how long a Python with `code` takes, and its processor time."""
    began_s = time.monotonic()
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, **_THREADS})
    _, status, used = os.wait4(process.pid, 0)
    took_s = time.monotonic() - began_s
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, code
    return took_s, used.ru_utime + used.ru_stime


def _ready(config: Path, *options: str, errors: int = subprocess.DEVNULL) -> tuple[float, float]:
    """Return how long `vocative run` takes to READY, and its processor time until then; it is ended there."""
    told = config.with_name("notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(told))
        manager.settimeout(LONGEST_S)
        command = [sys.executable, *options, "-m", "daemon", "run", "--config", str(config)]
        environ = {**os.environ, **_THREADS, "NOTIFY_SOCKET": str(told), "GEMINI_API_KEY": "key"}
        began_s = time.monotonic()
        with subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL, stderr=errors) as process:
            try:
                while manager.recv(4096) != b"READY=1":
                    pass
                took_s = time.monotonic() - began_s
                fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
            finally:
                process.kill()
                told.unlink()
    return took_s, (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


def _packages(config: Path) -> list[tuple[str, float]]:
    """Return what is imported up to READY, by package, the longest first, in milliseconds."""
    took_ms: dict[str, float] = defaultdict(float)
    with tempfile.TemporaryFile() as said:
        _ready(config, "-X", "importtime", errors=said.fileno())
        said.seek(0)
        for took_us, module in _IMPORTED.findall(said.read().decode()):
            package = module.partition(".")[0]
            took_ms["Python's own" if package in sys.stdlib_module_names else package] += int(took_us) / 1e3
    return sorted(took_ms.items(), key=lambda one: -one[1])[:PACKAGES]


def _draw(starts: list[Start], out: Path) -> None:
    figure, (axes,) = sheet("From the process to READY", height=3.5)
    places = np.arange(len(starts))
    axes.barh(places, [1e3 * one.took_s for one in starts], color=BLUE)
    axes.set_yticks(places, [one.until for one in starts])
    axes.invert_yaxis()
    axes.set_xlabel("ms")
    saved(figure, out / "start.png")
