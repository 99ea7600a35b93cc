"""Runs in the guest: holds one thread of a process where it is, and lets the others run, until it is ended itself.

    hold_thread.py THREAD        its number, as in /proc/PID/task; the first one has the process's own

A signal could not do that: SIGSTOP stops all of a process, whichever thread it is sent to. So it is traced.
"""

import ctypes
import os
import sys

PTRACE_SEIZE = 0x4206
PTRACE_INTERRUPT = 0x4207
WALL = 0x40000000


def main(thread: int) -> None:
    """Hold it."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    for request in (PTRACE_SEIZE, PTRACE_INTERRUPT):
        if libc.ptrace(request, thread, None, None) != 0:
            raise OSError(ctypes.get_errno(), "ptrace")
    # It stays where it is while we live. Its death must be taken notice of, or its parent would not hear of it.
    while os.WIFSTOPPED(os.waitpid(thread, WALL)[1]):
        pass


main(int(sys.argv[1]))
