"""What every `MuteSwitch` promises, over the simulated one over gpiozero on its mock pins; and the GPIO one's own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Literal, Protocol, TypeVar

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from hardware.gpio_mute_switch import GpioMuteSwitch, open_gpio_mute_switch
from hardware.interfaces import DeviceLost, DeviceMissing, MuteSwitch
from hardware.settings import MuteSettings
from hardware.simulated import SimulatedMuteSwitch
from tests.support import virtual_time

T = TypeVar("T")


class Hand(Protocol):
    """A switch together with the hand that moves it, and the kind of time that both live in."""

    def run(self, story: Coroutine[Any, Any, T]) -> T: ...

    async def open(self) -> MuteSwitch: ...

    def flip(self, muted: bool) -> None: ...


class SimulatedHand:
    def __init__(self) -> None:
        self.switch = SimulatedMuteSwitch()

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return virtual_time.run(story)

    async def open(self) -> MuteSwitch:
        self.switch.open()
        return self.switch

    def flip(self, muted: bool) -> None:
        self.switch.flip(muted)


class GpioHand:
    """Moves a mock pin from a foreign thread, as lgpio does."""

    def __init__(self, *, pull_up: bool = True, muted_when: Literal["closed", "open"] = "open") -> None:
        self.settings = MuteSettings("gpiozero", pin=26, pull_up=pull_up, muted_when=muted_when)
        Device.pin_factory.pin(26)._set_pull = lambda _value: None  # a contact is stronger than the pull
        self.flip(False)

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        return asyncio.run(story, debug=True)  # then the loop refuses calls from foreign threads

    async def open(self) -> GpioMuteSwitch:
        return await open_gpio_mute_switch(self.settings)

    def flip(self, muted: bool) -> None:
        closed = muted == (self.settings.muted_when == "closed")
        pin = Device.pin_factory.pin(26)
        foreign = threading.Thread(target=pin.drive_low if closed == self.settings.pull_up else pin.drive_high)
        foreign.start()
        foreign.join()


@pytest.fixture(autouse=True)
def mock_pins() -> Iterator[None]:
    """Let gpiozero have nothing but mock pins, and leave none behind."""
    Device.pin_factory = MockFactory()
    yield
    Device.pin_factory.reset()
    Device.pin_factory.close()
    Device.pin_factory = None


HANDS: dict[str, Callable[[], Hand]] = {
    "simulated": SimulatedHand,
    "gpio, muted when open": GpioHand,
    "gpio, muted when closed": lambda: GpioHand(muted_when="closed"),
    "gpio, pulled down": lambda: GpioHand(pull_up=False),
}


@pytest.fixture(params=HANDS)
def hand(request: pytest.FixtureRequest) -> Hand:
    return HANDS[request.param]()


# --- every switch --------------------------------------------------------------------------------------


@pytest.mark.parametrize("muted", [False, True])
def test_the_first_position_is_the_one_it_is_opened_in(hand: Hand, muted: bool) -> None:
    async def story() -> bool:
        hand.flip(muted)
        switch = await hand.open()
        found = await switch.position()
        await switch.close()
        return found

    assert hand.run(story()) is muted


def test_each_move_is_told_once_and_nothing_is_told_without_one(hand: Hand) -> None:
    async def story() -> list[bool]:
        switch = await hand.open()
        positions = [await switch.position()]
        for muted in (True, False, True):
            hand.flip(muted)
            positions.append(await switch.position())
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(switch.position(), 0.4)
        await switch.close()
        return positions

    assert hand.run(story()) == [False, True, False, True]


def test_cancelling_a_reader_loses_no_move(hand: Hand) -> None:
    async def story() -> bool:
        switch = await hand.open()
        await switch.position()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(switch.position(), 0.01)
        hand.flip(True)
        moved = await switch.position()
        await switch.close()
        return moved

    assert hand.run(story()) is True


def test_closing_twice_is_allowed_and_wakes_a_reader(hand: Hand) -> None:
    async def story() -> None:
        switch = await hand.open()
        await switch.position()
        async with asyncio.timeout(5), asyncio.TaskGroup() as tasks:
            reading = tasks.create_task(expect_lost(switch))
            await asyncio.sleep(0.01)
            await switch.close()
            await switch.close()
            await reading

    async def expect_lost(switch: MuteSwitch) -> None:
        with pytest.raises(DeviceLost):
            await switch.position()

    hand.run(story())


# --- the GPIO switch -----------------------------------------------------------------------------------


def test_a_bounce_shuts_off_at_once_and_opens_only_when_it_is_over() -> None:
    hand = GpioHand()

    async def story() -> tuple[list[bool], float]:
        loop = asyncio.get_running_loop()
        switch = await hand.open()
        positions = [await switch.position()]
        hand.flip(True)
        hand.flip(False)
        positions.append(await switch.position())
        for _ in range(3):
            hand.flip(True)
            await asyncio.sleep(0.005)
            hand.flip(False)
        last_s = loop.time()
        positions.append(await switch.position())
        took_s = loop.time() - last_s
        await switch.close()
        return positions, took_s

    positions, took_s = hand.run(story())
    assert positions == [False, True, False]
    assert took_s >= 0.045


class Contact:
    """A contact of which lgpio says nothing, and which can go away."""

    when_activated: Callable[[], None] | None = None
    when_deactivated: Callable[[], None] | None = None
    closed_circuit = True
    gone = False

    @property
    def is_active(self) -> bool:
        if self.gone:
            raise OSError(19, "No such device")
        return self.closed_circuit

    def close(self) -> None: ...


def test_a_move_of_which_lgpio_said_nothing_is_found() -> None:
    async def story() -> list[bool]:
        contact = Contact()
        switch = GpioMuteSwitch(contact, MuteSettings())
        positions = [await switch.position()]
        contact.closed_circuit = False
        positions.append(await switch.position())
        await switch.close()
        return positions

    assert asyncio.run(story()) == [False, True]


def test_a_pin_that_cannot_be_read_any_more_is_a_lost_device() -> None:
    async def story() -> None:
        contact = Contact()
        switch = GpioMuteSwitch(contact, MuteSettings())
        await switch.position()
        contact.gone = True
        with pytest.raises(DeviceLost, match=r"GPIO26.*No such device"):
            await switch.position()
        await switch.close()

    asyncio.run(story())


def test_a_pin_that_is_taken_is_missing() -> None:
    hand = GpioHand()

    async def story() -> None:
        switch = await hand.open()
        with pytest.raises(DeviceMissing, match=r"mute switch on GPIO26: .*two parts are configured on this pin"):
            await hand.open()
        await switch.close()

    hand.run(story())
