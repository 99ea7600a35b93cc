"""What is connected to this machine, as far as that can be seen without a configuration. Nothing stays open."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hardware.board import chosen_sound_device, sound_devices
from hardware.holder import card_holders
from hardware.interfaces import DeviceMissing
from hardware.sound_devices import Ability, Direction, kernel_devices
from hardware.stable_names import stable_name
from hardware.usb_ports import sound_ports

_PLACE: Final = re.compile(r"\(hw:(\d+),(\d+)\)")
_ALIAS: Final = re.compile(
    r"front|rear|side|center_lfe|surround\d+|iec958|spdif|hdmi|modem|phoneline|dmix|dsnoop|sysdefault|null"
)
"""What ALSA's own alsa.conf makes up beside the cards: other ways to the first of them."""
_SPI: Final = re.compile(r"spidev(\d+)\.(\d+)")


@dataclass(frozen=True, slots=True)
class Sound:
    """A microphone or a loudspeaker."""

    device: str
    """For `microphone.device` or `speaker.device`: a name that does not change."""
    name: str
    """As PortAudio shows it."""
    channels: int
    rates_hz: tuple[int, ...]
    """What it really supports, of what we can use; empty while it is busy."""
    busy: bool
    holders: tuple[str, ...]
    """Who has it open, as far as this user may know."""
    chosen: bool
    """The configuration means this one."""
    usable: bool = True
    """This user may open it."""

    @property
    def is_card(self) -> bool:
        """Whether it is a card itself, not one of the PCMs that ALSA's configuration makes up."""
        return _PLACE.search(self.name) is not None


@dataclass(frozen=True, slots=True)
class Node:
    """A camera, a GPIO chip or an SPI bus."""

    path: str
    about: str
    """What it is."""
    toml: str
    """The lines for the configuration, one after the other in one; empty if it needs none."""
    usable: bool
    """This user may open it."""


def sounds(wanted: dict[Direction, str], root: Path = Path("/")) -> dict[Direction, list[Sound]]:
    """Return all microphones and loudspeakers, those that are busy included, cards first.

    Each is opened for a moment to find out what it supports, so it may take some seconds.

    Args:
        wanted: What the configuration says for each direction.
        root: Where /proc and /sys are.

    Raises:
        DeviceMissing: The sound system does not answer.
    """
    able = dict(zip((Direction.CAPTURE, Direction.PLAYBACK), sound_devices(), strict=True))
    return {direction: _sounds(direction, able[direction], wanted[direction], root) for direction in able}


def _sounds(direction: Direction, able: list[Ability], wanted: str, root: Path) -> list[Sound]:
    cards, ports = _text(root / "proc/asound/cards"), sound_ports(root)
    kernel = kernel_devices(cards, _text(root / "proc/asound/pcm"))
    places = {_place(one.name) for one in able}
    # What is busy while PortAudio looks is not in its list.
    hidden = [one for one in kernel if one.serves(direction) and _place(one.name) not in places]
    able = [*able, *(Ability(one.name, one.channels(direction), (), busy=True) for one in hidden)]
    try:
        chosen = chosen_sound_device(direction, wanted)
    except DeviceMissing:
        chosen = ""
    found = [
        Sound(
            stable_name(one.name, cards, ports),
            one.name,
            one.channels,
            one.rates_hz,
            one.busy,
            tuple(map(str, card_holders(one.name, direction, root / "proc"))) if one.busy else (),
            one.name == chosen,
            _may_open(one.name, direction, root),
        )
        for one in able
    ]
    # Of what ALSA's configuration makes up, much works in one direction only.
    useful = [
        one
        for one in found
        if one.is_card or one.chosen or ((one.rates_hz or one.busy) and not _ALIAS.fullmatch(one.name))
    ]
    return sorted(useful, key=lambda sound: not sound.is_card)


def _may_open(name: str, direction: Direction, root: Path) -> bool:
    """Return whether this user may open a card; of what is none, ALSA says so itself."""
    place = _PLACE.search(name)
    letter = "c" if direction is Direction.CAPTURE else "p"
    if place is None:
        return True
    node = root / f"dev/snd/pcmC{place[1]}D{place[2]}{letter}"
    return not node.exists() or _may(node)


def cameras(root: Path = Path("/")) -> list[Node]:
    """Return the cameras: those on the ribbon connector by libcamera's names, those on USB by names that stay."""
    from hardware.pi_camera import connected

    found = [Node(f"camera {number}", name, 'driver = "picamera2"', True) for number, name in enumerate(connected())]
    # A camera has several nodes; the first is the one that captures.
    for link in sorted((root / "dev/v4l/by-id").glob("*-video-index0")):
        name = _text(root / "sys/class/video4linux" / link.resolve().name / "name").strip()
        place = f"/dev/v4l/by-id/{link.name}"
        found.append(Node(place, name, f'driver = "usb", device = "{place}"', _may(link)))
    return found


def gpio_chips(root: Path = Path("/")) -> list[Node]:
    """Return the GPIO chips, with the names of the devices that they belong to."""
    found = []
    for node in sorted((root / "dev").glob("gpiochip*")):
        parent = (root / "sys/bus/gpio/devices" / node.name).resolve().parent.name
        found.append(Node(f"/dev/{node.name}", parent, "", _may(node)))
    return found


def spi_nodes(root: Path = Path("/")) -> list[Node]:
    """Return the places where a ring can be."""
    found = []
    for node in sorted((root / "dev").glob("spidev*")):
        place = _SPI.fullmatch(node.name)
        if place:
            toml = f"spi_bus = {place[1]}, spi_device = {place[2]}"
            found.append(Node(f"/dev/{node.name}", "SPI", toml, _may(node)))
    return found


def _place(name: str) -> str:
    found = _PLACE.search(name)
    return found[0] if found else name


def _may(node: Path) -> bool:
    return os.access(node, os.R_OK | os.W_OK)


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
