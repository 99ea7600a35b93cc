"""The questions about sound that `make bench` answers, each with a table and a picture.

    python -m tests.bench [QUESTION ...] [--out out/bench]

Each question is answered by a process of its own. One that fails costs only its own answer, and the exit status.
"""

from __future__ import annotations

import argparse
import importlib
import os
import platform
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench.report import html

LONGEST_S: Final = 420.0
"""A bench that takes longer hangs."""


@dataclass(frozen=True, slots=True)
class Question:
    """One question, and the module whose `run(out: Path) -> str` answers it."""

    module: str
    asked: str


QUESTIONS: Final = {
    "barge_in": Question("tests.bench.barge_in", "Does a voice over an answer stop it, and does nothing else?"),
    "endpointing": Question("tests.bench.endpointing", "Is the end of a sentence found, soon, and only there?"),
    "jitter": Question("tests.bench.jitter_bench", "Do answers run dry, and what does preventing it cost?"),
    "late_loop": Question("tests.bench.late_loop", "How late may the event loop be before an answer has a gap?"),
    "stages": Question("tests.bench.stages", "What processor time does each stage of the sound path take?"),
    "beside": Question("tests.bench.beside", "Does a picture or a tool beside an answer make any of it late?"),
    "start": Question("tests.bench.start", "How long does it take from the process to READY, and what for?"),
    "idle": Question("tests.bench.idle", "What does the device cost while nobody talks to it?"),
    "memory": Question("tests.bench.memory", "What does the device hold in memory, and because of what?"),
    "answer_time": Question("tests.bench.answer_time", "How long is our own part from the last word to the answer?"),
}


def main() -> int:
    """Ask what is asked for; return 1 if anything failed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=f"of {', '.join(QUESTIONS)}; default: all")
    parser.add_argument("--out", type=Path, default=Path("out/bench"), metavar="FOLDER")
    parser.add_argument("--here", action="store_true", help="answer in this process, and write no page")
    arguments = parser.parse_args()
    unknown = set(arguments.questions) - set(QUESTIONS)
    if unknown:
        parser.error(f"no such question: {', '.join(sorted(unknown))}")
    names = arguments.questions or list(QUESTIONS)
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.here:
        for name in names:
            _answer(name, arguments.out)
        return 0
    return _ask(names, arguments.out)


def _answer(name: str, out: Path) -> None:
    text = importlib.import_module(QUESTIONS[name].module).run(out)
    (out / f"{name}.md").write_text(f"{text.strip()}\n")


def _ask(names: list[str], out: Path) -> int:
    """Answer in processes of their own, show each answer as it comes, and all of them on a page."""
    failed = []
    for number, name in enumerate(names, 1):
        print(f"==> {number} of {len(names)}, {name}: {QUESTIONS[name].asked}", flush=True)
        began_s = time.monotonic()
        for old in (out / f"{name}.md", out / f"{name}.png"):
            old.unlink(missing_ok=True)  # an answer of an earlier run is not this one's
        command = [sys.executable, "-m", "tests.bench", "--here", "--out", str(out), name]
        try:
            status = subprocess.run(command, check=False, timeout=LONGEST_S).returncode
        except subprocess.TimeoutExpired:
            status = -1
            print(f"{name} took longer than {LONGEST_S:g} s and was ended", file=sys.stderr)
        if status == 0:
            print(f"\n{(out / f'{name}.md').read_text()}")
        else:
            failed.append(name)
        print(f"    {'failed' if status else 'answered'} in {time.monotonic() - began_s:.0f} s\n", flush=True)
    page = _page(out)
    (out / "README.md").write_text(page)
    (out / "index.html").write_text(html(page))
    print(f"==> All of it: {out}/index.html" + (f"; failed: {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _page(out: Path) -> str:
    """Return all the answers that there are in `out`, those of earlier runs included."""
    parts = [
        "# Benches",
        f"{time.strftime('%Y-%m-%d')}, {platform.machine()}, {os.cpu_count()} cores, Python {sys.version.split()[0]}."
        f" Load over the last minute: {os.getloadavg()[0]:.1f}.",
    ]
    for name, question in QUESTIONS.items():
        answer, picture = out / f"{name}.md", out / f"{name}.png"
        if answer.exists():
            parts += [f"## {question.asked}", answer.read_text().strip()]
            parts += [f"![{name}]({picture.name})"] if picture.exists() else []
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    sys.exit(main())
