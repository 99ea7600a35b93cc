"""Draw docs/doctor.svg and docs/doctor-broken.svg: what `vocative doctor` prints on two laid-out machines.

Run from the top of the project: `python -m docs.draw_doctor`.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Final

from daemon.doctor.examination import examine
from daemon.doctor.sheet import Style, as_text
from docs.terminal_picture import terminal
from tests.support.pi_root import PiRoot, answering, broken_pi, good_pi

COLUMNS: Final = 100
PROMPT: Final = "\x1b[32mpi@raspberrypi\x1b[0m:\x1b[34m~\x1b[0m $ sudo vocative doctor\n"


def printed(make: Callable[[Path], PiRoot], alive: Callable[[PiRoot], AbstractContextManager[None]]) -> str:
    """Return what the command prints on the machine that `make` lays out; `alive` has its daemon answer."""
    with tempfile.TemporaryDirectory(prefix="pi-") as name:
        pi = make(Path(name))
        with alive(pi):
            findings = asyncio.run(examine(None, online=False, root=pi.folder))
        # On the machine itself it would be just /etc.
        findings = [
            replace(one, what=one.what.replace(name, ""), remedy=one.remedy.replace(name, "")) for one in findings
        ]
    return as_text(findings, Style(width=COLUMNS, coloured=True))


def main() -> None:
    """Draw both."""
    machines: tuple[tuple[str, Callable[[Path], PiRoot], Callable[[PiRoot], AbstractContextManager[None]]], ...] = (
        ("doctor", good_pi, answering),
        ("doctor-broken", broken_pi, lambda _: nullcontext()),
    )
    for name, make, alive in machines:
        target = Path(__file__).with_name(f"{name}.svg")
        target.write_text(terminal(PROMPT + printed(make, alive), "vocative doctor", columns=COLUMNS))
        print(f"{target.name}: {target.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main()
