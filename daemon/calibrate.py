"""`vocative calibrate`: plays soft noise, listens, and says what an echo there is and what to do about it.

It opens the microphone and the speaker that the configuration names, so the daemon must not run meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Final

from hardware.board import open_board
from hardware.interfaces import Board, Frame, HardwareError, Microphone, Speaker
from hardware.pcm import DOWN, FRAME_S
from hardware.played import Piece

from .audio.calibration import BURST_S, BURSTS, FLOOR_S, GAP_S, Recorded, Room, room, voice_dbfs
from .audio.echo_advice import Advice, Calibration, advice
from .audio.volume import Volume
from .calibration_file import save
from .config import Config, load
from .control.client import ask
from .errors import ExitStatus
from .live.models import refusals
from .mute_switch import shut_off

VOICE_S: Final = 3.0
_SETTLE_S: Final = 0.5
"""Sound cards crackle when they are opened, and their times settle."""
_READY_S: Final = 1.5
"""To read that one is asked to speak."""
_STOP: Final = "sudo systemctl stop vocative"


def calibrate(path: Path, *, as_json: bool, quiet: bool) -> int:
    """Calibrate with the configuration at `path`, print the outcome, and return the exit status.

    Args:
        path: The configuration.
        as_json: Print everything for a program; what is said meanwhile goes to standard error either way.
        quiet: Ask nobody to speak.

    Raises:
        ConfigurationError: The file at `path` is refused.
    """
    config = load(path, refusals=refusals)
    try:
        done = asyncio.run(_calibrated(config, quiet=quiet))
    except HardwareError as error:
        print(f"{error}\nIf it is the service that holds it: {_STOP}", file=sys.stderr)
        return ExitStatus.HARDWARE_GONE
    except KeyboardInterrupt:
        return ExitStatus.ASKED_TO_STOP
    if done is None:
        print(f"vocative is running and holds both devices. Stop it first: {_STOP}", file=sys.stderr)
        return ExitStatus.HARDWARE_GONE
    advised = advice(done)
    print(json.dumps({**asdict(done), "advice": asdict(advised)}, indent=2) if as_json else text(done, advised))
    _keep(config.state.folder, done)
    return ExitStatus.ASKED_TO_STOP


def text(measured: Calibration, advised: Advice) -> str:
    """Return the report for a terminal."""
    echo = measured.room.echo
    rows = [("the room's own noise", f"{measured.room.floor_dbfs:.1f} dBFS at the microphone")]
    if measured.voice_dbfs is not None:
        rows.append(("your voice", f"{measured.voice_dbfs:.1f} dBFS"))
    if echo is not None:
        at_most = "at most " if echo.masked else ""
        rows += [
            ("delay", f"{echo.delay_ms:.1f} ms, within {echo.delay_spread_ms:.1f} ms; {echo.found} of {len(BURSTS)}"),
            ("  not in the drivers' times", f"{echo.beyond_ms:.1f} ms, within {echo.beyond_spread_ms:.1f} ms"),
            ("coupling", f"{at_most}{echo.coupling_db:.1f} dB from loudspeaker to microphone"),
            ("tail of the room", f"{echo.tail_ms:.0f} ms"),
            ("drift of the clocks", f"{echo.drift_ppm:.0f} ppm"),
            ("loud sounds come back", "-" if echo.compression_db is None else f"{echo.compression_db:.1f} dB softer"),
            ("microphone at its limit", f"{echo.clipped_percent:.1f} % of the loud samples"),
        ]
    width = max(len(name) for name, _ in rows)
    figures = "\n".join(f"  {name.ljust(width)}  {value}" for name, value in rows)
    return f"{figures}\n\n{chr(10).join(advised.sentences)}\n\nFor the configuration:\n\n{advised.toml()}"


def _keep(folder: str, measured: Calibration) -> None:
    if not folder:
        return
    try:
        save(Path(folder), measured)
    except OSError as error:
        print(f"It could not be kept in {folder} ({error.strerror}).", file=sys.stderr)


# --- playing and listening -----------------------------------------------------------------------------


async def _calibrated(config: Config, *, quiet: bool) -> Calibration | None:
    """Measure; None if the daemon runs."""
    if await _daemon_runs(config.control.socket):
        return None
    heard, voice = await measured(open_board(config.board()), config.speaker.volume_percent, quiet=quiet)
    return Calibration(
        room=heard,
        voice_dbfs=voice,
        volume_percent=config.speaker.volume_percent,
        gain_db=config.microphone.gain_db,
        microphone=config.microphone.device,
        speaker=config.speaker.device,
        measured_wall_s=time.time(),
    )


async def _daemon_runs(socket: str) -> bool:
    """Return whether somebody is at the other end of the control socket, however busy."""
    if not socket:
        return False
    try:
        await ask(Path(socket), "status")
    except (TimeoutError, ValueError):
        return True
    except OSError:
        return False
    return True


async def measured(board: Board, volume_percent: int, *, quiet: bool) -> tuple[Room, float | None]:
    """Return what the room does to a sound, and how loud its owner speaks: None if `quiet`, or if nobody spoke.

    Takes 11 s, and 4.5 s for the voice. When it ends, however it does, both devices are closed.

    Raises:
        HardwareError: A device cannot be opened, was lost, or was not served in time; or the mute switch is on.
    """
    if await shut_off(board):
        raise HardwareError("microphone: the mute switch on the device shuts it off. Move it back, and try again")
    microphone = await board.microphone()
    try:
        speaker = await board.speaker()
        try:
            seconds = FLOOR_S + len(BURSTS) * (BURST_S + GAP_S)
            _say(f"Please be silent for {seconds:.0f} s; you will hear {len(BURSTS)} bursts of noise.")
            recorded = await _recorded(microphone, speaker, Volume(volume_percent))
            try:
                heard = room(recorded)
            except ValueError as error:
                raise HardwareError(f"sound: {error}. Something kept this machine busy; try again") from error
            return heard, None if quiet else await _voice(microphone, heard.floor_dbfs)
        finally:
            await speaker.close()
    finally:
        await microphone.close()


async def _recorded(microphone: Microphone, speaker: Speaker, volume: Volume) -> Recorded:
    """Play the bursts, and listen until nothing can come back any more."""
    frames: list[Frame] = []
    pieces: list[Piece] = []
    bursts = [_frames(burst.pcm(), volume) for burst in BURSTS]
    await _listen(microphone, _SETTLE_S)
    speaker.reference.take()
    try:
        async with asyncio.TaskGroup() as group:
            playing = group.create_task(_play(speaker, bursts))
            while not playing.done():
                frames.append(await microphone.read())
                pieces += speaker.reference.take()
    except BaseExceptionGroup as failed:
        lost, other = failed.split(HardwareError)
        if other is not None or lost is None:
            raise
        raise lost.exceptions[0] from None
    frames += await _listen(microphone, GAP_S)
    return Recorded(pieces, frames, playing.result())


def _frames(pcm: bytes, volume: Volume) -> list[bytes]:
    size = DOWN.frame_bytes
    return [volume.applied(pcm[at : at + size]) for at in range(0, len(pcm), size)]


async def _play(speaker: Speaker, bursts: Sequence[Sequence[bytes]]) -> list[float]:
    """Play them with their gaps and return when the first frame of each had been taken."""
    loop = asyncio.get_running_loop()
    taken_s = []
    await asyncio.sleep(FLOOR_S)
    for burst in bursts:
        sounds_s = 0.0
        for number, frame in enumerate(burst):
            sounds_s = await speaker.write(frame) + FRAME_S
            if number == 0:
                taken_s.append(loop.time())
        await asyncio.sleep(sounds_s - loop.time() + GAP_S)
    return taken_s


async def _voice(microphone: Microphone, floor_dbfs: float) -> float | None:
    _say(f"Now stand where you will talk from, and speak as you will, for {VOICE_S:.0f} s.")
    await _listen(microphone, _READY_S)
    _say("Speak now.")
    frames = await _listen(microphone, VOICE_S)
    _say("Thank you.")
    return voice_dbfs(frames, floor_dbfs)


async def _listen(microphone: Microphone, seconds: float) -> list[Frame]:
    return [await microphone.read() for _ in range(round(seconds / FRAME_S))]


def _say(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)
