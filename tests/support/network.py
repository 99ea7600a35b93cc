"""What lies between the device and the service, in virtual time."""

from __future__ import annotations

import asyncio
from typing import Protocol

from daemon.errors import LinkError

KERNEL_S = 5.0
"""After so long without an acknowledgement the kernel gives a connection up (`daemon.live.tcp.KERNEL_DEADLINES`)."""
SERVICE_S = 15.0
"""After so long the service finds out by itself that a client is gone."""


class Line(Protocol):
    """One connection over the network."""

    def fail(self, error: LinkError) -> None:
        """Let the device know that the connection is gone."""
        ...

    def fade(self) -> None:
        """From now on, nothing gets through in either direction, and nobody is told."""
        ...


class Network:
    """A network with weather."""

    def __init__(self, delay_s: float = 0.02) -> None:
        self.delay_s = delay_s
        """How long a message is under way; whatever it is, messages arrive in the order in which they were sent."""
        self.up = True
        self.unreachable = False
        """While the network is down, attempts to connect fail at once (no route), not after their time-out."""
        self.serving: Line | None = None
        """The connection that the service was at work for last."""
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._lines: list[Line] = []

    def cut(self, *, unreachable: bool = False) -> None:
        """The Wi-Fi is gone: nothing gets through any more; the kernel finds out in `KERNEL_S`."""
        self.up = False
        self.unreachable = unreachable
        for line in tuple(self._lines):
            line.fade()
            self._later(KERNEL_S, line)

    def hush(self) -> None:
        """Nothing gets through any more, and the kernel does not find out: what it sends is taken."""
        self.up = False
        self.unreachable = False
        for line in tuple(self._lines):
            line.fade()

    def restore(self) -> None:
        """The Wi-Fi is back. Connections from before stay dead."""
        self.up = True

    def reset(self) -> None:
        """Every open connection is reset."""
        for line in tuple(self._lines):
            line.fail(LinkError("connection reset", close_code=1006))

    def congest(self) -> None:
        """Nothing more is taken from the device: whoever sends has to wait."""
        self._flowing.clear()

    def relieve(self) -> None:
        """The device may send again."""
        self._flowing.set()

    async def room(self) -> None:
        """Wait until the device may send."""
        if not self._flowing.is_set():
            await self._flowing.wait()

    def joined(self, line: Line) -> None:
        """A connection was begun."""
        self._lines.append(line)

    def left(self, line: Line) -> None:
        """A connection has ended."""
        if line in self._lines:
            self._lines.remove(line)

    def _later(self, after_s: float, line: Line) -> None:
        def give_up() -> None:
            if line in self._lines:
                line.fail(LinkError("timed out", close_code=1006))

        asyncio.get_running_loop().call_later(after_s, give_up)
