"""A real Chromium without a window: one page in it, which is looked at and pressed through the DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect

FLAGS: Final = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--remote-debugging-port=0",
)
START_S: Final = 20.0
GLANCE_S: Final = 0.05


def missing() -> str | None:
    """Return why there is none; None if there is."""
    return None if _program() else "there is no Chromium on this machine"


class Tab:
    """One page. Whatever is asked of it is awaited."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection: Final = connection
        self._numbers: Final = count(1)

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Have the browser do something (https://chromedevtools.github.io/devtools-protocol)."""
        number = next(self._numbers)
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (reply := json.loads(await self._connection.recv())).get("id") != number:
            pass
        assert "error" not in reply, reply
        result: dict[str, Any] = reply["result"]
        return result

    async def open(self, url: str) -> None:
        """Go there."""
        await self.ask("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def value(self, script: str) -> Any:
        """Return what `script` is in the page."""
        reply = await self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in reply, reply
        return reply["result"].get("value")

    async def until(self, script: str, *, within_s: float = START_S) -> None:
        """Wait until `script` is true in the page."""
        try:
            async with asyncio.timeout(within_s):
                while not await self.value(script):  # noqa: ASYNC110 - the page tells nobody
                    await asyncio.sleep(GLANCE_S)
        except TimeoutError:
            seen = await self.value("document.body.innerText")
            raise AssertionError(f"never: {script}. The page says:\n{seen}") from None

    async def space(self, *, down: bool) -> None:
        """Press the space bar, or let it go."""
        kind = "keyDown" if down else "keyUp"
        await self.ask("Input.dispatchKeyEvent", type=kind, key=" ", code="Space", windowsVirtualKeyCode=32)

    async def size(self, width_px: int, height_px: int) -> None:
        """Make the page so large."""
        await self.ask(
            "Emulation.setDeviceMetricsOverride", width=width_px, height=height_px, deviceScaleFactor=1, mobile=False
        )

    async def picture(self, path: Path) -> None:
        """Keep as PNG what is to be seen."""
        reply = await self.ask("Page.captureScreenshot", format="png")
        path.write_bytes(base64.b64decode(reply["data"]))


@asynccontextmanager
async def tab(*flags: str) -> AsyncIterator[Tab]:
    """Start a browser that knows nothing, and open a page in it; both are gone afterwards."""
    program = _program()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True) as own:
        process = await asyncio.create_subprocess_exec(
            program,
            *FLAGS,
            f"--user-data-dir={own}",
            *flags,
            "about:blank",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": own},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(START_S):
                port = await _port(Path(own) / "DevToolsActivePort")
                address = await _page_address(port)
            async with connect(address, max_size=None, proxy=None) as connection:
                yield Tab(connection)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.wait()


async def _port(told_in: Path) -> int:
    while not (told_in.exists() and told_in.read_text().strip()):  # noqa: ASYNC110 - the browser tells nobody
        await asyncio.sleep(GLANCE_S)
    return int(told_in.read_text().splitlines()[0])


async def _page_address(port: int) -> str:
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"GET /json HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = (await reader.readuntil(b"]")).partition(b"\r\n\r\n")
        writer.close()
        await writer.wait_closed()
        assert b" 200 " in head
        pages = [page for page in json.loads(body) if page["type"] == "page"]
        if pages:
            return str(pages[0]["webSocketDebuggerUrl"])
        await asyncio.sleep(GLANCE_S)


def _program() -> str | None:
    return next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
