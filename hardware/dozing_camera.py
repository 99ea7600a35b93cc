"""What cameras have in common whose library blocks: each call on a thread, one at a time, and sleep when unused.

asleep ── capture ──► awake ──────────────── 5 s without a capture ──► asleep
                      │ frames of the first 0.7 s are thrown away: exposure and colours still settle
                      └ error ──► freed; the next capture opens it again

What is awake, and with it the memory that it takes, is so only for as long as somebody wants pictures.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeVar

from hardware.blocking import in_thread
from hardware.interfaces import DeviceLost, Picture

T = TypeVar("T")

NS: Final = 1_000_000_000
_HUNG_S: Final = 30.0
"""Longer than anything here takes: importing Picamera2 on a slow card takes longest."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a camera may take."""

    settle_s: float = 0.7
    """From its first frame until exposure and colours are right (hardware.md section 6)."""
    idle_s: float = 5.0
    """From the last capture until it sleeps."""
    timeout_s: float = 3.0
    """Until a frame that does not come is given up."""


class DozingCamera(ABC):
    """A `Camera` around three blocking methods, which are only ever called on threads, one at a time."""

    def __init__(self, library: str, patience: Patience) -> None:
        """Prepare a camera that sleeps; `library` names whose calls might never return."""
        self._library: Final = library
        self._patience: Final = patience
        self._nap: asyncio.TimerHandle | None = None
        self._mutex: Final = threading.Lock()

    async def capture(self) -> Picture:
        """Wake the camera if it sleeps and return a frame whose exposure began after this call.

        Takes 0.2 to 0.5 s from an awake camera and about 2 s from a sleeping one. Cancelling leaves the capture to
        end on its own thread.

        Raises:
            DeviceLost: No frame came within 3 s, or the camera cannot be opened. The next capture tries from the start.
        """
        self._cancel_nap()
        asked_ns = time.monotonic_ns()
        try:
            return await self._off_loop(lambda: self._take(asked_ns))
        finally:
            self._cancel_nap()
            self._nap = asyncio.get_running_loop().call_later(self._patience.idle_s, self._doze)

    async def close(self) -> None:
        """Put the camera to sleep and free it. May be called twice; a later `capture` wakes it again."""
        self._cancel_nap()
        with contextlib.suppress(DeviceLost):  # the library does not return: there is nothing more to do about it
            await self._off_loop(self._free)

    async def _off_loop(self, call: Callable[[], T]) -> T:
        """Run `call` on a thread, alone with the camera."""

        def alone() -> T:
            if not self._mutex.acquire(timeout=_HUNG_S):
                raise TimeoutError
            try:
                return call()
            finally:
                self._mutex.release()

        try:
            async with asyncio.timeout(_HUNG_S):
                return await in_thread(alone)
        except TimeoutError as error:
            raise DeviceLost(f"camera: {self._library} does not return; restart the service") from error

    def _doze(self) -> None:
        threading.Thread(target=self._sleep_alone, name="camera sleep", daemon=True).start()

    def _cancel_nap(self) -> None:
        if self._nap is not None:
            self._nap.cancel()

    # --- on threads, one at a time ---------------------------------------------------------------------

    def _sleep_alone(self) -> None:
        if self._mutex.acquire(timeout=_HUNG_S):
            try:
                self._sleep()
            finally:
                self._mutex.release()

    @abstractmethod
    def _take(self, asked_ns: int) -> Picture:
        """Return a frame whose exposure began after `asked_ns`, by `time.monotonic_ns()`. Raises `DeviceLost`."""

    @abstractmethod
    def _sleep(self) -> None:
        """Let no more frames flow."""

    @abstractmethod
    def _free(self) -> None:
        """Free the camera, whatever state it is in; it may be free already."""
