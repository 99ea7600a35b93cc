"""What the kernel says about one GPIO line: whether it is free, and by which name it is held. Nothing is requested.

It asks the chip itself (linux/gpio.h, uAPI v2), so that it works without lgpio and beside whoever holds the line.
Where the chip cannot be opened, /sys/kernel/debug/gpio, which only root may read, says the same.
"""

from __future__ import annotations

import fcntl
import os
import re
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_CHIP_INFO: Final = 0x8044B401
"""GPIO_GET_CHIPINFO_IOCTL: name, label, number of lines."""
_CHIP: Final = struct.Struct("32s32sI")
_LINE_INFO: Final = 0xC100B405
"""GPIO_V2_GET_LINEINFO_IOCTL."""
_LINE: Final = struct.Struct("32s32sIIQ160x16x")
"""Name, consumer, offset, number of attributes, flags; the attributes are of no interest."""
_USED: Final = 1
"""GPIO_V2_LINE_FLAG_USED."""
_DEBUG_CHIP: Final = re.compile(r"^gpiochip(\d+): .*?(?:, (?P<label>[\w.-]+))?(?:, can sleep)?:?$")
_DEBUG_LINE: Final = re.compile(r"^ gpio-\d+\s+\((?P<name>\S*)\s*(?:\|(?P<consumer>.*?))?\s*\)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the chip that the header is connected to."""

    chip: str
    """Such as "gpiochip0"."""
    label: str
    """Such as "pinctrl-rp1"."""
    used: bool
    consumer: str
    """What its holder calls itself: "lg" for anything that uses lgpio, "spi0 CS0" for a driver."""


def header_line(pin: int, root: Path = Path("/")) -> Line | None:
    """Return the state of GPIO `pin`; None if no chip can be asked. Raises PermissionError if this user may not ask."""
    asked = [line for node in sorted((root / "dev").glob("gpiochip*")) if (line := _asked(node, pin)) is not None]
    asked = asked or _debugged(root / "sys/kernel/debug/gpio", pin)
    # The header's chip is called after its pin controller; before kernel 6.6.45 it was chip 4 on a Pi 5.
    return next((line for line in asked if line.label.startswith("pinctrl-")), asked[0] if asked else None)


def _asked(node: Path, pin: int) -> Line | None:
    try:
        chip = os.open(node, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    try:
        name, label, count = _CHIP.unpack(fcntl.ioctl(chip, _CHIP_INFO, bytes(_CHIP.size)))
        if pin >= count:
            return None
        line = fcntl.ioctl(chip, _LINE_INFO, _LINE.pack(b"", b"", pin, 0, 0))
        _, consumer, _, _, flags = _LINE.unpack(line)
    except PermissionError:
        raise
    except OSError:  # no GPIO chip, or a kernel before 5.10
        return None
    finally:
        os.close(chip)
    return Line(_word(name), _word(label), bool(flags & _USED), _word(consumer))


def _word(raw: bytes) -> str:
    return raw.split(b"\0", 1)[0].decode(errors="replace")


def _debugged(path: Path, pin: int) -> list[Line]:
    try:
        text = path.read_text(errors="replace")
    except OSError:
        return []
    return debugged_lines(text, pin)


def debugged_lines(text: str, pin: int) -> list[Line]:
    """Return the line `GPIO<pin>` of each chip that /sys/kernel/debug/gpio names one of."""
    chip, label, found = "", "", []
    for row in text.splitlines():
        if begins := _DEBUG_CHIP.match(row):
            chip, label = f"gpiochip{begins[1]}", begins["label"] or ""
        elif (line := _DEBUG_LINE.match(row)) and line["name"] == f"GPIO{pin}":
            consumer = (line["consumer"] or "").strip()
            found.append(Line(chip, label, bool(consumer), consumer))
    return found
