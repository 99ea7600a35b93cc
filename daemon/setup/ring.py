"""The light: it shows red, green and blue, and its owner says whether that is so."""

from __future__ import annotations

import asyncio
from typing import Final

from hardware.interfaces import HardwareError, Rgb

from .walk import Value, Walk

SHOW_S: Final = 1.5
COLOURS: Final[tuple[tuple[str, Rgb], ...]] = (("red", (255, 0, 0)), ("green", (0, 255, 0)), ("blue", (0, 0, 255)))
_KINDS: Final = (
    ("apa102", "a ring or strip with two data wires: APA102, SK9822, DotStar"),
    ("ws2812_spi", "one with a single data wire, on GPIO10: WS2812, NeoPixel"),
    ("rgb_led", "a single LED on three pins"),
)


async def ring(walk: Walk) -> None:
    """Settle `leds.driver`, and `leds.count` or the pins."""
    drivers = [driver for driver, _ in _KINDS]
    while True:
        leds = walk.config.leds
        default = drivers.index(leds.driver) if leds.driver in drivers else len(drivers)
        choices = (*(words for _, words in _KINDS), "none")
        place = await walk.ask("Which light is there?", *choices, default=default)
        if place == len(drivers):
            walk.put(leds__driver="none")
            return
        wished = await _wished(walk, drivers[place])
        if await _shown(walk, wished):
            if await walk.agrees("Was it red, then green, then blue, and every pixel of it?"):
                walk.put(**wished)
                return
            walk.say("Other colours: it is of another kind. Some pixels only: it has more of them.")
            walk.say("Nothing: look at the wires, and whether SPI is on (dtparam=spi=on).")
        if await walk.ask("What now?", "try again", "leave it as it is") == 1:
            return


async def _wished(walk: Walk, driver: str) -> dict[str, Value]:
    """Return what is to be tried."""
    leds = walk.config.leds
    if driver != "rgb_led":
        count = await walk.number("How many pixels has it?", leds.count, 1, 320)
        return {"leds__driver": driver, "leds__count": count}
    pins = {"red": leds.red_pin, "green": leds.green_pin, "blue": leds.blue_pin}
    asked = {colour: await walk.number(f"On which GPIO is {colour}?", pin, 2, 27) for colour, pin in pins.items()}
    return {"leds__driver": driver, **{f"leds__{colour}_pin": pin for colour, pin in asked.items()}}


async def _shown(walk: Walk, wished: dict[str, Value]) -> bool:
    """Show the colours; return whether that was possible."""
    try:
        opened = await walk.board(**wished).leds()
        try:
            for name, colour in COLOURS:
                walk.say(f"  {name}")
                opened.show([colour] * opened.count)
                await asyncio.sleep(SHOW_S)
        finally:
            opened.close()
    except HardwareError as error:
        walk.say(f"It cannot be lit: {error}")
        return False
    return True
