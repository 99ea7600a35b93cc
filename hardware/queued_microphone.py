"""What all microphones share whose frames wait in a queue: the reading, the muting, and the patience."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hardware.frame_queue import FrameQueue
from hardware.interfaces import Frame
from hardware.pcm import UP


class QueuedMicrophone:
    """A `Microphone` but for its closing; whoever drives the device puts what it captures into the queue.

    Frames that were captured before `muted` became true and not read yet are silenced in `read`; what is captured
    meanwhile, by the driver, which asks `_is_silenced`.
    """

    def __init__(self, frames: FrameQueue, clock: Callable[[], float]) -> None:
        """Begin, not muted; `clock` is the one by which the driver says when a frame was captured, in seconds."""
        self._frames = frames
        self._clock = clock
        self._muted = False
        self._unmuted_s = 0.0
        """When muting last ended; read by the device's thread."""

    @property
    def muted(self) -> bool:
        """Whether `read` hands out silence, and nothing that is captured meanwhile leaves the driver."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        if self._muted and not muted:
            # Before the flag: the device's thread must never see it unset with the old time.
            self._unmuted_s = self._clock()
        self._muted = muted
        self._mute_device(muted)

    @property
    def patient(self) -> bool:
        """Whether frames may come five at once; see `Microphone.patient`."""
        return self._frames.patient

    @patient.setter
    def patient(self, patient: bool) -> None:
        self._frames.patient = patient

    async def read(self) -> Frame:
        """Wait for the next frame; see `Microphone.read`."""
        frame = await self._frames.get()
        return replace(frame, pcm=UP.silence) if self._muted else frame

    def _is_silenced(self, begun_s: float) -> bool:
        """Return whether a frame whose first sample was captured then is not to leave the driver. On any thread."""
        return self._muted or begun_s < self._unmuted_s

    def _mute_device(self, muted: bool) -> None:
        """Have the device itself know, where it can."""
