"""What the firmware was told at the start: config.txt and the kernel's command line, as far as parts depend on it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "overlays"
PLACES: Final = ("/boot/firmware/config.txt", "/boot/config.txt")
"""Where the file is since Bookworm, and where it was."""
SOUND_OVERLAYS: Final = {
    "sndrpigooglevoi": "googlevoicehat-soundcard",
    "sndrpihifiberry": "hifiberry-dac",
    "wm8960soundcard": "wm8960-soundcard",
    "seeed2micvoicec": "wm8960-soundcard",
    "MAX98357A": "max98357a",
    "sndrpisimplecar": "simple-audio-card",
}
"""By the id of the card that an overlay of the kernel's makes."""
_FILTERS: Final = {
    "all": "",
    "pi5": r"Raspberry Pi (5|500|Compute Module 5)\b",
    "pi4": r"Raspberry Pi (4|400|Compute Module 4)\b",
    "pi3": r"Raspberry Pi (3|Compute Module 3)\b",
    "pi3+": r"Raspberry Pi 3 Model [AB] Plus",
    "pi02": r"Raspberry Pi Zero 2",
    "pi0": r"Raspberry Pi Zero",
    "cm5": r"Compute Module 5",
    "cm4": r"Compute Module 4",
    "pi500": r"Raspberry Pi 500",
    "pi400": r"Raspberry Pi 400",
}
"""Which boards the lines below `[name]` are for; those below any other name are taken to be for others."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What config.txt says to this board."""

    path: str
    """Empty if there is no such file."""
    settings: tuple[tuple[str, str], ...]
    """Each line in force: `("dtparam", "spi=on")`."""

    def overlay(self, name: str) -> bool:
        """Whether an overlay is asked for, with whatever parameters."""
        return any(key == "dtoverlay" and value.split(",")[0] == name for key, value in self.settings)

    def parameter(self, name: str) -> bool:
        """Whether a parameter of the base device tree is switched on."""
        parameters = [part for key, value in self.settings if key == "dtparam" for part in value.split(",")]
        said = [part.partition("=")[2] or "on" for part in parameters if part.partition("=")[0] == name]
        return bool(said) and said[-1] in {"on", "true", "yes", "1"}

    def value(self, name: str) -> str:
        """Return what a setting is in the end; empty if it is not set."""
        return next((value for key, value in reversed(self.settings) if key == name), "")


def look(machine: Machine, model: str) -> Facts:
    """Gather the facts, for the board `model`."""
    for path in PLACES:
        text = machine.text(path)
        if text is not None and "moved to" not in text:
            return Facts(path, tuple(_in_force(text, model)))
    return Facts("", ())


def findings(facts: Facts, *, model: str, ring: str, devices: tuple[str, ...], spi_there: bool) -> Iterator[Finding]:
    """Say what they mean.

    Args:
        facts: The facts.
        model: Of the board.
        ring: `leds.driver`.
        devices: `microphone.device` and `speaker.device`.
        spi_there: Whether the ring's SPI device is there.
    """
    if not facts.path:
        yield note(AREA, "there is no /boot/firmware/config.txt: this does not apply")
        return
    if ring in {"apa102", "ws2812_spi"}:
        if facts.parameter("spi") or spi_there:
            yield fine(AREA, "SPI is switched on")
        else:
            yield to_do(AREA, "SPI is off, and the ring needs it", _add(facts, "dtparam=spi=on"))
    if ring == "ws2812_spi":
        yield from _clock(facts, model)
    for overlay in sorted({overlay for name in devices for card, overlay in SOUND_OVERLAYS.items() if card in name}):
        if facts.overlay(overlay):
            yield fine(AREA, f"the sound overlay {overlay} is asked for")
        else:
            what = f"the configured sound card needs an overlay that {facts.path} does not ask for"
            yield to_do(AREA, what, _add(facts, f"dtoverlay={overlay}"))


def _clock(facts: Facts, model: str) -> Iterator[Finding]:
    """A WS2812's bits are timed by SPI, which on these boards follows the core's clock (hardware.md section 4)."""
    wanted: tuple[tuple[str, str], ...] = ()
    if re.search(r"Raspberry Pi (3|Zero 2|Compute Module 3)", model):
        wanted = (("core_freq", "250"),)
    elif re.search(r"Raspberry Pi (4|Compute Module 4)", model):
        wanted = (("core_freq", "500"), ("core_freq_min", "500"))
    missing = [f"{name}={value}" for name, value in wanted if facts.value(name) != value]
    if missing:
        yield to_do(AREA, "SPI's clock changes with the load, and the ring's colours with it", _add(facts, *missing))
    elif wanted:
        yield fine(AREA, "SPI's clock is fixed, as a ring of WS2812 needs it")


def _add(facts: Facts, *lines: str) -> str:
    return f"Add {' and '.join(lines)} to {facts.path} and restart the Pi"


def _in_force(text: str, model: str) -> Iterator[tuple[str, str]]:
    counts = True
    for raw in text.splitlines():
        line = raw.partition("#")[0].strip()
        if line.startswith("[") and line.endswith("]"):
            boards = _FILTERS.get(line[1:-1])
            counts = boards is not None and re.search(boards, model) is not None
        elif counts and "=" in line:
            key, _, value = line.partition("=")
            yield key.strip(), value.strip()
