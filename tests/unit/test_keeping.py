"""What one process keeps, the next one finds."""

import asyncio
import contextlib
from pathlib import Path

from daemon.journal import Journal, MemorySink
from daemon.keeping.budget import Limits
from daemon.keeping.keeping import Keeping
from daemon.keeping.state_file import StateFile
from daemon.live.downward import UsageReport

LIMITS = Limits(idle_hangup_s=0, session_max_minutes=0, turns_per_hour=1, daily_tokens=100)
USAGE = UsageReport(60, 40, 0, 0, 100, (), ())


async def lived(keeping: Keeping, *, refuse: bool = False) -> None:
    """One process: a session, a turn, and the end of the process."""
    running = asyncio.ensure_future(keeping.run())
    await asyncio.sleep(0)
    now = asyncio.get_running_loop().time()
    keeping.handles.begin_session("abc123", now)
    keeping.handles.offer("handle", True, now, fingerprint="f")
    keeping.turn_began()
    keeping.used(1, USAGE)
    if refuse:
        keeping.handles.refuse("handle")
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def test_a_restart_finds_the_handle_the_session_and_the_limits(tmp_path: Path) -> None:
    async def story() -> None:
        file, journal = StateFile(tmp_path / "state.json"), Journal(MemorySink())
        await lived(Keeping(LIMITS, file, journal))
        keeping = Keeping(LIMITS, file, journal)
        assert keeping.handles.take(asyncio.get_running_loop().time(), "f") == "handle"
        assert keeping.session_id == "abc123"
        assert keeping.today()["total"] == 100
        blown = keeping.refusal()
        assert blown is not None

    asyncio.run(story())


def test_a_handle_that_was_refused_is_not_found_again(tmp_path: Path) -> None:
    async def story() -> None:
        file, journal = StateFile(tmp_path / "state.json"), Journal(MemorySink())
        await lived(Keeping(LIMITS, file, journal), refuse=True)
        assert Keeping(LIMITS, file, journal).handles.newest is None

    asyncio.run(story())


def test_a_restart_does_not_unmute(tmp_path: Path) -> None:
    async def story() -> None:
        file, journal = StateFile(tmp_path / "state.json"), Journal(MemorySink())
        keeping = Keeping(LIMITS, file, journal)
        running = asyncio.ensure_future(keeping.run())
        keeping.muted = True
        async with asyncio.timeout(5.0):
            while not file.read().state.muted:  # noqa: ASYNC110 - at once, not half a minute later
                await asyncio.sleep(0.01)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
        assert Keeping(LIMITS, file, journal).muted

    asyncio.run(story())


def test_only_the_first_process_after_power_on_is_the_first(tmp_path: Path) -> None:
    async def story() -> None:
        file, journal = StateFile(tmp_path / "state.json"), Journal(MemorySink())
        firsts = []
        for boot_id in ("monday", "monday", "tuesday", "tuesday"):
            keeping = Keeping(LIMITS, file, journal)
            firsts.append(keeping.first_start(boot_id))
            await lived(keeping)
        assert firsts == [True, False, True, False]
        assert Keeping(LIMITS, None, journal).first_start("tuesday"), "nothing is kept"

    asyncio.run(story())


def test_a_folder_that_is_not_there_is_told_and_nothing_else_changes(tmp_path: Path) -> None:
    async def story() -> None:
        sink = MemorySink()
        keeping = Keeping(LIMITS, StateFile(tmp_path / "none" / "state.json"), Journal(sink))
        await lived(keeping)
        assert [line["event"] for line in sink.lines] == ["state.unusable", "state.not_kept"]
        assert keeping.today()["total"] == 100

    asyncio.run(story())


def test_nothing_is_written_where_nothing_is_kept(tmp_path: Path) -> None:
    async def story() -> None:
        await lived(Keeping(LIMITS, None, Journal(MemorySink())))
        assert list(tmp_path.iterdir()) == []

    asyncio.run(story())
