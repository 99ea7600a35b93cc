"""Whether an answer is ever late because of what goes on beside it: the whole daemon, in real time.

    python -m tests.bench beside

    the answer   ▁▂▅▃▂▅▆▃▂▁▂▅▃▂▅▆▃▂   comes hardly faster than it sounds: what is late is heard to be
    pictures     ▲         ▲          100 KiB each, once a second, from the device to the service
    a tool       ████████████████     a thread that waits for 2 s at a time, and whose result goes up

The simulated card asks for a frame every 20 ms, and the stand-in service is a process of its own.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np

from daemon.config import Config
from daemon.events import Pressed, Released
from daemon.journal import Journal, MemorySink
from daemon.live.upward import Glance
from daemon.rehearsal import voices
from daemon.rehearsal.device import Device
from daemon.status import LinkState, TurnState
from daemon.tools.call import Call
from daemon.tools.declaration import Scheduling
from daemon.tools.tool import Tool
from hardware.grey_jpeg import grey_jpeg
from hardware.pcm import UP
from hardware.simulated import SimulatedBoard
from tests.bench.report import BLUE, ORANGE, saved, sheet, table
from tests.support.process import stand_in

ROUNDS: Final = 4
SPEED: Final = 1.1
"""How many times as fast as it sounds an answer is sent: a tenth of a second in reserve for each that has sounded."""
PICTURE: Final = grey_jpeg(768, 576, 128, least_bytes=100 * 1024)
PICTURE_EVERY_S: Final = 1.0
"""As often as the service takes one (live-api.md 1.2)."""
TOOL_S: Final = 2.0
QUESTION_S: Final = 1.0
TICK_S: Final = 0.005


@dataclass(frozen=True, slots=True)
class Beside:
    """What goes on beside an answer."""

    pictures: bool = False
    tool: bool = False


CASES: Final = {
    "nothing": Beside(),
    "pictures": Beside(pictures=True),
    "a tool": Beside(tool=True),
    "both": Beside(pictures=True, tool=True),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """One answer."""

    first_ms: float
    """From its first chunk to its first sound, as the journal tells it."""
    dry: int
    """How often it ran dry and went on."""
    sounded_ms: float
    late_ms: tuple[float, ...]
    """How much later than it was due each tick of the loop came while it sounded."""


def run(out: Path) -> str:
    """Return the table, and draw `beside.png` into `out`."""
    print(f"    {ROUNDS} answers of {voices_s():.0f} s with each of {', '.join(CASES)} beside them", flush=True)
    with tempfile.TemporaryDirectory(prefix="vocative-") as folder:
        with stand_in(Path(folder), "--speed", str(SPEED)) as service:
            heard = asyncio.run(_conversation(service.base_url, service.ca_file))
        log = [json.loads(line) for line in (Path(folder) / "service.jsonl").read_text().splitlines()]
    _draw(out / "beside.png", heard)
    pictures = sum(line.get("kind") == "video" for line in log)
    results = sum(line.get("kind") == "tool_response" for line in log)
    dry = {name: sum(each.dry for each in those) for name, those in heard.items()}
    worst = max(times for name, times in dry.items() if name != "nothing")
    verdict = "met" if worst <= dry["nothing"] else "missed"
    return "\n\n".join(
        (
            f"{ROUNDS} times the same answer, sent {SPEED:g} times as fast as it sounds, with each beside it;"
            f" {pictures} pictures of {len(PICTURE) / 1024:.0f} KiB and {results} results of tools reached the service."
            " *Chunk to sound* is mostly what the jitter buffer waits for, and depends on the size of the first chunks."
            " *Late*: how much later"
            f" than it was due the loop did what it had to do every {TICK_S * 1000:g} ms while the answer sounded.",
            table(
                (
                    "beside it",
                    "chunk to sound, median",
                    "longest",
                    "ran dry",
                    "missing",
                    "late, 99 %",
                    "late, most",
                ),
                [_row(name, those) for name, those in heard.items()],
            ),
            f"Ran dry at most {worst} times with something beside it, {dry['nothing']} times with nothing; wanted: no"
            f" more often than that: {verdict}. The simulated card's frame is 20 ms: a loop that is late by less is not"
            " heard.",
        )
    )


def voices_s() -> float:
    """Return how long the answer sounds."""
    return len(voices.answer()) / 2 / 24_000


async def _conversation(base_url: str, ca_file: Path) -> dict[str, list[Heard]]:
    config = Config.model_validate(
        {
            "live": {"base_url": base_url, "ca_file": str(ca_file)},
            "turn": {"mode": "hold", "vad": "webrtc"},
            "speaker": {"driver": "simulated", "volume_percent": 100, "earcons": False},
            **{part: {"driver": "simulated"} for part in ("microphone", "button", "leds", "camera")},
            "limits": {"turns_per_hour": 0},
            "control": {"socket": ""},
            "state": {"folder": ""},
        }
    )
    sink = MemorySink()
    board = SimulatedBoard(config.board(), log_audio=False)
    device = Device(config, board, Journal(sink, clock=time.monotonic))
    await device.on()
    heard: dict[str, list[Heard]] = {name: [] for name in CASES}
    try:
        device.app.toolbox.offer("bench", [Tool.of(wait_on_a_thread, scheduling=Scheduling.SILENT)])
        await _until(lambda: device.status.link is LinkState.UP)
        for number in range(ROUNDS):
            turned = number % len(CASES)  # another order each time: what an answer is cut into follows the order
            for name, beside in [*CASES.items()][turned:] + [*CASES.items()][:turned]:
                print(f"    {number + 1} of {ROUNDS}: {name}", flush=True)
                heard[name].append(await _answer(device, board, sink, beside))
    finally:
        await device.off()
    return heard


def wait_on_a_thread(number: int) -> str:
    """Keep a thread waiting.

    Args:
        number: Makes this call another than the one before.
    """
    time.sleep(TOOL_S)
    return f"Call {number} is done."


async def _answer(device: Device, board: SimulatedBoard, sink: MemorySink, beside: Beside) -> Heard:
    """Ask, and hear the answer with that beside it."""
    app, loop = device.app, asyncio.get_running_loop()
    told = len(sink.told("turn.done"))
    app.dispatch(Pressed(loop.time()))
    board.mic.say(voices.question(1)[: UP.bytes_in(QUESTION_S)])
    await asyncio.sleep(QUESTION_S)
    app.dispatch(Released(loop.time(), held_s=QUESTION_S))
    async with _going_on(device, beside):
        await _until(lambda: device.status.turn is TurnState.SPEAKING)
        late_ms = await _late_ms(lambda: device.status.turn is TurnState.SPEAKING)
    await _until(lambda: len(sink.told("turn.done")) > told)
    done: dict[str, Any] = sink.told("turn.done")[-1]
    assert done["outcome"] == "answered", done
    return Heard(done["chunk_to_sound_ms"], done["underruns"], done["sounded_ms"], late_ms)


_numbers: Final = count(1)


@contextlib.asynccontextmanager
async def _going_on(device: Device, beside: Beside) -> AsyncIterator[None]:
    """Let pictures go up and the tool be called, as long as the block lasts."""
    app = device.app

    async def show() -> None:
        while True:
            app.uplink.put_aside(Glance(PICTURE))
            await asyncio.sleep(PICTURE_EVERY_S)

    async def call() -> None:
        while True:
            number = next(_numbers)
            app.toolbox.called([Call(f"call-{number}", "wait_on_a_thread", {"number": number})])
            await asyncio.sleep(TOOL_S + 0.1)

    work = [*([show()] if beside.pictures else []), *([call()] if beside.tool else [])]
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _late_ms(going_on: Callable[[], bool]) -> tuple[float, ...]:
    """Return how late each tick of the loop is for as long as `going_on`."""
    loop = asyncio.get_running_loop()
    late_ms = []
    while going_on():
        due_s = loop.time() + TICK_S
        await asyncio.sleep(TICK_S)
        late_ms.append((loop.time() - due_s) * 1000)
    return tuple(late_ms)


async def _until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(60.0):
        while not seen():  # noqa: ASYNC110 - there is nobody who would tell
            await asyncio.sleep(0.02)


def _row(name: str, heard: Sequence[Heard]) -> list[str]:
    late_ms = [late for each in heard for late in each.late_ms]
    missing_ms = sum(voices_s() * 1000 - each.sounded_ms for each in heard)
    return [
        name,
        f"{np.median([each.first_ms for each in heard]):.0f} ms",
        f"{max(each.first_ms for each in heard):.0f} ms",
        str(sum(each.dry for each in heard)),
        f"{missing_ms:.0f} ms",
        f"{np.percentile(late_ms, 99):.1f} ms",
        f"{max(late_ms):.1f} ms",
    ]


def _draw(path: Path, heard: dict[str, list[Heard]]) -> None:
    figure, (first, late) = sheet("The same answer, with something going on beside it", columns=2, width=12.0, height=4)
    places: Any = np.arange(len(heard))[::-1]
    for place, those in zip(places, heard.values(), strict=True):
        first.scatter([each.first_ms for each in those], [place] * len(those), color=BLUE, alpha=0.7)
        late_ms = np.sort([value for each in those for value in each.late_ms])
        late.plot(late_ms, 1.0 - np.arange(len(late_ms)) / len(late_ms))
    first.set(
        yticks=places, yticklabels=list(heard), xlabel="ms from the first chunk to the first sound", xlim=(0, None)
    )
    late.axvline(20.0, color=ORANGE, linestyle="--")
    late.legend([*heard, "one frame"])
    late.set(
        yscale="log", xlabel="ms that the loop was late", ylabel="share of the ticks that were later", xlim=(0, None)
    )
    saved(figure, path)
