"""PortAudio itself, of which there is one in the process, through PyAudio.

What it leaves to its user, and is done here:

- Opening and closing are not thread-safe: one lock around both.
- It looks for sound cards only when it is initialised while nothing is open; later instances share what the first
  has found. So beside another open stream it may work with a list that is out of date: a card plugged in since is
  not in it, and a number in it may be another card's by now. When the kernel names a card that was not there when
  PortAudio looked, all streams are given up, and the list is made anew as they are opened again.
- `hw` devices are opened as they are, never through ALSA's `plug`: what a card can is tried here, and the rest
  converted by us (`card_format`). A PCM of type plug in ALSA's configuration can still be named.
- Microphone and loudspeaker are two streams, also on one card: there both run on its clock anyway. Two cards drift
  apart, whoever opens them.
- Closing a running stream cancels its thread (pthread_cancel). If that thread just waits for Python's interpreter
  lock, the lock stays taken for ever. So the callback ends the stream first, and only then it is closed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeAlias

from hardware.alsa_chatter import chatter_held_back
from hardware.card_format import CAPTURE_RATES_HZ, PLAYBACK_RATES_HZ, CardFormat
from hardware.holder import busy_card, card_holders, held_by
from hardware.interfaces import DeviceBusy, DeviceMissing, DeviceStuck
from hardware.pyaudio_api import (
    INVALID_CHANNELS,
    INVALID_RATE,
    SAMPLE_FORMATS,
    UNAVAILABLE,
    Callback,
    DeviceInfo,
    PaStream,
    PyAudio,
    number_of,
    refusal,
)
from hardware.sound_devices import Ability, Direction, SoundDevice, find_device, has_new_card
from hardware.usb_ports import card_at_port

Wishes: TypeAlias = Callable[[SoundDevice], Sequence[CardFormat]]
"""What to try of a device, the best first; may raise `DeviceMissing`."""

_LOCK_S: Final = 5.0
"""Longer than any card takes to be opened; when it has passed, ALSA hangs."""
_LAST_CALLBACK_S: Final = 0.2
"""How long a stream that is being closed may take to end by itself: ten periods."""


class OpenStream:
    """One running stream.

    `stale` is set, on any thread, when it must be given up for PortAudio's sake; `closing` once PortAudio waits for its
    own thread, which may hang in ALSA; `stuck` by whoever does not wait any longer for that.
    """

    def __init__(self, host: PortAudio, audio: PyAudio, stream: PaStream, card: CardFormat) -> None:
        self._host = host
        self._audio = audio
        self._stream = stream
        self.card: Final = card
        self.output_latency_s: Final = stream.get_output_latency()
        self.stale = False
        self.closing = False
        self.stuck = False

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

    def __init__(self, cards: Path = Path("/proc/asound/cards"), proc: Path = Path("/proc")) -> None:
        """Read the kernel's cards from `cards`; it is absent where ALSA has only plug-ins, and not needed there.

        Below `proc` is looked for who holds a card.
        """
        self._cards = cards
        self._proc = proc
        self._cards_listed = ""
        """The kernel's cards when PortAudio last looked."""
        self._streams: set[OpenStream] = set()
        self._taken: dict[tuple[Direction, str], CardFormat] = {}
        """What each device took the last time: what it refuses, ALSA complains about on stderr."""
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<PortAudio {len(self._streams)} streams>"

    def abilities(self, direction: Direction) -> list[Ability]:
        """Return what each device really supports in `direction`, as fresh as the open streams allow.

        For commands, not for the daemon: meanwhile nothing comes out on stderr.

        Raises:
            DeviceMissing: PortAudio cannot be used at all.
        """
        with self._turn("sound"), chatter_held_back():
            audio = self._initialised("sound")
            try:
                return [_ability(audio, device, direction) for device in _listed(audio) if device.serves(direction)]
            finally:
                audio.terminate()

    def chosen(self, direction: Direction, wanted: str) -> str:
        """Return the name of the device that `wanted` means now, which is not opened.

        Raises:
            DeviceMissing: There is none.
        """
        with self._turn(direction.value):
            audio = self._initialised(direction.value)
            try:
                return self._found(audio, direction, wanted).name
            except OSError as error:
                raise DeviceMissing(refusal(direction.value, wanted, error)) from error
            finally:
                audio.terminate()

    def open(
        self,
        direction: Direction,
        wanted: str,
        wishes: Wishes,
        *,
        period_s: float,
        prepare: Callable[[CardFormat], None],
        callback: Callback,
    ) -> OpenStream:
        """Open and start a stream on the device that `wanted` means (see `find_device`), with the first wish it takes.

        `prepare` is told which one, on this thread, before the first callback; every callback is for `period_s`.

        Raises:
            DeviceMissing: It cannot be opened now; the text says why, and what to do.
        """
        part = direction.value
        with self._turn(part):
            audio = self._initialised(part)
            try:
                device = self._found(audio, direction, wanted)
                card, stream = self._first_taken(audio, direction, device, wishes(device), period_s, callback)
                prepare(card)
                opened = OpenStream(self, audio, stream, card)
                stream.start_stream()  # if this fails, PyAudio has closed the stream
            except DeviceMissing:
                audio.terminate()
                raise
            except OSError as error:
                audio.terminate()
                raise DeviceMissing(refusal(part, wanted, error)) from error
            self._streams.add(opened)
            return opened

    def close(self, opened: OpenStream, audio: PyAudio, stream: PaStream) -> None:
        """Free a stream, unless another one is stuck, which keeps the lock; for `OpenStream.close` only."""
        if self._stuck:
            return
        with self._lock:
            opened.closing = True
            stream.close()
            audio.terminate()
            self._streams.discard(opened)

    def _found(self, audio: PyAudio, direction: Direction, wanted: str) -> SoundDevice:
        """Return the device that `wanted` means."""
        wanted = card_at_port(wanted, direction)
        try:
            index = find_device(_listed(audio), wanted, direction, self._cards_now())
        except DeviceMissing as missing:
            # What was busy when PortAudio looked for devices is not in its list.
            if held := busy_card(wanted, direction, self._proc):
                raise DeviceBusy(held) from missing
            raise
        if index is not None:
            return _device(audio.get_device_info_by_index(index))
        capture = direction is Direction.CAPTURE
        try:
            return _device(audio.get_default_input_device_info() if capture else audio.get_default_output_device_info())
        except OSError as error:
            if held := busy_card(wanted, direction, self._proc):
                raise DeviceBusy(held) from error
            raise

    def _first_taken(
        self,
        audio: PyAudio,
        direction: Direction,
        device: SoundDevice,
        wishes: Sequence[CardFormat],
        period_s: float,
        callback: Callback,
    ) -> tuple[CardFormat, PaStream]:
        """Open `device` with the first of `wishes` that it takes; what it took the last time goes first."""
        capture = direction is Direction.CAPTURE
        taken = self._taken.get((direction, device.name))
        for card in sorted(wishes, key=lambda wish: wish != taken):
            try:
                stream = audio.open(
                    rate=card.rate_hz,
                    channels=card.channels,
                    format=SAMPLE_FORMATS[card.bits],
                    input=capture,
                    output=not capture,
                    input_device_index=device.index if capture else None,
                    output_device_index=None if capture else device.index,
                    frames_per_buffer=card.samples_in(period_s),
                    start=False,
                    stream_callback=callback,
                )
            except OSError as error:
                if number_of(error) == UNAVAILABLE:
                    held = held_by(card_holders(device.name, direction, self._proc))
                    busy = DeviceBusy if held else DeviceMissing
                    raise busy(refusal(direction.value, device.name, error, held)) from error
                if number_of(error) not in {INVALID_RATE, INVALID_CHANNELS}:
                    raise
                refused = error
            else:
                self._taken[direction, device.name] = card
                return card, stream
        able = _ability(audio, device, direction)
        remedy = f"It has {able.abilities}. Set {direction.value}.rate_hz to 0"
        if not able.rates_hz:
            remedy = f"Name a PCM of type plug in /etc/asound.conf, and that one in {direction.value}.device"
        raise DeviceMissing(refusal(direction.value, device.name, refused, remedy)) from refused

    @contextmanager
    def _turn(self, part: str) -> Iterator[None]:
        """Hold the lock, unless ALSA hangs in somebody else's turn."""
        if self._stuck or not self._lock.acquire(timeout=_LOCK_S):
            raise DeviceStuck(f"{part}: ALSA hangs with a sound card. Only an end of this process ends that")
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
        try:
            import pyaudio  # on first use; it has no types, hence our Protocols

            with chatter_held_back():
                audio: PyAudio = pyaudio.PyAudio()
        except ImportError as error:
            raise DeviceMissing(f"{part}: {error}. Install PyAudio: `apt install python3-pyaudio`") from error
        except OSError as error:
            raise DeviceMissing(refusal(part, "", error)) from error
        return audio

    @property
    def _stuck(self) -> bool:
        return any(stream.stuck for stream in self._streams.copy())

    def _cards_now(self) -> str:
        try:
            return self._cards.read_text()
        except OSError:
            return ""


PORTAUDIO: Final = PortAudio()


def _listed(audio: PyAudio) -> list[SoundDevice]:
    """Return what PortAudio has found."""
    return [_device(audio.get_device_info_by_index(index)) for index in range(audio.get_device_count())]


def _device(info: DeviceInfo) -> SoundDevice:
    return SoundDevice(
        int(info["index"]), str(info["name"]), int(info["maxInputChannels"]), int(info["maxOutputChannels"])
    )


def _ability(audio: PyAudio, device: SoundDevice, direction: Direction) -> Ability:
    """Return what `device` really supports. That is found out by opening it, so it may be busy."""
    capture = direction is Direction.CAPTURE
    rates_hz: list[int] = []
    for rate_hz in sorted(CAPTURE_RATES_HZ if capture else PLAYBACK_RATES_HZ):
        asked = (device.index, 1, SAMPLE_FORMATS[16])
        try:
            if capture:
                audio.is_format_supported(rate_hz, *asked)
            else:
                audio.is_format_supported(rate_hz, None, None, None, *asked)
        except ValueError as error:
            if number_of(error) == UNAVAILABLE:
                return Ability(device.name, device.channels(direction), (), busy=True)
        else:
            rates_hz.append(rate_hz)
    return Ability(device.name, device.channels(direction), tuple(rates_hz))
