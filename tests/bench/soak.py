"""A long conversation over real sockets with a fault each minute: what grows, and what is left over at the end?

    python -m tests.bench.soak --minutes 20 [--seed 1] [--write]

The service, and the network that fails, are a process of their own: what is measured is the daemon. Linux only.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final

from daemon.app import App
from daemon.audio.vad import detector
from daemon.config import Config
from daemon.journal import Journal, Line
from daemon.keeping.keeping import Keeping
from daemon.keys.credentials import Secret
from daemon.notify import service_manager
from daemon.rehearsal.voices import question
from daemon.reloading.choices import limits
from daemon.status import LinkState, TurnState
from daemon.wiring import supervised
from hardware.pcm import UP
from hardware.simulated import SimulatedBoard
from tests.bench import page
from tests.bench.soak_service import MOMENTS, STRIKES

EVERY_S: Final = 15.0
"""From one question to the next."""
SENTENCE_S: Final = 1.5
PATIENCE_S: Final = 60.0
CUT_S: Final = 5.0
SAMPLE_S: Final = 5.0
GROWTH_MIB: Final = 2.0
"""More than that between the first and the last quarter is growth."""


class Tally:
    """A journal that only counts.

    Attributes:
        events: How often each event was told.
        outcome: Of the turn that was over last.
    """

    def __init__(self) -> None:
        self.events: Final[Counter[str]] = Counter()
        self.outcome = ""

    def write(self, line: Line) -> None:
        """Count the line."""
        self.events[line.event] += 1
        if line.event == "turn.done":
            self.outcome = str(line.fields["outcome"])


class Soak:
    """The device, its person and its misfortunes.

    Attributes:
        asked: Questions.
        became: What became of them, by outcome.
        struck: The faults, by kind.
        rss_mib: The resident size, every `SAMPLE_S`.
        blocks: Pieces of memory that Python holds, at the same times.
    """

    def __init__(self, service: asyncio.subprocess.Process, base_url: str, ca_file: Path, seed: int) -> None:
        self._service: Final = service
        self._dice: Final = random.Random(seed)
        self._tally: Final = Tally()
        config = _config(base_url, ca_file)
        self._board: Final = SimulatedBoard(config.board(), log_audio=False)
        journal = Journal(self._tally, clock=time.monotonic)
        self.app: Final = App(
            config=config,
            board=self._board,
            supervise=supervised(config, Secret("soak-key"), self._dice.random),
            journal=journal,
            manager=service_manager({}),
            vad=detector(config.turn.vad, config.turn.vad_aggressiveness),
            keeping=Keeping(limits(config), None, journal),
        )
        self.asked = 0
        self.became: Final[Counter[str]] = Counter()
        self.struck: Final[Counter[str]] = Counter()
        self.rss_mib: Final[list[float]] = []
        self.blocks: Final[list[float]] = []

    async def run(self, minutes: float) -> None:
        """Talk for so long, then end the daemon."""
        daemon = asyncio.ensure_future(self.app.run())
        try:
            await self._until(lambda: self.app.conversation.status.link is LinkState.UP)
            async with asyncio.timeout(minutes * 60.0) as limit, asyncio.TaskGroup() as group:
                group.create_task(self._talk())
                group.create_task(self._suffer())
                group.create_task(self._report())
        except TimeoutError:
            assert limit.expired()
            assert not daemon.done(), daemon
        finally:
            daemon.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await daemon

    async def _talk(self) -> None:
        while True:
            next_s = time.monotonic() + EVERY_S
            self.asked += 1
            over = self._tally.events["turn.done"]
            self._board.push_button.press()
            self._board.mic.say(question(1)[: UP.bytes_in(SENTENCE_S)])
            await asyncio.sleep(SENTENCE_S)
            self._board.push_button.release()
            await asyncio.sleep(0.1)
            await self._until(lambda: self.app.conversation.status.turn is TurnState.IDLE)
            self.became[self._tally.outcome if self._tally.events["turn.done"] > over else "not taken"] += 1
            await asyncio.sleep(next_s - time.monotonic())

    async def _suffer(self) -> None:
        """Let something happen once a minute: to the network at any moment, by the service at one of a turn's."""
        while True:
            wait_s = self._dice.uniform(0.0, 50.0)
            await asyncio.sleep(wait_s)
            kind = self._dice.choice(("reset", "cut", "refused", *STRIKES))
            self.struck[kind] += 1
            match kind:
                case "reset":
                    self._do("reset")
                case "cut":
                    self._do("cut")
                    await asyncio.sleep(CUT_S)
                    self._do("restore")
                case "refused":
                    self._do("refuse 503")
                    self._do("reset")
                    await asyncio.sleep(CUT_S)
                    self._do("refuse 0")
                case _:
                    self._do(f"strike {self._dice.choice(MOMENTS)} {kind}")
            await asyncio.sleep(60.0 - wait_s - (CUT_S if kind in ("cut", "refused") else 0.0))

    def _do(self, command: str) -> None:
        assert self._service.stdin is not None
        self._service.stdin.write(f"{command}\n".encode())

    async def _report(self) -> None:
        started_s = time.monotonic()
        while True:
            for _ in range(round(60.0 / SAMPLE_S)):
                await asyncio.sleep(SAMPLE_S)
                self.rss_mib.append(_rss_mib())
                self.blocks.append(sys.getallocatedblocks())
                del self._board.ring.shown[:-1]  # an eye that forgets: what it saw is not the daemon's memory
            print(f"{(time.monotonic() - started_s) / 60.0:5.1f} min  {self.state()}", flush=True)

    def state(self) -> str:
        """Return how it stands."""
        became = ", ".join(f"{count} {outcome}" for outcome, count in sorted(self.became.items()))
        return (
            f"asked {self.asked}: {became}; links {self._tally.events['link.up']}; {_rss_mib():.1f} MiB,"
            f" {len(asyncio.all_tasks())} tasks, {_open_files()} open files; faults {dict(sorted(self.struck.items()))}"
        )

    async def _until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not seen():  # noqa: ASYNC110 - a person can only look again
                await asyncio.sleep(0.05)


def _config(base_url: str, ca_file: Path) -> Config:
    return Config.model_validate(
        {
            "live": {"base_url": base_url, "ca_file": str(ca_file)},
            "turn": {"mode": "hold"},
            "microphone": {"driver": "simulated"},
            "speaker": {"driver": "simulated"},
            "button": {"driver": "simulated"},
            "leds": {"driver": "simulated"},
            "limits": {"turns_per_hour": 0, "daily_tokens": 0},
            "state": {"folder": ""},
            "control": {"socket": ""},
        }
    )


def _rss_mib() -> float:
    """Return what of this process is in memory (proc_pid_statm(5))."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _open_files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - what is counted here must not be opened by the counting


@contextlib.asynccontextmanager
async def _service() -> AsyncIterator[tuple[asyncio.subprocess.Process, str, Path]]:
    """Run the service and its network; yield it, its address, and the file of its CA."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        ca_file = Path(folder) / "ca.pem"
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.soak_service", str(ca_file),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stdin is not None
        try:
            port = int(await process.stdout.readline())
            yield process, f"https://127.0.0.1:{port}", ca_file
        finally:
            process.stdin.close()
            await process.wait()


async def _soak(minutes: float, seed: int) -> str:
    """Talk for so long and return the verdict."""
    async with _service() as (service, base_url, ca_file):
        tasks, files = len(asyncio.all_tasks()), _open_files()
        soak = Soak(service, base_url, ca_file, seed)
        await soak.run(minutes)
        left = len(asyncio.all_tasks()) - tasks, _open_files() - files
    first, last = _quarters(soak.rss_mib)
    held, held_last = _quarters(soak.blocks)
    flat = last - first <= GROWTH_MIB
    questions = sum(soak.became.values())
    return (
        f"{minutes:g} min, {sum(soak.struck.values())} faults, {questions} questions,"
        f" {questions - soak.became['answered']} not answered;"
        f" memory {'flat' if flat else 'GROWS'} ({first:.1f} MiB in the first quarter, {last:.1f} MiB in the last;"
        f" {held / 1000:.1f} and {held_last / 1000:.1f} thousand pieces);"
        f" {left[0] or 'no'} task and {left[1] or 'no'} open file left over."
    )


def _quarters(samples: Sequence[float]) -> tuple[float, float]:
    """Return the median of the first quarter and of the last."""
    quarter = max(1, len(samples) // 4)
    return statistics.median(samples[:quarter]), statistics.median(samples[-quarter:])


def main() -> None:
    """Soak, and print or write the verdict."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help="into daemon/live/README.md, too")
    arguments = parser.parse_args()
    verdict = asyncio.run(_soak(arguments.minutes, arguments.seed))
    print(verdict)
    if arguments.write:
        command = f"python -m tests.bench.soak --minutes {arguments.minutes:g}"
        page.put("soak", f"Measured on {time.strftime('%Y-%m-%d')} with `{command}`: {verdict}")


if __name__ == "__main__":
    main()
