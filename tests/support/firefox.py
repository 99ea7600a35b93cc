"""A real Firefox without a window: one page in it, which is looked at and pressed through WebDriver BiDi.

Its microphone is a tone of Firefox's own, and nobody is asked for it. Its loudspeaker is the PulseAudio that it is told
of: without any, its sound does not begin.
"""

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

PREFERENCES: Final = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}
START_S: Final = 40.0
GLANCE_S: Final = 0.05


def missing() -> str | None:
    """Return why there is none; None if there is."""
    return None if _program() else "there is no Firefox on this machine"


class Tab:
    """One page. Whatever is asked of it is awaited."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection: Final = connection
        self._numbers: Final = count(1)
        self.context = ""
        """Its name, which every question about it begins with."""

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Have the browser do something (https://w3c.github.io/webdriver-bidi)."""
        number = next(self._numbers)
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while (reply := json.loads(await self._connection.recv())).get("id") != number:
            pass
        assert reply["type"] == "success", reply
        result: dict[str, Any] = reply["result"]
        return result

    async def open(self, url: str) -> None:
        """Go there."""
        await self.ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    async def value(self, script: str) -> Any:
        """Return what `script` is in the page."""
        expression = f"JSON.stringify(({script}) ?? null)"
        target = {"context": self.context}
        reply = await self.ask("script.evaluate", expression=expression, target=target, awaitPromise=False)
        assert reply["type"] == "success", reply
        return json.loads(reply["result"]["value"])

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
        await self._act("key", "keyboard", {}, {"type": "keyDown" if down else "keyUp", "value": " "})

    async def point(self, pointer: str, *, down: bool, at_px: tuple[int, int]) -> None:
        """Press with a "mouse" or by "touch", or let go."""
        moved: dict[str, object] = {"type": "pointerMove", "x": at_px[0], "y": at_px[1]}
        pressed: dict[str, object] = {"type": "pointerDown" if down else "pointerUp", "button": 0}
        await self._act("pointer", pointer, {"parameters": {"pointerType": pointer}}, moved, pressed)

    async def _act(self, kind: str, name: str, more: dict[str, object], *actions: dict[str, object]) -> None:
        source = {"type": kind, "id": name, **more, "actions": actions}
        await self.ask("input.performActions", context=self.context, actions=[source])

    async def picture(self, path: Path) -> None:
        """Keep as PNG what is to be seen."""
        reply = await self.ask("browsingContext.captureScreenshot", context=self.context)
        path.write_bytes(base64.b64decode(reply["data"]))


@asynccontextmanager
async def tab(script: str, *, pulse_server: str) -> AsyncIterator[Tab]:
    """Start a browser that knows nothing, and open a page in it; both are gone afterwards.

    Args:
        script: A function of JavaScript that is run in every page before its own scripts.
        pulse_server: Where PulseAudio is.
    """
    program = _program()
    assert program is not None
    with tempfile.TemporaryDirectory(prefix="firefox-", ignore_cleanup_errors=True) as own:
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in PREFERENCES.items()]
        (Path(own) / "user.js").write_text("\n".join(lines))
        process = await asyncio.create_subprocess_exec(
            program,
            *("--headless", "--no-remote", "--profile", own, "--remote-debugging-port", "0", "about:blank"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "HOME": own, "PULSE_SERVER": pulse_server},
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(START_S):
                address = await _address(Path(own) / "WebDriverBiDiServer.json")
            async with connect(f"{address}/session", max_size=None, proxy=None) as connection:
                opened = Tab(connection)
                await opened.ask("session.new", capabilities={})
                await opened.ask("script.addPreloadScript", functionDeclaration=script)
                opened.context = (await opened.ask("browsingContext.getTree"))["contexts"][0]["context"]
                yield opened
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.wait()


async def _address(told_in: Path) -> str:
    while not (told_in.exists() and told_in.read_text().strip()):  # noqa: ASYNC110 - the browser tells nobody
        await asyncio.sleep(GLANCE_S)
    told = json.loads(told_in.read_text())
    return f"ws://{told['ws_host']}:{told['ws_port']}"


def _program() -> str | None:
    return next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
