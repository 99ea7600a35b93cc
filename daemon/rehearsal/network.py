"""A network between a client and a server on loopback, as a TCP proxy that can be cut, reset, silenced and slowed.

What is cut or silenced is not lost: like packets that TCP sends again, it arrives once the network is back, if both
ends still want it. Nobody is told in between, not even of a connection's end. Meanwhile the kernels take in some
4 MB from a client, more than a minute of speech (live-api.md 0.3), before its sending has to wait.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import socket
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

PIECE_BYTES: Final = 16_384
QUEUE_PIECES: Final = 64
"""What a slow network holds in one direction; beyond it the sender has to wait."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """Something on its way, and when it arrives.

    Attributes:
        due_s: On the loop's clock.
        data: Empty where the sender has ended its direction; None where it reset the connection.
    """

    due_s: float
    data: bytes | None


class Network:
    """The running proxy.

    Attributes:
        port: Where clients connect, on 127.0.0.1.
    """

    def __init__(self, target_port: int, dice: random.Random) -> None:
        self._target_port: Final = target_port
        self._dice: Final = dice
        self._open: Final = {"up": asyncio.Event(), "down": asyncio.Event()}
        self._delay_s = 0.0
        self._jitter_s = 0.0
        self._ends: Final[set[asyncio.StreamWriter]] = set()
        self._carrying: Final[set[asyncio.Task[None]]] = set()
        self.port = 0
        self.restore()

    def __repr__(self) -> str:
        flowing = [way for way, flows in self._open.items() if flows.is_set()]
        return f"Network(port={self.port}, {len(self._carrying)} connections, flowing={flowing})"

    def silence(self, *, up: bool, down: bool) -> None:
        """Let nothing through from the client (`up`), from the server (`down`), or both."""
        for way, silent in (("up", up), ("down", down)):
            if silent:
                self._open[way].clear()
            else:
                self._open[way].set()

    def cut(self) -> None:
        """Let nothing through at all. New connections are accepted by this kernel, and hear nothing."""
        self.silence(up=True, down=True)

    def restore(self) -> None:
        """Let everything through again, what waited first."""
        self.silence(up=False, down=False)

    def delay(self, ms: float, jitter_ms: float = 0.0) -> None:
        """Hold back everything from now on, in each direction, by `ms` and up to `jitter_ms` more."""
        self._delay_s, self._jitter_s = ms / 1000, jitter_ms / 1000

    def reset(self) -> None:
        """End every connection with a TCP reset on both sides."""
        for end in tuple(self._ends):
            _reset(end)

    async def end(self) -> None:
        """Drop every connection, whatever is still on its way."""
        carrying = tuple(self._carrying)
        for task in carrying:
            task.cancel()
        await asyncio.gather(*carrying, return_exceptions=True)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one client's connection until both directions are over, as far as the network could say so."""
        carrying = asyncio.current_task()
        assert carrying is not None
        self._carrying.add(carrying)
        links = [writer]
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port, limit=PIECE_BYTES)
            links.append(far_writer)
            self._ends.update(links)
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pump(reader, far_writer, "up"))
                group.create_task(self._pump(far_reader, writer, "down"))
        except ConnectionRefusedError:
            _reset(writer)
        finally:
            self._carrying.discard(carrying)
            self._ends.difference_update(links)
            for end in links:
                end.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, way: str) -> None:
        """Carry one direction until its sender has ended it and the receiver was told, or is gone."""
        pieces: asyncio.Queue[_Piece] = asyncio.Queue(QUEUE_PIECES)
        async with asyncio.TaskGroup() as group:
            taking = group.create_task(self._take(reader, pieces, way))
            with contextlib.suppress(OSError):
                await self._give(writer, pieces, way)
            taking.cancel()

    async def _take(self, reader: asyncio.StreamReader, pieces: asyncio.Queue[_Piece], way: str) -> None:
        piece: bytes | None = b"?"
        while piece:
            await self._open[way].wait()  # unread, it holds up the sender once the buffers are full
            try:
                piece = await reader.read(PIECE_BYTES)
            except OSError:
                piece = None
            held_s = self._delay_s + self._dice.uniform(0.0, self._jitter_s)
            await pieces.put(_Piece(asyncio.get_running_loop().time() + held_s, piece))

    async def _give(self, writer: asyncio.StreamWriter, pieces: asyncio.Queue[_Piece], way: str) -> None:
        while True:
            piece = await pieces.get()
            await asyncio.sleep(piece.due_s - asyncio.get_running_loop().time())
            await self._open[way].wait()
            if piece.data is None:
                _reset(writer)
                return
            if not piece.data:
                writer.write_eof()
                return
            writer.write(piece.data)
            await writer.drain()


@contextlib.asynccontextmanager
async def network(target_port: int, *, dice: random.Random | None = None) -> AsyncIterator[Network]:
    """Put a network in front of 127.0.0.1:`target_port` until the block is left; then every connection is gone.

    Args:
        target_port: Where the server listens.
        dice: Where the jitter comes from; by default the same each time.
    """
    running = Network(target_port, dice or random.Random(1))
    server = await asyncio.start_server(running.carry, "127.0.0.1", 0, limit=PIECE_BYTES)
    running.port = server.sockets[0].getsockname()[1]
    try:
        yield running
    finally:
        server.close()
        await running.end()
        await server.wait_closed()


def _reset(writer: asyncio.StreamWriter) -> None:
    """End one connection with a TCP reset."""
    raw = writer.get_extra_info("socket")
    if raw is not None:  # None once it is closed
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
