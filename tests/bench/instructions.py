"""How many instructions the daemon takes for a second in which nobody talks to it.

    python -m tests.bench.instructions            # counted by valgrind, which must be installed; 2 minutes
    python -m tests.bench.instructions --here     # this process's own processor time, and nothing else

Instructions are the same however busy the machine is. The whole daemon runs on simulated parts and in virtual time, so
waiting itself costs nothing here; what is counted is 50 frames a second from the simulated microphone to the closed
gate, and the making of these frames. The first 40 s are left out: until then the card sleeps and the link rests.

For another processor, run `--here` in a machine of QEMU's whose clock counts instructions: `qemu-system-aarch64 -M virt
-cpu cortex-a53 -icount shift=0,sleep=off`. There a nanosecond of processor time is an instruction.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.bench.report import table
from tests.scenario.story import Story, running
from tests.support.virtual_time import run

SETTLED_S: Final = 40.0
COUNTED_S: Final = 20.0
MODES: Final = ("hold", "hands_free")


def waiting_ns(mode: str, *, for_s: float) -> int:
    """Let the daemon wait for `SETTLED_S` and then `for_s` of virtual time; return the processor time of the latter."""
    took_ns = 0

    async def wait() -> None:
        nonlocal took_ns
        config: dict[str, dict[str, object]] = {
            "echo": {"mode": "cancel"},
            "turn": {"vad": "both"},
            "speaker": {"sleep_after_s": 10},
            "limits": {"idle_hangup_s": 30},
        }
        async with running(Story(mode, config=config)):
            await asyncio.sleep(SETTLED_S)
            began_ns = time.process_time_ns()
            await asyncio.sleep(for_s)
            took_ns = time.process_time_ns() - began_ns

    run(wait())
    return took_ns


def counted(mode: str, *, for_s: float) -> int:
    """Return how many instructions all of a process takes that waits like that, start and end included."""
    waits = (sys.executable, "-m", "tests.bench.instructions", "--wait", mode, str(for_s))
    environ = {"PATH": "/usr/bin:/bin", "OMP_THREAD_LIMIT": "1", "PYTHONHASHSEED": "0"}
    subprocess.run(waits, check=True, env=environ)  # compiles what has changed since the last run
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        subprocess.run(
            [
                *("valgrind", "--tool=callgrind", f"--callgrind-out-file={folder}/out", f"--log-file={log}"),
                *waits,
            ],
            check=True,
            env=environ,
        )
        found = re.search(r"Collected : (\d+)", log.read_text())
        assert found is not None, log.read_text()
        return int(found[1])


def main() -> int:
    """Count and print; 1 without valgrind."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.instructions")
    parser.add_argument("--here", action="store_true", help="print the processor time of this process instead")
    parser.add_argument("--wait", nargs=2, metavar=("MODE", "SECONDS"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.wait is not None:
        waiting_ns(asked.wait[0], for_s=float(asked.wait[1]))
        return 0
    if not asked.here and shutil.which("valgrind") is None:
        print("valgrind is not installed: sudo apt install valgrind", file=sys.stderr)
        return 1
    per_s = {mode: _per_second(mode, here=asked.here) for mode in MODES}
    unit = "ms of processor time for a second" if asked.here else "million instructions a second"
    print(table(("`turn.mode`", unit), [(mode, f"{value / 1e6:.1f}") for mode, value in per_s.items()]))
    return 0


def _per_second(mode: str, *, here: bool) -> float:
    if here:
        return waiting_ns(mode, for_s=COUNTED_S) / COUNTED_S
    return (counted(mode, for_s=COUNTED_S) - counted(mode, for_s=0.0)) / COUNTED_S


if __name__ == "__main__":
    sys.exit(main())
