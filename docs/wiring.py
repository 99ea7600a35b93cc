"""The reference speaker's wires: data for the drawing and for README.md.

Nothing about pins is written down here twice. Which GPIO does what comes from `config/speaker.toml` and from what
`daemon.config` knows of I2S and SPI; where each GPIO is on the header, from gpiozero.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gpiozero.pins.mock import MockFactory

from daemon.config import Config, conflicts, load

SPEAKER: Final = Path(__file__).parents[1] / "config" / "speaker.toml"
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


def parts(config: Config) -> tuple[Part, ...]:
    """Return the parts of a device with an APA102 ring on SPI0, a button, and I2S for both kinds of sound."""
    assert config.leds.driver == "apa102"
    assert config.leds.spi_bus == 0
    assert config.button.pull_up
    sound = {use: gpio for gpio, use in conflicts.SOUND_PINS.items()}
    spi = {use: gpio for gpio, use in conflicts.SPI0_PINS.items()}
    bit_clock, word_clock = place_of(sound["bit clock"]), place_of(sound["word clock"])
    return (
        Part(
            "Button",
            "any push button",
            left=True,
            top_px=160,
            wires=(
                Wire("one side", 9, 378, GREY),
                Wire("other side", place_of(config.button.pin), 352, WHITE, "button"),
            ),
            notes=("The Pi's own resistor pulls it up.",),
        ),
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


def table() -> str:
    """Return the wires as a Markdown table."""
    rows = ["| part | its terminal | header | there it is | |", "|---|---|---|---|---|"]
    for part in parts(load(SPEAKER)):
        for number, wire in enumerate(part.wires):
            name = f"**{part.name}**, {part.kind}" if number == 0 else ""
            rows.append(f"| {name} | {wire.terminal} | {wire.place} | {HEADER[wire.place]} | {wire.means} |")
    return "\n".join(rows)
