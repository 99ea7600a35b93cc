"""Rings of LEDs on the SPI bus, and a single RGB LED on three GPIO pins.

Neither needs root, nor the PWM and PCM peripherals: they work beside I2S audio and on a Pi 5 (hardware.md section 4).
"""

from __future__ import annotations

import contextlib
import errno
import math
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from hardware.blocking import in_thread
from hardware.gpio_pins import opening_pins, pin_errors
from hardware.interfaces import DeviceLost, DeviceMissing, LedRing, Rgb
from hardware.led_bytes import APA102_HZ, WS2812_HZ, WS2812_MOST_PIXELS, Dimmer, apa102, ws2812
from hardware.settings import LedSettings

_BLACK: Final[Rgb] = (0, 0, 0)


class SpiPort(Protocol):
    """One chip select of an SPI bus, opened for writing."""

    def write(self, data: bytes) -> None:
        """Send all of `data` and wait until it is sent; other threads run meanwhile. Raises `OSError`."""
        ...

    def close(self) -> None:
        """Free the bus. May be called twice."""
        ...


class Lamp(Protocol):
    """What is asked of gpiozero's `RGBLED`."""

    value: tuple[float, float, float]
    """Red, green, blue, each 0 to 1."""

    def close(self) -> None:
        """Turn off and free the three pins. May be called twice."""
        ...


class SpiLedRing:
    """A `LedRing` of pixels that read their colours from an SPI bus.

    `show` waits for the wire: 12 pixels take 0.1 ms as APA102 and 1 ms as WS2812, whose reset is most of it. A
    picture that does not differ from the last one is not sent.
    """

    def __init__(self, port: SpiPort, dimmer: Dimmer, encode: Callable[[bytes], bytes], count: int) -> None:
        """Take over an open `port`; `encode` turns levels into what the pixels read. Everything off to begin with.

        Raises:
            OSError: The bus cannot be written to.
        """
        self.count = count
        self._port: Final = port
        self._dimmer: Final = dimmer
        self._encode: Final = encode
        self._closed = False
        self._shown = bytes(3 * count)
        port.write(encode(self._shown))

    def __repr__(self) -> str:
        return f"<SpiLedRing count={self.count} closed={self._closed} shown={self._shown.hex()}>"

    def show(self, pixels: Sequence[Rgb]) -> None:
        """Show exactly `count` pixels, clockwise from the top.

        Raises:
            DeviceLost: The bus went away, or the ring was closed.
            ValueError: The number of pixels is not `count`, or a channel is not in 0 to 255.
        """
        _check(pixels, self.count)
        if self._closed:
            raise DeviceLost("LED ring: closed")
        levels = self._dimmer.levels(pixels)
        if levels == self._shown:
            return
        try:
            self._port.write(self._encode(levels))
        except OSError as error:
            raise DeviceLost(f"LED ring: the SPI bus cannot be written to ({error}); look at its wires") from error
        self._shown = levels

    def close(self) -> None:
        """Turn everything off and free the bus. May be called twice."""
        if self._closed:
            return
        self._closed = True
        with contextlib.suppress(OSError):  # the bus went away: nothing that could be turned off
            self._port.write(self._encode(bytes(3 * self.count)))
        self._port.close()


class RgbLed:
    """A `LedRing` of one pixel: a common-cathode RGB LED whose legs are three GPIO pins, dimmed by pulse width."""

    def __init__(self, lamp: Lamp, dimmer: Dimmer) -> None:
        """Take over an open and dark `lamp`."""
        self.count = 1
        self._lamp: Final = lamp
        self._dimmer: Final = dimmer
        self._closed = False
        self._shown = bytes(3)

    def __repr__(self) -> str:
        return f"<RgbLed closed={self._closed} shown={self._shown.hex()}>"

    def show(self, pixels: Sequence[Rgb]) -> None:
        """Show the one pixel.

        Raises:
            DeviceLost: The pins went away, or the LED was closed.
            ValueError: There is not exactly one pixel, or a channel is not in 0 to 255.
        """
        _check(pixels, self.count)
        if self._closed:
            raise DeviceLost("RGB LED: closed")
        levels = self._dimmer.levels(pixels)
        if levels == self._shown:
            return
        red, green, blue = levels
        try:
            self._lamp.value = (_duty(red), _duty(green), _duty(blue))
        except pin_errors() as error:
            raise DeviceLost(f"RGB LED: the pins cannot be set ({error}); look at its wires") from error
        self._shown = levels

    def close(self) -> None:
        """Turn it off and free the pins. May be called twice."""
        self._closed = True
        self._lamp.close()


async def open_led_ring(settings: LedSettings) -> LedRing:
    """Open the ring that `settings` name: an `apa102`, `ws2812_spi` or `rgb_led`, everything off.

    Raises:
        DeviceMissing: A library, the bus or a pin cannot be used; the text says what to do.
    """
    dimmer = Dimmer(settings.brightness_percent, settings.max_current_ma)
    match settings.driver:
        case "apa102":
            return _on_spi(settings, dimmer, apa102, APA102_HZ)
        case "ws2812_spi":
            if settings.count > WS2812_MOST_PIXELS:
                raise DeviceMissing(f"LED ring: set leds.count to at most {WS2812_MOST_PIXELS} for ws2812_spi")
            return _on_spi(settings, dimmer, ws2812, WS2812_HZ)
        case "rgb_led":
            return RgbLed(await in_thread(lambda: _open_lamp(settings), undo=lambda late: late.close()), dimmer)
        case "terminal" | "web" | "simulated" | "none":
            raise AssertionError("unreachable: these drivers are opened elsewhere")


def _on_spi(settings: LedSettings, dimmer: Dimmer, encode: Callable[[bytes], bytes], clock_hz: int) -> SpiLedRing:
    port = _open_spi(settings.spi_bus, settings.spi_device, clock_hz)
    try:
        return SpiLedRing(port, dimmer, encode, settings.count)
    except OSError as error:
        port.close()
        raise DeviceMissing(f"LED ring: the SPI bus cannot be written to ({error})") from error


class _SpidevPort:
    """An `SpiPort` on `/dev/spidevBUS.DEVICE`."""

    def __init__(self, bus: int, device: int, clock_hz: int) -> None:
        from spidev import SpiDev  # on first use: only rings on SPI need it

        self._spi: Final = SpiDev()
        self._spi.open(bus, device)
        self._spi.mode = 0
        self._spi.max_speed_hz = clock_hz

    def write(self, data: bytes) -> None:
        """Send `data`: the kernel takes up to 4096 bytes in one go."""
        self._spi.writebytes2(data)

    def close(self) -> None:
        """Close the file. May be called twice."""
        self._spi.close()


def _open_spi(bus: int, device: int, clock_hz: int) -> SpiPort:
    path = f"/dev/spidev{bus}.{device}"
    try:
        return _SpidevPort(bus, device, clock_hz)
    except ImportError as error:
        remedy = "install the apt package python3-spidev and make the virtual environment with --system-site-packages"
        raise DeviceMissing(f"LED ring: {error}; {remedy}") from error
    except FileNotFoundError as error:
        remedy = "add dtparam=spi=on to /boot/firmware/config.txt and reboot, or correct leds.spi_bus and spi_device"
        raise DeviceMissing(f"LED ring: there is no {path}; {remedy}") from error
    except PermissionError as error:
        # Its mode refuses with EACCES. EPERM is DeviceAllow=, which systemd looks up once, before the service begins.
        late = "its driver was loaded after the service had begun: sudo systemctl restart vocative"
        remedy = late if error.errno == errno.EPERM else "add this user to the group spi"
        raise DeviceMissing(f"LED ring: {path} is not permitted; {remedy}") from error
    except OSError as error:
        raise DeviceMissing(f"LED ring: {path} cannot be opened ({error})") from error


def _open_lamp(settings: LedSettings) -> Lamp:
    with opening_pins("RGB LED", lit=True) as factory:
        from gpiozero import RGBLED  # on first use: 0.1 s and 3 MiB

        lamp: Lamp = RGBLED(settings.red_pin, settings.green_pin, settings.blue_pin, pin_factory=factory)
        return lamp


def _duty(level: int) -> float:
    """Return the share of time for which a channel shines.

    lgpio's pulse width has steps of 1 % and gpiozero rounds down to them: a faint light would go out. So the
    next step above is meant, and half a step more, which no rounding error can take away.
    """
    return min(1.0, (math.ceil(level * 100 / 255) + 0.5) / 100) if level else 0.0


def _check(pixels: Sequence[Rgb], count: int) -> None:
    if len(pixels) != count:
        raise ValueError(f"{len(pixels)} pixels for a ring of {count}")
