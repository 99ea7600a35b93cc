"""What each part must be told to be opened: plain values, checked by whoever makes them, never here.

Names and defaults are those of the configuration file. What only the daemon needs (the volume, the earcons,
when the camera looks) is not here.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class MicrophoneSettings:
    """The `[microphone]` table."""

    driver: Literal["pyaudio", "file", "web", "simulated"] = "pyaudio"
    device: str = ""
    """Part of the device's name as PortAudio shows it, such as "USB PnP" or "hw:CARD=sndrpigooglevoi" (see
    `sound_devices.find_device`); empty for the system's default. Never an index: those change with every replug."""
    gain_db: float = 0.0
    """A fixed digital gain; MEMS microphones on I2S are quiet (hardware.md section 1)."""
    rate_hz: int = 0
    """What the device is opened at; 0: the best that it really has."""
    channel: int = 0
    """Which channel of a device that has several is heard; the first is 0."""
    file: str = ""
    """Of "file": the WAV file that speaks; empty for silence."""


@dataclass(frozen=True, slots=True)
class SpeakerSettings:
    """The `[speaker]` table."""

    driver: Literal["pyaudio", "file", "web", "simulated"] = "pyaudio"
    device: str = ""
    """As for the microphone."""
    rate_hz: int = 0
    """As for the microphone."""
    file: str = ""
    """Of "file": the WAV file that takes what is played; empty for nobody."""


@dataclass(frozen=True, slots=True)
class ButtonSettings:
    """The `[button]` table."""

    driver: Literal["gpiozero", "terminal", "web", "simulated", "none"] = "gpiozero"
    pin: int = 17
    """The GPIO number (Broadcom numbering), not the number on the header."""
    pull_up: bool = True
    """The button connects the pin to ground; false: to 3.3 V, with a pull-down."""
    debounce_ms: int = 30


@dataclass(frozen=True, slots=True)
class LedSettings:
    """The `[leds]` table."""

    driver: Literal["apa102", "ws2812_spi", "rgb_led", "terminal", "web", "simulated", "none"] = "apa102"
    count: int = 12
    """Pixels in the ring; an `rgb_led` has one, whatever stands here."""
    brightness_percent: int = 40
    spi_bus: int = 0
    spi_device: int = 0
    max_current_ma: int = 400
    """What all pixels together may draw; brighter pictures are dimmed to it (hardware.md section 4)."""
    red_pin: int = 5
    green_pin: int = 6
    blue_pin: int = 13


@dataclass(frozen=True, slots=True)
class CameraSettings:
    """The `[camera]` table."""

    driver: Literal["picamera2", "usb", "web", "simulated", "none"] = "picamera2"
    width_px: int = 768
    """The longer side, at most."""
    quality_percent: int = 75
    """JPEG quality, 1 to 100, of pictures that are not too large with it."""
    device: str = ""
    """Of "usb": part of the camera's name, such as "C920", or the path of its node; empty for the first there is."""


@dataclass(frozen=True, slots=True)
class MuteSettings:
    """The `[mute]` table."""

    driver: Literal["gpiozero", "simulated", "none"] = "none"
    pin: int = 26
    """As for the button."""
    pull_up: bool = True
    """As for the button."""
    muted_when: Literal["closed", "open"] = "open"
    """The position of the contact that shuts the microphone off. A wire that has come off is an open contact."""


@dataclass(frozen=True, slots=True)
class PageSettings:
    """How the page is served that parts with the driver "web" are in."""

    port: int = 0
    """Of 127.0.0.1; 0 for a free one."""
    opens_browser: bool = False
    """Whether the browser is told to show it."""


@dataclass(frozen=True, slots=True)
class BoardSettings:
    """All six parts, and the page that some may be in."""

    microphone: MicrophoneSettings = field(default_factory=MicrophoneSettings)
    speaker: SpeakerSettings = field(default_factory=SpeakerSettings)
    button: ButtonSettings = field(default_factory=ButtonSettings)
    leds: LedSettings = field(default_factory=LedSettings)
    camera: CameraSettings = field(default_factory=CameraSettings)
    mute: MuteSettings = field(default_factory=MuteSettings)
    page: PageSettings = field(default_factory=PageSettings)
