"""What every `Button` promises, over the simulated one and over gpiozero on its mock pins; and the GPIO one's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Protocol, TypeVar

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from hardware.gpio_button import GpioButton, open_gpio_button
from hardware.interfaces import Button, DeviceLost, Edge
from hardware.settings import ButtonSettings
from hardware.simulated import SimulatedButton
from hardware.terminal import Terminal
from hardware.web_button import open_web_button
from tests.support import virtual_time
from tests.support.page import Stage

T = TypeVar("T")
SETTLED_S = 0.06
"""Twice the window in which a button looks away."""


class Finger(Protocol):
    """A button together with the one who presses it, and the kind of time that both live in."""

    def run(self, story: Coroutine[Any, Any, T]) -> T: ...

    async def open(self) -> Button: ...

    def press(self) -> None: ...

    def release(self) -> None: ...


class SimulatedFinger:
    def __init__(self) -> None:
        self.button = SimulatedButton()

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return virtual_time.run(story)

    async def open(self) -> Button:
        self.button.open()
        return self.button

    def press(self) -> None:
        self.button.press()

    def release(self) -> None:
        self.button.release()


class TerminalFinger:
    def __init__(self) -> None:
        self.terminal = Terminal(12, on_press=lambda: None)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return virtual_time.run(story)

    async def open(self) -> Button:
        self.terminal.push_button.open()
        return self.terminal.push_button

    def press(self) -> None:
        self.terminal.push_button.press()

    def release(self) -> None:
        self.terminal.push_button.release()


class GpioFinger:
    """Moves a mock pin from a foreign thread, as lgpio does."""

    def __init__(self, *, pull_up: bool = True) -> None:
        self.settings = ButtonSettings(pin=17, pull_up=pull_up)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(story, debug=True)  # then the loop refuses calls from foreign threads

    async def open(self) -> GpioButton:
        return await open_gpio_button(self.settings)

    def press(self) -> None:
        self.drive(low=self.settings.pull_up)

    def release(self) -> None:
        self.drive(low=not self.settings.pull_up)

    def drive(self, *, low: bool) -> None:
        pin = Device.pin_factory.pin(self.settings.pin)
        foreign = threading.Thread(target=pin.drive_low if low else pin.drive_high)
        foreign.start()
        foreign.join()


class WebFinger:
    """Presses the ring in a page."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.run = self.stage.run

    async def open(self) -> Button:
        return await open_web_button(self.stage.page)

    def press(self) -> None:
        self.stage.fake.press(True)

    def release(self) -> None:
        if self.stage.page.visit is not None:
            self.stage.fake.press(False)


@pytest.fixture(autouse=True)
def mock_pins() -> Iterator[None]:
    """Let gpiozero have nothing but mock pins, and leave none behind."""
    Device.pin_factory = MockFactory()
    yield
    Device.pin_factory.reset()
    Device.pin_factory.close()
    Device.pin_factory = None


FINGERS: dict[str, Callable[[], Finger]] = {
    "simulated": SimulatedFinger,
    "terminal": TerminalFinger,
    "web": WebFinger,
    "gpio, pulled up": GpioFinger,
    "gpio, pulled down": lambda: GpioFinger(pull_up=False),
}


@pytest.fixture(params=FINGERS)
def finger(request: pytest.FixtureRequest) -> Finger:
    return FINGERS[request.param]()


# --- every button --------------------------------------------------------------------------------------


def test_presses_and_releases_come_in_order_with_the_times_at_which_they_happened(finger: Finger) -> None:
    async def story() -> tuple[list[Edge], list[float]]:
        button, loop = await finger.open(), asyncio.get_running_loop()
        edges, moved = [], []
        for move in (finger.press, finger.release, finger.press, finger.release):
            moved.append(loop.time())
            move()
            edges.append(await button.edge())
            await asyncio.sleep(SETTLED_S)
        await button.close()
        return edges, moved

    edges, moved = finger.run(story())
    assert [edge.pressed for edge in edges] == [True, False, True, False]
    assert [edge.at_s for edge in edges] == pytest.approx(moved, abs=0.02)


def test_edges_wait_for_whoever_reads_them(finger: Finger) -> None:
    async def story() -> list[bool]:
        button = await finger.open()
        for move in (finger.press, finger.release, finger.press):
            move()
            await asyncio.sleep(SETTLED_S)
        edges = [await button.edge() for _ in range(3)]
        await button.close()
        return [edge.pressed for edge in edges]

    assert finger.run(story()) == [True, False, True]


def test_cancelling_a_reader_loses_no_edge(finger: Finger) -> None:
    async def story() -> bool:
        button = await finger.open()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(button.edge(), 0.01)
        finger.press()
        edge = await button.edge()
        await button.close()
        return edge.pressed

    assert finger.run(story()) is True


def test_closing_twice_is_allowed_and_ends_the_edges(finger: Finger) -> None:
    async def story() -> None:
        button = await finger.open()
        await button.close()
        await button.close()
        with pytest.raises(DeviceLost):
            await button.edge()

    finger.run(story())


def test_a_reader_is_woken_when_the_button_is_closed(finger: Finger) -> None:
    async def story() -> None:
        button = await finger.open()
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(expect_lost(button))
            await asyncio.sleep(0.01)
            await button.close()
            await reading

    async def expect_lost(button: Button) -> None:
        with pytest.raises(DeviceLost):
            await button.edge()

    finger.run(story())


def test_a_button_that_is_held_while_it_is_opened_is_pressed(finger: Finger) -> None:
    async def story() -> list[bool]:
        await (await finger.open()).close()
        finger.press()
        button = await finger.open()
        pressed = await button.edge()
        finger.release()
        released = await button.edge()
        await button.close()
        return [pressed.pressed, released.pressed]

    # A mock pin goes with its pull when it is opened; a finger is stronger.
    Device.pin_factory.pin(17)._set_pull = lambda _value: None
    finger.release()
    assert finger.run(story()) == [True, False]


# --- the GPIO button -----------------------------------------------------------------------------------


def test_a_bouncing_press_and_release_are_two_edges() -> None:
    finger = GpioFinger()

    async def story() -> list[bool]:
        button = await finger.open()
        for move in (finger.press, finger.release, finger.press, finger.release, finger.press):
            move()
        await asyncio.sleep(SETTLED_S)
        for move in (finger.release, finger.press, finger.release):
            move()
        await asyncio.sleep(SETTLED_S)
        edges = [await button.edge(), await button.edge()]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(button.edge(), SETTLED_S)
        await button.close()
        return [edge.pressed for edge in edges]

    assert finger.run(story()) == [True, False]


def test_a_tap_inside_the_window_keeps_its_release() -> None:
    finger = GpioFinger()

    async def story() -> list[Edge]:
        button = await finger.open()
        finger.press()
        finger.release()
        edges = [await button.edge(), await button.edge()]
        await button.close()
        return edges

    press, release = finger.run(story())
    assert (press.pressed, release.pressed) == (True, False)
    assert 0 <= release.at_s - press.at_s < 0.03


def test_a_pin_is_free_again_after_close() -> None:
    finger = GpioFinger()

    async def story() -> bool:
        await (await finger.open()).close()
        button = await finger.open()
        finger.press()
        edge = await button.edge()
        await button.close()
        return edge.pressed

    assert finger.run(story()) is True


def test_when_nobody_reads_for_long_only_the_newest_edge_is_kept() -> None:
    finger = GpioFinger()
    finger.settings = ButtonSettings(pin=17, debounce_ms=0)

    async def story() -> list[bool]:
        button = await finger.open()
        for _ in range(128):
            finger.press()
            finger.release()
        finger.press()
        await asyncio.sleep(0.01)
        kept = await button.edge()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(button.edge(), 0.01)
        finger.release()
        following = await button.edge()
        await button.close()
        return [kept.pressed, following.pressed]

    assert finger.run(story()) == [True, False]


class Contact:
    """A contact that can lose an edge, and go away altogether."""

    when_activated: Callable[[], None] | None = None
    when_deactivated: Callable[[], None] | None = None
    closed_circuit = False
    gone = False

    @property
    def is_active(self) -> bool:
        if self.gone:
            raise OSError(19, "No such device")
        return self.closed_circuit

    def press(self) -> None:
        self.closed_circuit = True
        assert self.when_activated is not None
        self.when_activated()

    def close(self) -> None: ...


def test_a_release_of_which_lgpio_said_nothing_is_found() -> None:
    async def story() -> list[bool]:
        contact = Contact()
        button = GpioButton(contact, ButtonSettings())
        contact.press()
        pressed = await button.edge()
        await asyncio.sleep(SETTLED_S)
        contact.closed_circuit = False
        released = await button.edge()
        await button.close()
        return [pressed.pressed, released.pressed]

    assert asyncio.run(story()) == [True, False]


def test_a_pin_that_cannot_be_read_any_more_is_a_lost_device_after_the_edges_before() -> None:
    async def story() -> bool:
        contact = Contact()
        button = GpioButton(contact, ButtonSettings())
        contact.press()
        contact.gone = True
        await asyncio.sleep(SETTLED_S)
        edge = await button.edge()
        with pytest.raises(DeviceLost, match=r"GPIO17.*No such device"):
            await button.edge()
        await button.close()
        return edge.pressed

    assert asyncio.run(story()) is True
