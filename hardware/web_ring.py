"""The ring in the page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from hardware.interfaces import DeviceLost, Rgb
from hardware.web_page import Page
from hardware.web_visit import Visit


class WebLedRing:
    """A `LedRing`. `open_web_ring` makes one."""

    def __init__(self, page: Page, visit: Visit, count: int) -> None:
        self.count = count
        self._page: Final = page
        self._visit: Final = visit
        self._closed = False
        self._dark()

    def __repr__(self) -> str:
        return f"<WebLedRing {self.count}{' closed' if self._closed else ''}>"

    def show(self, pixels: Sequence[Rgb]) -> None:
        """Show `pixels`; see `LedRing.show`."""
        if len(pixels) != self.count:
            raise ValueError(f"{len(pixels)} pixels for a ring of {self.count}")
        if self._closed or self._visit.ended:
            raise DeviceLost(f"LED ring: {self._visit.ended or 'closed'}")
        self._page.show("ring", [light for pixel in pixels for light in pixel])

    def close(self) -> None:
        """Turn everything off; see `LedRing.close`."""
        if not self._closed:
            self._closed = True
            self._dark()

    def _dark(self) -> None:
        self._page.show("ring", [0] * 3 * self.count)


async def open_web_ring(page: Page, count: int) -> WebLedRing:
    """Wait until somebody has the page open, and light its ring of `count` pixels."""
    return WebLedRing(page, await page.visited(), count)
