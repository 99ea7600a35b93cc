"""The network between a client and a server: what is cut, silenced, delayed, reset."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from daemon.rehearsal.network import Network, network

pytestmark = pytest.mark.loopback

SOON_S = 0.15
"""How long to wait for what must not come."""


@dataclass
class Echo:
    """A server that says everything back, and remembers how each connection ended."""

    heard: bytearray = field(default_factory=bytearray)
    endings: list[str] = field(default_factory=list)
    mute: bool = False

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65_536):
                self.heard += data
                if not self.mute:
                    writer.write(data)
                    await writer.drain()
            self.endings.append("end")
        except ConnectionResetError:
            self.endings.append("reset")
        finally:
            writer.close()

    async def ended(self) -> str:
        while not self.endings:  # noqa: ASYNC110  (a fake with a list is easier to read than one with an event)
            await asyncio.sleep(0.005)
        return self.endings[0]


@dataclass
class Line:
    """A client's connection through the network."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def hears(self, data: bytes) -> bool:
        return await self.reader.readexactly(len(data)) == data

    async def hears_nothing(self) -> bool:
        try:
            async with asyncio.timeout(SOON_S):
                await self.reader.read(1)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def line_through(net: Network) -> AsyncIterator[Line]:
    reader, writer = await asyncio.open_connection("127.0.0.1", net.port)
    try:
        yield Line(reader, writer)
    finally:
        writer.transport.abort()


def with_echo(scene: Callable[[Network, Echo], Awaitable[None]]) -> None:
    async def play() -> None:
        echo = Echo()
        server = await asyncio.start_server(echo.serve, "127.0.0.1", 0)
        async with asyncio.timeout(20), server:
            port = server.sockets[0].getsockname()[1]
            async with network(port) as net:
                await scene(net, echo)

    asyncio.run(play())


def test_carries_everything_both_ways() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        data = bytes(range(256)) * 4000
        async with line_through(net) as line:
            line.send(data)
            assert await line.hears(data)

    with_echo(scene)


def test_cut_loses_nothing_and_tells_nobody() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        async with line_through(net) as line:
            line.send(b"before")
            assert await line.hears(b"before")
            net.cut()
            line.send(b"during")
            assert await line.hears_nothing()
            assert echo.heard == b"before"
            net.restore()
            line.send(b"after")
            assert await line.hears(b"duringafter")

    with_echo(scene)


def test_a_new_connection_hears_nothing_while_it_is_cut() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        net.cut()
        async with line_through(net) as line:
            line.send(b"hello")
            assert await line.hears_nothing()
            net.restore()
            assert await line.hears(b"hello")

    with_echo(scene)


@pytest.mark.parametrize(("up", "arrived"), [(True, b""), (False, b"hello")])
def test_one_way_can_be_silent_alone(up: bool, arrived: bytes) -> None:
    async def scene(net: Network, echo: Echo) -> None:
        net.silence(up=up, down=not up)
        async with line_through(net) as line:
            line.send(b"hello")
            assert await line.hears_nothing()
            assert echo.heard == arrived

    with_echo(scene)


def test_a_client_that_goes_while_it_is_cut_leaves_the_server_half_open() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        async with line_through(net) as line:
            line.send(b"a")
            assert await line.hears(b"a")
            net.cut()
        await asyncio.sleep(SOON_S)
        assert echo.endings == []
        net.restore()
        assert await echo.ended() in {"end", "reset"}

    with_echo(scene)


def test_the_end_of_a_connection_arrives_as_what_it_was() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        async with line_through(net) as line:
            line.send(b"a")
            line.writer.write_eof()
            assert await line.reader.read() == b"a"
        assert await echo.ended() == "end"

    with_echo(scene)


def test_reset_reaches_both_sides() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        async with line_through(net) as line:
            line.send(b"a")
            assert await line.hears(b"a")
            net.reset()
            with pytest.raises(ConnectionResetError):
                await line.reader.read(1)
        assert await echo.ended() == "reset"

    with_echo(scene)


def test_delay_holds_back_and_keeps_the_order() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        net.delay(100, jitter_ms=50)
        loop = asyncio.get_running_loop()
        async with line_through(net) as line:
            sent_s = loop.time()
            for number in range(10):
                line.send(bytes([number]) * 100)
                await asyncio.sleep(0.01)
            assert await line.hears(b"".join(bytes([number]) * 100 for number in range(10)))
            assert loop.time() - sent_s >= 0.2

    with_echo(scene)


def test_cut_makes_the_sender_wait_once_the_kernels_are_full() -> None:
    async def scene(net: Network, echo: Echo) -> None:
        async with line_through(net) as line:
            net.cut()
            line.send(bytes(64 * 2**20))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.0):
                    await line.writer.drain()

    with_echo(scene)


def test_a_server_that_is_not_there_resets() -> None:
    async def play() -> None:
        free = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
        port = free.sockets[0].getsockname()[1]
        free.close()
        await free.wait_closed()
        async with network(port) as net, line_through(net) as line:
            with pytest.raises(ConnectionResetError):
                await line.reader.read(1)

    asyncio.run(play())
