"""The button: all likely pins are watched while its owner presses it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from typing import Final

from hardware.interfaces import Button, HardwareError

from ..config import Config
from .walk import Walk

WAIT_S: Final = 20.0
_SETTLE_S: Final = 0.3
"""What is closed already when it is opened says so within this time, and is no button that was just pressed."""
_SOUND_PINS: Final = frozenset({18, 19, 20, 21})
"""I2S (hardware.md section 4)."""
_BUS_PINS: Final = frozenset({2, 3, 7, 8, 9, 10, 11, 14, 15})
"""I2C, SPI and the serial console."""


def likely_pins(taken: Iterable[int]) -> tuple[int, ...]:
    """Return the pins on which a button can be, those that are `taken` by other parts left out."""
    return tuple(sorted(set(range(2, 28)) - _SOUND_PINS - _BUS_PINS - set(taken)))


async def button(walk: Walk) -> None:
    """Settle `button.driver`, `button.pin` and `button.pull_up`."""
    if not await walk.agrees("Is there a button?", default=walk.config.button.driver != "none"):
        walk.put(button__driver="none")
        return
    pull_up = True
    while True:
        found = await _pressed(walk, pull_up=pull_up)
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
    """Return the pin that was pressed within `WAIT_S`; None, having said why, if none was."""
    async with AsyncExitStack() as stack:
        opened: dict[int, Button] = {}
        faults: list[str] = []
        for pin in likely_pins(_taken(walk.config)):
            board = walk.board(button__driver="gpiozero", button__pin=pin, button__pull_up=pull_up)
            try:
                opened[pin] = await board.button()
            except HardwareError as error:
                faults.append(str(error))  # taken by something else, or no pins at all
            else:
                stack.push_async_callback(opened[pin].close)
        if not opened:
            walk.say(f"No pin can be watched. {faults[0]}.")
            return None
        walk.say(f"Press the button now, within {WAIT_S:.0f} s. Watching GPIO{', '.join(map(str, opened))}.")
        found = await _first(walk, opened)
        if found is None:
            walk.say("No press was seen.")
        return found


def _taken(config: Config) -> set[int]:
    """Return the pins of other parts that are on pins of their own."""
    leds, mute = config.leds, config.mute
    light = {leds.red_pin, leds.green_pin, leds.blue_pin} if leds.driver == "rgb_led" else set()
    return light | ({mute.pin} if mute.driver == "gpiozero" else set())


async def _first(walk: Walk, opened: Mapping[int, Button]) -> int | None:
    """Return the first pin that is pressed; those that are closed already do not count."""
    pressed: asyncio.Queue[int] = asyncio.Queue()
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(_watch(pin, one, pressed)) for pin, one in opened.items()]
        await asyncio.sleep(_SETTLE_S)
        while not pressed.empty():
            walk.say(f"GPIO{pressed.get_nowait()} is closed all the time and is not watched.")
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
