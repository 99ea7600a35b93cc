"""A contact through gpiozero and the kernel alone, over a line that is moved by hand; `tests/device` has a real one."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from gpiozero import Device
from gpiozero.pins.local import LocalPiFactory

from hardware import gpio_factory, gpio_pins
from hardware.gpio_button import GpioButton, open_gpio_button
from hardware.gpio_edges import Line
from hardware.interfaces import DeviceMissing
from hardware.settings import ButtonSettings

PI_4, PI_5 = 0xC03111, 0xC04170


class LineByHand:
    """Stands in for `EdgeLine`: held by one at a time, at rest where its pull takes it."""

    held: dict[int, LineByHand] = {}  # noqa: RUF012 - the lines of this machine

    def __init__(self, chip: Path, offset: int, pull: Line, moved: Callable[[bool, int], None]) -> None:
        if offset in self.held:
            raise OSError(16, "Device or resource busy")
        self.chip, self.offset, self.moved, self.is_high = chip, offset, moved, pull == Line.PULL_UP
        self.held[offset] = self

    def move(self, high: bool) -> None:
        self.is_high = high
        self.moved(high, 1_000_000_000)

    def close(self) -> None:
        self.held.pop(self.offset, None)


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Be a Raspberry Pi 4 without lgpio."""
    monkeypatch.setattr(gpio_factory, "EdgeLine", LineByHand)
    monkeypatch.setattr(LocalPiFactory, "_get_revision", lambda _: PI_4)
    monkeypatch.setitem(sys.modules, "lgpio", None)
    monkeypatch.delenv("GPIOZERO_PIN_FACTORY", raising=False)
    monkeypatch.setattr(Device, "pin_factory", None)
    gpio_pins._contact_factory.cache_clear()
    yield
    gpio_pins._contact_factory.cache_clear()
    LineByHand.held.clear()
    LocalPiFactory._reservations.clear()


@pytest.mark.parametrize("pull_up", [True, False])
def test_a_button_is_pressed_and_released_without_lgpio(pull_up: bool) -> None:
    async def story() -> None:
        button = await open_gpio_button(ButtonSettings(pin=17, pull_up=pull_up, debounce_ms=1))
        line = LineByHand.held[17]
        line.move(not pull_up)
        assert (await button.edge()).pressed
        await asyncio.sleep(0.01)
        line.move(pull_up)
        assert not (await button.edge()).pressed
        await button.close()
        assert LineByHand.held == {}
        line.move(not pull_up)  # nobody is told

    asyncio.run(story())


def test_a_pin_that_was_closed_can_be_opened_anew() -> None:
    async def story() -> None:
        for pull_up in (True, False, True):
            button: GpioButton = await open_gpio_button(ButtonSettings(pin=17, pull_up=pull_up))
            assert LineByHand.held[17].is_high is pull_up
            await button.close()

    asyncio.run(story())


def test_a_pin_that_another_program_holds_is_busy() -> None:
    LineByHand(Path("/dev/gpiochip0"), 17, Line.NO_PULL, lambda *_: None)
    with pytest.raises(DeviceMissing, match=r"busy.*another program holds the pin"):
        asyncio.run(open_gpio_button(ButtonSettings(pin=17)))


def test_two_parts_on_one_pin_are_told_apart() -> None:
    async def story() -> None:
        button = await open_gpio_button(ButtonSettings(pin=17))
        with pytest.raises(DeviceMissing, match="two parts are configured on this pin"):
            await open_gpio_button(ButtonSettings(pin=17))
        await button.close()

    asyncio.run(story())


def test_what_the_board_pulls_up_itself_cannot_be_pulled_down() -> None:
    with pytest.raises(DeviceMissing, match="physical pull-up"):
        asyncio.run(open_gpio_button(ButtonSettings(pin=3, pull_up=False)))


@pytest.mark.parametrize(
    ("revision", "has_chip_4", "chip"),
    [(PI_4, True, "gpiochip0"), (PI_5, True, "gpiochip4"), (PI_5, False, "gpiochip0")],
)
def test_the_header_is_on_the_chip_of_its_board_and_kernel(
    monkeypatch: pytest.MonkeyPatch, revision: int, has_chip_4: bool, chip: str
) -> None:
    monkeypatch.setattr(Path, "exists", lambda _: has_chip_4)
    assert gpio_factory._chip(revision) == Path("/dev", chip)
