"""A page without a browser: over the real WebSocket it does what hardware/web/*.js do, with hands and eyes."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from hardware.grey_jpeg import grey_jpeg
from hardware.pcm import FRAME_S, UP, samples
from hardware.resample import BlockFir
from hardware.web_page import Page
from hardware.web_server import PageServer, serving
from tests.support.process import Process

T = TypeVar("T")
LEAD: Final = 3
FADE_S: Final = 0.005
LONGEST_S: Final = 30
WIDTH_PX, HEIGHT_PX = 640, 480


class FakePage:
    """One page that is open, switched on by `switch_on`; `open_page` makes one.

    Hands: `say`, `press`, `freeze`, `restore`, `camera_refused`, `tell`. Eyes: `heard`, `shown` and `code`.
    """

    def __init__(self, socket: ClientConnection, rate_hz: int) -> None:
        self._socket: Final = socket
        self._rate_hz: Final = rate_hz
        self._period: Final = round(rate_hz * FRAME_S)
        self._said = np.zeros(LONGEST_S * rate_hz, "<i4")
        self._sounds = np.zeros(LONGEST_S * rate_hz, "<i2")
        self._number = 0
        self._ticked_s = 0.0
        self._late = 0
        self._flowing: Final = asyncio.Event()
        self._flowing.set()
        self._outgoing: Final = asyncio.Queue[str | bytes]()
        self.shown: dict[str, Any] = {}
        """The newest of each thing that it was told."""
        self.code: int | None = None
        """What the socket was closed with."""
        self.camera_refused = ""
        self.greys = 0

    # --- hands ---

    def tell(self, message: dict[str, object] | bytes) -> None:
        """Say anything."""
        self._outgoing.put_nowait(message if isinstance(message, bytes) else json.dumps(message))

    def press(self, down: bool) -> None:
        """Press the ring, or let it go."""
        self.tell({"button": down})

    def say(self, pcm: bytes) -> None:
        """Let `pcm` (s16le, mono, 16 kHz) sound in the room, from the next period on."""
        raw = pcm if self._rate_hz == UP.rate_hz else BlockFir(UP.rate_hz, self._rate_hz).convert(_padded(pcm))
        start = (self._number + 1) * self._period
        sound = samples(raw).astype("<i4") << 16
        self._said[start : start + len(sound)] = sound

    def freeze(self) -> None:
        """Stop the clock of its sound."""
        self._flowing.clear()

    def restore(self) -> None:
        """Let it go on."""
        self._flowing.set()

    def hang(self) -> None:
        """Read nothing more."""
        self._socket.transport.pause_reading()

    # --- eyes ---

    @property
    def position(self) -> int:
        """How many samples have sounded."""
        since_s = min(FRAME_S, asyncio.get_running_loop().time() - self._ticked_s)
        return self._number * self._period + round(since_s * self._rate_hz)

    def heard(self, since: int) -> bytes:
        """Return what has sounded since that position."""
        return self._sounds[since : self.position].tobytes()

    # --- the page ---

    async def run(self) -> None:
        """Be the page until the socket is closed, or cancelled."""
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(each) for each in (self._tick(), self._speak())]
            try:
                async for message in self._socket:
                    self._take(message)
            except ConnectionClosed:
                pass
            self.code = self._socket.close_code
            for task in tasks:
                task.cancel()

    async def _speak(self) -> None:
        while True:
            message = await self._outgoing.get()
            try:
                await self._socket.send(message)
            except ConnectionClosed:
                return

    async def _tick(self) -> None:
        loop = asyncio.get_running_loop()
        self.tell({"sound": {"rate_hz": self._rate_hz, "latency_ms": 0}})
        self._ticked_s = loop.time()
        while True:
            await asyncio.sleep(self._ticked_s + FRAME_S - loop.time())
            if not self._flowing.is_set():
                await self._flowing.wait()
                self._ticked_s = loop.time() - FRAME_S
            self._ticked_s += FRAME_S
            start = self._number * self._period
            captured = self._said[start:][: self._period].tobytes()  # muted or not: the driver must not trust a page
            self.tell(struct.pack("<III", 1, self._number, self._late) + captured)
            self._number += 1

    def _take(self, message: str | bytes) -> None:
        if isinstance(message, bytes):
            kind, number = struct.unpack_from("<II", message)
            assert kind == 1
            self._play(number, np.frombuffer(message, "<i2", offset=8))
            return
        said = json.loads(message)
        self.shown |= said
        if "flush" in said:
            self._fade()
        if "capture" in said:
            self._capture(said["capture"])

    def _play(self, number: int, pcm: NDArray[np.int16]) -> None:
        start = (number + 1 + LEAD) * self._period
        self._late += start < self.position
        self._sounds[start : start + len(pcm)] = pcm

    def _fade(self) -> None:
        length = round(self._rate_hz * FADE_S)
        at = self.position
        self._sounds[at : at + length] = self._sounds[at : at + length] * np.linspace(1.0, 0.0, length)
        self._sounds[at + length :] = 0

    def _capture(self, number: int) -> None:
        if self.camera_refused:
            self.tell({"camera": number, "why": self.camera_refused})
            return
        self.greys += 1
        jpeg = grey_jpeg(WIDTH_PX, HEIGHT_PX, 16 * self.greys % 256)
        self.tell(struct.pack("<III", 2, number, 0) + jpeg)


@asynccontextmanager
async def open_page(address: str, rate_hz: int) -> AsyncIterator[FakePage]:
    """Open the page at `address` in a browser that there is not."""
    parts = urlsplit(address)
    url, origin = f"ws://{parts.netloc}{parts.path}ws", f"http://{parts.netloc}"
    options: dict[str, Any] = {"origin": origin, "proxy": None, "compression": None, "close_timeout": 0.2}
    async with connect(url, **options) as socket:
        fake = FakePage(socket, rate_hz)
        running = asyncio.ensure_future(fake.run())
        try:
            yield fake
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)


class Stage:
    """The real page server, and a page that is open, for as long as a story takes."""

    def __init__(self, rate_hz: int = 24_000) -> None:
        self._rate_hz: Final = rate_hz
        self.page: Final = Page(["button", "camera", "leds", "microphone", "speaker"])
        self._stack: AsyncExitStack | None = None
        self.server: PageServer
        self.fake: FakePage

    def run(self, story: Coroutine[Any, Any, T]) -> T:
        """Run `story` in real time."""

        async def staged() -> T:
            async with AsyncExitStack() as stack:
                self._stack = stack
                self.server = await stack.enter_async_context(serving(self.page, 0))
                await self.visit()
                return await story

        return asyncio.run(staged())

    async def visit(self) -> FakePage:
        """Open the page once more."""
        assert self._stack is not None
        before = self.page.visit
        self.fake = await self._stack.enter_async_context(open_page(self.server.url, self._rate_hz))
        while self.page.visit in {None, before}:  # noqa: ASYNC110 - the server greets nobody
            await asyncio.sleep(0.001)
        return self.fake

    def close_page(self) -> None:
        """Let the page be gone."""
        assert self.page.visit is not None
        self.page.leave(self.page.visit, "the page was closed")


def _padded(pcm: bytes) -> bytes:
    return pcm + bytes(-len(pcm) % UP.frame_bytes)


def url_of(process: Process) -> str:
    """Return the address that `process` prints, as soon as it has."""
    return process.line("http://127.0.0.1:").text.strip()
