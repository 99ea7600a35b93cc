"""Draw docs/browser.png: the page while it listens, in a real Chromium, of `vocative try --web`.

Run from the top of the project: `python -m docs.draw_browser`. The service is the stand-in. Other moments are left in
out/browser.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import Final

from tests.support import chromium
from tests.support.process import vocative

TARGET: Final = Path(__file__).with_name("browser.png")
OUT: Final = Path("out/browser")
STATE: Final = "document.getElementById('state').textContent"
SPOKEN_S: Final = 1.6


async def draw(url: str) -> None:
    """Take the pictures of one conversation."""
    async with chromium.tab() as tab:
        await tab.size(1000, 960)
        await tab.open(url)
        await tab.until("document.getElementById('meaning').textContent.startsWith('Press the ring')")
        await tab.picture(OUT / "off.png")
        await tab.space(down=True)
        await tab.space(down=False)
        await tab.until(f"{STATE} === 'ready'")
        await tab.picture(OUT / "ready.png")
        for moment in ("first", "listening"):
            await tab.space(down=True)
            await tab.until(f"{STATE} === 'listening'")
            await asyncio.sleep(SPOKEN_S)
            await tab.picture(OUT / f"{moment}.png")
            await asyncio.sleep(SPOKEN_S)
            await tab.space(down=False)
            await tab.until(f"{STATE} === 'speaking'")
            await asyncio.sleep(SPOKEN_S)
            await tab.picture(OUT / "speaking.png")
            await tab.until(f"{STATE} === 'ready'")
        await tab.value("document.getElementById('network').click()")
        await tab.space(down=True)
        await asyncio.sleep(SPOKEN_S)
        await tab.space(down=False)
        await asyncio.sleep(SPOKEN_S)
        await tab.picture(OUT / "cut.png")
        await tab.value("document.getElementById('network').click()")
        await tab.until(f"{STATE} === 'speaking'")
        await tab.size(390, 844)
        await asyncio.sleep(SPOKEN_S)
        await tab.picture(OUT / "phone.png")
        await tab.size(1000, 960)
        await tab.value("document.getElementById('mute').click()")
        await tab.value("document.getElementById('stop').click()")
        await tab.until(f"{STATE} === 'muted'")
        await asyncio.sleep(SPOKEN_S)
        await tab.picture(OUT / "muted.png")


def main() -> int:
    """Take them, if there is a browser."""
    if reason := chromium.missing():
        print(reason, file=sys.stderr)
        return 1
    OUT.mkdir(parents=True, exist_ok=True)
    with vocative("try", "--web") as process:
        asyncio.run(draw(process.line("http://127.0.0.1:").text.strip()))
        process.stop()
    shutil.copy(OUT / "listening.png", TARGET)
    return 0


if __name__ == "__main__":
    sys.exit(main())
