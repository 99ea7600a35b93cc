"""What waiting costs: the whole device as a process that nobody talks to.

    python -m tests.bench idle

Each row is a fresh `vocative run` beside a stand-in service. After the start, and after the card went to sleep, nothing
is done to it for half a minute. What the kernel counts for each of its threads is told apart by who the thread is: the
loop, which is the main one, and those of the parts. Wake-ups and bytes do not depend on what else the machine does.

PulseAudio brings two threads of its own into each client, and wakes the card's as it likes; with the simulated parts
there is the loop alone, which makes the frames as well. A card on ALSA is between the two: one thread that wakes once
in 20 ms.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from tests.bench.report import BLUE, ORANGE, saved, sheet, table
from tests.support import pulse
from tests.support.process import Process, stand_in, vocative

SETTLED_S: Final = 35.0
"""The link is up after one, the loudspeaker sleeps after ten, then frames come five at once, and after thirty the
session is written down."""
WAITED_S: Final = 30.0
PERIODS_PER_S: Final = 50
MOST_CPU_PERCENT: Final = 1.0
MOST_MIB: Final = 100.0
CLOCK_TICKS_PER_S: Final = 100

_PARTS: Final = {
    "simulated": """
[microphone]
driver = "simulated"
[speaker]
driver = "simulated"
sleep_after_s = 10
[button]
driver = "simulated"
[leds]
driver = "simulated"
[camera]
driver = "simulated"
""",
    "PulseAudio": f"""
[microphone]
device = "{pulse.MICROPHONE}"
[speaker]
device = "{pulse.LOUDSPEAKER}"
sleep_after_s = 10
[button]
driver = "none"
[leds]
driver = "none"
[camera]
driver = "none"
""",
}


@dataclass(frozen=True, slots=True)
class Counted:
    """What the kernel has counted for one thread since it began."""

    wakes: int
    """How often it waited for something (proc(5): voluntary_ctxt_switches)."""
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Waited:
    """What a process did while nothing was asked of it."""

    parts: str
    mode: str
    loop_wakes_per_s: float
    part_wakes_per_s: float
    loop_cpu_percent: float
    part_cpu_percent: float
    resident_mib: float
    written_bytes: int


def run(out: Path) -> str:
    """Answer the question; return the tables, draw `idle.png` into `out`."""
    waits = [_waited(parts, mode) for parts in _here() for mode in ("hold", "hands_free")]
    _draw(waits, out)
    rows = [
        (
            one.parts,
            one.mode,
            f"{one.loop_wakes_per_s:.0f}",
            f"{one.part_wakes_per_s:.0f}",
            f"{one.loop_cpu_percent:.2f}",
            f"{one.part_cpu_percent:.2f}",
            f"{one.resident_mib:.0f}",
            str(one.written_bytes),
        )
        for one in waits
    ]
    headings = (
        "parts",
        "`turn.mode`",
        "loop wakes /s",
        "others wake /s",
        "loop CPU %",
        "others CPU %",
        "MiB",
        "written",
    )
    return f"{table(headings, rows)}\n\n{_verdict(waits)}"


def _here() -> list[str]:
    return ["simulated"] if pulse.missing() else ["simulated", "PulseAudio"]


def _verdict(waits: list[Waited]) -> str:
    loop = max(one.loop_cpu_percent for one in waits if one.mode == "hold")
    memory = max(one.resident_mib for one in waits)
    written = max(one.written_bytes for one in waits)
    return (
        f"Wanted: less than {MOST_CPU_PERCENT:g} % of a core: the loop, in mode hold, takes at most {loop:.2f} %. "
        f"Less than {MOST_MIB:g} MiB: at most {memory:.0f} MiB. "
        f"Nothing written to the disk: at most {written} bytes in {WAITED_S:g} s. "
        f"{PERIODS_PER_S} wake-ups a second are the microphone's, 10 the loop's: it takes five frames at once."
    )


def _waited(parts: str, mode: str) -> Waited:
    with _device(parts, mode) as process:
        process.line("link.up")
        time.sleep(SETTLED_S)
        before, written = _threads(process.pid), _written(process.pid)
        began_s = time.monotonic()
        time.sleep(WAITED_S)
        took_s = time.monotonic() - began_s
        after, written = _threads(process.pid), _written(process.pid) - written
        loop = _difference(before, after, {process.pid})
        others = _difference(before, after, after.keys() - {process.pid})
        return Waited(
            parts=parts,
            mode=mode,
            loop_wakes_per_s=loop.wakes / took_s,
            part_wakes_per_s=others.wakes / took_s,
            loop_cpu_percent=100 * loop.cpu_s / took_s,
            part_cpu_percent=100 * others.cpu_s / took_s,
            resident_mib=_resident_mib(process.pid),
            written_bytes=written,
        )


@contextmanager
def _device(parts: str, mode: str) -> Iterator[Process]:
    with tempfile.TemporaryDirectory(prefix="idle-") as name, ExitStack() as stack:
        folder = Path(name)
        if parts == "PulseAudio":
            stack.enter_context(pulse.PrivatePulse())
        service = stack.enter_context(stand_in(folder))
        config = folder / "vocative.toml"
        config.write_text(
            f'[live]\n{service.live}[turn]\nmode = "{mode}"\n{_PARTS[parts]}'
            f'[state]\nfolder = "{folder}"\n[control]\nsocket = "{folder}/control"\n'
        )
        yield stack.enter_context(vocative("run", "--config", str(config), environ={"GEMINI_API_KEY": "key"}))


def _threads(pid: int) -> dict[int, Counted]:
    return {int(thread.name): _counted(thread) for thread in Path(f"/proc/{pid}/task").iterdir()}


def _counted(thread: Path) -> Counted:
    said = (line.partition(":") for line in (thread / "status").read_text().splitlines())
    wakes = next(int(value) for name, _, value in said if name == "voluntary_ctxt_switches")
    fields = (thread / "stat").read_text().rpartition(")")[2].split()
    return Counted(wakes, (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S)


def _difference(before: Mapping[int, Counted], after: Mapping[int, Counted], threads: set[int]) -> Counted:
    pairs = [(before.get(thread, Counted(0, 0.0)), after[thread]) for thread in threads]
    return Counted(sum(new.wakes - old.wakes for old, new in pairs), sum(new.cpu_s - old.cpu_s for old, new in pairs))


def _written(pid: int) -> int:
    """Return how many bytes it has had written to disks (proc(5): io)."""
    said = dict(line.split(": ") for line in Path(f"/proc/{pid}/io").read_text().splitlines())
    return int(said["write_bytes"]) - int(said["cancelled_write_bytes"])


def _resident_mib(pid: int) -> float:
    said = (line.partition(":") for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return next(int(value.split()[0]) / 1024 for name, _, value in said if name == "VmRSS")


def _draw(waits: list[Waited], out: Path) -> None:
    figure, (wakes, cpu) = sheet("A device that nobody talks to", columns=2, height=4.0)
    names = [f"{one.parts}, {one.mode}" for one in waits]
    at = np.arange(len(waits))
    for axes, title, loop, others, wanted in (
        (wakes, "wake-ups a second", [w.loop_wakes_per_s for w in waits], [w.part_wakes_per_s for w in waits], 50.0),
        (cpu, "% of a core", [w.loop_cpu_percent for w in waits], [w.part_cpu_percent for w in waits], 1.0),
    ):
        axes.barh(at, loop, color=BLUE, label="the loop")
        axes.barh(at, others, left=loop, color="#a9cbe6", label="threads of the parts")
        axes.axvline(wanted, color=ORANGE, linewidth=1)
        axes.set_yticks(at, names)
        axes.invert_yaxis()
        axes.set_title(title)
    wakes.legend(loc="lower right")
    saved(figure, out / "idle.png")
