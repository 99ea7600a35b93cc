"""Camera frames while the user speaks: at most one an interval, fresh, and none at any other time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hardware.interfaces import Camera, HardwareError

from .journal import Journal


class Sight:
    """Watches while it is told to.

    Args:
        open_camera: Returns the camera, asleep.
        show: Takes one JPEG, at once.
        on_seeing: Told true just before the first frame is asked for, and false once no more will be.
        interval_s: The least time between two frames; the service takes one a second (live-api.md 1.2).
        journal: Where a camera that fails is told of. It never disturbs the conversation.
    """

    def __init__(
        self,
        open_camera: Callable[[], Awaitable[Camera]],
        *,
        show: Callable[[bytes], None],
        on_seeing: Callable[[bool], None],
        interval_s: float,
        journal: Journal,
    ) -> None:
        self._open_camera = open_camera
        self._show = show
        self._on_seeing = on_seeing
        self._interval_s = interval_s
        self._journal = journal
        self._wanted = asyncio.Event()
        self._over = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Sight wanted={self._wanted.is_set()}>"

    def begin(self) -> None:
        """A turn begins: look."""
        self._over.clear()
        self._wanted.set()

    def end(self) -> None:
        """The turn has ended: look away."""
        self._wanted.clear()
        self._over.set()

    async def run(self) -> None:
        """Run until cancelled."""
        camera: Camera | None = None
        try:
            while True:
                await self._wanted.wait()
                self._on_seeing(True)
                try:
                    camera = camera or await self._open_camera()
                    await self._watch(camera)
                except HardwareError as error:
                    self._journal.warn("camera.failed", reason=str(error))
                    self._wanted.clear()
                finally:
                    self._on_seeing(False)
        finally:
            if camera is not None:
                await camera.close()

    async def _watch(self, camera: Camera) -> None:
        loop = asyncio.get_running_loop()
        while self._wanted.is_set():
            asked_s = loop.time()
            picture = await camera.capture()
            if not self._wanted.is_set():
                return
            self._show(picture.jpeg)
            try:
                async with asyncio.timeout_at(asked_s + self._interval_s):
                    await self._over.wait()
            except TimeoutError:
                continue
