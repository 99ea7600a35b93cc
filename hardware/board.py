"""Opens the parts that the configuration names: the only room that knows the drivers, each imported on first use."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from hardware.absent import AbsentButton, AbsentLedRing
from hardware.interfaces import Board, Button, Camera, DeviceMissing, LedRing, Microphone, Speaker
from hardware.settings import BoardSettings
from hardware.sound_devices import Ability, Direction

if TYPE_CHECKING:
    from hardware.simulated import SimulatedBoard


def open_board(settings: BoardSettings) -> Board:
    """Return the board that `settings` describe; nothing is opened yet.

    With all five drivers "simulated" it is a `SimulatedBoard`, whose parts have hands and eyes.
    """
    board = _ConfiguredBoard(settings)
    parts = (settings.microphone, settings.speaker, settings.button, settings.leds, settings.camera)
    if all(part.driver == "simulated" for part in parts):
        return board.simulated
    return board


def sound_devices() -> tuple[list[Ability], list[Ability]]:
    """Return the microphones and the loudspeakers that there are now, and what each really supports.

    Each is opened for a moment to find out, so it may take some seconds.

    Raises:
        DeviceMissing: The sound system does not answer.
    """
    from hardware.pyaudio_host import PORTAUDIO

    return PORTAUDIO.abilities(Direction.CAPTURE), PORTAUDIO.abilities(Direction.PLAYBACK)


class _ConfiguredBoard:
    """A `Board` of real, simulated and absent parts."""

    def __init__(self, settings: BoardSettings) -> None:
        self._settings = settings

    def __repr__(self) -> str:
        return f"<Board {self._settings!r}>"

    @cached_property
    def simulated(self) -> SimulatedBoard:
        """The simulated parts, made when the first of them is opened, and the same ones ever after."""
        from hardware.simulated import SimulatedBoard

        return SimulatedBoard(self._settings)

    async def microphone(self) -> Microphone:
        """Open the microphone."""
        settings = self._settings.microphone
        match settings.driver:
            case "pyaudio":
                from hardware.pyaudio_microphone import open_microphone

                return await open_microphone(settings)
            case "simulated":
                return await self.simulated.microphone()
        assert_never(settings.driver)

    async def speaker(self) -> Speaker:
        """Open the speaker."""
        settings = self._settings.speaker
        match settings.driver:
            case "pyaudio":
                from hardware.pyaudio_speaker import open_speaker

                return await open_speaker(settings)
            case "simulated":
                return await self.simulated.speaker()
        assert_never(settings.driver)

    async def button(self) -> Button:
        """Open the button."""
        settings = self._settings.button
        match settings.driver:
            case "gpiozero":
                from hardware.gpio_button import open_gpio_button

                return await open_gpio_button(settings)
            case "simulated":
                return await self.simulated.button()
            case "none":
                return AbsentButton()
        assert_never(settings.driver)

    async def leds(self) -> LedRing:
        """Open the ring."""
        settings = self._settings.leds
        match settings.driver:
            case "apa102" | "ws2812_spi" | "rgb_led":
                from hardware.led_ring import open_led_ring

                return await open_led_ring(settings)
            case "simulated":
                return await self.simulated.leds()
            case "none":
                return AbsentLedRing()
        assert_never(settings.driver)

    async def camera(self) -> Camera:
        """Return the camera, asleep."""
        settings = self._settings.camera
        match settings.driver:
            case "picamera2":
                from hardware.pi_camera import PiCamera

                return PiCamera(settings)
            case "usb":
                from hardware.usb_camera import UsbCamera

                return UsbCamera(settings)
            case "simulated":
                return await self.simulated.camera()
            case "none":
                raise DeviceMissing('camera: this device has none (camera.driver = "none")')
        assert_never(settings.driver)
