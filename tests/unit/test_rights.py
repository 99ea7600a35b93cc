"""A service that begins with the machine waits for udev, and for nothing else."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from hardware.rights import PATIENCE_S, rights_given
from hardware.settings import BoardSettings, ButtonSettings, LedSettings, MicrophoneSettings, SpeakerSettings
from tests.support.pi_root import PiRoot
from tests.support.virtual_time import run

SPEAKER = BoardSettings()
NOTHING = BoardSettings(
    MicrophoneSettings("simulated"), SpeakerSettings("simulated"), ButtonSettings("none"), LedSettings("none")
)


@pytest.fixture
def pi(tmp_path: Path) -> PiRoot:
    pi = PiRoot(tmp_path)
    pi.write("/proc/uptime", "12.34 40.00\n")
    for device in ("gpiochip0", "spidev0.0", "spidev1.0", "snd/pcmC0D0c", "snd/controlC0"):
        pi.write(f"/dev/{device}")
    return pi


def waited_s(pi: PiRoot, closed: dict[str, float], settings: BoardSettings = SPEAKER) -> float:
    """Return how long it waits while devices are `closed` until some time after its beginning."""

    async def story() -> float:
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        await rights_given(settings, pi.folder, lambda node: loop.time() - began_s >= closed.get(node.name, 0.0))
        return loop.time() - began_s

    return run(story())


def test_what_is_open_is_not_waited_for(pi: PiRoot) -> None:
    assert waited_s(pi, {}) == 0.0


@pytest.mark.parametrize("device", ["gpiochip0", "spidev0.0", "pcmC0D0c", "controlC0"])
def test_udev_is_waited_for_and_no_longer(pi: PiRoot, device: str) -> None:
    assert waited_s(pi, {device: 0.7}) == pytest.approx(0.7, abs=0.06)


def test_what_stays_closed_is_left_to_the_part(pi: PiRoot) -> None:
    assert waited_s(pi, {"gpiochip0": 1e9}) == pytest.approx(PATIENCE_S, abs=0.06)


def test_devices_of_no_part_are_not_waited_for(pi: PiRoot) -> None:
    assert waited_s(pi, {"spidev1.0": 1e9}) == 0.0
    assert waited_s(pi, {"gpiochip0": 1e9, "spidev0.0": 1e9, "pcmC0D0c": 1e9}, NOTHING) == 0.0


def test_on_a_machine_that_has_been_up_for_a_while_nothing_is_waited_for(pi: PiRoot) -> None:
    pi.write("/proc/uptime", "3600.00 40.00\n")
    assert waited_s(pi, {"gpiochip0": 1e9}) == 0.0
    pi.remove("/proc/uptime")
    assert waited_s(pi, {"gpiochip0": 1e9}) == 0.0
