"""The terminal of whoever sets the device up: lines are printed, and waited for on the event loop."""

from __future__ import annotations

import asyncio
import os
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from .walk import Left

_LONGEST_LINE_BYTES: Final = 8192


class TypedTerminal:
    """Standard input, which is a terminal, and standard output."""

    def __init__(self) -> None:
        self._descriptor: Final = sys.stdin.fileno()

    def __repr__(self) -> str:
        return "<TypedTerminal>"

    def say(self, text: str = "") -> None:
        """Show `text`."""
        print(text, flush=True)

    async def line(self, prompt: str, *, hidden: bool = False) -> str:
        """Return the line that is typed; see `Terminal.line`."""
        loop = asyncio.get_running_loop()
        typed: asyncio.Future[bytes] = loop.create_future()

        def read() -> None:
            if not typed.done():
                # The terminal hands out a line at a time.
                typed.set_result(os.read(self._descriptor, _LONGEST_LINE_BYTES))

        # What was typed while something was tried, such as one Enter too many, is no answer to what is asked now.
        termios.tcflush(self._descriptor, termios.TCIFLUSH)
        with _unseen(self._descriptor, hidden):
            print(prompt, end="", flush=True)  # only now: whoever reads it may type at once
            loop.add_reader(self._descriptor, read)
            try:
                line = await typed
            finally:
                loop.remove_reader(self._descriptor)
        if hidden:
            print(flush=True)
        if not line:
            raise Left
        return line.decode(errors="replace").rstrip("\r\n")


@contextmanager
def _unseen(descriptor: int, hidden: bool) -> Iterator[None]:
    """Let the terminal not show what is typed meanwhile, if `hidden`."""
    if not hidden:
        yield
        return
    before = termios.tcgetattr(descriptor)
    without_echo = [*before]
    without_echo[3] &= ~termios.ECHO
    termios.tcsetattr(descriptor, termios.TCSAFLUSH, without_echo)
    try:
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
