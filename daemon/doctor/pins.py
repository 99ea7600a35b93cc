"""The GPIO chip and the configured pins: there, free, or held by whom; and where lgpio may keep its files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from hardware.gpio_lines import Line, header_line
from hardware.holder import Holder, file_holders

from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "pins"
_GPIO_FILE: Final = re.compile(r"/dev/gpiochip\d+|anon_inode:gpio-line.*")
"""What a process that holds a line has open."""
_I2S: Final = frozenset({18, 19, 20, 21})
_SPI0: Final = frozenset({7, 8, 9, 10, 11})


@dataclass(frozen=True, slots=True)
class Pin:
    """A configured pin."""

    key: str
    """Such as "button.pin"."""
    number: int
    line: Line | None
    """What the kernel says of it; None if nothing."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the parts on pins have to do with."""

    pins: tuple[Pin, ...]
    """Empty: no part is on a pin."""
    is_pi: bool
    chips: tuple[str, ...]
    denied: bool
    """This user may not ask the chip."""
    holders: tuple[Holder, ...]
    """Who has lines, or a chip, open."""
    service_pid: int
    """Of the running service; 0 if it does not run."""
    library: bool
    """Whether vocative's Python can import lgpio, or needs not."""
    unit_environment: str | None
    """Environment= of the unit; None if it is not installed, or nothing needs it."""


def look(
    machine: Machine,
    numbers: dict[str, int],
    *,
    is_pi: bool,
    service_pid: int,
    library: bool,
    unit_environment: str | None,
) -> Facts:
    """Gather the facts about the pins `numbers`, by their keys."""
    denied, pins = False, []
    for key, number in numbers.items():
        try:
            pins.append(Pin(key, number, header_line(number, machine.root)))
        except PermissionError:
            denied = True
            pins.append(Pin(key, number, None))
    holders = file_holders(_GPIO_FILE, machine.path("/proc")) if any(pin.line and pin.line.used for pin in pins) else ()
    chips = machine.names("/dev/gpiochip*")
    return Facts(tuple(pins), is_pi, chips, denied, holders, service_pid, library, unit_environment)


def findings(facts: Facts) -> Iterator[Finding]:
    """Say what they mean."""
    if not facts.pins:
        yield note(AREA, "no part is on a pin: this does not apply")
        return
    if not facts.chips:
        if facts.is_pi:
            yield to_do(AREA, "there is no GPIO chip, /dev/gpiochip0", "Update the system and restart the Pi")
        else:
            yield note(AREA, "no GPIO chip", 'On this machine set button.driver to "none" or "simulated"')
        return
    if not facts.library:
        remedy = "sudo apt install python3-lgpio, in a virtual environment made with --system-site-packages"
        yield to_do(AREA, "lgpio cannot be imported", remedy)
    if facts.unit_environment is not None and "LG_WD=" not in facts.unit_environment:
        yield to_do(AREA, "the unit sets no LG_WD, and lgpio needs a folder to write in", "Install the unit again")
    if facts.denied:
        yield note(AREA, f"this user may not ask {facts.chips[0]} who holds the pins", "Look again with sudo")
    for pin in facts.pins:
        if pin.line is not None:
            yield _pin(facts, pin, pin.line)


def _pin(facts: Facts, pin: Pin, line: Line) -> Finding:
    name = f"GPIO{pin.number} ({pin.key})"
    if not line.used:
        return fine(AREA, f"{name} is free on {line.chip}")
    consumer = line.consumer or "a driver"
    if line.consumer in {"", "lg"} and any(holder.pid == facts.service_pid for holder in facts.holders):
        return fine(AREA, f"{name} is held by the service")
    if line.consumer in {"", "lg"} and facts.service_pid and not facts.holders:
        return note(AREA, f"{name} is in use, probably by the service", "Look again with sudo to know by whom")
    who = " or ".join(map(str, facts.holders)) or consumer
    if line.consumer == "lg" or not line.consumer:
        return to_do(AREA, f"{name} is held by {who}", f"Stop that, or set {pin.key} to another pin")
    hint = " (the I2S sound card's)" if pin.number in _I2S else " (the SPI bus's)" if pin.number in _SPI0 else ""
    return to_do(AREA, f'{name} is held by the kernel\'s "{consumer}"{hint}', f"Set {pin.key} to another pin")
