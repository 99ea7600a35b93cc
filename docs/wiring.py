"""The wires of the reference speaker and of the glasses: data for the drawings and for the tables beside them.

Nothing about pins is written down here twice. Which GPIO does what comes from `config/speaker.toml` and
`config/glasses.toml`, and from what `daemon.config` knows of I2S and SPI; where each GPIO is on the header, from
gpiozero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gpiozero.pins.mock import MockFactory

from daemon.config import Config, conflicts, load

_CONFIGS: Final = Path(__file__).parents[1] / "config"
HEADER: Final[Mapping[int, str]] = {
    place: pin.name for place, pin in MockFactory().board_info.headers["J8"].pins.items()
}
"""What is at each place of the 40-pin header, which is the same on every Pi that has one: "GPIO17", "GND", "5V"."""

TOP_PX: Final = 158
"""The first row of the header."""
PITCH_PX: Final = 29
"""From one row to the next, of the header and of the parts' terminals."""
ABOVE_PX: Final = TOP_PX - 38
BELOW_PX: Final = TOP_PX + 20 * PITCH_PX + 4
"""Where wires go round the header."""

RED, ORANGE, GREY = "#ff5f56", "#ffa94d", "#8f98a6"
"""5 V, 3.3 V, ground."""
CYAN, GREEN, VIOLET, YELLOW = "#35cdf2", "#4ddc62", "#b57bff", "#ffd84d"
PINK, BLUE, WHITE = "#ff7ac2", "#6ea8ff", "#f2f4f8"


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire from a terminal of a part to a place of the header."""

    terminal: str
    """What is printed on the part; boards differ."""
    place: int
    """1 to 40."""
    lane_px: float
    """The x at which it runs up or down."""
    colour: str
    means: str = ""
    """What it carries; empty for a supply."""
    over_px: float | None = None
    """The y at which it goes round the header, above or below, for a part on the other side."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part, on the left or the right of the header."""

    name: str
    kind: str
    left: bool
    top_px: int
    wires: tuple[Wire, ...]
    notes: tuple[str, ...] = ()
    """Said below its terminals."""

    @property
    def height_px(self) -> int:
        """Its height on the page."""
        return 58 + PITCH_PX * len(self.wires) + 16 * len(self.notes) + 8

    def terminal_y_px(self, number: int) -> float:
        """Return where the wire `number` begins."""
        return self.top_px + 68 + PITCH_PX * number


@dataclass(frozen=True, slots=True)
class Apart:
    """A part that is not on the header: on the left of the page, with a dashed edge."""

    name: str
    kind: str
    note: str
    top_px: int


@dataclass(frozen=True, slots=True)
class Wiring:
    """A whole device."""

    title: str
    colours: str
    """What the colours of the wires mean."""
    parts: tuple[Part, ...]
    apart: tuple[Apart, ...]


def speaker() -> Wiring:
    """Return the reference speaker."""
    camera = Apart("Camera", "on the ribbon, if you want one", "Its socket says CAMERA or CAM.", 556)
    colours = "Red is 5 V, orange 3.3 V, grey ground."
    return Wiring(
        "How the reference speaker is wired", colours, _speaker_parts(load(_CONFIGS / "speaker.toml")), (camera,)
    )


def glasses() -> Wiring:
    """Return the reference glasses."""
    apart = (
        Apart("Camera", "on the ribbon", "Its socket says CAMERA or CAM.", 556),
        Apart("Sound", "a USB sound card or headset", "Zero 2 W: adapter to micro USB.", 660),
    )
    parts = _glasses_parts(load(_CONFIGS / "glasses.toml"))
    return Wiring("How the reference glasses are wired", "Grey is ground.", parts, apart)


def _button(config: Config) -> Part:
    assert config.button.pull_up
    return Part(
        "Button",
        "any push button",
        left=True,
        top_px=160,
        wires=(
            Wire("one side", 9, 378, GREY),
            Wire("other side", place_of(config.button.pin), 352, WHITE, "button"),
        ),
        notes=("The Pi's own resistor pulls it up.",),
    )


def _glasses_parts(config: Config) -> tuple[Part, ...]:
    """Return the parts of a device with a single LED and a button; its sound and its camera need no pins."""
    leds = config.leds
    assert leds.driver == "rgb_led"
    light = Part(
        "Light",
        "one RGB LED, common cathode",
        left=True,
        top_px=330,
        wires=(
            Wire("red", place_of(leds.red_pin), 378, RED, "red"),
            Wire("green", place_of(leds.green_pin), 352, GREEN, "green"),
            Wire("blue", place_of(leds.blue_pin), 326, BLUE, "blue"),
            Wire("cathode, the longest", 39, 300, GREY),
        ),
        notes=("Each colour through 220 to 470 Ω.",),
    )
    return (_button(config), light)


def _speaker_parts(config: Config) -> tuple[Part, ...]:
    """Return the parts of a device with an APA102 ring on SPI0, a button, and I2S for both kinds of sound.

    The mute switch is where it would be, if its owner wanted one.
    """
    assert config.leds.driver == "apa102"
    assert config.leds.spi_bus == 0
    assert config.mute.pull_up
    sound = {use: gpio for gpio, use in conflicts.SOUND_PINS.items()}
    spi = {use: gpio for gpio, use in conflicts.SPI0_PINS.items()}
    bit_clock, word_clock = place_of(sound["bit clock"]), place_of(sound["word clock"])
    return (
        _button(config),
        Part(
            "Ring",
            f"{config.leds.count} APA102 (DotStar, SK9822)",
            left=True,
            top_px=322,
            wires=(
                Wire("5V / VCC", 4, 402, RED, over_px=ABOVE_PX - 22),
                Wire("DI", place_of(spi["MOSI"]), 378, PINK, "data"),
                Wire("CI", place_of(spi["SCLK"]), 352, BLUE, "clock"),
                Wire("GND", 25, 326, GREY),
            ),
            notes=("DI and CI, not DO and CO.",),
        ),
        Part(
            "Mute switch",
            "slide or toggle, if you want one",
            left=True,
            top_px=652,
            wires=(
                Wire("middle", place_of(config.mute.pin), 352, YELLOW, "mute"),
                Wire("one side", 39, 378, GREY),
            ),
            notes=("While it is open, it is muted.",),
        ),
        Part(
            "Microphone",
            "INMP441 or SPH0645, I2S",
            left=False,
            top_px=119,
            wires=(
                Wire("VDD / 3V", 1, 900, ORANGE, over_px=ABOVE_PX),
                Wire("GND, and L/R / SEL", 6, 816, GREY),
                Wire("SD / DOUT", place_of(sound["input"]), 816, VIOLET, "sound in"),
                Wire("WS / LRCL", word_clock, 868, GREEN, "word clock", BELOW_PX),
                Wire("SCK / BCLK", bit_clock, 842, CYAN, "bit clock"),
            ),
            notes=("L/R or SEL to ground: left channel.",),
        ),
        Part(
            "Amplifier",
            "MAX98357A, I2S",
            left=False,
            top_px=467,
            wires=(
                Wire("BCLK", bit_clock, 842, CYAN, "bit clock"),
                Wire("LRC", word_clock, 868, GREEN, "word clock", BELOW_PX),
                Wire("DIN", place_of(sound["output"]), 894, YELLOW, "sound out"),
                Wire("GND", 34, 790, GREY),
                Wire("Vin", 2, 764, RED),
            ),
            notes=("GAIN and SD stay open. + and - go", "to a loudspeaker of 4 to 8 ohms."),
        ),
    )


def place_of(gpio: int) -> int:
    """Return the place on the header of a GPIO, which is something else than its number."""
    return next(place for place, name in HEADER.items() if name == f"GPIO{gpio}")


def table(wiring: Wiring) -> str:
    """Return the wires as a Markdown table."""
    rows = ["| part | its terminal | header | there it is | |", "|---|---|---|---|---|"]
    for part in wiring.parts:
        for number, wire in enumerate(part.wires):
            name = f"**{part.name}**, {part.kind}" if number == 0 else ""
            rows.append(f"| {name} | {wire.terminal} | {wire.place} | {HEADER[wire.place]} | {wire.means} |")
    return "\n".join(rows)
