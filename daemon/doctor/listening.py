"""Opens the sound cards to see what they can, and listens for a second; both only where no daemon is using them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from daemon.config import Config
from daemon.control.client import ask
from daemon.mute_switch import shut_off
from hardware.blocking import in_thread
from hardware.board import open_board, sound_devices
from hardware.interfaces import Board, HardwareError
from hardware.pcm import FRAME_S, SILENCE_DBFS
from hardware.sound_devices import Ability, Direction

from . import levels, sound
from .finding import Finding, Verdict, note, to_do
from .machine import Machine

_SETTLING_S: Final = 0.3
"""The first samples of many cards are a step or a click."""

_LOOKS: Final = 5
"""In a second: what the daemon tells falls by 30 dB in one, so a word between two looks is not missed."""
_STOP: Final = "To have them measured: sudo systemctl stop vocative, and look again"


async def ears(
    machine: Machine, config: Config, *, openable: bool, service_pid: int, faults: frozenset[str] | None
) -> list[Finding]:
    """Return what is found of microphone and loudspeaker.

    Args:
        machine: The machine.
        config: Its configuration.
        openable: Whether cards may be opened; else the kernel's lists must do.
        service_pid: Of the running daemon; 0 if it does not run.
        faults: What the daemon says that it lacks; None if it says nothing.
    """
    real = [
        (direction, section.device, section.rate_hz)
        for direction, section in ((Direction.CAPTURE, config.microphone), (Direction.PLAYBACK, config.speaker))
        if section.driver == "pyaudio"
    ]
    if not real:
        return [note(sound.AREA, "microphone and loudspeaker are simulated: this does not apply")]
    abilities: dict[Direction, list[Ability]] = {}
    if openable:
        try:
            microphones, speakers = await in_thread(sound_devices)
        except HardwareError as error:
            return [_sentence(sound.AREA, error)]
        abilities = {Direction.CAPTURE: microphones, Direction.PLAYBACK: speakers}

    def look() -> list[Finding]:
        facts = [
            sound.look(
                machine,
                direction,
                device,
                rate_hz,
                abilities=abilities.get(direction),
                service_pid=service_pid,
                works=faults is not None and direction.value not in faults,
            )
            for direction, device, rate_hz in real
        ]
        return [finding for one in facts for finding in sound.findings(one)]

    found = await in_thread(look)
    if config.microphone.driver != "pyaudio" or any(
        finding.verdict is Verdict.TO_DO and finding.what.startswith("microphone") for finding in found
    ):
        return found
    if openable:
        return [*found, *await _heard(open_board(config.board()), config)]
    if not machine.open_to_us("/dev/snd/pcm*"):
        found.append(note(levels.AREA, "this user may not open sound cards: not measured", "Look again with sudo"))
    elif faults is not None and (loudest := await _loudest(machine.path(config.control.socket))) is not None:
        found += levels.overheard(loudest)
    elif service_pid:
        found.append(note(levels.AREA, "the daemon has the microphone: not measured", _STOP))
    return found


async def _loudest(socket: Path) -> levels.Overheard | None:
    """Ask the running daemon for a second how loud it is at its microphone; None if it does not say."""
    loudest_dbfs, muted = SILENCE_DBFS, False
    for _ in range(_LOOKS):
        try:
            status = await ask(socket, "status")
        except (OSError, ValueError):  # a TimeoutError, too
            return None
        level_dbfs = status.get("microphone_dbfs")
        if not isinstance(level_dbfs, float):
            return None
        loudest_dbfs, muted = max(loudest_dbfs, level_dbfs), muted or bool(status.get("muted"))
        await asyncio.sleep(levels.SECONDS / _LOOKS)
    return levels.Overheard(loudest_dbfs, muted)


async def _heard(board: Board, config: Config) -> list[Finding]:
    """Listen for a second, unless the switch on the device says that nobody may."""
    if await shut_off(board):
        return [note(levels.AREA, "the mute switch shuts the microphone off: not measured", "Move it, and look again")]
    try:
        microphone = await board.microphone()
    except HardwareError as error:
        return [_sentence(levels.AREA, error)]
    try:
        frames = [(await microphone.read()).pcm for _ in range(round((_SETTLING_S + levels.SECONDS) / FRAME_S))]
    except HardwareError as error:
        return [_sentence(levels.AREA, error)]
    finally:
        await asyncio.shield(microphone.close())
    pcm = b"".join(frames[round(_SETTLING_S / FRAME_S) :])
    return list(levels.findings(levels.Facts(pcm, config.microphone.gain_db, config.microphone.channel)))


def _sentence(area: str, error: HardwareError) -> Finding:
    """Return a part's own words, the last sentence of which says what to do."""
    what, _, remedy = str(error).removesuffix(".").rpartition(". ")
    if not what:
        what, _, remedy = str(error).rpartition("; ")
    return to_do(area, what or str(error), remedy or "Check its plug")
