"""On which pins a button or a switch can be. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ..config import Config

_SOUND_PINS: Final = frozenset({18, 19, 20, 21})
"""I2S (hardware.md section 4)."""
_BUS_PINS: Final = frozenset({2, 3, 7, 8, 9, 10, 11, 14, 15})
"""I2C, SPI and the serial console."""


def likely_pins(taken: Iterable[int]) -> tuple[int, ...]:
    """Return the pins on which a contact can be, those that are `taken` by other parts left out."""
    return tuple(sorted(set(range(2, 28)) - _SOUND_PINS - _BUS_PINS - set(taken)))


def taken(config: Config, *, but: str) -> set[int]:
    """Return the pins of the parts that are on pins of their own, `but` one section's."""
    pins: dict[str, set[int]] = {}
    if config.leds.driver == "rgb_led":
        pins["leds"] = {config.leds.red_pin, config.leds.green_pin, config.leds.blue_pin}
    if config.button.driver == "gpiozero":
        pins["button"] = {config.button.pin}
    if config.mute.driver == "gpiozero":
        pins["mute"] = {config.mute.pin}
    return {pin for section, of_part in pins.items() if section != but for pin in of_part}
