"""What the device holds in memory: which library takes how much of it, and the whole before and after a conversation.

    python -m tests.bench memory

The first table is of a fresh interpreter that imports one after the other; each row is what was added. The second is of
`vocative run` on a private PulseAudio, beside a stand-in service, in each mode: connected, and after three questions.
All of it is counted by the kernel (proc(5), smaps_rollup), and does not depend on what else the machine does. It is all
run once before, so that nothing is compiled in the process that is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from daemon.rehearsal.voices import question
from tests.bench.report import BLUE, ORANGE, saved, sheet, table
from tests.support import pulse
from tests.support.process import ROOT, Device, Service, device, stand_in

MODES: Final = ("hold", "hands_free")
QUESTIONS: Final = 3
SETTLED_S: Final = 5.0
"""The link is up after one."""
MOST_MIB: Final = 100.0
KIB_PER_MIB: Final = 1024

IMPORTS: Final = (
    ("asyncio and TLS", "import asyncio, ssl"),
    ("NumPy", "import numpy"),
    ("pydantic", "import pydantic"),
    ("the daemon", "import daemon.cli, daemon.run"),
    ("google-genai", "import google.genai"),
    ("its client", "from daemon.live.link import Endpoint, _client; kept = _client(Endpoint('', ''), 'key', print)"),
    ("Silero", "from daemon.audio.vad import detector; found = detector('both', 2)"),
    ("the canceller", "from daemon.audio.canceller import Canceller; one = Canceller()"),
    ("gpiozero", "import gpiozero, gpiozero.pins.local"),
    ("PyAudio", "import pyaudio"),
)
_PROGRAM: Final = """
import json, sys
def held():
    lines = (line.split() for line in open("/proc/self/smaps_rollup"))
    sizes = {line[0]: int(line[1]) for line in lines if line[-1] == "kB"}
    return [sizes["Private_Dirty:"], sizes["Rss:"]]
told = [held()]
for code in json.loads(sys.argv[1]):
    exec(code)
    told.append(held())
print(json.dumps(told))
"""


@dataclass(frozen=True, slots=True)
class Held:
    """What a process holds, in MiB."""

    private: float
    """Written by it alone: heap and stacks."""
    proportional: float
    """With its share of what several processes have mapped."""
    resident: float
    """With all that is mapped, programs and libraries included."""
    peak: float
    """The most that was ever resident."""


def run(out: Path) -> str:
    """Answer the question; return the tables, draw `memory.png` into `out`."""
    with tempfile.TemporaryDirectory(prefix="memory-") as name:
        folder = Path(name)
        environ = {"PYTHONPYCACHEPREFIX": str(folder / "compiled"), "PYTHONDONTWRITEBYTECODE": ""}
        imports = [_imports(environ) for _ in range(2)][-1]
        answer = table(("imported", "private MiB", "resident MiB"), _import_rows(imports))
        if reason := pulse.missing():
            return f"{answer}\n\nThe whole was not measured: {reason}"
        whole = {mode: _conversation(folder / mode, mode, environ) for mode in MODES}
    _draw(imports, whole, out)
    rows = [
        (f"`{mode}`", when, *(f"{size:.1f}" for size in (held.private, held.proportional, held.resident, held.peak)))
        for mode, (before, after) in whole.items()
        for when, held in (("connected", before), (f"after {QUESTIONS} questions", after))
    ]
    most = max(after.peak for _, after in whole.values())
    headings = ("`turn.mode`", "when", "private MiB", "PSS MiB", "RSS MiB", "peak RSS MiB")
    verdict = f"Wanted: less than {MOST_MIB:g} MiB, without a camera: at most {most:.1f} MiB."
    return f"{answer}\n\n{table(headings, rows)}\n\n{verdict}"


def _imports(environ: dict[str, str]) -> list[list[float]]:
    """Return what a fresh interpreter holds at the beginning and after each of `IMPORTS`: private and resident MiB."""
    codes = json.dumps([code for _, code in IMPORTS])
    quiet = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), **environ}
    ran = subprocess.run([sys.executable, "-c", _PROGRAM, codes], env=quiet, capture_output=True, check=True, cwd=ROOT)
    return [[size / KIB_PER_MIB for size in held] for held in json.loads(ran.stdout.splitlines()[-1])]


def _import_rows(held: list[list[float]]) -> list[tuple[str, ...]]:
    names = ["the interpreter", *(name for name, _ in IMPORTS)]
    added = np.diff(np.array([[0.0, 0.0], *held]), axis=0)
    rows = [(name, f"{private:.1f}", f"{resident:.1f}") for name, (private, resident) in zip(names, added, strict=True)]
    return [*rows, ("together", f"{held[-1][0]:.1f}", f"{held[-1][1]:.1f}")]


def _conversation(folder: Path, mode: str, environ: dict[str, str]) -> tuple[Held, Held]:
    """Return what a device holds when it is connected, and after it was asked three times."""
    folder.mkdir()
    with pulse.PrivatePulse() as rig, stand_in(folder) as service:
        for compiled in ("once", "again"):
            held = _asked(rig, service, folder / compiled, mode, environ)
    return held


def _asked(
    rig: pulse.PrivatePulse, service: Service, folder: Path, mode: str, environ: dict[str, str]
) -> tuple[Held, Held]:
    turn = f'[turn]\nmode = "{mode}"\n'
    with device(folder, service.live, key="key", more=turn, OPENBLAS_NUM_THREADS="1", **environ) as one:
        one.process.line("link.up")
        time.sleep(SETTLED_S)
        before = _held(one.process.pid)
        for _ in range(QUESTIONS):
            _ask(one, rig)
        return before, _held(one.process.pid)


def _ask(one: Device, rig: pulse.PrivatePulse) -> None:
    """Ask the first question and hear the answer to its end."""
    asked = question(1)
    one.ask("button", "press")
    rig.feed(asked)
    time.sleep(len(asked) / 32_000 + 0.3)
    one.ask("button", "release")
    one.until("speaking")
    one.until("idle", within_s=40.0)


def _held(pid: int) -> Held:
    lines = (line.split() for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines())
    mib = {line[0]: int(line[1]) / KIB_PER_MIB for line in lines if line[-1] == "kB"}
    told = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    peak = next(int(line[1]) / KIB_PER_MIB for line in told if line[0] == "VmHWM:")
    return Held(mib["Private_Dirty:"], mib["Pss:"], mib["Rss:"], peak)


def _draw(imports: list[list[float]], whole: dict[str, tuple[Held, Held]], out: Path) -> None:
    figure, (libraries, device_axes) = sheet("What is held in memory, MiB", columns=2, height=4.0)
    added = np.diff(np.array([[0.0, 0.0], *imports]), axis=0)
    names = ["the interpreter", *(name for name, _ in IMPORTS)]
    at = np.arange(len(names))
    libraries.barh(at, added[:, 0], color=BLUE, label="its own")
    libraries.barh(at, added[:, 1] - added[:, 0], left=added[:, 0], color="#a9cbe6", label="mapped files")
    libraries.set_yticks(at, names)
    libraries.invert_yaxis()
    libraries.legend(loc="lower right")
    modes = np.arange(len(whole))
    device_axes.barh(modes - 0.2, [before.resident for before, _ in whole.values()], 0.35, color="#a9cbe6")
    device_axes.barh(modes + 0.2, [after.resident for _, after in whole.values()], 0.35, color=BLUE)
    device_axes.axvline(MOST_MIB, color=ORANGE, linewidth=1)
    device_axes.set_yticks(modes, list(whole))
    device_axes.invert_yaxis()
    device_axes.set_title("resident, connected and after three questions")
    saved(figure, out / "memory.png")
