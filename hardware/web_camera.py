"""The camera of whoever has the page open. The browser shows its light while it runs, and only then does it run."""

from __future__ import annotations

import asyncio
from typing import Final

from hardware.blocking import in_thread
from hardware.interfaces import DeviceLost, Picture
from hardware.jpeg import scaled_to_limit, size_px
from hardware.settings import CameraSettings
from hardware.sketch import sketch_of
from hardware.web_page import Page

IDLE_S: Final = 5.0
"""From the last capture until it sleeps."""
PATIENCE_S: Final = 20.0
"""Long enough to find the browser's question, and to allow it."""


class WebCamera:
    """A `Camera`."""

    def __init__(
        self, page: Page, settings: CameraSettings, *, idle_s: float = IDLE_S, patience_s: float = PATIENCE_S
    ) -> None:
        self._page: Final = page
        self._settings: Final = settings
        self._idle_s: Final = idle_s
        self._patience_s: Final = patience_s
        self._number = 0
        self._nap: asyncio.TimerHandle | None = None

    def __repr__(self) -> str:
        return f"<WebCamera {self._number} captures>"

    async def capture(self) -> Picture:
        """Return a frame captured after this call; see `Camera.capture`. The first time the browser asks its user."""
        self._cancel_nap()
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._patience_s):
                jpeg = await self._captured()
            captured_s = loop.time()
            small = await in_thread(lambda: self._within_limits(jpeg))
            return Picture(small, captured_s, await in_thread(lambda: sketch_of(small)))
        except TimeoutError:
            raise DeviceLost("camera: the page delivered no picture. Look whether the browser asks for it") from None
        except ValueError as error:
            raise DeviceLost(f"camera: what the page delivered is no picture ({error})") from error
        finally:
            self._cancel_nap()
            self._nap = loop.call_later(self._idle_s, self._rest)

    async def close(self) -> None:
        """Put it to sleep; see `Camera.close`."""
        self._cancel_nap()
        self._rest()

    async def _captured(self) -> bytes:
        """Have the page take a picture, and wait for it."""
        visit = self._page.visit
        if visit is None or visit.ended:
            raise DeviceLost("camera: nobody has the page open")
        self._number += 1
        wanted = self._number
        taken: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

        def take(number: int, jpeg: bytes, why: str) -> None:
            if number == wanted and not taken.done():
                if jpeg:
                    taken.set_result(jpeg)
                else:
                    taken.set_exception(DeviceLost(f"camera: {why}"))

        def end(reason: str) -> None:
            take(wanted, b"", reason)

        visit.on_picture = take
        visit.on_end.append(end)
        quality = self._settings.quality_percent / 100
        visit.tell({"capture": wanted, "width_px": self._settings.width_px, "quality": quality})
        try:
            return await taken
        finally:
            visit.on_end.remove(end)

    def _within_limits(self, jpeg: bytes) -> bytes:
        if max(size_px(jpeg)) > self._settings.width_px:
            raise ValueError(f"it is larger than {self._settings.width_px} pixels")
        return scaled_to_limit(jpeg, self._settings.quality_percent)

    def _rest(self) -> None:
        if self._page.visit is not None:
            self._page.visit.tell({"rest": True})

    def _cancel_nap(self) -> None:
        if self._nap is not None:
            self._nap.cancel()
