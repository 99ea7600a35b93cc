"""The control socket, from the side of the device: a unix socket, never TCP. What is said on it stands in `control`.

A client that is slow, silent or loud costs one file descriptor for two seconds. A watcher that does not read is
dropped. Where there are too many, the others wait in the kernel's line, and whoever is silent has to go first.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, NoReturn

from .admission import REMEDY, Admission, Peer, guarded, peer_of
from .client import ANSWER_S, LINE_BYTES, PATIENCE_S, Reply

Answer = Callable[[tuple[str, ...]], Awaitable[Reply]]
"""Takes the words of a request and returns what is to be said. Raises `ValueError` with the text for the client."""

CONNECTIONS: Final = 128
IN_LINE: Final = 100
"""So many more wait to be taken in."""
CHANCE_S: Final = 0.1
"""So long a client may be silent even where others wait."""
ROOM_S: Final = 0.01
"""How often it is looked whether there is room again."""
WATCHERS: Final = 8
UNREAD_BYTES: Final = 64 * 1024
"""What waits for a watcher at most, beside what the kernel holds for it."""


class Audience:
    """Those who watch."""

    def __init__(self) -> None:
        self._watchers: set[_Client] = set()

    def __len__(self) -> int:
        return len(self._watchers)

    def join(self, client: _Client) -> None:
        """Let one more watch.

        Raises:
            ValueError: There are enough.
        """
        if len(self._watchers) >= WATCHERS:
            raise ValueError(f"{WATCHERS} are watching already")
        self._watchers.add(client)

    def leave(self, client: _Client) -> None:
        """Forget whoever watched, if it did."""
        self._watchers.discard(client)

    def publish(self, news: Reply) -> None:
        """Tell everybody, now, and drop whoever has not read what was said before."""
        line = _line(news)
        for watcher in tuple(self._watchers):
            watcher.tell(line)


class _Server:
    """What the connections have in common."""

    def __init__(self, answer: Answer, audience: Audience, admission: Admission, tasks: asyncio.TaskGroup) -> None:
        self.audience: Final = audience
        self.clients: Final[set[_Client]] = set()
        self.silent: Final[dict[_Client, float]] = {}
        """Those that have not asked for anything yet, the oldest first, and since when they are there."""
        self._admission: Final = admission
        self._answer: Final = answer
        self._tasks: Final = tasks

    async def take_in(self, listening: socket.socket) -> NoReturn:
        """Take in whoever comes, one after the other, until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            await self._room()
            try:
                connection, _ = await loop.sock_accept(listening)
            except OSError:  # no file descriptor is left, for the moment
                await asyncio.sleep(CHANCE_S)
                continue
            await loop.connect_accepted_socket(lambda: _Client(self), connection)

    async def _room(self) -> None:
        """Wait for room, and make it: whoever has had a chance to say something, and has not, goes."""
        loop = asyncio.get_running_loop()
        while len(self.clients) >= CONNECTIONS:
            oldest = next(iter(self.silent), None)
            if oldest is not None and loop.time() - self.silent[oldest] >= CHANCE_S:
                oldest.abort()
            else:
                await asyncio.sleep(ROOM_S)

    def came(self, client: _Client) -> None:
        """There is one more client."""
        self.clients.add(client)
        self.silent[client] = asyncio.get_running_loop().time()

    def forget(self, client: _Client) -> None:
        """A client is gone."""
        self.clients.discard(client)
        self.silent.pop(client, None)
        self.audience.leave(client)

    def asked(self, client: _Client, line: bytes, peer: Peer) -> None:
        """Have one request answered."""
        self.silent.pop(client, None)
        try:
            if len(line) > LINE_BYTES:
                raise ValueError(f"a request is at most {LINE_BYTES} bytes long")  # noqa: TRY301 - one way to refuse
            if not self._admission.lets_in(peer):
                raise ValueError(f"this is for root and the members of a group: {REMEDY}")  # noqa: TRY301 - the same
            words = tuple(line.decode().split())
        except ValueError as error:
            client.answered(_refused(error))
            return
        self._tasks.create_task(self._serve(client, words), name="control.request")

    async def _serve(self, client: _Client, words: tuple[str, ...]) -> None:
        watches = words == ("watch",)
        try:
            if watches:
                self.audience.join(client)
            async with asyncio.timeout(ANSWER_S):
                reply = {"ok": True, **await self._answer(("status",) if watches else words)}
        except TimeoutError:
            client.answered(_refused(TimeoutError(f"it is not done after {ANSWER_S:g} s")))
        except ValueError as error:
            client.answered(_refused(error))
        else:
            client.answered(reply, stays=watches)


class _Client(asyncio.Protocol):
    """One connection, from its request to the end of its answer."""

    def __init__(self, server: _Server) -> None:
        self._server = server
        self._line = b""
        self._transport: asyncio.Transport | None = None
        self._peer = Peer(-1, frozenset())
        self._patience: asyncio.TimerHandle | None = None
        self._watches = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.came(self)
        self._peer = peer_of(transport.get_extra_info("socket"))
        self._be_patient(PATIENCE_S)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if self._watches:  # it has said all that there is to say
            self._transport.abort()
            return
        self._line += data
        if b"\n" in self._line or len(self._line) > LINE_BYTES:
            self._transport.pause_reading()
            self._be_patient(ANSWER_S + PATIENCE_S)
            self._server.asked(self, self._line.split(b"\n", 1)[0], self._peer)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._server.forget(self)
        if self._patience is not None:
            self._patience.cancel()

    def answered(self, reply: Reply, *, stays: bool = False) -> None:
        """Say this and end the connection, or let it stay for what follows."""
        if self._transport is None or self._transport.is_closing():
            return
        self._be_patient(None if stays else PATIENCE_S)
        self._transport.write(_line(reply))
        if stays:
            self._watches = True
            self._transport.resume_reading()  # so that we are told when it goes
        else:
            self._transport.close()

    def tell(self, line: bytes) -> None:
        """Send a line to a watcher, which is dropped if it does not read."""
        if self._transport is None or not self._watches:
            return
        if self._transport.get_write_buffer_size() > UNREAD_BYTES:
            self._transport.abort()
        else:
            self._transport.write(line)

    def abort(self) -> None:
        """Drop the connection at once."""
        self._server.forget(self)
        if self._transport is not None:
            self._transport.abort()

    def _be_patient(self, for_s: float | None) -> None:
        """Drop the connection when so much time has passed."""
        assert self._transport is not None
        if self._patience is not None:
            self._patience.cancel()
        loop = asyncio.get_running_loop()
        self._patience = None if for_s is None else loop.call_later(for_s, self._transport.abort)


def _line(reply: Reply) -> bytes:
    return json.dumps(reply).encode() + b"\n"


def _refused(error: Exception) -> Reply:
    return {"ok": False, "error": str(error)}


async def serve(path: Path, answer: Answer, audience: Audience) -> None:
    """Serve `answer`, and what `audience` is told, on the unix socket `path` until cancelled; it is removed then.

    Raises:
        OSError: The socket cannot be made there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.setblocking(False)
        listening.bind(str(path))
        admission = guarded(path)
        listening.listen(IN_LINE)
        async with asyncio.TaskGroup() as tasks:
            server = _Server(answer, audience, admission, tasks)
            try:
                await server.take_in(listening)
            finally:
                for client in tuple(server.clients):
                    client.abort()
                with contextlib.suppress(FileNotFoundError):
                    path.unlink()
