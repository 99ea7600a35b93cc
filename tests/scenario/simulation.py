"""Random conversations in a random environment, each drawn from a seed and held against the invariants.

python -m tests.scenario.simulation --seeds 10000 --start 0 [--seconds 60] [--jobs 2]
python -m tests.scenario.simulation --seed 4711             one seed, with its trace
python -m tests.scenario.simulation --hours 8               one device for 8 hours, and what it keeps
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context

from tests.scenario.environment import drawn
from tests.scenario.invariants import violations
from tests.scenario.long_run import long_run
from tests.scenario.performance import HEALED_WITHIN_S, Performance
from tests.scenario.story import running
from tests.scenario.trace import Trace
from tests.support.virtual_time import START_S, run


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one seed."""

    seed: int
    breaches: tuple[str, ...]
    virtual_s: float = 0.0
    real_s: float = 0.0
    outcomes: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    attempts: int = 0
    trace: str = field(default="", repr=False)

    def __str__(self) -> str:
        return "\n".join([f"seed {self.seed}:", *(f"  {breach}" for breach in self.breaches), self.trace])


def simulate(seed: int, seconds: float = 60.0, *, traced: bool = False) -> Result:
    """Run the conversation of `seed`, about `seconds` long, and hold it against the invariants."""
    plan = drawn(seed, seconds)
    began = time.perf_counter()

    async def converse() -> tuple[Trace, float]:
        performance = Performance(plan)
        async with running(performance.story, linked=False):
            await performance.play()
            return Trace(performance), performance.story.now() - START_S

    try:
        trace, virtual_s = run(converse(), limit_s=seconds + 3 * HEALED_WITHIN_S)
    except Exception as error:
        notes = "".join(f"\n  {note}" for note in getattr(error, "__notes__", ()))
        return Result(seed, (f"ended by {type(error).__name__}: {error}{notes}",), trace=str(plan))
    breaches = tuple(violations(trace))
    return Result(
        seed,
        breaches,
        virtual_s,
        time.perf_counter() - began,
        Counter(done["outcome"] for done in trace.outcomes.values()),
        Counter(each.kind for each in plan.happenings if each.kind),
        len(trace.story.connector.attempts),
        told(trace) if breaches or traced else "",
    )


def told(trace: Trace) -> str:
    """Tell what happened, line by line: the plan, the journal, and the signals on the wire, in the order of time."""
    lines = [(START_S + each.at_s, f"| {each.what}") for each in trace.plan.happenings]
    for line in trace.journal:
        fields = " ".join(f"{name}={value}" for name, value in line.items() if name not in {"at_s", "event", "level"})
        lines.append((line["at_s"], f"  {line['event']} {fields}"))
    for number, link in enumerate(trace.story.connector.links, 1):
        signals = [(at_s, item) for at_s, item in link.sent if not hasattr(item, "pcm")]
        lines += [(at_s, f"    link {number} ▲ {item}") for at_s, item in signals]
    head = str(trace.plan).splitlines()[0]
    return "\n".join([head, *(f"{at_s:9.3f} {text}" for at_s, text in sorted(lines, key=lambda line: line[0]))])


def summary(results: Sequence[Result], real_s: float) -> str:
    """Return what came of many seeds, in a few lines."""
    outcomes: Counter[str] = sum((result.outcomes for result in results), Counter())
    survived: Counter[str] = sum((result.survived for result in results), Counter())
    failed = [result.seed for result in results if result.breaches]
    virtual_s = sum(result.virtual_s for result in results)
    slowest = max(results, key=lambda result: result.real_s)
    return "\n".join(
        [
            f"{len(results)} conversations, {virtual_s / 3600:.1f} virtual hours in {real_s:.0f} s "
            f"({len(results) / real_s:.1f} seeds/s); slowest: seed {slowest.seed}, {slowest.real_s:.2f} s",
            "turns:    " + ", ".join(f"{number} {name}" for name, number in outcomes.most_common()),
            f"links:    {sum(result.attempts for result in results)} attempts",
            "survived: " + ", ".join(f"{number} {name}" for name, number in survived.most_common()),
            f"failed:   {failed or 'none'}",
        ]
    )


def simulate_many(seeds: range, seconds: float, jobs: int) -> list[Result]:
    """Run many seeds in `jobs` processes, and print each that fails as soon as it has."""
    results = []
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for result in pool.map(partial(simulate, seconds=seconds), seeds, chunksize=5):
            results.append(result)
            if result.breaches:
                print(result, flush=True)
    return results


def main() -> int:
    """Run the command; its status is 1 if a seed failed."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", type=int, default=1000)
    options.add_argument("--start", type=int, default=0)
    options.add_argument("--seconds", type=float, default=60.0, help="of each conversation")
    options.add_argument("--jobs", type=int, default=1)
    options.add_argument("--seed", type=int, help="run this one and print its trace")
    options.add_argument("--hours", type=float, help="run one device for so long, with a fault every minute")
    options.add_argument("--traced", action="store_true", help="and count its bytes as well (six times slower)")
    given = options.parse_args()
    began = time.perf_counter()
    if given.hours is not None:
        samples = long_run(given.start, given.hours * 3600.0, traced=given.traced)
        print(*samples, f"in {time.perf_counter() - began:.0f} s", sep="\n")
        return 0
    if given.seed is not None:
        result = simulate(given.seed, given.seconds, traced=True)
        print(result)
        return int(bool(result.breaches))
    results = simulate_many(range(given.start, given.start + given.seeds), given.seconds, given.jobs)
    print(summary(results, time.perf_counter() - began))
    return int(any(result.breaches for result in results))


if __name__ == "__main__":
    sys.exit(main())
