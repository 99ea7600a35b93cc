"""A conversation under each fault, over real sockets, TLS and the real SDK: what the owner sees, and what it costs.

    python -m tests.bench.faults [--write] [NAME ...]

NAME is a part of a case's name; without one, all are run. Each has a process of its own, and some run at a time: they
wait much and work little. `--write` puts the tables between their markers in `daemon/live/README.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.bench import network_cases, page, service_cases
from tests.bench.failure_table import failure_table
from tests.bench.fault_case import Case
from tests.support import wall_clock
from tests.support.stage import staged
from tests.support.witness import Account, account

CASES: Final = (*network_cases.CASES, *service_cases.CASES)
AT_A_TIME: Final = 5
COMMAND: Final = "python -m tests.bench.faults --write"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one case."""

    name: str
    remark: str
    account: Account

    def cells(self) -> tuple[str, ...]:
        """Return the row of the table."""
        found = self.account
        remarks = [self.remark] if self.remark else []
        if found.asked_again:
            remarks.append("the person had to ask again")
        if found.unread_ms:
            remarks.append(f"{found.unread_ms} ms were lost because the machine stood still")
        if found.errors:
            remarks.append("with the sound of an error")
        return (
            self.name,
            found.saw,
            f"{found.went_on_s:.1f}",
            str(found.lost_ms),
            str(found.twice_frames),
            found.link,
            str(found.attempts),
            "; ".join(remarks),
        )


HEADINGS: Final = (
    "fault",
    "what the ring meant",
    "went on after, s",
    "lost, ms",
    "said twice",
    "link",
    "attempts",
    "remarks",
)


async def witnessed(case: Case) -> Account:
    """Run one case, with one more question after it, and return what came of it."""
    async with staged(seed=CASES.index(case)) as stage:
        await case.tale(stage)
        await stage.carry_on()
        await stage.exchange()
        return account(stage)


async def _all(cases: Sequence[Case]) -> list[Row]:
    places = asyncio.Semaphore(AT_A_TIME)
    started_s = time.monotonic()

    async def one(case: Case) -> Row | None:
        async with places:
            found = await _elsewhere(case)
        print(f"{time.monotonic() - started_s:6.1f} s  {case.name}: {found}", file=sys.stderr, flush=True)
        return None if found is None else Row(case.name, case.remark, found)

    async with asyncio.TaskGroup() as group:
        # The longest stand at the end of the list.
        tasks = [group.create_task(one(case)) for case in reversed(cases)]
    return [row for task in reversed(tasks) if (row := task.result()) is not None]


async def _elsewhere(case: Case) -> Account | None:
    """Run one case in a process of its own; None where it needs a wall clock that can be moved, and there is none."""
    with tempfile.TemporaryDirectory(prefix="clock-") as folder:
        environment = wall_clock.environment(Path(folder)) if case.moves_clock else dict(os.environ)
        if environment is None:
            return None
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.faults", "--alone", case.name,
            env=environment, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
    assert process.returncode == 0, case.name
    return Account(**json.loads(said))


def _measured(rows: Sequence[Row], took_s: float) -> str:
    """Return the section of the README."""
    stamp = f"Measured on {time.strftime('%Y-%m-%d')} with `{COMMAND}`, in {took_s:.0f} s."
    return f"{stamp}\n\n{page.table(HEADINGS, [row.cells() for row in rows])}"


def main() -> None:
    """Run the cases that were named and print, or write, what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--write", action="store_true", help="all of them, into daemon/live/README.md")
    parser.add_argument("--alone", metavar="NAME", help="this one, in this process; print JSON")
    arguments = parser.parse_args()
    if arguments.alone is not None:
        [case] = [case for case in CASES if case.name == arguments.alone]
        print(json.dumps(asdict(asyncio.run(witnessed(case)))))
        return
    cases = [case for case in CASES if not arguments.names or any(name in case.name for name in arguments.names)]
    started_s = time.monotonic()
    rows = asyncio.run(_all(cases))
    measured = _measured(rows, time.monotonic() - started_s)
    print(measured)
    if arguments.write:
        page.put("faults", measured)
        page.put("failures", failure_table())


if __name__ == "__main__":
    main()
