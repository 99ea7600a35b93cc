"""`vocative rehearse`: a whole conversation on simulated hardware, with the real SDK, over real TLS, in real time.

The stand-in service runs in a process of its own, so that what is measured here is the daemon. Left in one folder:

    speaker.wav      what the loudspeaker played      timeline.png     everything on one time axis
    microphone.wav   what the microphone captured     journal.jsonl    the daemon's journal
    residual.wav     what was left of it              service.jsonl    what the service saw and sent
    figures.json     what was measured
"""

from __future__ import annotations

import asyncio
import json
import selectors
import sys
import time
import wave
from collections.abc import Sequence
from pathlib import Path

from daemon.errors import ExitStatus
from hardware.pcm import DOWN, FRAME_S, SAMPLE_BYTES, UP, Format

from .recording import Recording
from .scenario_file import find, shipped
from .stage import rehearse


def main(scenario: str, folder: Path, *, as_json: bool) -> int:
    """Rehearse `scenario`, leave everything in `folder`, print a table; return the exit status.

    Raises:
        ConfigurationError: There is no such scenario, or its file is refused.
    """
    read = find(scenario)
    folder.mkdir(parents=True, exist_ok=True)
    progress = _Progress()
    progress(read.scenario.purpose)
    try:
        with asyncio.Runner(loop_factory=_loop) as runner:
            recording = runner.run(rehearse(read, folder, progress))
    except (TimeoutError, ConnectionError) as error:
        print(f"The rehearsal could not begin: {error}.", file=sys.stderr)
        return ExitStatus.BUG
    progress("draws the timeline")
    return _report(recording, folder, as_json=as_json)


def list_shipped() -> int:
    """Print the scenarios that vocative is shipped with, each with what happens in it; return the exit status."""
    width = max(map(len, shipped()))
    for name in shipped():
        print(f"{name:<{width}}  {find(name).scenario.purpose}")
    return ExitStatus.ASKED_TO_STOP


def _loop() -> asyncio.AbstractEventLoop:
    """Return an event loop on which the simulated sound card is in time.

    epoll, which asyncio would take, waits for whole milliseconds, rounded up: each frame of the microphone would be
    late by 0.6 ms, and a real card's thread, which does not go by our loop, is not. select(2) counts microseconds.
    """
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


def _report(recording: Recording, folder: Path, *, as_json: bool) -> int:
    """Write the files, and print what was measured and what went wrong."""
    # Imported now: matplotlib takes 60 MiB and a second, and is not what is being measured.
    from .failure_report import report
    from .figures import measure
    from .timeline import draw
    from .verdict import failures

    figures = measure(recording)
    failed = failures(recording, figures)
    span = recording.started_s, recording.ended_s
    _write_wav(folder / "speaker.wav", DOWN, recording.speaker, *span, first_s=0.0)
    for name, frames in (("microphone", recording.microphone), ("residual", recording.cleaned)):
        _write_wav(folder / f"{name}.wav", UP, frames, *span, first_s=-FRAME_S)
    wrong = [{"at_s": round(one.at_s - recording.started_s, 3), "failed": one.text} for one in failed]
    written = json.dumps({**figures.as_dict(), "failures": wrong}, indent=None if as_json else 2)
    (folder / "figures.json").write_text(written + "\n")
    draw(recording, folder / "timeline.png", figures)
    if as_json:
        print(written)
    else:
        print(figures.table())
        print(f"\nLook at {folder}/timeline.png, listen to {folder}/speaker.wav, microphone.wav and residual.wav.")
    for line in report(recording, failed):
        print(line, file=sys.stderr)
    return ExitStatus.BUG if failed else ExitStatus.ASKED_TO_STOP


class _Progress:
    """Says on standard error what is happening, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._started_s = time.monotonic()

    def __call__(self, text: str) -> None:
        print(f"{time.monotonic() - self._started_s:6.1f} s  {text}", file=sys.stderr, flush=True)


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
