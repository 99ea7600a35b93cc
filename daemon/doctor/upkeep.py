"""What a device needs to run for months: power, cool, room on its card, and memory that is kept in bounds."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .finding import Finding, fine, note, to_do
from .machine import Machine, Space

AREA: Final = "upkeep"
_FREE_BYTES: Final = 100 << 20
_HOT_C: Final = 80.0
"""Here a Pi begins to slow down."""
_WARM_C: Final = 70.0
_SMALL_KIB: Final = 600_000
"""Boards with 512 MiB and less."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the kernel says."""

    folder: str
    """`state.folder`; empty if nothing is kept."""
    space: Space | None
    """Of it."""
    read_only: bool
    """Whether the file system that it is on is mounted read-only."""
    overlaid: bool
    """Whether / is a layer in memory: what is written is lost at the next start."""
    under_voltage: bool | None
    """None: the board does not say."""
    power: str
    """What the firmware says of it, in words; empty if nothing."""
    temperature_c: float | None
    memory_limits: bool | None
    """Whether the kernel can bound a service's memory; None if /sys/fs/cgroup does not say."""
    memory_kib: int
    swap_kib: int


def look(machine: Machine, folder: str, temperature_c: float | None, power: str) -> Facts:
    """Gather the facts; what is known of heat and power already is passed in."""
    mounts = [line.split() for line in (machine.text("/proc/mounts") or "").splitlines()]
    last = {mount[1]: mount for mount in mounts if len(mount) > 3}  # what is mounted over another counts
    above = [mount for place, mount in last.items() if f"{folder}/".startswith(f"{place.rstrip('/')}/")]
    nearest = max(above, key=lambda mount: len(mount[1]), default=None)
    controllers = machine.text("/sys/fs/cgroup/cgroup.controllers")
    return Facts(
        folder=folder,
        space=machine.space(folder) if folder else None,
        read_only=nearest is not None and "ro" in nearest[3].split(","),
        overlaid="/" in last and last["/"][2] == "overlay",
        under_voltage=_under_voltage(machine),
        power=power,
        temperature_c=temperature_c,
        memory_limits=None if controllers is None else "memory" in controllers.split(),
        memory_kib=_memory(machine, "MemTotal"),
        swap_kib=_memory(machine, "SwapTotal"),
    )


def findings(facts: Facts, *, is_pi: bool) -> Iterator[Finding]:
    """Say what they mean."""
    yield from _power(facts)
    yield from _heat(facts)
    yield from _disk(facts)
    yield from _memory_findings(facts, is_pi=is_pi)


def _power(facts: Facts) -> Iterator[Finding]:
    if facts.under_voltage or "too weak at this moment" in facts.power:
        yield to_do(AREA, "the supply's voltage is too low", "Use the supply made for this board, and a short cable")
    elif "too weak" in facts.power or "slowed down" in facts.power:
        yield note(AREA, facts.power, "Use the supply made for this board, and a short cable")
    elif facts.under_voltage is False or facts.power:
        yield fine(AREA, "the supply is strong enough")


def _heat(facts: Facts) -> Iterator[Finding]:
    if facts.temperature_c is None:
        return
    told = f"the processor has {facts.temperature_c:.0f} °C"
    if facts.temperature_c >= _HOT_C:
        yield to_do(AREA, f"{told}: too hot", "Give it air, or a heat sink")
    elif facts.temperature_c >= _WARM_C:
        yield note(AREA, f"{told}: warm", "Give it air; from 80 °C on it slows down")
    else:
        yield fine(AREA, told)


def _disk(facts: Facts) -> Iterator[Finding]:
    if facts.space is not None:
        mib = facts.space.free_bytes / (1 << 20)
        told = f"{f'{mib / 1024:.0f} GiB' if mib > 10_240 else f'{mib:.0f} MiB'} are free for {facts.folder}"
        if facts.space.read_only or facts.read_only:
            yield to_do(
                AREA,
                f"{facts.folder} is on a file system that is mounted read-only",
                "If you did not choose that (raspi-config, Overlay File System), the card is failing: replace it",
            )
        elif facts.space.free_bytes < _FREE_BYTES:
            remedy = "Make some: sudo apt clean && sudo journalctl --vacuum-size=100M"
            yield to_do(AREA, f"hardly any room: {told}", remedy)
        else:
            yield fine(AREA, told)
    if facts.overlaid:
        yield note(
            AREA,
            "what is written is lost at the next start (Overlay File System)",
            "Keep state.folder on a card or stick of its own, or switch it off in raspi-config",
        )


def _memory_findings(facts: Facts, *, is_pi: bool) -> Iterator[Finding]:
    if facts.memory_limits is False and is_pi:
        yield note(
            AREA,
            "the kernel does not bound the memory of services: MemoryMax= of the unit is ignored",
            "Add cgroup_enable=memory to the line in /boot/firmware/cmdline.txt and restart the Pi",
        )
    elif facts.memory_limits:
        yield fine(AREA, "the kernel bounds the service's memory")
    if 0 < facts.memory_kib < _SMALL_KIB and not facts.swap_kib:
        told = f"{facts.memory_kib // 1024} MiB of memory and no swap"
        yield note(AREA, told, "sudo apt install systemd-zram-generator gives it some, in memory")


def _under_voltage(machine: Machine) -> bool | None:
    for name in machine.names("/sys/class/hwmon/hwmon*/name"):
        if machine.text(name) == "rpi_volt":
            return machine.text(name.removesuffix("name") + "in0_lcrit_alarm") == "1"
    return None


def _memory(machine: Machine, field: str) -> int:
    found = re.search(rf"^{field}:\s+(\d+) kB", machine.text("/proc/meminfo") or "", re.MULTILINE)
    return int(found[1]) if found else 0
