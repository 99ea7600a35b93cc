"""Combinations of parts that are known, as data: one choice for several keys. Each is tried like any other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from .walk import Value, Walk


@dataclass(frozen=True, slots=True)
class Profile:
    """One combination."""

    name: str
    values: dict[str, Value] = field(default_factory=dict)
    """As for `Walk.put`."""


PROFILES: Final = (
    Profile(
        # config/speaker.toml, docs/parts.md
        "I2S microphone and MAX98357A (overlay googlevoicehat-soundcard), 12 APA102, button on GPIO17",
        {
            "microphone__device": "hw:CARD=sndrpigooglevoi",
            "microphone__gain_db": 20.0,
            "speaker__device": "hw:CARD=sndrpigooglevoi",
            "leds__driver": "apa102",
            "leds__count": 12,
            "button__driver": "gpiozero",
            "button__pin": 17,
        },
    ),
    Profile(
        # hardware.md section 4: 3 LEDs on SPI, the button on GPIO17; its sound card is found like any other
        "ReSpeaker 2-Mics Pi HAT",
        {"leds__driver": "apa102", "leds__count": 3, "button__driver": "gpiozero", "button__pin": 17},
    ),
    Profile(
        # config/glasses.toml
        "Glasses: USB sound, one RGB LED on GPIO5, 6 and 13, button on GPIO17",
        {
            "leds__driver": "rgb_led",
            "leds__red_pin": 5,
            "leds__green_pin": 6,
            "leds__blue_pin": 13,
            "leds__brightness_percent": 15,
            "button__driver": "gpiozero",
            "button__pin": 17,
            "turn__mode": "tap",
        },
    ),
    Profile(
        # README "Talking over the answer": a conference microphone takes the echo out itself
        "USB speakerphone that takes the echo out itself; no button, no light",
        {"echo__mode": "system", "leds__driver": "none", "button__driver": "none", "turn__mode": "hands_free"},
    ),
)


async def profile(walk: Walk) -> None:
    """Settle what is known of a combination, as what the next steps begin with."""
    names = [one.name for one in PROFILES]
    place = await walk.ask("What is it made of?", *names, "something else, or as configured", default=len(names))
    if place < len(names):
        walk.put(**PROFILES[place].values)
