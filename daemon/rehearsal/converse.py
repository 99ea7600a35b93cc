"""Runs a scenario in front of a simulated device, and records everything that is to be seen and heard from outside."""

from __future__ import annotations

import asyncio
import resource
import sys
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from daemon.config import Config
from hardware.pcm import UP
from hardware.simulated import SimulatedBoard
from hardware.simulated_room import Room

from .device import Device
from .person import Person
from .recording import Recording
from .scenario_file import Read
from .steps import Weather

ROOM_TONE_DBFS: Final = -62.0
ROOM_TONE_S: Final = 11.0
ECHO_DB: Final = 3.0
"""The answer then arrives at the microphone as loud as the second question."""
PICTURE_BYTES: Final = 100 * 1024
"""As large as a picture of 768 px that shows something."""


def simulated_board(read: Read, config: Config) -> SimulatedBoard:
    """Return the parts of a scenario's device, and the room that they are in."""
    board = SimulatedBoard(config.board(), room=Room(echo_db=ECHO_DB) if read.scenario.room else None)
    board.mic.room_tone = _room_tone()
    board.eye.least_bytes = PICTURE_BYTES
    return board


async def converse(
    read: Read,
    board: SimulatedBoard,
    device: Device,
    weather: Callable[[Weather], None],
    progress: Callable[[str], None],
) -> Recording:
    """Run the device until the scenario is over, or stuck; the logs of the service and the journal are still missing.

    Args:
        read: The scenario.
        board: The device's parts.
        device: Off.
        weather: Does something to the network.
        progress: Told what is being done, one line a step.
    """
    loop = asyncio.get_running_loop()
    person = Person(board, device, weather, progress)
    stuck = None
    try:
        await device.on()
        warm_s = device.warm_s
        cpu_s, from_s = time.process_time(), loop.time()
        try:
            await person.perform(read.scenario, read.said)
        except (TimeoutError, ValueError) as error:
            stuck = loop.time(), str(error)
        cpu_s, to_s = time.process_time() - cpu_s, loop.time()
    finally:
        await device.off()
    return Recording(
        script=read.name,
        scenario=read.scenario,
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
        stuck=stuck,
    )


def _room_tone() -> bytes:
    """Return soft noise: a room is never silent, and frames that differ can be told apart."""
    noise = np.random.default_rng(1).normal(0.0, 32768 * 10 ** (ROOM_TONE_DBFS / 20), int(UP.rate_hz * ROOM_TONE_S))
    return noise.astype("<i2").tobytes()


def _peak_mib() -> float:
    """Return the largest resident size of this process so far (getrusage(2): KiB on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10
