"""A device that runs for hours, with something going wrong all the time: what it keeps must not grow."""

from __future__ import annotations

import asyncio
import gc
import tracemalloc
from dataclasses import dataclass

from tests.scenario.environment import drawn
from tests.scenario.performance import HEALED_WITHIN_S, Performance
from tests.scenario.story import Story, running
from tests.support.virtual_time import START_S, run

FAULTS_EVERY_S = 60.0
RESTS_S = 20.0
TIDIED_EVERY_S = 60.0
OURS = tuple(
    tracemalloc.Filter(False, pattern)
    for pattern in ("*/daemon/rehearsal/*", "*/site-packages/*", "*/tests/*", "/usr/*", "<*")
)
"""What is measured: what the code of the daemon and its parts has allocated and not freed."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What is kept at one moment."""

    at_s: float
    objects: int
    """Of the daemon's and the parts' own classes."""
    kept_bytes: int
    """Allocated by their code and not freed; 0 where that was not traced."""

    def __str__(self) -> str:
        return f"{self.at_s / 60:5.0f} min  {self.objects:5d} objects  {self.kept_bytes / 1024:7.0f} KiB"


def long_run(seed: int, seconds: float, *, samples: int = 16, traced: bool = False) -> list[Sample]:
    """Run one device for so long, and return what it kept at so many moments, the end included.

    Raises:
        TimeoutError: In a world that is perfect at last, it is not well again, or its last question is not answered.
    """
    plan = drawn(seed, seconds, faults_every_s=FAULTS_EVERY_S, rest_s=RESTS_S)
    taken: list[Sample] = []

    async def live() -> None:
        performance = Performance(plan, log_audio=False)
        story = performance.story
        async with running(story, linked=False), asyncio.TaskGroup() as group:
            watching = group.create_task(_watch(story, seconds / samples, taken))
            await performance.play()
            watching.cancel()
            await asyncio.sleep(5.0)
            tidy(story)
            taken.append(_sample(story))

    if traced:
        tracemalloc.start()
    try:
        run(live(), limit_s=seconds + 3 * HEALED_WITHIN_S)
    finally:
        tracemalloc.stop()
    return taken


async def _watch(story: Story, every_s: float, taken: list[Sample]) -> None:
    """Forget what only a test remembers, and take a sample now and then."""
    due_s = story.now() + every_s
    while True:
        await asyncio.sleep(TIDIED_EVERY_S)
        tidy(story)
        if story.now() >= due_s:
            due_s += every_s
            taken.append(_sample(story))


def tidy(story: Story) -> None:
    """Forget what only a test remembers."""
    story.journal.lines.clear()
    del story.board.ring.shown[:-1]
    del story.connector.attempts[:-2]
    for link in story.connector.links:
        link.sent.clear()
    for turn in story.service.turns:
        turn.digests.clear()


def _sample(story: Story) -> Sample:
    gc.collect()
    # A class made by a library may keep something else than text there.
    modules = (type(each).__module__ for each in gc.get_objects())
    objects = [name for name in modules if isinstance(name, str)]
    ours = [name for name in objects if name.startswith(("daemon.", "hardware.")) and "rehearsal" not in name]
    ours = [name for name in ours if name != "hardware.played"]  # 2 s of pieces, or few after the speaker was lost
    kept_bytes = 0
    if tracemalloc.is_tracing():
        snapshot = tracemalloc.take_snapshot().filter_traces(OURS)
        kept_bytes = sum(statistic.size for statistic in snapshot.statistics("filename"))
    return Sample(story.now() - START_S, len(ours), kept_bytes)
