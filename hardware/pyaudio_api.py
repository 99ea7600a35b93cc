"""What is asked of PyAudio, which has no types of its own, and what its errors mean to the owner."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Protocol, TypeAlias

Times: TypeAlias = Mapping[str, float]
"""`current_time`, `input_buffer_adc_time`, `output_buffer_dac_time`, in seconds of a clock of ALSA's."""
Callback: TypeAlias = Callable[[bytes | None, int, Times, int], tuple[bytes | None, int]]
"""Called on PortAudio's thread with what was captured (or None), the number of samples, the times and the status
flags. Returns what is to be played (or None), and `CONTINUE` or `ABORT`. It must not raise: PyAudio would throw the
exception into the main thread."""
DeviceInfo: TypeAlias = Mapping[str, str | int | float]
"""`index`, `name`, `maxInputChannels`, `maxOutputChannels` and more."""

# Numbers of PortAudio's, from portaudio.h: PyAudio has the same, but is imported on first use only.
SAMPLE_FORMATS: Final = {32: 2, 16: 8}
"""paInt32 and paInt16, by their bits."""
CONTINUE: Final = 0
ABORT: Final = 2
INPUT_OVERFLOW: Final = 0x2
OUTPUT_UNDERFLOW: Final = 0x4
INVALID_RATE: Final = -9997
INVALID_CHANNELS: Final = -9998
UNAVAILABLE: Final = -9985

_REMEDIES: Final = {
    UNAVAILABLE: "Something else holds it: `sudo vocative doctor` says what",
    -9996: "`arecord -l` and `aplay -l` list the cards; if they do not, add this user to the group audio",
}
"""What to do about paDeviceUnavailable and paInvalidDevice."""


class PaStream(Protocol):
    """What is asked of PyAudio's stream. Only `close` and `start_stream` may block."""

    def start_stream(self) -> None:
        """Let callbacks come."""
        ...

    def is_active(self) -> bool:
        """Return whether callbacks may still come. Raises OSError for a closed stream."""
        ...

    def get_output_latency(self) -> float:
        """Return the seconds that PortAudio believes to lie between a callback and the converter."""
        ...

    def close(self) -> None:
        """Stop at once and free the device."""
        ...


class PyAudio(Protocol):
    """What is asked of PyAudio: one count on PortAudio's initialisation."""

    def get_device_count(self) -> int:
        """Return how many devices there are."""
        ...

    def get_device_info_by_index(self, device_index: int) -> DeviceInfo:
        """Return what PortAudio knows of a device."""
        ...

    def get_default_input_device_info(self) -> DeviceInfo:
        """Return the system's default microphone. Raises OSError if there is none."""
        ...

    def get_default_output_device_info(self) -> DeviceInfo:
        """Return the system's default loudspeaker. Raises OSError if there is none."""
        ...

    def is_format_supported(
        self,
        rate: int,
        input_device: int | None = None,
        input_channels: int | None = None,
        input_format: int | None = None,
        output_device: int | None = None,
        output_channels: int | None = None,
        output_format: int | None = None,
    ) -> bool:
        """Return True, or raise ValueError with text and number. It opens the device for that."""
        ...

    def open(  # noqa: PLR0913 - PyAudio's signature
        self,
        *,
        rate: int,
        channels: int,
        format: int,  # noqa: A002 - PyAudio's name
        input: bool,  # noqa: A002 - PyAudio's name
        output: bool,
        input_device_index: int | None,
        output_device_index: int | None,
        frames_per_buffer: int,
        start: bool,
        stream_callback: Callback,
    ) -> PaStream:
        """Open a stream. Raises OSError with PortAudio's error number first."""
        ...

    def terminate(self) -> None:
        """Give the count back; the last one ends PortAudio."""
        ...


def number_of(error: Exception) -> int:
    """Return PortAudio's number of an error, 0 if it has none. PyAudio puts number and text in either order."""
    return next((value for value in error.args if isinstance(value, int)), 0)


def refusal(part: str, wanted: str, error: Exception, remedy: str = "") -> str:
    """Return what PortAudio's error means to the owner; `remedy`, if any, instead of the usual one."""
    number = number_of(error)
    words = next((value for value in error.args if isinstance(value, str)), str(error))
    device = f'"{wanted}"' if wanted else "the system's default device"
    remedy = remedy or _REMEDIES.get(number, "Unplug it and plug it in again; `journalctl -k` may say more")
    return f"{part}: {device} cannot be opened: {words} ({number}). {remedy}."
