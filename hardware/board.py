"""Opens the parts that the configuration names: the only room that knows the drivers, each imported on first use."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, assert_never

from hardware.absent import AbsentButton, AbsentLedRing, AbsentMuteSwitch
from hardware.channels import Channels
from hardware.interfaces import Board, Button, Camera, DeviceMissing, LedRing, Microphone, MuteSwitch, Speaker
from hardware.settings import BoardSettings, MicrophoneSettings
from hardware.shown import Front
from hardware.sound_devices import Ability, Direction

if TYPE_CHECKING:
    from hardware.file_microphone import FileMicrophone
    from hardware.file_speaker import FileSpeaker
    from hardware.simulated import SimulatedBoard
    from hardware.terminal import Terminal
    from hardware.terminal_script import Step
    from hardware.web_page import Page


def open_board(settings: BoardSettings, keys: Sequence[Step] = ()) -> Board:
    """Return the board that `settings` describe; nothing is opened yet. In its terminal, if any, `keys` are pressed.

    With all drivers "simulated" it is a `SimulatedBoard`, whose parts have hands and eyes; the switch may be "none".
    """
    board = _ConfiguredBoard(settings, keys)
    parts = (settings.microphone, settings.speaker, settings.button, settings.leds, settings.camera)
    if all(part.driver == "simulated" for part in parts) and settings.mute.driver != "gpiozero":
        return board.simulated
    return board


def front_of(board: Board) -> Front | None:
    """Return what `board` has for people beside its parts, if anything."""
    return board.front if isinstance(board, _ConfiguredBoard) else None


def sound_devices() -> tuple[list[Ability], list[Ability]]:
    """Return the microphones and the loudspeakers that there are now, and what each really supports.

    Each is opened for a moment to find out, so it may take some seconds.

    Raises:
        DeviceMissing: The sound system does not answer.
    """
    from hardware.pyaudio_host import PORTAUDIO

    return PORTAUDIO.abilities(Direction.CAPTURE), PORTAUDIO.abilities(Direction.PLAYBACK)


def chosen_sound_device(direction: Direction, wanted: str) -> str:
    """Return the name of the microphone or loudspeaker that `wanted` means now; "" means the system's default.

    Raises:
        DeviceMissing: There is none, or the sound system does not answer.
    """
    from hardware.pyaudio_host import PORTAUDIO

    return PORTAUDIO.chosen(direction, wanted)


async def open_channels(settings: MicrophoneSettings, count: int) -> Channels:
    """Open the first `count` channels of the sound card, or PCM of ALSA's, that `settings` name.

    Raises:
        DeviceMissing: It cannot be opened now, or has fewer.
    """
    from hardware import pyaudio_channels

    return await pyaudio_channels.open_channels(settings, count)


class _ConfiguredBoard:
    """A `Board` of real, simulated and absent parts."""

    def __init__(self, settings: BoardSettings, keys: Sequence[Step]) -> None:
        self._settings = settings
        self._keys = keys
        self._file_microphone: FileMicrophone | None = None

    def __repr__(self) -> str:
        return f"<Board {self._settings!r}>"

    @cached_property
    def simulated(self) -> SimulatedBoard:
        """The simulated parts, made when the first of them is opened, and the same ones ever after."""
        from hardware.simulated import SimulatedBoard

        return SimulatedBoard(self._settings)

    @cached_property
    def terminal(self) -> Terminal:
        """The terminal with its button and its ring."""
        from hardware.terminal import Terminal

        return Terminal(self._settings.leds.count, on_press=self._prompt, script=self._keys)

    @cached_property
    def page(self) -> Page:
        """The page that is some of the parts."""
        from hardware.web_page import Page

        return Page(self._web_parts, on_press=self._prompt)

    @property
    def _web_parts(self) -> list[str]:
        """The parts that are in the page."""
        settings = self._settings
        drivers = {
            "button": settings.button.driver,
            "camera": settings.camera.driver,
            "leds": settings.leds.driver,
            "microphone": settings.microphone.driver,
            "speaker": settings.speaker.driver,
        }
        return [part for part, driver in drivers.items() if driver == "web"]

    @cached_property
    def file_speaker(self) -> FileSpeaker:
        """The one that writes to a file, the same one ever after: it goes on where it was."""
        from hardware.file_speaker import FileSpeaker

        return FileSpeaker(self._settings.speaker.file)

    @property
    def front(self) -> Front | None:
        """What there is for people, beside the parts."""
        if "terminal" in {self._settings.button.driver, self._settings.leds.driver}:
            return self.terminal
        if self._web_parts:
            from hardware.web_front import WebFront

            return WebFront(self.page, self._settings.page)
        return None

    def _prompt(self) -> None:
        """Have the recording go on, if one speaks in the place of a person."""
        if self._file_microphone is not None:
            self._file_microphone.prompt()

    async def _open_file_microphone(self) -> Microphone:
        if self._file_microphone is None:
            from hardware.file_microphone import load_file_microphone

            self._file_microphone = await load_file_microphone(self._settings.microphone)
        self._file_microphone.open()
        if self._settings.button.driver not in {"terminal", "web"}:
            self._file_microphone.say_all()
        return self._file_microphone

    async def microphone(self) -> Microphone:
        """Open the microphone."""
        settings = self._settings.microphone
        match settings.driver:
            case "pyaudio":
                from hardware.pyaudio_microphone import open_microphone

                return await open_microphone(settings)
            case "file":
                return await self._open_file_microphone()
            case "web":
                from hardware.web_microphone import open_web_microphone

                return await open_web_microphone(self.page, settings)
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
            case "file":
                await self.file_speaker.begin()
                return self.file_speaker
            case "web":
                from hardware.web_speaker import open_web_speaker

                return await open_web_speaker(self.page)
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
            case "terminal":
                self.terminal.push_button.open()
                return self.terminal.push_button
            case "web":
                from hardware.web_button import open_web_button

                return await open_web_button(self.page)
            case "simulated":
                return await self.simulated.button()
            case "none":
                return AbsentButton()
        assert_never(settings.driver)

    async def mute_switch(self) -> MuteSwitch:
        """Open the mute switch."""
        settings = self._settings.mute
        match settings.driver:
            case "gpiozero":
                from hardware.gpio_mute_switch import open_gpio_mute_switch

                return await open_gpio_mute_switch(settings)
            case "simulated":
                return await self.simulated.mute_switch()
            case "none":
                return AbsentMuteSwitch()
        assert_never(settings.driver)

    async def leds(self) -> LedRing:
        """Open the ring."""
        settings = self._settings.leds
        match settings.driver:
            case "apa102" | "ws2812_spi" | "rgb_led":
                from hardware.led_ring import open_led_ring

                return await open_led_ring(settings)
            case "terminal":
                self.terminal.ring.open()
                return self.terminal.ring
            case "web":
                from hardware.web_ring import open_web_ring

                return await open_web_ring(self.page, settings.count)
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
            case "web":
                from hardware.web_camera import WebCamera

                return WebCamera(self.page, settings)
            case "simulated":
                return await self.simulated.camera()
            case "none":
                raise DeviceMissing('camera: this device has none (camera.driver = "none")')
        assert_never(settings.driver)
