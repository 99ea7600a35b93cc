"""Draw docs/report.png: `vocative report` of five simulated evenings in a household.

Run from the top of the project: `python -m docs.draw_report`. The whole daemon runs in virtual time, on a simulated
board, against the stand-in service; its journal is what the page is made of. Somebody asks something every few minutes,
and interrupts now and then; the network is uneven, the more so around eight, and goes away at times. The memory is that
of the simulation, service included. Chromium makes a picture of the page; without it only the page is made.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Final

from daemon.history.entry import Entry, entry
from daemon.history.page import page
from daemon.rehearsal.stand_in.answer import Answer, Pacing
from daemon.rehearsal.voices import answer
from daemon.status import LinkState, TurnState
from hardware.pcm import DOWN
from hardware.settings import BoardSettings, LedSettings
from hardware.simulated import SimulatedBoard
from tests.scenario.long_run import tidy
from tests.scenario.story import Story, running
from tests.support.virtual_time import START_S, run

TARGET: Final = Path(__file__).with_name("report.png")
PAGE: Final = Path("out/report.html")
FIRST: Final = datetime(2026, 9, 14, 18, 0, tzinfo=UTC)
EVENINGS: Final = 5
EVENING_S: Final = 3 * 3600.0
ASKED_EVERY_S: Final = 150.0
CUT_EVERY_S: Final = 3600.0
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")
SIZE_PX: Final = (1000, 2580)


def evening(number: int) -> list[str]:
    """Return the journal of one evening as lines of JSON, their times being those of that day."""
    dice = Random(number)
    told: list[str] = []
    begin_s = FIRST.timestamp() + number * 86_400.0

    def keep(story: Story) -> None:
        lines = (line | {"at_s": float(line["at_s"]) - START_S + begin_s} for line in story.journal.lines)
        told.extend(map(json.dumps, lines))
        tidy(story)

    async def live() -> None:
        board = SimulatedBoard(BoardSettings(leds=LedSettings(count=3)), log_audio=False)
        story = Story(answer=lambda _: spoken(dice), board=board, hum=False, seed=number)
        end_s = START_S + EVENING_S
        async with running(story):
            weather = asyncio.ensure_future(_weather(story, Random(number + 100)))
            while story.now() < end_s:
                await asyncio.sleep(dice.expovariate(1 / ASKED_EVERY_S))
                await _ask(story, dice)
                keep(story)
            weather.cancel()
        keep(story)

    run(live(), limit_s=EVENING_S + 7200.0)
    return told


def spoken(dice: Random) -> Answer:
    """Return an answer of 2 to 9 s."""
    return Answer(answer()[: DOWN.bytes_in(round(dice.uniform(2.0, 9.0), 2))])


async def _ask(story: Story, dice: Random) -> None:
    """Ask something, and listen, or stop the answer, or say nothing at all."""
    think_s = dice.lognormvariate(-0.8, 0.3) * (1 + _busy(story))
    gap_chance = 0.002 + _busy(story) * 0.02
    story.service.conduct.pacing = Pacing(think_s=think_s, speed=1.6, delay_s=0.08, gap_chance=gap_chance, gap_s=1.5)
    what = dice.random()
    if what < 0.04:
        story.press()
        await asyncio.sleep(1.0)
        story.release()
    else:
        await story.ask(dice.choice((1, 2)), seconds=round(dice.uniform(1.0, 3.0), 2))
    if what > 0.9:
        await asyncio.sleep(2.0)
        await story.tap()
    await story.until_turn(TurnState.IDLE, 300.0)


async def _weather(story: Story, dice: Random) -> None:
    """Take the network away now and then; around eight more often."""
    while True:
        await asyncio.sleep(dice.expovariate((0.5 + 2 * _busy(story)) / CUT_EVERY_S))
        story.network.cut(unreachable=dice.random() < 0.5)
        await asyncio.sleep(dice.lognormvariate(3.0, 0.8))
        story.network.restore()
        await story.until_link(LinkState.UP, 300.0)


def _busy(story: Story) -> float:
    """How much the neighbours use the network, 0 to 1: they do around eight, two hours after the beginning."""
    return max(0.0, 1.0 - abs((story.now() - START_S) / 3600.0 - 2.0))


def entries() -> Iterator[Entry]:
    """Yield what the journal of all evenings tells."""
    with ProcessPoolExecutor(mp_context=get_context("spawn"), max_tasks_per_child=1) as pool:
        for lines in pool.map(evening, range(EVENINGS)):
            for line in lines:
                found = entry(line)
                if found is not None:
                    yield found


def picture(html: Path, target: Path) -> bool:
    """Let a browser draw `html`; return whether there is one."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        return False
    with tempfile.TemporaryDirectory() as profile:
        quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run")
        window = (f"--window-size={SIZE_PX[0]},{SIZE_PX[1]}", "--hide-scrollbars", f"--user-data-dir={profile}")
        command = (browser, "--headless", "--no-sandbox", "--disable-gpu", *quiet, *window)
        subprocess.run(  # noqa: S603 - the browser that was found, and our own page
            (*command, f"--screenshot={target}", html.resolve().as_uri()), check=True, capture_output=True, timeout=120
        )
    return True


def main() -> int:
    """Simulate, make the page, and draw it."""
    found = list(entries())
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(found, UTC, made_s=found[-1].at_s), encoding="utf-8")
    if not picture(PAGE, TARGET):
        print(f"No {', '.join(BROWSERS)} to draw {TARGET.name} with; the page is {PAGE}.", file=sys.stderr)
        return 1
    print(f"{TARGET.name}: {TARGET.stat().st_size / 1024:.0f} KiB, of {len(found)} lines of journal")
    return 0


if __name__ == "__main__":
    sys.exit(main())
