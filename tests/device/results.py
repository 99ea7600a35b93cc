"""What came of the tests, as a table: build/device/results.md."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path
from typing import Final

import pytest

from .machine import PROJECT, RELEASE


class Results:
    """A plugin of pytest's that keeps each test's outcome and what it measured (`record_property`)."""

    def __init__(self, path: Path) -> None:
        self._path: Final = path
        self._rows: Final[list[tuple[str, str, float, str]]] = []
        self._spent_s: Final[dict[str, float]] = {}

    def __repr__(self) -> str:
        return f"<Results {len(self._rows)} rows for {self._path}>"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what became of one phase of one test."""
        if "tests/device/" not in report.nodeid:
            return
        self._spent_s[report.nodeid] = self._spent_s.get(report.nodeid, 0.0) + report.duration
        if report.when == "call" or report.outcome != "passed":
            measured = "; ".join(f"{name} {value}" for name, value in report.user_properties)
            name = report.nodeid.rpartition("::test_")[2].replace("_", " ")
            self._rows.append((name, report.outcome, self._spent_s[report.nodeid], measured))

    def pytest_sessionfinish(self) -> None:
        """Write the table, if there is anything in it."""
        if self._rows:
            self._path.write_text(self.table())

    def table(self) -> str:
        """Return the table, as Markdown."""
        version = subprocess.run(
            ["git", "-C", str(PROJECT), "describe", "--always", "--dirty"], capture_output=True, text=True, check=False
        ).stdout.strip()
        passed = sum(outcome == "passed" for _, outcome, _, _ in self._rows)
        lines = [
            f"{time.strftime('%Y-%m-%d', time.gmtime())}, {RELEASE}, commit {version or 'unknown'}: "
            f"{passed} of {len(self._rows)} passed, {sum(self._spent_s.values()):.0f} s.",
            "",
            "| | | s | measured |",
            "|---|---|---|---|",
            *(f"| {name} | {outcome} | {took_s:.0f} | {measured} |" for name, outcome, took_s, measured in self._rows),
        ]
        return "\n".join(lines) + "\n"
