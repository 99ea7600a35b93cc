"""The microphone: all of them listen while its owner speaks, and the loudest that is well is offered."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from typing import Final, TypeAlias

from hardware.interfaces import HardwareError, Microphone
from hardware.pcm import FRAME_S
from hardware.sound_devices import Direction

from .loudness import Heard, Verdict, best, heard
from .sound import candidates
from .walk import Walk

LISTEN_S: Final = 5.0
_SETTLE_S: Final = 0.5
"""Sound cards crackle when they are opened."""
Told: TypeAlias = Heard | str
"""What a microphone heard, or why it could not be asked."""


async def microphone(walk: Walk) -> None:
    """Settle `microphone.device` and `microphone.gain_db`."""
    names = [sound.device for sound in candidates(walk, Direction.CAPTURE)]
    while names:
        await walk.terminal.line(f"Press Enter, and then speak for {LISTEN_S:.0f} s, from where you will stand. ")
        told = await _listened(walk, names)
        for name in names:
            walk.say(f"  {name}: {told[name]}")
        well = {name: one for name, one in told.items() if isinstance(one, Heard)}
        offered = best(well)
        if offered is None:
            walk.say("None of them heard a voice.")
        default = len(names) if offered is None else names.index(offered)
        place = await walk.ask("Which microphone?", *names, "listen again", "leave it as it is", default=default)
        if place < len(names):
            _take(walk, names[place], well.get(names[place]))
        if place != len(names):
            return


def _take(walk: Walk, name: str, one: Heard | None) -> None:
    walk.put(microphone__driver="pyaudio", microphone__device=name)
    if one is not None and one.verdict is Verdict.VOICE:
        walk.put(microphone__gain_db=one.gain_db)
        if one.gain_db:
            walk.say(f"It is quiet, so what it hears is made {one.gain_db:.0f} dB louder.")


async def _listened(walk: Walk, names: Sequence[str]) -> Mapping[str, Told]:
    """Return what became of each microphone, all of which listen at the same time."""
    told: dict[str, Told] = {}
    async with AsyncExitStack() as stack:
        opened: dict[str, Microphone] = {}
        for name in names:
            board = walk.board(microphone__driver="pyaudio", microphone__device=name, microphone__gain_db=0.0)
            try:
                opened[name] = await board.microphone()
            except HardwareError as error:
                told[name] = str(error)
            else:
                stack.push_async_callback(opened[name].close)
        walk.say("Speak now.")
        async with asyncio.TaskGroup() as group:
            tasks = {name: group.create_task(_one(one)) for name, one in opened.items()}
        walk.say("Thank you.")
    return told | {name: task.result() for name, task in tasks.items()}


async def _one(opened: Microphone) -> Told:
    try:
        for _ in range(round(_SETTLE_S / FRAME_S)):
            await opened.read()
        frames = [await opened.read() for _ in range(round(LISTEN_S / FRAME_S))]
    except HardwareError as error:
        return str(error)
    return heard(frames)
