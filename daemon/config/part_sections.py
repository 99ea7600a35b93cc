"""The sections of the parts: how microphone and loudspeaker, button, switch, ring and camera are opened and set."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field

from .section import AbsolutePath, DeviceName, Percent, Section
from .values import Why, camera_device, nothing_or_from, sample_rate

Pin: TypeAlias = Annotated[
    int, Field(ge=2, le=27), Why("GPIO numbers are meant, not those on the header; 0 and 1 belong to the HAT's memory")
]


class MicrophoneSection(Section):
    """The microphone."""

    driver: Literal["pyaudio", "file", "web", "simulated"] = "pyaudio"
    device: DeviceName = ""
    gain_db: Annotated[
        float, Field(ge=-20.0, le=40.0), Why("more only makes noise loud; a microphone that needs it is broken")
    ] = 0.0
    rate_hz: Annotated[int, AfterValidator(sample_rate(50))] = 0
    """It is read 20 ms at a time."""
    channel: Annotated[int, Field(ge=0, le=7), Why("0 is the first, which is left")] = 0
    file: AbsolutePath = ""
    """Of "file" only."""


class SpeakerSection(Section):
    """The loudspeaker."""

    driver: Literal["pyaudio", "file", "web", "simulated"] = "pyaudio"
    device: DeviceName = ""
    rate_hz: Annotated[int, AfterValidator(sample_rate(100))] = 0
    """It is filled 10 ms at a time."""
    file: AbsolutePath = ""
    """Of "file" only."""
    volume_percent: Percent = 70
    earcons: bool = True
    sleep_after_s: Annotated[
        float, Field(ge=0.0, le=86_400.0), AfterValidator(nothing_or_from(10.0)), Why("0 means never")
    ] = 60.0
    """Without a sound for so long, the card is closed; the next press wakes it."""


class ButtonSection(Section):
    """The button."""

    driver: Literal["gpiozero", "terminal", "web", "simulated", "none"] = "gpiozero"
    pin: Pin = 17
    pull_up: bool = True
    debounce_ms: Annotated[
        int, Field(ge=5, le=200), Why("contacts bounce for some milliseconds, and people tap in 100")
    ] = 30


class MuteSection(Section):
    """The switch that shuts the microphone off."""

    driver: Literal["gpiozero", "simulated", "none"] = "none"
    pin: Pin = 26
    pull_up: bool = True
    muted_when: Literal["closed", "open"] = "open"


class LedsSection(Section):
    """The ring of pixels, or the single LED."""

    driver: Literal["apa102", "ws2812_spi", "rgb_led", "terminal", "web", "simulated", "none"] = "apa102"
    count: Annotated[int, Field(ge=1, le=320), Why("more pixels do not fit into one transfer over SPI")] = 12
    """4096 bytes, less the WS2812's pauses, at 12 bytes a pixel (hardware.md section 4)."""
    brightness_percent: Annotated[
        int, Field(ge=1, le=100), Why("the ring must say when the device listens; without a ring, driver is none")
    ] = 40
    spi_bus: Annotated[int, Field(ge=0, le=6), Why("a Pi has no others")] = 0
    spi_device: Annotated[int, Field(ge=0, le=2), Why("a bus has at most three chip selects")] = 0
    max_current_ma: Annotated[
        int, Field(ge=20, le=5_000), Why("one pixel needs about 20 to be seen, and a Pi's 5 V pins give less than 5000")
    ] = 400
    red_pin: Pin = 5
    green_pin: Pin = 6
    blue_pin: Pin = 13


class CameraSection(Section):
    """The camera."""

    driver: Literal["picamera2", "usb", "web", "simulated", "none"] = "picamera2"
    device: Annotated[str, AfterValidator(camera_device)] = ""
    """Of "usb" only."""
    mode: Literal["off", "on_request", "with_turn"] = "off"
    """"on_request": when the button is pressed twice, or when the model asks and `tools.look` lets it."""
    width_px: Annotated[
        int,
        Field(ge=160, le=1_536, multiple_of=2),
        Why("the service looks at about 768, and cameras deliver even sizes"),
    ] = 768
    quality_percent: Annotated[
        int, Field(ge=30, le=95), Why("below it faces turn into squares, above it only the bytes grow")
    ] = 75
    interval_s: Annotated[float, Field(ge=1.0, le=60.0), Why("the service takes at most one picture a second")] = 1.0
    """(live-api.md 1.2)"""
