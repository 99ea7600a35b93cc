"""One accepted connection of the stand-in service: between its brain and its WebSocket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import struct
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, TypeAlias

from . import frame_log
from .frame_log import Line
from .stand_in.connection import Connection
from .stand_in.messages import Abort, Close, Out, Raw, Stall

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

Log: TypeAlias = Callable[[Line], None]


class Talk:
    """One connection: the brain's frames to the socket, the socket's frames to the brain."""

    def __init__(self, peer: ServerConnection, brain: Connection, reading: asyncio.Event, note: Log) -> None:
        self.peer: Final = peer
        self._brain: Final = brain
        self._reading = reading
        self._note: Final = note
        self._news: Final = asyncio.Event()
        self._gone = False

    async def run(self) -> None:
        """Return when the connection is over, whoever ended it, and all that came over it was read."""
        try:
            async with asyncio.TaskGroup() as group:
                reader = group.create_task(self._read())
                group.create_task(self._write())
                await self.peer.wait_closed()
                self._gone = True
                self._news.set()
                if not self._reading.is_set():
                    reader.cancel()
        finally:
            now = time.monotonic()
            self._brain.closed(now)
            self._note(
                {"t_s": now, "way": "up", "kind": "closed", "code": self.peer.close_code, "session": self._session}
            )

    @property
    def _session(self) -> str | None:
        return self._brain.session.id if self._brain.session else None

    async def _read(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            while True:
                if not self._gone:
                    await self._reading.wait()
                frame = await self.peer.recv()
                now = time.monotonic()
                self._brain.receive(frame, now)
                self._news.set()
                self._note(frame_log.heard(frame, now, self._session))

    async def _write(self) -> None:
        from websockets.exceptions import ConnectionClosed

        with contextlib.suppress(ConnectionClosed):
            while not self._gone:
                self._news.clear()
                for out in self._brain.poll(time.monotonic()):
                    await self._say(out)
                deadline_s = self._brain.deadline()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(None if deadline_s is None else deadline_s - time.monotonic()):
                        await self._news.wait()

    async def _say(self, out: Out) -> None:
        frame = b""
        match out:
            case Raw(text=text):
                frame = text.encode()
            case dict():
                frame = json.dumps(out, indent=2).encode()  # binary and pretty-printed, as the service (live-api.md 2)
        now = time.monotonic()
        match out:
            case Close(code=code, reason=reason):
                await self.peer.close(code, reason)
            case Abort():
                reset(self.peer)
            case Stall():
                self._reading = asyncio.Event()  # this connection's own, which nobody sets
                self.peer.transport.pause_reading()
            case _:
                await self.peer.send(frame)
        self._note(frame_log.said(out, len(frame), now, self._session))


def reset(connection: ServerConnection) -> None:
    """End a connection with a TCP reset."""
    raw = connection.transport.get_extra_info("socket")
    if raw is not None:  # None once it is closed
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.transport.abort()
