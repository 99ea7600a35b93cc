"""The SPI bus that the ring hangs on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from .finding import Finding, fine, note, to_do

AREA: Final = "ring"


def findings(*, driver: str, node: str, there: bool, is_pi: bool, library: bool) -> Iterator[Finding]:
    """Say what the facts mean.

    Args:
        driver: `leds.driver`.
        node: The SPI device that it needs.
        there: Whether that is there.
        is_pi: Whether the machine is a Raspberry Pi.
        library: Whether vocative's Python can import spidev.
    """
    if driver not in {"apa102", "ws2812_spi"}:
        yield note(AREA, f'leds.driver is "{driver}": SPI does not apply')
    elif there:
        yield fine(AREA, f"{node} is there")
        if not library:
            remedy = "sudo apt install python3-spidev, in a virtual environment made with --system-site-packages"
            yield to_do(AREA, "spidev cannot be imported", remedy)
    elif is_pi:
        yield to_do(AREA, f"{node} is not there", "Switch SPI on (see overlays) and restart the Pi")
    else:
        yield note(AREA, f"{node} is not there", 'On this machine set leds.driver to "none" or "simulated"')
