"""`vocative rehearse`: a whole conversation on simulated hardware, with the real SDK, over real TLS, in real time.

The stand-in service runs in a process of its own, so that what is measured here is the daemon. Left in one folder:

    speaker.wav      what the loudspeaker played      timeline.png     everything on one time axis
    microphone.wav   what the microphone captured     journal.jsonl    the daemon's journal
    residual.wav     what was left of it              service.jsonl    what the service saw and sent
    figures.json     what was measured
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import resource
import sys
import tempfile
import time
import wave
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from daemon.config import Config
from daemon.errors import ExitStatus
from daemon.journal import Journal, JsonLinesSink
from hardware.pcm import DOWN, FRAME_S, SAMPLE_BYTES, UP, Format
from hardware.simulated import SimulatedBoard
from hardware.simulated_room import Room

from .device import Device
from .network import network
from .person import Person
from .recording import Line, Recording
from .script import SCRIPTS, Script

ROOM_TONE_DBFS = -62.0
ROOM_TONE_S = 11.0
ECHO_DB = 3.0
"""The answer then arrives at the microphone as loud as the second question."""
PICTURE_BYTES = 100 * 1024
"""As large as a picture of 768 px that shows something."""
SERVICE_START_S = 20.0
"""The longest that the service may take to start on a small machine."""


def main(scenario: str, folder: Path, *, as_json: bool) -> int:
    """Rehearse `scenario`, leave everything in `folder`, print a table; return the exit status."""
    script = SCRIPTS.get(scenario)
    if script is None:
        print(f"There is no scenario {scenario!r}. There are: {', '.join(SCRIPTS)}.", file=sys.stderr)
        return ExitStatus.CONFIGURATION
    folder.mkdir(parents=True, exist_ok=True)
    progress = _Progress()
    progress(script.purpose)
    try:
        recording = asyncio.run(_rehearse(script, folder, progress))
    except (TimeoutError, ConnectionError) as error:
        print(f"The rehearsal got stuck: {error}. Its journal is in {folder}/journal.jsonl.", file=sys.stderr)
        return ExitStatus.BUG
    progress("draws the timeline")
    # Imported now: matplotlib takes 60 MiB and a second, and is not what is being measured.
    from .figures import measure
    from .timeline import draw

    figures = measure(recording)
    span = recording.started_s, recording.ended_s
    _write_wav(folder / "speaker.wav", DOWN, recording.speaker, *span, first_s=0.0)
    for name, frames in (("microphone", recording.microphone), ("residual", recording.cleaned)):
        _write_wav(folder / f"{name}.wav", UP, frames, *span, first_s=-FRAME_S)
    (folder / "figures.json").write_text(json.dumps(figures.as_dict(), indent=2) + "\n")
    draw(recording, folder / "timeline.png", figures)
    if as_json:
        print(json.dumps(figures.as_dict()))
    else:
        print(figures.table())
        print(f"\nLook at {folder}/timeline.png, listen to {folder}/speaker.wav, microphone.wav and residual.wav.")
    return ExitStatus.ASKED_TO_STOP


class _Progress:
    """Says on standard error what is happening, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self._started_s:6.1f} s  {text}", file=sys.stderr, flush=True)


async def _rehearse(script: Script, folder: Path, progress: Callable[[str], None]) -> Recording:
    progress("starts the stand-in service")
    log = folder / "service.jsonl"
    async with _service(folder, log, script) as (port, ca_file), _reached(port, script) as (base_url, set_network):
        with (
            (folder / "journal.jsonl").open("w") as journal_file,
            tempfile.TemporaryDirectory(prefix="vocative-") as own,
        ):
            journal = Journal(JsonLinesSink(journal_file), clock=time.monotonic)
            config = _config(script, base_url, ca_file, Path(own))
            recording = await _converse(script, config, journal, set_network, progress)
    return replace(
        recording,
        service=_lines(log),
        journal=_lines(folder / "journal.jsonl"),
    )


@contextlib.asynccontextmanager
async def _service(folder: Path, log: Path, script: Script) -> AsyncIterator[tuple[int, Path]]:
    """Run the stand-in service; yield its port and the file of the CA that vouches for it."""
    ca_file = folder / "service-ca.pem"
    calls = [option for call in script.calls for option in ("--call", call)]
    arguments = ("stand-in", "--port", "0", "--log", str(log), "--ca-file", str(ca_file), *calls)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "daemon", *arguments, stdout=asyncio.subprocess.PIPE
    )
    try:
        yield await _port(process), ca_file
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    async with asyncio.timeout(SERVICE_START_S):
        async for line in process.stdout:
            key, _, value = line.decode().partition("=")
            if key.strip() == "base_url":
                return int(value.strip().strip('"').rpartition(":")[2])
    raise ConnectionError("the stand-in service ended before it said where it is")


@contextlib.asynccontextmanager
async def _reached(port: int, script: Script) -> AsyncIterator[tuple[str, Callable[[bool], None]]]:
    """Yield the service's address as the device sees it, and what takes the network away (False) or gives it back.

    Only a script that needs one gets a network in between: its work would be counted as the daemon's.
    """
    if not script.needs_network:
        yield f"https://127.0.0.1:{port}", lambda _: None
        return
    async with network(port) as between:
        yield f"https://127.0.0.1:{between.port}", lambda there: between.restore() if there else between.cut()


def _config(script: Script, base_url: str, ca_file: Path, own: Path) -> Config:
    """Return how the device is set; `own` is the folder in which it keeps things, and finds its owner's tools."""
    tools = own / "tools"
    tools.mkdir()
    (tools / "own.py").write_text(script.tools)
    return Config.model_validate(
        {
            "live": {"base_url": base_url, "ca_file": str(ca_file.absolute())},
            "turn": {"mode": script.mode},
            "microphone": {"driver": "simulated"},
            "speaker": {"driver": "simulated", "volume_percent": 100},
            "button": {"driver": "simulated"},
            "leds": {"driver": "simulated"},
            "camera": {"driver": "simulated" if script.looks else "none", "mode": "on_request"},
            "tools": {"folder": str(tools) if script.tools else ""},
            "control": {"socket": ""},
            "state": {"folder": str(own)},
        }
    )


async def _converse(
    script: Script,
    config: Config,
    journal: Journal,
    set_network: Callable[[bool], None],
    progress: Callable[[str], None],
) -> Recording:
    """Run the daemon until the script is over; the logs of the service and the journal are still missing."""
    loop = asyncio.get_running_loop()
    board = SimulatedBoard(config.board(), room=Room(echo_db=ECHO_DB) if script.room else None)
    board.mic.room_tone = _room_tone()
    board.eye.least_bytes = PICTURE_BYTES
    device = Device(config, board, journal)
    try:
        await device.on()
        warm_s = device.warm_s
        person = Person(board, device, set_network, lambda text: progress(f"the person {text}"))
        cpu_s, from_s = time.process_time(), loop.time()
        await person.perform(script)
        cpu_s, to_s = time.process_time() - cpu_s, loop.time()
    finally:
        await device.off()
    return Recording(
        script=script.name,
        started_s=from_s,
        ended_s=to_s,
        microphone=tuple(board.mic.captured),
        cleaned=tuple(device.cleaned()),
        speaker=tuple(board.loudspeaker.played),
        ring=tuple(board.ring.shown),
        button=tuple(person.pushed),
        voice=tuple(person.spoken),
        happened=tuple(person.happened),
        service=(),
        journal=(),
        cpu_s=cpu_s,
        peak_mib=_peak_mib(),
        warm_s=warm_s,
    )


def _room_tone() -> bytes:
    """Return soft noise: a room is never silent, and frames that differ can be told apart."""
    noise = np.random.default_rng(1).normal(0.0, 32768 * 10 ** (ROOM_TONE_DBFS / 20), int(UP.rate_hz * ROOM_TONE_S))
    return noise.astype("<i2").tobytes()


def _peak_mib() -> float:
    """Return the largest resident size of this process so far (getrusage(2): KiB on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


def _lines(path: Path) -> tuple[Line, ...]:
    return tuple(json.loads(line) for line in path.read_text().splitlines())


def _write_wav(
    path: Path,
    audio: Format,
    frames: Sequence[tuple[float, bytes]],
    started_s: float,
    ended_s: float,
    *,
    first_s: float,
) -> None:
    """Write frames from beginning to end, the silence between included.

    `first_s` is from the time that goes with a frame to its first sample's.
    """
    size = audio.bytes_in(ended_s - started_s)
    sound = bytearray(size)
    for at_s, pcm in frames:
        at = round((at_s + first_s - started_s) * audio.rate_hz) * SAMPLE_BYTES
        if 0 <= at <= size - len(pcm):
            sound[at : at + len(pcm)] = pcm
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(audio.rate_hz)
        file.writeframes(bytes(sound))
