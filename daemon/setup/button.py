"""The button: all likely pins are watched while its owner presses it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack, suppress
from typing import Final

from hardware.interfaces import Button, DeviceMissing, HardwareError

from .pins import likely_pins, taken
from .walk import Walk

WAIT_S: Final = 20.0
_SETTLE_S: Final = 0.3
"""What is closed already when it is opened says so within this time, and is no button that was just pressed."""


async def button(walk: Walk) -> None:
    """Settle `button.driver`, `button.pin` and `button.pull_up`."""
    if not await walk.agrees("Is there a button?", default=walk.config.button.driver != "none"):
        walk.put(button__driver="none")
        return
    pull_up = True
    while True:
        try:
            found = await _pressed(walk, pull_up=pull_up)
        except DeviceMissing as missing:
            walk.say(f"No pin can be watched, so it is left as it is. {missing}.")
            return
        if found is not None:
            walk.say(f"It is on GPIO{found}.")
            walk.put(button__driver="gpiozero", button__pin=found, button__pull_up=pull_up)
            return
        other = "to 3.3 V" if pull_up else "to ground"
        place = await walk.ask(
            "What now?", "leave it as it is", "try again", f"try again: it connects its pin {other}", default=1
        )
        if place == 0:
            return
        if place == 2:
            pull_up = not pull_up


async def _pressed(walk: Walk, *, pull_up: bool) -> int | None:
    """Return the pin that was pressed within `WAIT_S`; None, having said so, if none was.

    Raises:
        DeviceMissing: No pin at all can be watched.
    """
    async with AsyncExitStack() as stack:
        opened: dict[int, Button] = {}
        faults: list[str] = []
        for pin in likely_pins(taken(walk.config, but="button")):
            board = walk.board(button__driver="gpiozero", button__pin=pin, button__pull_up=pull_up)
            try:
                opened[pin] = await board.button()
            except HardwareError as error:
                faults.append(str(error))  # taken by something else, or no pins at all
            else:
                stack.push_async_callback(opened[pin].close)
        if not opened:
            raise DeviceMissing(faults[0])
        found = await _first(walk, opened)
        if found is None:
            walk.say("No press was seen.")
        return found


async def _first(walk: Walk, opened: Mapping[int, Button]) -> int | None:
    """Return the first pin that is pressed; those that are closed already do not count."""
    pressed: asyncio.Queue[int] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(_watch(pin, one, pressed)) for pin, one in opened.items()]
        await asyncio.sleep(_SETTLE_S)
        while not pressed.empty():
            walk.say(f"GPIO{pressed.get_nowait()} is closed all the time and is not watched.")
        walk.say(f"Press the button now, within {WAIT_S:.0f} s. Watching GPIO{', '.join(map(str, opened))}.")
        try:
            async with asyncio.timeout(WAIT_S):
                return await pressed.get()
        except TimeoutError:
            return None
        finally:
            for one in watching:
                one.cancel()


async def _watch(pin: int, one: Button, pressed: asyncio.Queue[int]) -> None:
    """Say which pin it was, once. A button's first edge is a press."""
    with suppress(HardwareError):
        await one.edge()
        pressed.put_nowait(pin)
