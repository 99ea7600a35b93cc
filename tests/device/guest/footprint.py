"""Runs in the guest: prints what a process has used so far, as JSON. Called with its number."""

import json
import os
import re
import sys
from pathlib import Path


def number(path: Path, name: str) -> int:
    """Return the number behind a name in one of proc(5)'s files."""
    found = re.search(rf"^{name}:\s+(\d+)", path.read_text(), re.MULTILINE)
    assert found is not None, (path, name)
    return int(found[1])


def main(process: Path) -> None:
    """Print it."""
    fields = (process / "stat").read_text().rpartition(")")[2].split()
    used = {
        "wakeups": sum(number(task / "status", "voluntary_ctxt_switches") for task in (process / "task").iterdir()),
        "processor_s": (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"),
        "rss_mib": number(process / "smaps_rollup", "Rss") / 1024,
        "pss_mib": number(process / "smaps_rollup", "Pss") / 1024,
        "written_bytes": number(process / "io", "write_bytes"),
    }
    print(json.dumps(used))


main(Path("/proc", sys.argv[1]))
