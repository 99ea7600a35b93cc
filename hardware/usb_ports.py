"""Which sound card is plugged into which USB port: a name that tells two equal cards apart and survives a restart.

A card's id, such as `Device_1`, depends on which of two equal cards was found first; its port does not. The kernel
calls it `usb-xhci-hcd.0-1.2`: the controller, and the way through the hubs. /proc/asound/cards says it as well, but
cuts it off behind a long product name, so it is read from /sys.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Final

from hardware.interfaces import DeviceMissing
from hardware.sound_devices import Direction

_WANTED: Final = re.compile(r"(usb-.+-\d+(?:\.\d+)*)(,DEV=\d+)?")
_PLACE: Final = re.compile(r".*/(?P<controller>[^/]+)/usb\d+/(?:[^/]+/)*?\d+-(?P<port>[\d.]+)/[^/]+:[\d.]+(?:/|$)")
"""A USB device's folder in /sys: …/xhci-hcd.0/usb1/1-1/1-1.2/1-1.2:1.0."""


def port_at(place: str) -> str | None:
    """Return the port of what has its folder at `place` in /sys; None if that is not on USB."""
    found = _PLACE.match(place)
    return f"usb-{found['controller']}-{found['port']}" if found else None


def sound_ports(root: Path = Path("/")) -> dict[str, str]:
    """Return the ports of the sound cards that are on USB, by the cards' ids of today."""
    ports = {}
    for card in sorted((root / "sys/class/sound").glob("card*")):
        try:
            port = port_at(os.path.realpath(card / "device"))
            if port:
                ports[(card / "id").read_text().strip()] = port
        except OSError:
            continue  # pulled out while we look
    return ports


def card_at_port(wanted: str, direction: Direction, root: Path = Path("/")) -> str:
    """Return the card that `wanted`, if it is a port's name, means now, as `find_device` knows it; or else `wanted`.

    Raises:
        DeviceMissing: No sound card is plugged in there.
    """
    port = _WANTED.fullmatch(wanted)
    if port is None:
        return wanted
    ports = sound_ports(root)
    for card, place in ports.items():
        if place == port[1]:
            return f"hw:CARD={card}{port[2] or ''}"
    there = ", ".join(f'"{place}" ({card})' for card, place in ports.items())
    raise DeviceMissing(
        f"{direction.value}: no sound card is plugged into {port[1]}. {f'There are: {there}. ' if there else ''}"
        f"Plug it in there, or set {direction.value}.device to another."
    )
