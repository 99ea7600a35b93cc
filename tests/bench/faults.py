"""A conversation under each fault, over real sockets, TLS and the real SDK: what the owner sees, and what it costs.

    python -m tests.bench.faults [--write] [--json] [NAME ...]

NAME is a part of a case's name; without one, all are run, some at a time: they wait much and work little. `--write`
puts the tables between their markers in `daemon/live/README.md`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.bench import page
from tests.bench.failure_table import failure_table
from tests.bench.fault_cases import CASES, Case
from tests.support import wall_clock
from tests.support.stage import staged
from tests.support.witness import Account, account

AT_A_TIME: Final = 8
"""So many conversations take about half of one core."""
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
        if found.errors:
            remarks.append("with the sound of an error")
        return (
            self.name,
            found.saw,
            f"{found.went_on_s:.1f}",
            str(found.lost_ms),
            str(found.twice_frames),
            str(found.attempts),
            "; ".join(remarks),
        )


HEADINGS: Final = ("fault", "what the ring meant", "went on after, s", "lost, ms", "said twice", "attempts", "remarks")


async def witnessed(case: Case, *, seed: int = 1) -> Account:
    """Run one case, with one more question after it, and return what came of it."""
    async with staged(seed=seed) as stage:
        await case.tale(stage)
        await stage.carry_on()
        await stage.exchange()
        return account(stage)


async def _all(cases: Sequence[Case]) -> list[Row]:
    places = asyncio.Semaphore(AT_A_TIME)
    started_s = time.monotonic()

    async def one(number: int, case: Case) -> Row:
        async with places:
            found = await (_elsewhere(case) if case.shifts_clock and len(cases) > 1 else witnessed(case, seed=number))
        print(f"{time.monotonic() - started_s:6.1f} s  {case.name}: {found}", file=sys.stderr, flush=True)
        return Row(case.name, case.remark, found)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(number, case)) for number, case in enumerate(cases, 1)]
    return [task.result() for task in tasks]


async def _elsewhere(case: Case) -> Account:
    """Run one case in a process of its own whose wall clock can be moved."""
    with tempfile.TemporaryDirectory(prefix="clock-") as folder:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.bench.faults", "--json", case.name,
            env=wall_clock.environment(Path(folder)), stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        said, _ = await process.communicate()
    assert process.returncode == 0, case.name
    [row] = json.loads(said)
    return Account(**row["account"])


def _measured(rows: Sequence[Row], took_s: float) -> str:
    """Return the section of the README."""
    stamp = f"Measured on {time.strftime('%Y-%m-%d')} with `{COMMAND}`, in {took_s:.0f} s."
    return f"{stamp}\n\n{page.table(HEADINGS, [row.cells() for row in rows])}"


def main() -> None:
    """Run the cases that were named and print, or write, what came of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--write", action="store_true", help="all of them, into daemon/live/README.md")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    cases = [case for case in CASES if not arguments.names or any(name in case.name for name in arguments.names)]
    started_s = time.monotonic()
    rows = asyncio.run(_all(cases))
    if arguments.json:
        print(json.dumps([asdict(row) for row in rows]))
        return
    measured = _measured(rows, time.monotonic() - started_s)
    print(measured)
    if arguments.write:
        page.put("faults", measured)
        page.put("failures", failure_table())


if __name__ == "__main__":
    main()
