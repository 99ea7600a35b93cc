"""Runs in the guest: holds one thread of a process where it is, and lets the others run, until it is ended itself.

    hold_thread.py PROCESS                 the first thread, in which Python's event loop turns
    hold_thread.py PROCESS PCM             the one that serves a card; PCM as in /proc/asound, such as card0/pcm1c
    hold_thread.py PROCESS PCM SECONDS     and lets it go after so long

A signal could not do that: SIGSTOP stops all of a process, whichever thread it is sent to. So it is traced.
"""

import ctypes
import os
import re
import sys
import time
from pathlib import Path

PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
PTRACE_DETACH = 17
WALL = 0x40000000
LOOK_S = 0.2
"""Ten periods, in which a card that is attended to moves, and far less than a device waits for one that is not."""

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


def trace(request: int, thread: int) -> None:
    """Call ptrace(2)."""
    if libc.ptrace(request, thread, None, None) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


def hold(thread: int) -> None:
    """Have it stay where it is."""
    trace(PTRACE_SEIZE, thread)
    trace(PTRACE_INTERRUPT, thread)
    os.waitpid(thread, WALL)


def served(pcm: Path) -> str:
    """Return how much has been fetched from the card, or brought there."""
    found = re.search(r"^appl_ptr\s*: (\d+)", (pcm / "sub0" / "status").read_text(), re.MULTILINE)
    assert found is not None, f"nobody has opened {pcm}"
    return found[1]


def held_server(process: int, pcm: Path) -> int:
    """Hold the thread without which the card stands still, and return its number."""
    # The newest first: PortAudio makes its threads late, and the first one holds Python's lock now and then.
    for thread in sorted((int(task.name) for task in Path(f"/proc/{process}/task").iterdir()), reverse=True):
        hold(thread)
        before = served(pcm)
        time.sleep(LOOK_S)
        if served(pcm) == before:
            return thread
        trace(PTRACE_DETACH, thread)
    raise SystemExit(f"no thread of {process} serves {pcm}")


def main(process: int, pcm: str = "", for_s: str = "") -> None:
    """Hold it."""
    if pcm:
        thread = held_server(process, Path("/proc/asound") / pcm)
    else:
        thread = process
        hold(thread)
    print(f"holding {thread} of {process}", flush=True)
    if for_s:
        time.sleep(float(for_s))
        return
    # It stays where it is while we live. Its death must be taken notice of, or its parent would not hear of it.
    while os.WIFSTOPPED(os.waitpid(thread, WALL)[1]):
        pass


main(int(sys.argv[1]), *sys.argv[2:])
