"""Draw docs/reconnects.png: ten thousand devices that lose the service in the same instant and get it back.

Run from the top of the project: `python -m docs.draw_reconnects`. The pauses come from `daemon.live` itself, with
the same pauses undrawn (always the ceiling) beside them. An attempt takes 50 to 300 ms to be refused.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from daemon.errors import LinkError
from daemon.live.backoff import Backoff
from daemon.live.resume import decide

TARGET: Final = Path(__file__).with_name("reconnects.png")
DEVICES: Final = 10_000
OUTAGE_S: Final = 600.0
END_S: Final = 680.0
NOTICED_WITHIN_S: Final = 0.1
"""The resets reach the devices within so long of each other."""

CUT: Final = decide(LinkError("", close_code=1006), resuming=False, consecutive=1)
UNREACHED: Final = decide(LinkError("connection refused"), resuming=True, consecutive=0)
OURS_COLOUR: Final = "#00695c"
UNDRAWN_COLOUR: Final = "#e08e45"


@dataclass(frozen=True, slots=True)
class Run:
    """What one simulation saw."""

    attempts_s: NDArray[np.float64]
    """When each attempt was made, from the instant of the loss."""
    waited_s: NDArray[np.float64]
    """For each device, how long after the return it was back."""

    def per_second(self) -> NDArray[np.int64]:
        """Attempts in each second from 0 to `END_S`."""
        return np.histogram(self.attempts_s, bins=int(END_S), range=(0.0, END_S))[0]


def simulate(draw: Callable[[], float], world: random.Random) -> Run:
    """Let every device lose the service at 0 and try until it succeeds. `draw` is the devices' chance."""
    attempts_s: list[float] = []
    waited_s = []
    for _ in range(DEVICES):
        backoff = Backoff(draw)
        backoff.succeeded(-3600.0)
        now = world.uniform(0.0, NOTICED_WITHIN_S)
        now += backoff.next_pause_s(now, CUT.pause)
        attempts_s.append(now)
        while now < OUTAGE_S:
            now += world.uniform(0.05, 0.3)
            now += backoff.next_pause_s(now, UNREACHED.pause)
            attempts_s.append(now)
        waited_s.append(now - OUTAGE_S)
    return Run(np.array(attempts_s), np.array(waited_s))


def _plot(axes: Axes, ours: Run, undrawn: Run, start_s: int, end_s: int) -> None:
    seconds = np.arange(start_s, end_s)
    for run, colour, label in ((undrawn, UNDRAWN_COLOUR, "always the ceiling"), (ours, OURS_COLOUR, "drawn below it")):
        # Half an attempt stands for none: the scale is logarithmic.
        rate = np.maximum(run.per_second()[start_s:end_s], 0.5)
        axes.step(seconds, rate, where="post", color=colour, linewidth=1.1, label=label)
    axes.axvspan(max(0, start_s), min(OUTAGE_S, end_s), color="#eceff1", zorder=0)
    axes.set(yscale="log", ylim=(0.5, 40_000), xlim=(start_s, end_s))
    axes.grid(axis="y", color="#cfd8dc", linewidth=0.5)
    axes.spines[["top", "right"]].set_visible(False)


def draw(ours: Run, undrawn: Run) -> None:
    """Write the picture: the whole, the loss, the return."""
    figure, rooms = plt.subplot_mosaic([["whole", "whole"], ["loss", "return"]], figsize=(10.0, 6.2))
    _plot(rooms["whole"], ours, undrawn, 0, int(END_S))
    _plot(rooms["loss"], ours, undrawn, 0, 30)
    _plot(rooms["return"], ours, undrawn, int(OUTAGE_S) - 10, int(OUTAGE_S) + 70)
    rooms["whole"].set_title(f"{DEVICES:,} devices lose the service for ten minutes (shaded)", loc="left")
    rooms["whole"].legend(frameon=False, ncols=2, loc="upper right")
    rooms["loss"].set_title("the loss", loc="left", fontsize="medium")
    rooms["return"].set_title("the return", loc="left", fontsize="medium")
    for axes in rooms.values():
        axes.set(ylabel="attempts per second")
    for name in ("loss", "return"):
        rooms[name].set(xlabel="seconds since the loss")
    figure.tight_layout()
    figure.savefig(TARGET, dpi=80)
    plt.close(figure)


def figures(name: str, run: Run) -> str:
    """Return the run's numbers, a line each."""
    rate = run.per_second()
    back = int(OUTAGE_S)
    return "\n".join(
        (
            f"{name}:",
            f"  first second          {rate[0]:6d} attempts; within the first 100 ms of it "
            f"{np.count_nonzero(run.attempts_s < NOTICED_WITHIN_S)}",
            f"  minutes 1 to 10       {rate[60:back].mean():6.0f} attempts/s on average, {rate[60:back].max()} at most",
            f"  after the return      {rate[back:].max():6d} attempts/s at most",
            f"  a device is back after {np.median(run.waited_s):5.1f} s (median), {run.waited_s.max():.1f} s (last)",
            f"  attempts per device    {len(run.attempts_s) / DEVICES:5.1f}",
        )
    )


def main() -> None:
    """Simulate, draw, and print the figures."""
    chance = random.Random(1)  # seeded: the picture is the same every time
    ours = simulate(chance.random, random.Random(2))
    undrawn = simulate(lambda: 1.0, random.Random(2))
    draw(ours, undrawn)
    sys.stdout.write(figures("drawn below the ceiling", ours) + "\n" + figures("always the ceiling", undrawn) + "\n")
    sys.stdout.write(f"{TARGET.name}: {TARGET.stat().st_size / 1024:.0f} KiB\n")


if __name__ == "__main__":
    main()
