"""An answer is played while the event loop is blocked now and then: how often is that heard?

    python -m tests.bench late_loop

In real time, because it is about the clock. The real `Playback` feeds a queue of each depth, all of them on one loop,
and one thread takes 10 ms from each of them when it is time, as PortAudio's does. So every block meets every depth,
and the rows of a table can be compared however busy the machine is.
"""

from __future__ import annotations

import asyncio
import random
import statistics
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.audio.answer import Heard
from daemon.audio.playback import Playback
from hardware.pcm import DOWN, FRAME_S, level_dbfs
from hardware.play_queue import FRAMES, PlayQueue
from hardware.played import Played
from tests.bench.report import SERIES, saved, sheet, table

BLOCKED_MS: Final = (0, 10, 20, 40, 60, 80, 100)
BLOCKS: Final = 100
"""Of each length, in one answer."""
EVERY_S: Final = (0.15, 0.25)
"""From one block to the next, at random: so it meets the queue at any fill."""
DEPTHS: Final = (2, 3, 4, 6)
PERIOD_S: Final = 0.01
"""What a callback takes, as in `hardware/pyaudio_speaker.py`."""
CARD_S: Final = 0.04
"""What is in the card."""
_QUIET: Final = b"\x40\x00" * DOWN.frame_samples
"""A frame of the answer."""
_LOUD: Final = b"\x00\x40" * DOWN.frame_samples
"""An earcon that can be told from it."""
_BETWEEN_DBFS: Final = -20.0


class Card:
    """A `Speaker` of some depth; the thread of `Clock` is its device."""

    def __init__(self, frames: int) -> None:
        self._play: Final = PlayQueue(time.monotonic() + CARD_S, frames=frames)
        self._loop: Final = asyncio.get_running_loop()
        self.earcon_s: Final[list[float]] = []
        """When the first samples of each earcon were taken."""
        self._loud = False
        self.xruns: Final = 0

    @property
    def reference(self) -> Played:
        return self._play.played

    async def write(self, frame: bytes) -> float:
        return await self._play.put(frame)

    def flush(self) -> None:
        self._play.flush()

    async def close(self) -> None:
        self._play.fail("closed")

    def take(self, now: float) -> None:
        """Take one period, on the device's thread."""
        pcm, sounds = self._play.take(DOWN.bytes_in(PERIOD_S), now + CARD_S)
        loud = level_dbfs(pcm) > _BETWEEN_DBFS
        if loud and not self._loud:
            self.earcon_s.append(now)
        self._loud = loud
        if sounds:
            self._loop.call_soon_threadsafe(self._play.freed)


class Clock:
    """Takes a period from every card when it is due, on a thread of its own, until the block is left."""

    def __init__(self, cards: Sequence[Card]) -> None:
        self._cards: Final = cards
        self._ended: Final = threading.Event()
        self._thread: Final = threading.Thread(target=self._run)

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._ended.wait(max(0.0, due_s - time.monotonic())):
            for card in self._cards:
                card.take(due_s)
            due_s += PERIOD_S


@dataclass(frozen=True, slots=True)
class Run:
    """What blocks of one length did to an answer, and when an earcon over it was taken."""

    heard: Heard
    earcons_ms: tuple[float, ...]
    """From the call to the card, for each earcon."""

    @property
    def share(self) -> float:
        """Of the blocks, how many were heard."""
        return self.heard.stutters / BLOCKS


async def blocked(block_s: float, dice: random.Random) -> dict[int, Run]:
    """Play an answer on every depth, block the loop `BLOCKS` times for `block_s` meanwhile; return what was heard."""
    cards = {frames: Card(frames) for frames in DEPTHS}
    playbacks = {frames: _playback(card) for frames, card in cards.items()}
    called_s: list[float] = []
    with Clock(list(cards.values())):
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one.run()) for one in playbacks.values()]
            await asyncio.sleep(0.1)
            for one in playbacks.values():
                one.play(1, _QUIET * round(BLOCKS * (block_s + EVERY_S[1]) / FRAME_S))
            await asyncio.sleep(0.3)
            for _ in range(BLOCKS):
                time.sleep(block_s)  # noqa: ASYNC251 - the question is what becomes of it
                await asyncio.sleep(0.1)
                called_s.append(time.monotonic())
                for one in playbacks.values():
                    one.earcon(_LOUD)
                await asyncio.sleep(dice.uniform(*EVERY_S) - 0.1)
            heard = {frames: one.silence(1) for frames, one in playbacks.items()}
            for task in tasks:
                task.cancel()
    return {frames: Run(heard[frames], _delays_ms(called_s, card.earcon_s)) for frames, card in cards.items()}


def _playback(card: Card) -> Playback:
    async def opened() -> Card:
        return card

    return Playback(
        opened,
        volume_percent=100,
        on_sounding=lambda _: None,
        on_sounded=lambda *_: None,
        on_fault=lambda _: None,
        tell=lambda *_, **__: None,
    )


def _delays_ms(called_s: Sequence[float], taken_s: Sequence[float]) -> tuple[float, ...]:
    return tuple(1000 * (taken - called) for called, taken in zip(called_s, taken_s, strict=False))


def run(out: Path) -> str:
    """Return the tables, and draw `late_loop.png` into `out`."""
    dice = random.Random(1)
    runs = {length: asyncio.run(blocked(length / 1000, dice)) for length in BLOCKED_MS}
    figure, (axes,) = sheet("A blocked event loop, in the middle of an answer", width=9.0, height=4.5)
    for colour, frames in zip(SERIES, DEPTHS, strict=False):
        shares = [100 * runs[length][frames].share for length in BLOCKED_MS]
        axes.plot(BLOCKED_MS, shares, "o-", color=colour, label=f"{frames} frames{' (ours)' * (frames == FRAMES)}")
    axes.set(xlabel="blocked for, ms", ylabel="% of the blocks that were heard")
    axes.legend()
    saved(figure, out / "late_loop.png")
    heads = ("queue", *(f"{length} ms" if length else "not blocked" for length in BLOCKED_MS))
    rows = [[_name(frames), *(_cell(runs[length][frames]) for length in BLOCKED_MS)] for frames in DEPTHS]
    return "\n\n".join(
        (
            f"How many of {BLOCKS} blocks of each length were heard as a gap, and how long those were on average.",
            table(heads, rows),
            "What the depth costs: from the call for an earcon over an answer to its being taken, not blocked.",
            table(("queue", "median ms", "largest ms"), [_earcon_row(frames, runs[0][frames]) for frames in DEPTHS]),
        )
    )


def _name(frames: int) -> str:
    return f"{frames} frames{' (ours)' if frames == FRAMES else ''}"


def _cell(one: Run) -> str:
    if not one.heard.stutters:
        return "0 %"
    return f"{100 * one.share:.0f} %, {1000 * one.heard.stutter_s / one.heard.stutters:.0f} ms"


def _earcon_row(frames: int, one: Run) -> list[str]:
    return [_name(frames), f"{statistics.median(one.earcons_ms):.0f}", f"{max(one.earcons_ms):.0f}"]
