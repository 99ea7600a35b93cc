"""A terminal without a window: runs a program in it, answers what terminals are asked, and keeps what it was sent."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Mapping
from typing import Any, Final

WHERE: Final = b"\x1b[6n"
"""The question where the cursor is."""
TELLS_RELEASE: Final = b"\x1b[?u"
"""The question whether it speaks the kitty keyboard protocol."""
TELLS_NO_MORE: Final = b"\x1b[=0;1u"
"""The wish that it speaks it no more."""
LET_GO: Final = b"\x1b[113;1:3u"
"""The end of the key that ended the program: terminals tell of it up to the last moment."""


class PseudoTerminal:
    """A program in a terminal, for the length of a `with` block; it is killed at the end, if it still runs."""

    def __init__(
        self,
        *command: str,
        environ: Mapping[str, str] | None = None,
        columns: int = 100,
        rows: int = 30,
        kitty: bool = False,
        utf8: bool = True,
    ) -> None:
        self._terminal, self._line = pty.openpty()
        self.resize(columns, rows)
        self.modes_before: Final = self.modes()
        self._kitty: Final = kitty
        self._where: Final = b"\x1b[1;2R" if utf8 else b"\x1b[1;3R"  # after a letter of two bytes
        self._kept = bytearray()
        look = {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
        self._process: Final = subprocess.Popen(
            (sys.executable, *command),
            stdin=self._line,
            stdout=self._line,
            stderr=self._line,
            env={**os.environ, **look, **(environ or {})},
            start_new_session=True,
        )
        self._reader: Final = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> PseudoTerminal:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        os.close(self._line)
        self._reader.join()
        os.close(self._terminal)

    @property
    def pid(self) -> int:
        """The program's."""
        return self._process.pid

    @property
    def sent(self) -> str:
        """All that was written so far."""
        return bytes(self._kept).decode(errors="replace")

    @property
    def words(self) -> str:
        """The same without control sequences."""
        return re.sub(r"\x1b(\[[?=<>]?[\d;:]*[A-Za-z]|P.*?\x1b\\|[()].)", "", self.sent)

    @property
    def is_drawn_in(self) -> bool:
        """Whether the alternate screen is shown."""
        return self.sent.rfind("\x1b[?1049h") > self.sent.rfind("\x1b[?1049l")

    def modes(self) -> list[Any]:
        """Return how lines and keys are treated (termios(3))."""
        return termios.tcgetattr(self._line)

    def unread(self) -> int:
        """Return how many bytes wait for whoever reads next, such as the shell."""
        return struct.unpack("i", fcntl.ioctl(self._line, termios.FIONREAD, bytes(4)))[0]  # type: ignore[no-any-return]

    def resize(self, columns: int, rows: int) -> None:
        """Give the window another size."""
        fcntl.ioctl(self._line, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, keys: str) -> None:
        """Strike keys."""
        os.write(self._terminal, keys.encode())

    def until(self, words: str, within_s: float = 30.0) -> None:
        """Wait until `words` have been written since this was called last."""
        ends_s = time.monotonic() + within_s
        while words not in self.words:
            assert time.monotonic() < ends_s, f"no {words!r} in {self.words[-3000:]!r}"
            assert self._process.poll() is None or words in self.words, f"it has ended: {self.words[-3000:]!r}"
            time.sleep(0.02)

    def signal(self, number: signal.Signals) -> None:
        """Send a signal."""
        self._process.send_signal(number)

    def ended(self, within_s: float = 30.0) -> int:
        """Wait for its end and return the exit status."""
        status = self._process.wait(within_s)
        time.sleep(0.1)  # for what it wrote last to be read
        return status

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._terminal, 65536)
            except OSError:  # nobody has it open any more
                return
            self._kept += piece
            if TELLS_NO_MORE in piece:
                os.write(self._terminal, LET_GO)
            if TELLS_RELEASE in piece and self._kitty:
                os.write(self._terminal, b"\x1b[?0u")
            for _ in range(piece.count(WHERE)):
                os.write(self._terminal, self._where)
