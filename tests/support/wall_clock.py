"""A wall clock that can be moved: for one process, without being root.

A small library, compiled here and preloaded into that process, moves what libc says of the time of day. Whatever the
process is made of sees it, Python, OpenSSL and the SDK alike. The monotonic clock stays as it is.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

_SOURCE: Final = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <sys/time.h>
#include <time.h>

long moved_by_s = 0;

int clock_gettime(clockid_t clock, struct timespec *now)
{
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = dlsym(RTLD_NEXT, "clock_gettime");
    int failed = real(clock, now);
    if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += moved_by_s;
    return failed;
}

int gettimeofday(struct timeval *now, void *zone)
{
    (void)zone;
    struct timespec precise;
    int failed = clock_gettime(CLOCK_REALTIME, &precise);
    now->tv_sec = precise.tv_sec;
    now->tv_usec = precise.tv_nsec / 1000;
    return failed;
}

time_t time(time_t *into)
{
    struct timespec precise;
    clock_gettime(CLOCK_REALTIME, &precise);
    if (into) *into = precise.tv_sec;
    return precise.tv_sec;
}
"""


def environment(folder: Path) -> dict[str, str] | None:
    """Return the environment of a process whose wall clock can be moved; None where there is no C compiler or glibc."""
    compiler = shutil.which("cc")
    if compiler is None:
        return None
    source, library = folder / "wall_clock.c", folder / "wall_clock.so"
    source.write_text(_SOURCE)
    made = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O1", "-o", str(library), str(source), "-ldl"], capture_output=True, check=False
    )
    return {**os.environ, "LD_PRELOAD": str(library)} if made.returncode == 0 else None


def jump(by_s: int) -> None:
    """Move the wall clock of this process, which was started with `environment`."""
    moved = ctypes.c_long.in_dll(ctypes.CDLL(None), "moved_by_s")
    before_s = time.time()
    moved.value += by_s
    assert abs(time.time() - before_s - by_s) < 5.0, "the wall clock did not move"
