"""The control socket: what `vocative status`, `button`, `mute` and `unmute` talk to. A unix socket, never TCP.

One request a connection: a line of at most 1 KiB of UTF-8, `status` or `button press`, answered by one line of JSON,
`{"ok": true, ...}` or `{"ok": false, "error": "..."}`. A client that is slow, silent or loud costs one file
descriptor for two seconds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

Reply: TypeAlias = dict[str, object]
Answer = Callable[[tuple[str, ...]], Reply]
"""Takes the words of a request and returns what is to be said. Raises `ValueError` with the text for the client."""

LINE_BYTES: Final = 1024
CONNECTIONS: Final = 16
PATIENCE_S: Final = 2.0


class _Client(asyncio.Protocol):
    """One connection, from its request to its answer."""

    def __init__(self, answer: Answer, open_clients: set[_Client]) -> None:
        self._answer = answer
        self._open = open_clients
        self._line = b""
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        if len(self._open) >= CONNECTIONS:
            transport.abort()
            return
        self._open.add(self)
        self._patience = asyncio.get_running_loop().call_later(PATIENCE_S, transport.abort)

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._line += data
        if len(self._line) > LINE_BYTES:
            self._transport.abort()
        elif b"\n" in self._line:
            self._transport.pause_reading()
            self._transport.write(json.dumps(self._reply()).encode() + b"\n")
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        self._open.discard(self)
        if self._patience is not None:
            self._patience.cancel()

    def abort(self) -> None:
        """Drop the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _reply(self) -> Reply:
        try:
            words = tuple(self._line.split(b"\n", 1)[0].decode().split())
            return {"ok": True, **self._answer(words)}
        except ValueError as error:
            return {"ok": False, "error": str(error)}


async def serve(path: Path, answer: Answer) -> None:
    """Serve `answer` on the unix socket `path` (mode 0660) until cancelled; the socket is removed then.

    Raises:
        OSError: The socket cannot be made there.
    """
    clients: set[_Client] = set()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    server = await asyncio.get_running_loop().create_unix_server(lambda: _Client(answer, clients), str(path))
    path.chmod(0o660)
    try:
        # Not `serve_forever`: when that is cancelled, it waits for the clients (Python 3.12 and later).
        await asyncio.get_running_loop().create_future()
    finally:
        server.close()
        for client in tuple(clients):
            client.abort()
        with contextlib.suppress(FileNotFoundError):
            path.unlink()


async def ask(path: Path, *words: str) -> Reply:
    """Send one request and return the answer.

    Raises:
        OSError: Nobody serves there, or this user may not.
        TimeoutError: No answer within two seconds.
        ValueError: The request was refused; the text says why.
    """
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await asyncio.open_unix_connection(str(path))
        try:
            writer.write(" ".join(words).encode() + b"\n")
            line = await reader.readline()
        finally:
            writer.close()
    reply: Reply = json.loads(line) if line else {"ok": False, "error": "no answer"}
    if not reply.pop("ok", False):
        raise ValueError(str(reply.get("error")))
    return reply
