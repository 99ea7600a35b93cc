"""What every `LedRing` promises, over the simulated one, both kinds of SPI ring and the single RGB LED."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest
from gpiozero import Device
from gpiozero.pins.mock import MockFactory, MockPWMPin

from hardware.interfaces import DeviceLost, DeviceMissing, LedRing, Rgb
from hardware.led_bytes import Dimmer, apa102, ws2812
from hardware.led_ring import RgbLed, SpiLedRing, open_led_ring
from hardware.settings import LedSettings
from hardware.simulated import SimulatedLedRing
from hardware.terminal import TerminalRing
from hardware.web_ring import open_web_ring
from tests.support import virtual_time
from tests.support.page import Stage

RED: Rgb = (255, 0, 0)
DIM: Rgb = (1, 0, 0)
BLACK: Rgb = (0, 0, 0)
COUNT = 12
FULL = Dimmer(100, 10_000)


class Wire:
    """An SPI port that keeps what was written, until it is cut."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.cut = False
        self.closed = 0

    def write(self, data: bytes) -> None:
        assert not self.closed
        if self.cut:
            raise OSError(108, "Cannot send after transport endpoint shutdown")
        self.writes.append(data)

    def close(self) -> None:
        self.closed += 1


@pytest.fixture(autouse=True)
def mock_pins() -> Iterator[None]:
    """Let gpiozero have nothing but mock pins, and leave none behind."""
    Device.pin_factory = MockFactory(pin_class=MockPWMPin)
    yield
    Device.pin_factory.reset()
    Device.pin_factory.close()
    Device.pin_factory = None


class RingBench(Protocol):
    """A ring, the hand that cuts its wire, and the kind of time that both live in."""

    def run(self, story: Coroutine[Any, Any, None]) -> None: ...

    async def open(self) -> LedRing: ...

    def lose(self) -> None: ...

    def restore(self) -> None: ...


class SimulatedBench:
    def __init__(self) -> None:
        self.ring = SimulatedLedRing(COUNT)

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(story)

    async def open(self) -> LedRing:
        self.ring.open()
        return self.ring

    def lose(self) -> None:
        self.ring.lose()

    def restore(self) -> None:
        self.ring.restore()


class TerminalBench:
    def __init__(self) -> None:
        self.ring = TerminalRing(COUNT)

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        virtual_time.run(story)

    async def open(self) -> LedRing:
        self.ring.open()
        return self.ring

    def lose(self) -> None:
        self.ring.close()

    def restore(self) -> None:
        """There is no wire."""


class SpiBench:
    def __init__(self, encode: Callable[[bytes], bytes]) -> None:
        self.encode = encode
        self.wire = Wire()

    def run(self, story: Coroutine[Any, Any, None]) -> None:
        asyncio.run(story)

    async def open(self) -> LedRing:
        self.wire = Wire()
        return SpiLedRing(self.wire, FULL, self.encode, COUNT)

    def lose(self) -> None:
        self.wire.cut = True

    def restore(self) -> None:
        """The next opening gets a wire that is whole."""


class RgbBench:
    def run(self, story: Coroutine[Any, Any, None]) -> None:
        asyncio.run(story)

    async def open(self) -> LedRing:
        return await open_led_ring(LedSettings(driver="rgb_led", brightness_percent=100))

    def lose(self) -> None:
        def gone(_state: float) -> None:
            raise OSError(19, "No such device")

        Device.pin_factory.pin(5)._set_state = gone

    def restore(self) -> None:
        del Device.pin_factory.pin(5)._set_state


class WebBench:
    def __init__(self) -> None:
        self.stage = Stage()
        self.run = self.stage.run

    async def open(self) -> LedRing:
        if self.stage.page.visit is None:
            await self.stage.visit()
        return await open_web_ring(self.stage.page, COUNT)

    def lose(self) -> None:
        self.stage.close_page()

    def restore(self) -> None:
        """The next opening has another page."""


BENCHES: dict[str, Callable[[], RingBench]] = {
    "simulated": SimulatedBench,
    "web": WebBench,
    "terminal": TerminalBench,
    "apa102": lambda: SpiBench(apa102),
    "ws2812": lambda: SpiBench(ws2812),
    "rgb_led": RgbBench,
}


@pytest.fixture(params=BENCHES)
def bench(request: pytest.FixtureRequest) -> RingBench:
    return BENCHES[request.param]()


def rgb_led() -> LedRing:
    return asyncio.run(RgbBench().open())


# --- every ring ----------------------------------------------------------------------------------------


def test_it_takes_pictures_of_its_own_size_and_no_others(bench: RingBench) -> None:
    async def story() -> None:
        ring = await bench.open()
        ring.show([RED] * ring.count)
        ring.show([BLACK] * ring.count)
        for wrong in (ring.count - 1, ring.count + 1):
            with pytest.raises(ValueError, match="pixels"):
                ring.show([RED] * wrong)
        ring.close()

    bench.run(story())


def test_it_may_be_closed_twice_and_shows_nothing_more(bench: RingBench) -> None:
    async def story() -> None:
        ring = await bench.open()
        ring.show([RED] * ring.count)
        ring.close()
        ring.close()
        with pytest.raises(DeviceLost):
            ring.show([RED] * ring.count)

    bench.run(story())


def test_a_lost_ring_says_so_each_time_and_may_be_opened_again(bench: RingBench) -> None:
    async def story() -> None:
        ring = await bench.open()
        bench.lose()
        for _ in range(2):
            with pytest.raises(DeviceLost):
                ring.show([RED] * ring.count)
        bench.restore()
        ring.close()
        ring = await bench.open()
        ring.show([RED] * ring.count)
        ring.close()

    bench.run(story())


# --- rings on SPI --------------------------------------------------------------------------------------


def spi_ring(wire: Wire, encode: Callable[[bytes], bytes] = apa102) -> SpiLedRing:
    return SpiLedRing(wire, FULL, encode, COUNT)


def sent(pixels: Sequence[Rgb], encode: Callable[[bytes], bytes] = apa102) -> bytes:
    return encode(FULL.levels(pixels))


@pytest.mark.parametrize("encode", [apa102, ws2812])
def test_it_begins_and_ends_dark_and_sends_each_picture_once(encode: Callable[[bytes], bytes]) -> None:
    wire = Wire()
    ring = spi_ring(wire, encode)
    dark, red = sent([BLACK] * COUNT, encode), sent([RED] * COUNT, encode)
    ring.show([RED] * COUNT)
    ring.close()
    assert wire.writes == [dark, red, dark]
    assert wire.closed == 1


def test_a_picture_that_does_not_change_is_not_sent_again() -> None:
    wire = Wire()
    ring = spi_ring(wire)
    for picture in ([BLACK], [RED], [RED], [DIM], [DIM], [RED]):
        ring.show(picture * COUNT)
    assert wire.writes == [sent(picture * COUNT) for picture in ([BLACK], [RED], [DIM], [RED])]
    ring.close()


def test_the_order_of_the_pixels_is_kept() -> None:
    wire = Wire()
    ring = spi_ring(wire)
    pixels = [(index * 20, 0, 0) for index in range(COUNT)]
    ring.show(pixels)
    assert wire.writes[-1][4 : 4 + 4 * COUNT][3::4] == FULL.levels(pixels)[::3]
    ring.close()


def test_a_bus_that_went_away_is_a_lost_device_and_closes_in_peace() -> None:
    wire = Wire()
    ring = spi_ring(wire)
    wire.cut = True
    with pytest.raises(DeviceLost, match="SPI bus"):
        ring.show([RED] * COUNT)
    with pytest.raises(DeviceLost):  # not shown, so not "unchanged" either
        ring.show([RED] * COUNT)
    ring.close()
    assert wire.closed == 1


class Spidev:
    """The module spidev. Of bus 0, device 0 works, 1 and 4 are forbidden, 2 is busy, 3 breaks when written to."""

    class SpiDev:
        opened: list[Any] = []  # noqa: RUF012 - one list for all on purpose: what the test looks at

        def open(self, bus: int, device: int) -> None:
            errors = {
                (0, 1): PermissionError(13, "Permission denied"),
                (0, 2): OSError(16, "Device or resource busy"),
                (0, 4): PermissionError(1, "Operation not permitted"),
            }
            if (bus, device) in errors:
                raise errors[bus, device]
            if bus:
                raise FileNotFoundError(2, "No such file or directory")
            self.breaks, self.closed, self.written = device == 3, False, b""
            self.mode, self.max_speed_hz = -1, -1
            self.opened.append(self)

        def writebytes2(self, data: bytes) -> None:
            if self.breaks:
                raise OSError(5, "Input/output error")
            self.written += data

        def close(self) -> None:
            self.closed = True


@pytest.fixture
def spidev(monkeypatch: pytest.MonkeyPatch) -> type[Spidev.SpiDev]:
    Spidev.SpiDev.opened.clear()
    monkeypatch.setitem(sys.modules, "spidev", Spidev)
    return Spidev.SpiDev


@pytest.mark.parametrize(("driver", "clock_hz", "size"), [("apa102", 4_000_000, 57), ("ws2812_spi", 3_200_000, 384)])
def test_the_configured_ring_is_opened_on_its_bus(
    spidev: type[Spidev.SpiDev], driver: Any, clock_hz: int, size: int
) -> None:
    ring = asyncio.run(open_led_ring(LedSettings(driver=driver)))
    (bus,) = spidev.opened
    assert (ring.count, bus.mode, bus.max_speed_hz, len(bus.written)) == (12, 0, clock_hz, size)
    ring.close()
    assert bus.closed


@pytest.mark.parametrize(
    ("bus", "device", "remedy"),
    [
        (7, 0, "no /dev/spidev7.0; add dtparam=spi=on"),
        (0, 1, "add this user to the group spi"),
        (0, 2, "/dev/spidev0.2 cannot be opened .*busy"),
        (0, 3, "cannot be written to"),
        (0, 4, "sudo systemctl restart vocative"),
    ],
)
def test_a_bus_that_cannot_be_used_is_missing_with_its_remedy(
    spidev: type[Spidev.SpiDev], bus: int, device: int, remedy: str
) -> None:
    with pytest.raises(DeviceMissing, match=remedy):
        asyncio.run(open_led_ring(LedSettings(spi_bus=bus, spi_device=device)))
    assert all(opened.closed for opened in spidev.opened)


def test_without_spidev_the_remedy_is_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "spidev", None)
    with pytest.raises(DeviceMissing, match="python3-spidev"):
        asyncio.run(open_led_ring(LedSettings()))


def test_the_real_spidev_and_no_such_bus() -> None:
    pytest.importorskip("spidev", reason="spidev is not installed")
    assert not Path("/dev/spidev99.0").exists()
    with pytest.raises(DeviceMissing, match="dtparam=spi=on"):
        asyncio.run(open_led_ring(LedSettings(spi_bus=99)))


def test_a_ws2812_ring_too_long_for_one_transfer_is_refused() -> None:
    with pytest.raises(DeviceMissing, match="at most 321"):
        asyncio.run(open_led_ring(LedSettings(driver="ws2812_spi", count=322)))


# --- the single RGB LED --------------------------------------------------------------------------------


def legs() -> list[float]:
    return [Device.pin_factory.pin(pin).state for pin in (5, 6, 13)]


def test_an_rgb_led_is_one_pixel_whatever_the_count_and_shines_on_its_three_pins() -> None:
    led = rgb_led()
    assert led.count == 1
    assert legs() == [0, 0, 0]
    led.show([(255, 128, 0)])
    assert legs() == pytest.approx([1.0, 56 / 255, 0.0], abs=0.02)
    led.show([BLACK])
    assert legs() == [0, 0, 0]
    led.close()


def test_no_light_of_an_rgb_led_is_lost_to_the_steps_of_one_percent() -> None:
    led = rgb_led()
    for value in range(1, 256):
        led.show([(value, 0, 0)])
        (level, _, _), (duty, _, _) = FULL.levels([(value, 0, 0)]), legs()
        assert int(duty * 100) == -(-level * 100 // 255)  # gpiozero's LGPIOPin takes int(duty * 100)
    led.close()


def test_a_closed_rgb_led_frees_its_pins_and_shows_nothing_more() -> None:
    led = rgb_led()
    led.show([RED])
    led.close()
    with pytest.raises(DeviceLost, match="closed"):
        led.show([BLACK])
    again = rgb_led()
    assert legs() == [0, 0, 0]
    again.close()


def test_an_rgb_led_whose_pins_went_away_is_a_lost_device() -> None:
    class Lamp:
        def __setattr__(self, name: str, value: object) -> None:
            raise OSError(19, "No such device")

        value = (0.0, 0.0, 0.0)

        def close(self) -> None: ...

    with pytest.raises(DeviceLost, match=r"RGB LED.*No such device"):
        RgbLed(Lamp(), FULL).show([RED])


def test_an_rgb_led_on_a_taken_pin_is_missing() -> None:
    led = rgb_led()
    with pytest.raises(DeviceMissing, match=r"RGB LED: .*choose another"):
        rgb_led()
    led.close()
