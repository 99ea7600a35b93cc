"""The camera: whether there is one, and whether the library that opens it can be imported."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "camera"
_SENSOR: Final = re.compile(r"^(imx|ov|arducam|irs|gc)\w*\d", re.IGNORECASE)
"""How the drivers of cameras on the ribbon connector call themselves."""
_PLATFORM: Final = re.compile(r"^(unicam|bcm2835|rpi|rp1|pispbe|csi)", re.IGNORECASE)
"""Parts of the Pi itself that show up as video devices."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is."""

    driver: str
    """`camera.driver`."""
    looks: bool
    """Whether it may ever look: `camera.mode` is not "off"."""
    device: str
    """`camera.device`."""
    is_pi: bool
    sensors: tuple[str, ...]
    """On the ribbon connector."""
    cameras: tuple[str, ...]
    """On USB, by the names they give themselves."""
    libraries: frozenset[str]
    """Those of libcamera, picamera2 and linuxpy that vocative's Python can import."""
    system_packages: bool
    """Whether the system's own Python packages are seen by vocative's environment."""
    installed: bool
    """Whether picamera2 is among them."""


def look(machine: Machine, *, driver: str, looks: bool, device: str, is_pi: bool, libraries: frozenset[str]) -> Facts:
    """Gather the facts."""
    sensors = [machine.text(name) or "" for name in machine.names("/sys/class/video4linux/v4l-subdev*/name")]
    cameras = [machine.text(name) or "" for name in machine.names("/sys/class/video4linux/video*/name")]
    settings = machine.text("/opt/vocative/pyvenv.cfg")
    return Facts(
        driver=driver,
        looks=looks,
        device=device,
        is_pi=is_pi,
        sensors=tuple(sorted({name for name in sensors if _SENSOR.match(name)})),
        cameras=tuple(sorted({name for name in cameras if name and not _PLATFORM.match(name)})),
        libraries=libraries,
        system_packages=settings is None or "include-system-site-packages = true" in settings,
        installed=bool(machine.names("/usr/lib/python3/dist-packages/picamera2")),
    )


def findings(facts: Facts) -> Iterator[Finding]:
    """Say what they mean."""
    match facts.driver:
        case "picamera2" | "usb" if not facts.looks:
            yield note(AREA, 'camera.mode is "off": this does not apply')
        case "picamera2":
            yield from _ribbon(facts)
        case "usb":
            yield from _usb(facts)
        case _:
            yield note(AREA, f'camera.driver is "{facts.driver}": this does not apply')


def _ribbon(facts: Facts) -> Iterator[Finding]:
    if {"picamera2", "libcamera"} <= facts.libraries:
        yield fine(AREA, "picamera2 and libcamera can be imported")
    elif not facts.installed:
        yield to_do(AREA, "picamera2 is not installed", "sudo apt install --no-install-recommends python3-picamera2")
    elif not facts.system_packages:
        what = "picamera2 is installed, but vocative's environment does not see the system's packages"
        yield to_do(AREA, what, "In /opt/vocative/pyvenv.cfg write include-system-site-packages = true")
    else:
        yield to_do(
            AREA, "picamera2 is installed and cannot be imported", "sudo apt install --reinstall python3-picamera2"
        )
    if facts.sensors:
        yield fine(AREA, f"on the ribbon connector: {', '.join(facts.sensors)}")
    elif facts.is_pi:
        yield to_do(
            AREA, "no camera on the ribbon connector", "Check the ribbon, and camera_auto_detect=1 in config.txt"
        )
    else:
        yield note(AREA, "no ribbon connector", 'On this machine set camera.driver to "usb" or "none"')


def _usb(facts: Facts) -> Iterator[Finding]:
    fitting = [name for name in facts.cameras if facts.device.startswith("/") or facts.device in name]
    if "linuxpy" not in facts.libraries:
        yield to_do(AREA, "linuxpy is not installed", "/opt/vocative/bin/pip install 'linuxpy>=0.25,<0.26'")
    if fitting:
        yield fine(AREA, f"USB camera: {', '.join(fitting)}")
    else:
        there = f"; there is {', '.join(facts.cameras)}" if facts.cameras else ""
        yield to_do(AREA, f'no USB camera fits "{facts.device}"{there}', "Plug it in, or set camera.device to its name")
