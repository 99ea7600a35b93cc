"""`vocative devices`: what is connected, and what to write into the configuration for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from hardware.interfaces import HardwareError
from hardware.inventory import Node, Sound, cameras, gpio_chips, sounds, spi_nodes
from hardware.sound_devices import Direction

from .config import load
from .errors import ConfigurationError

_NO_CARD: Final = "none: plug one in, or have its overlay loaded; docs/parts.md"


@dataclass(frozen=True, slots=True)
class Devices:
    """All that was found."""

    microphones: Sequence[Sound]
    speakers: Sequence[Sound]
    sound_fault: str
    """Why there are none, if the sound system does not answer."""
    config_fault: str
    """Why the configuration is not considered; empty if it is, or if there is none."""
    cameras: Sequence[Node]
    gpio_chips: Sequence[Node]
    spi: Sequence[Node]

    def as_json(self) -> dict[str, object]:
        """Return all of it for a program."""
        return asdict(self)


def devices(path: Path, root: Path = Path("/")) -> Devices:
    """Return what is connected, and which of it the configuration at `path` means. Takes some seconds.

    A configuration that is missing or refused means the system's default devices.
    """
    config_fault = ""
    try:
        config = load(path)
        wanted = {Direction.CAPTURE: config.microphone.device, Direction.PLAYBACK: config.speaker.device}
    except ConfigurationError as refused:
        config_fault = refused.faults[0] if path.exists() else ""
        wanted = {Direction.CAPTURE: "", Direction.PLAYBACK: ""}
    try:
        found, fault = sounds(wanted, root), ""
    except HardwareError as error:
        found, fault = {Direction.CAPTURE: [], Direction.PLAYBACK: []}, str(error)
    return Devices(
        found[Direction.CAPTURE],
        found[Direction.PLAYBACK],
        fault,
        config_fault,
        cameras(root),
        gpio_chips(root),
        spi_nodes(root),
    )


def text(found: Devices) -> str:
    """Return it for a terminal: under each section of the configuration, the lines to write there."""
    parts = []
    for section, many in (("microphone", found.microphones), ("speaker", found.speakers)):
        rows = [(f'device = "{one.device}"', _said(one)) for one in many]
        parts.append((f"[{section}]", rows, found.sound_fault or _NO_CARD))
    for heading, nodes in (("[camera]", found.cameras), ("[leds]", found.spi), ("GPIO", found.gpio_chips)):
        rows = [(node.toml or node.path, _about(node)) for node in nodes]
        parts.append((heading, rows, "none"))
    lists = [f"{heading}\n{_table(rows) or f'    ({otherwise})'}" for heading, rows, otherwise in parts]
    if found.config_fault:
        lists.append(f"Which of these the configuration means is not known. {found.config_fault}")
    return "\n\n".join(lists)


def ability(one: Sound) -> str:
    """Return in words what a microphone or loudspeaker supports, or who holds it."""
    channels = f"{one.channels} channel{'' if one.channels == 1 else 's'}"
    if not one.usable:
        return "this user may not open it: sudo vocative devices"
    if one.busy:
        return f"in use by {' and '.join(one.holders)}" if one.holders else "in use"
    rates = f"{', '.join(map(str, one.rates_hz))} Hz" if one.rates_hz else "no usable rate"
    return f"{channels}, {rates}"


def _said(one: Sound) -> str:
    mark = "the configuration means this one; " if one.chosen else ""
    name = f"{one.name}: " if one.name != one.device else ""
    return f"{mark}{name}{ability(one)}"


def _about(node: Node) -> str:
    path = f"{node.path}: " if node.toml and node.path not in node.toml else ""
    return f"{path}{node.about}{'' if node.usable else '; this user may not open it'}"


def _table(rows: Sequence[tuple[str, str]]) -> str:
    width = max((len(left) for left, _ in rows), default=0)
    return "\n".join(f"    {left.ljust(width)}  # {right}" for left, right in rows)
