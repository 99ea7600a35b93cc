"""What the daemon asks of the parts: six Protocols of at most three methods, and the errors they raise.

Every method is called on the event loop's thread. A driver with a thread of its own crosses into the
loop with `call_soon_threadsafe` and nothing else. All times are seconds of `time.monotonic()`, which is
what `loop.time()` returns on a real loop; the simulated parts use `loop.time()` so that virtual time works.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from hardware.played import Played

Rgb: TypeAlias = tuple[int, int, int]
"""One pixel: red, green, blue, each 0 to 255, before the driver's brightness and current limit."""


class HardwareError(Exception):
    """A part cannot be used. The text names the part, what is wrong, and the one thing to do about it."""


class DeviceMissing(HardwareError):
    """A part cannot be opened: not there, busy, not permitted, or its library is not installed."""


class DeviceBusy(DeviceMissing):
    """Another program has the part; the text names it as far as that can be known."""


class DeviceStuck(DeviceMissing):
    """A part cannot be opened again in this process: its library never came back from closing it."""


class DeviceLost(HardwareError):
    """A part that worked went away. Close it and open it again; it may return."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One 20 ms frame from the microphone: 640 bytes, s16le, mono, 16 kHz."""

    pcm: bytes
    captured_s: float
    """When the last sample of the frame had been captured."""
    lost_frames: int = 0
    """Frames lost just before this one, because the device overflowed or nobody read in time."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The button changed: debounced by the driver, strictly alternating, starting from released."""

    pressed: bool
    at_s: float
    """When the contact first moved, not when the debouncing had finished."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One camera frame as JPEG: at most 768 px on the longer side unless configured otherwise, at most 100 KiB."""

    jpeg: bytes
    captured_s: float
    sketch: bytes
    """How bright it is where: tells whether two pictures show the same. See `hardware.sketch`."""


class Microphone(Protocol):
    """An open microphone, always warm: it captures from the moment it is opened until it is closed."""

    muted: bool
    """While true the driver hands out digital silence: the samples do not leave it (frames still arrive,
    so that their absence always means a dead microphone)."""
    patient: bool
    """While true, frames may come up to 80 ms late, five at once, so that the processor wakes less often; at first it
    is false. Made false again, what was captured is there at once."""

    async def read(self) -> Frame:
        """Wait for the next frame, in order.

        The driver keeps at most 25 unread frames (0.5 s), then drops the oldest and says so in `lost_frames`.
        Cancelling loses nothing.

        Raises:
            DeviceLost: The device went away, or delivered nothing for a second.
        """
        ...

    async def close(self) -> None:
        """Stop capturing and free the device. May be called twice."""
        ...


class Speaker(Protocol):
    """An open speaker. It plays silence whenever nothing was written, so its delay never changes."""

    @property
    def reference(self) -> Played:
        """All that was handed to the device since it was opened, silence included, that for want of a frame, too."""
        ...

    @property
    def xruns(self) -> int:
        """How often the device itself ran dry or was served too late since it was opened."""
        ...

    async def write(self, frame: bytes) -> float:
        """Queue one 20 ms frame (960 bytes, s16le, mono, 24 kHz) behind at most three others, waiting for room.

        Returns when its first sample will be handed to the converter. A frame whose `write` was waiting
        when `flush` was called is dropped, not queued: that frame is the classic way to hear old sound.

        Raises:
            DeviceLost: The device went away, or took nothing for a second.
        """
        ...

    def flush(self) -> None:
        """Drop everything written that has not sounded, fading out over 5 ms; effective within one period."""
        ...

    async def close(self) -> None:
        """Stop playing at once and free the device. May be called twice."""
        ...


class Button(Protocol):
    """An open push button."""

    async def edge(self) -> Edge:
        """Wait for the next edge. None is ever dropped: a press is always followed by its release.

        Raises:
            DeviceLost: The pin went away.
        """
        ...

    async def close(self) -> None:
        """Free the pin. May be called twice."""
        ...


class MuteSwitch(Protocol):
    """An open switch that shuts the microphone off, whatever software says."""

    async def position(self) -> bool:
        """Wait until it stands otherwise than was returned last, and return whether it shuts the microphone off.

        The first time, wait only until it is known. That it is to be shut off is known at once; that it may be opened,
        when the contact has said so without a break for 50 ms. Cancelling loses nothing.

        Raises:
            DeviceLost: The pin cannot be read any more, or the switch was closed.
        """
        ...

    async def close(self) -> None:
        """Free the pin. May be called twice."""
        ...


class LedRing(Protocol):
    """An open ring of pixels (or a single LED: `count` 1; or none at all: 0)."""

    count: int

    def show(self, pixels: Sequence[Rgb]) -> None:
        """Show exactly `count` pixels, clockwise from the top. Takes well under a millisecond.

        Raises:
            DeviceLost: The bus went away.
            ValueError: The number of pixels is not `count`.
        """
        ...

    def close(self) -> None:
        """Turn everything off and free the bus. May be called twice."""
        ...


class Camera(Protocol):
    """A camera that sleeps until it is asked."""

    async def capture(self) -> Picture:
        """Wake the camera if it sleeps and return a frame captured after this call, never an older one.

        Not called more often than once a second. Encoding happens off the event loop.

        Raises:
            DeviceLost: No frame came; the camera is unplugged or busy.
        """
        ...

    async def close(self) -> None:
        """Put the camera to sleep and free it. A later `capture` wakes it again."""
        ...


class Board(Protocol):
    """Opens the parts that the configuration names. Opening again after `DeviceLost` is allowed."""

    async def microphone(self) -> Microphone:
        """Open the microphone. Raises `DeviceMissing`."""
        ...

    async def speaker(self) -> Speaker:
        """Open the speaker. Raises `DeviceMissing`."""
        ...

    async def button(self) -> Button:
        """Open the button. Raises `DeviceMissing`."""
        ...

    async def mute_switch(self) -> MuteSwitch:
        """Open the mute switch. Raises `DeviceMissing`."""
        ...

    async def leds(self) -> LedRing:
        """Open the ring. Raises `DeviceMissing`."""
        ...

    async def camera(self) -> Camera:
        """Return the camera, asleep. Raises `DeviceMissing`."""
        ...
