"""Why a pin cannot be opened, and what its owner is told to do: over gpiozero's mock pins and the real lgpio."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from hardware.gpio_button import open_gpio_button
from hardware.interfaces import DeviceMissing
from hardware.led_ring import open_led_ring
from hardware.settings import ButtonSettings, LedSettings


@pytest.fixture(autouse=True)
def mock_pins() -> Iterator[None]:
    """Let gpiozero have nothing but mock pins, and leave none behind."""
    Device.pin_factory = MockFactory()
    yield
    if Device.pin_factory is not None:
        Device.pin_factory.reset()
        Device.pin_factory.close()
        Device.pin_factory = None


def test_two_parts_on_one_pin_are_told_apart() -> None:
    async def story() -> None:
        button = await open_gpio_button(ButtonSettings())
        with pytest.raises(DeviceMissing, match="two parts are configured on this pin"):
            await open_gpio_button(ButtonSettings())
        await button.close()

    asyncio.run(story())


@pytest.mark.parametrize("pin", [28, 99])
def test_a_pin_that_is_not_on_the_header_is_missing(pin: int) -> None:
    with pytest.raises(DeviceMissing, match=f"button on GPIO{pin}: .*; name the pin by its GPIO number"):
        asyncio.run(open_gpio_button(ButtonSettings(pin=pin)))


def test_without_lgpio_a_light_is_missing_and_the_remedy_is_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    Device.pin_factory = None
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delitem(sys.modules, "gpiozero.pins.lgpio", raising=False)
    with pytest.raises(DeviceMissing, match="python3-lgpio"):
        asyncio.run(open_led_ring(LedSettings(driver="rgb_led")))


@pytest.mark.parametrize("name", ["rpigpio-of-long-ago", "mock"])
def test_a_named_pin_factory_is_respected(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    Device.pin_factory = None
    monkeypatch.setenv("GPIOZERO_PIN_FACTORY", name)

    async def story() -> None:
        await (await open_gpio_button(ButtonSettings())).close()

    if name == "mock":
        asyncio.run(story())
        assert isinstance(Device.pin_factory, MockFactory)
    else:
        with pytest.raises(DeviceMissing, match="unset the environment variable GPIOZERO_PIN_FACTORY"):
            asyncio.run(story())


OPEN = """
import asyncio, pathlib
from hardware.interfaces import DeviceMissing
from hardware.led_ring import open_led_ring
from hardware.settings import LedSettings
async def story():
    try:
        (await open_led_ring(LedSettings(driver="rgb_led"))).close()
    except DeviceMissing as missing:
        print(missing)
asyncio.run(story())
print(pathlib.Path.cwd())
"""


def opened_with_lgpio(lg_wd: Path) -> str:
    """Open a light for real, in a process of its own, because lgpio starts a thread that never ends."""
    if find_spec("lgpio") is None:
        pytest.skip("lgpio is not installed")
    environment = {**os.environ, "LG_WD": str(lg_wd)}
    environment.pop("GPIOZERO_PIN_FACTORY", None)
    finished = subprocess.run(
        [sys.executable, "-c", OPEN], env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    return finished.stdout


def test_lgpio_without_a_directory_that_it_can_write_to_is_missing(tmp_path: Path) -> None:
    assert "set LG_WD to a directory" in opened_with_lgpio(tmp_path / "not there")


def test_lgpio_does_not_move_the_process_to_its_own_directory(tmp_path: Path) -> None:
    assert opened_with_lgpio(tmp_path).splitlines()[-1] == str(Path.cwd())
