"""PortAudio itself, of which there is one in the process, through PyAudio.

What it leaves to its user, and is done here:

- Opening and closing are not thread-safe: one lock around both.
- It looks for sound cards only when it is initialised while nothing is open; later instances share what the first
  has found. So beside another open stream it may work with a list that is out of date: a card plugged in since is
  not in it, and a number in it may be another card's by now. When the kernel names a card that was not there when
  PortAudio looked, all streams are given up, and the list is made anew as they are opened again.
- `hw` devices are opened through ALSA's `plug` (PA_ALSA_PLUGHW): hardly a card captures 16 kHz mono by itself.
- Closing a running stream cancels its thread (pthread_cancel). If that thread just waits for Python's interpreter
  lock, the lock stays taken for ever. So the callback ends the stream first, and only then it is closed.
"""

from __future__ import annotations

import os
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Protocol, TypeAlias

from hardware.interfaces import DeviceMissing
from hardware.pcm import Format
from hardware.sound_devices import Direction, SoundDevice, find_device, has_new_card

Times: TypeAlias = Mapping[str, float]
"""`current_time`, `input_buffer_adc_time`, `output_buffer_dac_time`, in seconds of a clock of ALSA's."""
Callback: TypeAlias = Callable[[bytes | None, int, Times, int], tuple[bytes | None, int]]
"""Called on PortAudio's thread with what was captured (or None), the number of samples, the times and the status
flags. Returns what is to be played (or None), and `CONTINUE` or `ABORT`. It must not raise: PyAudio would throw the
exception into the main thread."""

# Numbers of PortAudio's, from portaudio.h: PyAudio has the same, but is imported on first use only.
INT16: Final = 8
CONTINUE: Final = 0
ABORT: Final = 2
INPUT_OVERFLOW: Final = 0x2
OUTPUT_UNDERFLOW: Final = 0x4

_LOCK_S: Final = 5.0
"""Longer than any card takes to be opened or closed; when it has passed, ALSA hangs."""
_LAST_CALLBACK_S: Final = 0.2
"""How long a stream that is being closed may take to end by itself: ten periods."""
_CHATTER: Final = (b"ALSA lib ", b"Cannot connect to server", b"jack server is not", b"JackShm", b"Expression '", b"\n")
_PLUG: Final = "Name a PCM of type plug in /etc/asound.conf, and that one here"
_REMEDIES: Final = {
    -9985: "Something else holds it: `fuser -v /dev/snd/*` says what",
    -9996: "`arecord -l` and `aplay -l` list the cards; if they do not, add this user to the group audio",
    -9997: _PLUG,
    -9998: _PLUG,
}
"""What to do about paDeviceUnavailable, paInvalidDevice, paInvalidSampleRate and paInvalidChannelCount."""


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

    def get_device_info_by_index(self, device_index: int) -> Mapping[str, str | int | float]:
        """Return a device's `name`, `maxInputChannels`, `maxOutputChannels` and more."""
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


class OpenStream:
    """One running stream. `stale` is set, on any thread, when it must be given up for PortAudio's sake."""

    def __init__(self, host: PortAudio, audio: PyAudio, stream: PaStream) -> None:
        self._host = host
        self._audio = audio
        self._stream = stream
        self.output_latency_s: Final = stream.get_output_latency()
        self.stale = False

    @property
    def active(self) -> bool:
        """Whether PortAudio still believes in it. A card that was pulled may stay "active" (hardware.md section 10)."""
        try:
            return self._stream.is_active()
        except OSError:
            return False

    def close(self) -> None:
        """Free the device, once its callback has been told to end. Blocks, if the device is gone perhaps for ever."""
        patience_s = time.monotonic() + _LAST_CALLBACK_S
        while self.active and time.monotonic() < patience_s:
            time.sleep(0.005)
        self._host.close(self, self._audio, self._stream)


class PortAudio:
    """What there is once in a process, as PortAudio is: the lock, the open streams, and when it last looked for cards.

    All methods block, and are safe on any thread.
    """

    def __init__(self, cards: Path = Path("/proc/asound/cards")) -> None:
        """Read the kernel's cards from `cards`; it is absent where ALSA has only plug-ins, and not needed there."""
        self._cards = cards
        self._cards_listed = ""
        """The kernel's cards when PortAudio last looked."""
        self._streams: set[OpenStream] = set()
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<PortAudio {len(self._streams)} streams>"

    def devices(self) -> list[SoundDevice]:
        """Return all devices, as fresh as the open streams allow.

        Raises:
            DeviceMissing: PortAudio cannot be used at all.
        """
        with self._turn("sound"):
            audio = self._initialised("sound")
            try:
                return _listed(audio)
            finally:
                audio.terminate()

    def open(
        self, direction: Direction, wanted: str, audio_format: Format, buffer_samples: int, callback: Callback
    ) -> OpenStream:
        """Open and start a mono s16le stream on the device that `wanted` means (see `find_device`).

        Raises:
            DeviceMissing: It cannot be opened now; the text says why, and what to do.
        """
        part = direction.value
        capture = direction is Direction.CAPTURE
        with self._turn(part):
            audio = self._initialised(part)
            try:
                devices = _listed(audio)
                index = find_device(devices, wanted, direction, self._cards_now())
                stream = audio.open(
                    rate=audio_format.rate_hz,
                    channels=1,
                    format=INT16,
                    input=capture,
                    output=not capture,
                    input_device_index=index if capture else None,
                    output_device_index=None if capture else index,
                    frames_per_buffer=buffer_samples,
                    start=False,
                    stream_callback=callback,
                )
                stream.start_stream()  # if this fails, PyAudio has closed the stream
            except DeviceMissing:
                audio.terminate()
                raise
            except OSError as error:
                audio.terminate()
                raise DeviceMissing(_refusal(part, wanted, error)) from error
            opened = OpenStream(self, audio, stream)
            self._streams.add(opened)
            return opened

    def close(self, opened: OpenStream, audio: PyAudio, stream: PaStream) -> None:
        """Free a stream; for `OpenStream.close` only."""
        with self._lock:
            stream.close()
            audio.terminate()
            self._streams.discard(opened)

    @contextmanager
    def _turn(self, part: str) -> Iterator[None]:
        """Hold the lock, unless ALSA hangs in somebody else's turn."""
        if not self._lock.acquire(timeout=_LOCK_S):
            raise DeviceMissing(f"{part}: ALSA hangs in closing a device that is gone. Restart the service")
        try:
            yield
        finally:
            self._lock.release()

    def _initialised(self, part: str) -> PyAudio:
        """Count once more on PortAudio's initialisation, which lists the devices if nothing is open."""
        cards = self._cards_now()
        if not self._streams:
            self._cards_listed = cards
        elif has_new_card(self._cards_listed, cards):
            for stream in self._streams:
                stream.stale = True
            raise DeviceMissing(f"{part}: a sound card was plugged in. It is used once all sound was closed; try again")
        os.environ.setdefault("PA_ALSA_PLUGHW", "1")
        try:
            import pyaudio  # on first use; it has no types, hence our Protocols

            with _chatter_held_back():
                audio: PyAudio = pyaudio.PyAudio()
        except ImportError as error:
            raise DeviceMissing(f"{part}: {error}. Install PyAudio: `apt install python3-pyaudio`") from error
        except OSError as error:
            raise DeviceMissing(_refusal(part, "", error)) from error
        return audio

    def _cards_now(self) -> str:
        try:
            return self._cards.read_text()
        except OSError:
            return ""


PORTAUDIO: Final = PortAudio()


def _listed(audio: PyAudio) -> list[SoundDevice]:
    """Return what PortAudio has found."""
    infos = [audio.get_device_info_by_index(index) for index in range(audio.get_device_count())]
    return [
        SoundDevice(index, str(info["name"]), int(info["maxInputChannels"]) > 0, int(info["maxOutputChannels"]) > 0)
        for index, info in enumerate(infos)
    ]


def _refusal(part: str, wanted: str, error: OSError) -> str:
    """Return what PortAudio's error means to the owner. PyAudio puts number and text in either order."""
    number = next((value for value in error.args if isinstance(value, int)), 0)
    words = next((value for value in error.args if isinstance(value, str)), str(error))
    device = f'"{wanted}"' if wanted else "the system's default device"
    remedy = _REMEDIES.get(number, "Unplug it and plug it in again; `journalctl -k` may say more")
    return f"{part}: {device} cannot be opened: {words} ({number}). {remedy}."


@contextmanager
def _chatter_held_back() -> Iterator[None]:
    """Keep off stderr what ALSA and JACK print about each card that is not there: a dozen lines at every attempt.

    The libraries write to file descriptor 2 itself, which belongs to the whole process. Whatever else is written
    meanwhile, by any thread, comes out when the body ends. So the body must be one that returns: PortAudio's
    initialisation does, within a second, opening a device might not.
    """
    stderr = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not line.startswith(_CHATTER)))
