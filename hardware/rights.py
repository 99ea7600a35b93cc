"""Waits, while the machine boots, until udev has given the devices of the parts to their groups.

The kernel makes /dev/gpiochip0 and the like for root alone; a moment later udev goes by its rules (90-vocative.rules).
A service that begins with the machine may be between the two.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from hardware.settings import BoardSettings

BOOTING_S: Final = 60.0
"""Since the kernel was started. What is closed later than that stays so, or is opened again by its own room."""
PATIENCE_S: Final = 3.0
_LOOK_S: Final = 0.05


def _may(node: Path) -> bool:
    return os.access(node, os.R_OK | os.W_OK)


async def rights_given(settings: BoardSettings, root: Path = Path("/"), may: Callable[[Path], bool] = _may) -> None:
    """Return when no device of the parts is closed to this user, or after 3 s; at once unless the machine boots.

    One that is not there is not waited for: it may never come. What is closed after that, the part's opening tells.
    """
    if _uptime_s(root) > BOOTING_S:
        return
    loop = asyncio.get_running_loop()
    patience_s = loop.time() + PATIENCE_S
    while (  # noqa: ASYNC110 - nothing tells of rights
        not all(map(may, _nodes(settings, root / "dev"))) and loop.time() < patience_s
    ):
        await asyncio.sleep(_LOOK_S)


def _nodes(settings: BoardSettings, dev: Path) -> Iterator[Path]:
    """Yield the devices that are there of the kinds that the parts need."""
    if "pyaudio" in {settings.microphone.driver, settings.speaker.driver}:
        yield from (dev / "snd").glob("pcm*")
        yield from (dev / "snd").glob("control*")
    leds = settings.leds
    if "gpiozero" in {settings.button.driver, settings.mute.driver} or leds.driver == "rgb_led":
        yield from dev.glob("gpiochip*")
    if leds.driver in {"apa102", "ws2812_spi"}:
        yield from dev.glob(f"spidev{leds.spi_bus}.{leds.spi_device}")


def _uptime_s(root: Path) -> float:
    """Return how long the kernel has run; for ever if nobody knows."""
    try:
        return float((root / "proc/uptime").read_text().split()[0])
    except OSError:
        return float("inf")
