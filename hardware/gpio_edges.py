"""The edges of one GPIO line, from the kernel itself (linux/gpio.h, uAPI v2): a thread that sleeps until there is one.

lgpio's own watch wakes 2,000 times a second, edges or not: its thread polls for half a millisecond, for ever.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import threading
from collections.abc import Callable
from enum import IntFlag
from pathlib import Path
from typing import Final

_REQUEST_LINE: Final = 0xC250B407
"""GPIO_V2_GET_LINE_IOCTL."""
_REQUEST: Final = struct.Struct("=256s32sQI20x240xII20xi")
"""Offsets, consumer, flags, number of attributes (none), number of lines, size of the event buffer; the descriptor."""
_GET_VALUES: Final = 0xC010B40E
"""GPIO_V2_LINE_GET_VALUES_IOCTL."""
_VALUES: Final = struct.Struct("=QQ")
"""The levels, and which lines are meant: a bit for each."""
_EVENT: Final = struct.Struct("=QIIII24x")
"""When (ns, CLOCK_MONOTONIC), rising or falling, offset, two sequence numbers."""
_RISING: Final = 1
_EVENTS_AT_ONCE: Final = 16
_END_S: Final = 1.0
"""How long the thread is waited for: it has at most one edge to tell of, which is a moment's work."""


class Line(IntFlag):
    """How a line is requested."""

    INPUT = 1 << 2
    RISING = 1 << 4
    FALLING = 1 << 5
    PULL_UP = 1 << 8
    PULL_DOWN = 1 << 9
    NO_PULL = 1 << 10


class EdgeLine:
    """A line that is held as an input, and its edges."""

    def __init__(self, chip: Path, offset: int, pull: Line, moved: Callable[[bool, int], None]) -> None:
        """Request line `offset` of `chip`, and call `moved` for each edge until closed, on a thread of its own.

        `moved` is told the new level, True for high, and when it was reached: nanoseconds of the monotonic clock.

        Raises:
            OSError: There is no such line, somebody else holds it, or this user may not.
        """
        flags = Line.INPUT | Line.RISING | Line.FALLING | pull
        # As lgpio calls itself, through which lights are opened: `vocative doctor` knows both by that.
        wanted = _REQUEST.pack(struct.pack("=I", offset), b"lg", flags, 0, 1, 0, -1)
        opened = os.open(chip, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._line: Final = int(_REQUEST.unpack(fcntl.ioctl(opened, _REQUEST_LINE, wanted))[-1])
        finally:
            os.close(opened)
        self._moved: Final = moved
        self._stop: Final = os.eventfd(0, os.EFD_CLOEXEC)
        self._lock: Final = threading.Lock()
        self._closed = False
        self._thread: Final = threading.Thread(target=self._watch, name=f"GPIO{offset}", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<EdgeLine{' closed' if self._closed else ''}>"

    @property
    def is_high(self) -> bool:
        """The level right now. Raises OSError if the chip is gone, or the line was closed."""
        with self._lock:
            if self._closed:
                raise OSError("the line is closed")
            return bool(_VALUES.unpack(fcntl.ioctl(self._line, _GET_VALUES, _VALUES.pack(0, 1)))[0] & 1)

    def close(self) -> None:
        """Free the line, so that it can be requested anew. No edge is told of afterwards. May be called twice."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
        os.eventfd_write(self._stop, 1)
        # While the thread waits for it, the kernel would keep the line even if it was closed.
        if threading.current_thread() is not self._thread:
            self._thread.join(_END_S)
        os.close(self._line)
        os.close(self._stop)

    def _watch(self) -> None:
        ready = select.poll()
        ready.register(self._line, select.POLLIN)
        ready.register(self._stop, select.POLLIN)
        with contextlib.suppress(OSError):  # the chip is gone: whoever asks for the level is told
            while self._edges(ready.poll()):
                pass

    def _edges(self, ready: list[tuple[int, int]]) -> bool:
        """Tell of what there is to read; return whether there can be more."""
        with self._lock:
            if self._closed or any(descriptor == self._stop for descriptor, _ in ready):
                return False
            told = os.read(self._line, _EVENTS_AT_ONCE * _EVENT.size)
        for at_ns, kind, *_ in _EVENT.iter_unpack(told):
            self._moved(kind == _RISING, at_ns)
        return bool(told)
