"""The board and its operating system."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "board"
OLDEST_DEBIAN: Final = 12
"""Bookworm: the first one with Python 3.11."""
OLDEST_PYTHON: Final = (3, 11)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the machine says of itself."""

    model: str
    """Of the device tree, such as "Raspberry Pi 5 Model B Rev 1.0"; empty where there is none."""
    system: str
    """PRETTY_NAME of os-release."""
    debian: int | None
    """Its number; None if it is no Debian and nothing that calls itself one."""
    raspberry_pi_os: bool
    kernel: str
    bits: int | None
    """Of the programs: 64 or 32; None where only the packager knows."""
    python: str

    @property
    def is_pi(self) -> bool:
        """Whether it is a Raspberry Pi."""
        return self.model.startswith("Raspberry Pi")


def look(machine: Machine, python: str) -> Facts:
    """Gather the facts; `python` is the version that runs vocative."""
    release = machine.text("/etc/os-release") or machine.text("/usr/lib/os-release") or ""
    fields = {name: value.strip('"') for name, _, value in (line.partition("=") for line in release.splitlines())}
    debians = fields.get("ID") in {"debian", "raspbian"}
    number = fields.get("VERSION_ID", "")
    return Facts(
        model=machine.text("/proc/device-tree/model") or "",
        system=fields.get("PRETTY_NAME", ""),
        debian=int(number) if debians and number.isdecimal() else None,
        raspberry_pi_os=machine.node("/etc/rpi-issue") is not None,
        kernel=_kernel(machine.text("/proc/version") or ""),
        bits=_bits(machine),
        python=python,
    )


def findings(facts: Facts) -> Iterator[Finding]:
    """Say what they mean."""
    if facts.is_pi:
        yield fine(AREA, facts.model)
    else:
        name = facts.model or "a machine without a device tree"
        yield note(AREA, f"no Raspberry Pi, but {name}: pins, SPI and the ribbon camera do not apply")
    also = " (Raspberry Pi OS)" if facts.raspberry_pi_os else ""
    told = ", ".join(part for part in (f"{facts.system}{also}", facts.kernel and f"kernel {facts.kernel}") if part)
    if facts.debian is not None and facts.debian < OLDEST_DEBIAN:
        yield to_do(AREA, f"{told}: too old", f"Install Raspberry Pi OS or Debian {OLDEST_DEBIAN} or newer")
    elif facts.bits == 32:
        yield to_do(
            AREA,
            f"{told}, 32 bit: some of the libraries are there for 64 bit only",
            "Install the 64-bit Raspberry Pi OS",
        )
    else:
        yield fine(AREA, told or "an operating system that does not say its name")
    if tuple(map(int, facts.python.split(".")[:2])) < OLDEST_PYTHON:
        yield to_do(AREA, f"Python {facts.python}", "Install vocative with Python 3.11 or newer")
    else:
        yield fine(AREA, f"Python {facts.python}")


def _kernel(version: str) -> str:
    found = re.match(r"Linux version (\S+)", version)
    return found[1] if found else ""


def _bits(machine: Machine) -> int | None:
    """Return how wide the system's own programs are: by their loader, since a 64-bit kernel runs 32-bit systems."""
    if machine.names("/lib/ld-linux-armhf.so*"):
        return 32
    return 64 if machine.names("/lib/ld-linux-aarch64.so*") or machine.names("/lib64/ld-linux-x86-64.so*") else None
