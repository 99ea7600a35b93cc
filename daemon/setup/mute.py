"""The mute switch: all likely pins are watched while its owner flips it out of the position that mutes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from typing import Final

from hardware.interfaces import DeviceMissing, HardwareError, MuteSwitch

from .pins import likely_pins, taken
from .walk import Walk

WAIT_S: Final = 20.0
_SETTLE_S: Final = 0.5
"""By then each pin has said how it stands."""


@dataclass(frozen=True, slots=True)
class Flipped:
    """A contact that has changed."""

    pin: int
    was_closed: bool
    """In the position that is to mute."""


async def mute(walk: Walk) -> None:
    """Settle `mute.driver`, `mute.pin`, `mute.pull_up` and `mute.muted_when`."""
    there = await walk.agrees(
        "Is there a switch on the pin header that shuts the microphone off?", default=walk.config.mute.driver != "none"
    )
    if not there:
        walk.put(mute__driver="none")
        return
    pull_up = walk.config.mute.pull_up
    while True:
        try:
            found = await _flipped(walk, pull_up=pull_up)
        except DeviceMissing as missing:
            walk.say(f"No pin can be watched, so it is left as it is. {missing}.")
            return
        if found is not None:
            _take(walk, found, pull_up=pull_up)
            return
        other = "to 3.3 V" if pull_up else "to ground"
        place = await walk.ask(
            "What now?", "leave it as it is", "try again", f"try again: it connects its pin {other}", default=1
        )
        if place == 0:
            return
        if place == 2:
            pull_up = not pull_up


def _take(walk: Walk, found: Flipped, *, pull_up: bool) -> None:
    muted_when = "closed" if found.was_closed else "open"
    walk.put(mute__driver="gpiozero", mute__pin=found.pin, mute__pull_up=pull_up, mute__muted_when=muted_when)
    walk.say(f"It is on GPIO{found.pin}, and mutes when its contact is {muted_when}.")
    if found.was_closed:
        walk.say("A wire that comes off would open the microphone. The other way round it would mute it, if you can")
        walk.say("turn the switch, or use its other contact: vocative setup mute")


async def _flipped(walk: Walk, *, pull_up: bool) -> Flipped | None:
    """Return the contact that changed within `WAIT_S`; None, having said so, if none did.

    Raises:
        DeviceMissing: No pin at all can be watched.
    """
    await walk.terminal.line("Put the switch where the microphone is to be OFF, then press Enter. ")
    async with AsyncExitStack() as stack:
        opened: dict[int, MuteSwitch] = {}
        faults: list[str] = []
        for pin in likely_pins(taken(walk.config, but="mute")):
            # So that `position` says whether the contact is closed.
            board = walk.board(mute__driver="gpiozero", mute__pin=pin, mute__pull_up=pull_up, mute__muted_when="closed")
            try:
                opened[pin] = await board.mute_switch()
            except HardwareError as error:
                faults.append(str(error))  # taken by something else, or no pins at all
            else:
                stack.push_async_callback(opened[pin].close)
        if not opened:
            raise DeviceMissing(faults[0])
        found = await _first(walk, opened)
        if found is None:
            walk.say("Nothing has changed on any pin.")
        return found


async def _first(walk: Walk, opened: Mapping[int, MuteSwitch]) -> Flipped | None:
    """Return the first contact that changes from now on."""
    stands: dict[int, bool] = {}
    moved: asyncio.Queue[int] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(_watch(pin, one, stands, moved)) for pin, one in opened.items()]
        try:
            await asyncio.sleep(_SETTLE_S)
            while not moved.empty():
                moved.get_nowait()  # on its way to where it is to be
            walk.say(f"Now flip it, within {WAIT_S:.0f} s. Watching GPIO{', '.join(map(str, opened))}.")
            async with asyncio.timeout(WAIT_S):
                pin = await moved.get()
            return Flipped(pin, was_closed=not stands[pin])
        except TimeoutError:
            return None
        finally:
            for one in watching:
                one.cancel()


async def _watch(pin: int, one: MuteSwitch, stands: dict[int, bool], moved: asyncio.Queue[int]) -> None:
    """Keep how a contact stands, and say each time that it has changed."""
    with suppress(HardwareError):
        stands[pin] = await one.position()
        while True:
            stands[pin] = await one.position()
            moved.put_nowait(pin)
