"""The stand-in service behind real TLS and a real WebSocket, on loopback."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http
import json
import logging
import os
import random
import signal
import ssl
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from daemon.errors import ExitStatus

from . import voices
from .frame_log import Line
from .options import CallAt
from .posts import taking_posts
from .slow_pong import slow_to_pong
from .stand_in.answer import Answer, Answerer, Pacing, spoken
from .stand_in.connection import Connection
from .stand_in.faults import Faults
from .stand_in.service import Refusal, StandIn
from .stand_in.tokens import OWNERS_PATH, Reply
from .talk import Log, Talk, reset

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

CLOSE_TIMEOUT_S: Final = 1.0
"""How long the service waits for the client's half of a closing handshake."""


class Server:
    """The running server, and what can be done to its connections.

    Attributes:
        port: Where it listens.
        ca_file: The certificate of the CA that vouches for it, PEM.
        pong_delay_s: How long every pong to a client's ping is held back (live-api.md 0.4).
        bugs: What ended a connection that should not have: the stand-in's own mistakes.
    """

    def __init__(self, service: StandIn, log: Log | None, host: str, ca_file: Path) -> None:
        self._service: Final = service
        self._log: Final = log
        self._host: Final = host
        self._accepted: Final[dict[ServerConnection, Connection]] = {}
        self._talks: Final[set[Talk]] = set()
        self._reading: Final = asyncio.Event()
        self._reading.set()
        self.port = 0
        self.ca_file: Final = ca_file
        self.pong_delay_s = 0.0
        self.bugs: Final[list[Exception]] = []

    def __repr__(self) -> str:
        return f"Server(port={self.port}, {len(self._talks)} connections, {self._service})"

    @property
    def base_url(self) -> str:
        """What the SDK takes as `base_url`."""
        return f"https://{self._host}:{self.port}"

    def stop_reading(self) -> None:
        """Read nothing more from any client; what TLS and the kernels hold (some 100 KiB) still fills up."""
        self._reading.clear()
        for talk in self._talks:
            talk.peer.transport.pause_reading()

    def resume_reading(self) -> None:
        """Read again."""
        self._reading.set()
        for talk in self._talks:
            talk.peer.transport.resume_reading()

    def abort(self) -> None:
        """Reset every connection: no close frame, no TLS goodbye."""
        for talk in tuple(self._talks):
            reset(talk.peer)

    def judge(self, connection: ServerConnection, request: Request) -> Response | None:
        """Accept or refuse one upgrade."""
        now = time.monotonic()
        judged = self._service.connect(now, path=request.path, headers=dict(request.headers.raw_items()))
        path = request.path.partition("?")[0]  # what follows may hold the key
        if isinstance(judged, Refusal):
            self.note({"t_s": now, "way": "up", "kind": "refused", "path": path, "status": judged.status})
            return connection.respond(http.HTTPStatus(judged.status), judged.body + "\n")
        self.note({"t_s": now, "way": "up", "kind": "open", "path": path, "api_version": judged.api_version})
        self._accepted[connection] = judged
        return None

    def answer(self, path: str, headers: Mapping[str, str], body: bytes) -> Reply:
        """Answer a POST: somebody wants a token."""
        now = time.monotonic()
        reply = self._service.post(now, time.time(), path=path, headers=headers, body=body)
        path = path.partition("?")[0]  # what follows may hold the key
        self.note({"t_s": now, "way": "up", "kind": "post", "path": path, "status": reply.status})
        return reply

    async def converse(self, connection: ServerConnection) -> None:
        """Carry one accepted connection to its end."""
        talk = Talk(connection, self._accepted.pop(connection), self._reading, self.note)
        self._talks.add(talk)
        try:
            await talk.run()
        except Exception as error:  # a bug of the stand-in's, which websockets would bury in its log
            self.bugs.append(error)
        finally:
            self._talks.discard(talk)

    def note(self, line: Line) -> None:
        """Hand one line to the log, if there is one."""
        if self._log is not None:
            self._log(line)


@contextlib.asynccontextmanager
async def serve(
    service: StandIn, *, host: str = "127.0.0.1", port: int = 0, log: Log | None = None, ca_file: Path | None = None
) -> AsyncIterator[Server]:
    """Serve `service` on loopback until the block is left; then every connection is reset.

    Args:
        service: The brain; its clock is `time.monotonic`.
        host: An address or name of this machine; the certificate is made for it.
        port: 0 takes a free one.
        log: Gets one line for every frame and every connection, on the loop.
        ca_file: Where to write the CA; None takes a temporary file, gone at the end.

    Raises:
        ExceptionGroup: The stand-in itself made a mistake on some connection.
    """
    import trustme
    from websockets.asyncio.server import serve as listen

    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host, "localhost").configure_cert(context)
    with tempfile.TemporaryDirectory(prefix="vocative-") as folder:
        ca_file = ca_file or Path(folder, "ca.pem")
        authority.cert_pem.write_to_path(str(ca_file))
        server = Server(service, log, host, ca_file)
        async with listen(
            server.converse,
            host,
            port,
            ssl=context,
            process_request=server.judge,
            compression=None,
            max_size=None,
            open_timeout=5,
            ping_interval=None,
            close_timeout=CLOSE_TIMEOUT_S,
            create_connection=taking_posts(slow_to_pong(lambda: server.pong_delay_s), server.answer),
            logger=_quiet(),
        ) as listening:
            server.port = next(iter(listening.sockets)).getsockname()[1]
            try:
                yield server
            finally:
                server.abort()
        if server.bugs:
            raise ExceptionGroup("the stand-in service is broken", server.bugs)


def _quiet() -> logging.Logger:
    """Return a logger for websockets that keeps to itself: broken connections are what rehearsals are for."""
    logger = logging.getLogger("vocative.stand-in.websockets")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


def main(arguments: argparse.Namespace) -> int:
    """Serve until SIGINT or SIGTERM, with the options of `options.add_arguments`; return the exit status."""
    answer = None
    try:
        credential = arguments.token_credential and arguments.token_credential.read_text().strip()
        if arguments.answer is not None:
            answer = voices.read_wav(arguments.answer.read_bytes())
        with contextlib.ExitStack() as files:
            log = None
            if arguments.log is not None:
                log = _writer(files.enter_context(arguments.log.open("w", buffering=1)))
            asyncio.run(_serve(arguments, answer, credential, log))
    except (OSError, ValueError) as error:
        print(f"vocative stand-in: {error}", file=sys.stderr)
        return ExitStatus.CONFIGURATION
    return ExitStatus.ASKED_TO_STOP


async def _serve(arguments: argparse.Namespace, answer: bytes | None, credential: str | None, log: Log | None) -> None:
    service = StandIn(
        random.Random(1),
        pacing=Pacing(speed=arguments.speed, think_s=arguments.think_ms / 1000),
        keys=frozenset(arguments.key) if arguments.key else None,
        token_credential=credential,
    )
    service.conduct.answer = answerer(answer, arguments.call)
    service.faults = Faults(strikes=tuple(arguments.strike))
    asked_to_stop = asyncio.Event()
    for asked in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(asked, asked_to_stop.set)
    if arguments.with_parent:
        _when_input_ends(asked_to_stop.set)
    async with serve(service, port=arguments.port, log=log, ca_file=arguments.ca_file) as server:
        which = "only a key given with --key" if arguments.key else "any key"
        print(f"# What a configuration needs to talk to this stand-in; {which} will do.\n[live]")
        print(f'base_url = "{server.base_url}"')
        print(f'ca_file = "{server.ca_file.absolute()}"', flush=True)
        if credential is not None:
            print(f'token_url = "{server.base_url}{OWNERS_PATH}"')
            print(f'token_credential_file = "{arguments.token_credential.absolute()}"', flush=True)
        await asked_to_stop.wait()


def _when_input_ends(call: Callable[[], None]) -> None:
    """Call `call` once nobody holds the other end of standard input any more, however they came to their end."""
    loop, descriptor = asyncio.get_running_loop(), sys.stdin.fileno()

    def look() -> None:
        if not os.read(descriptor, 4096):
            loop.remove_reader(descriptor)
            call()

    loop.add_reader(descriptor, look)


def answerer(pcm: bytes | None, calls: Sequence[CallAt]) -> Answerer:
    """Return what answers with `pcm`, or the packaged words, and has functions called before, counting its answers."""
    numbers = count(1)

    def answer(turn: int) -> Answer:
        number = next(numbers)
        said = spoken(turn) if pcm is None else Answer(pcm)
        return replace(said, calls=tuple(call for at, call in calls if at == number))

    return answer


def _writer(file: TextIO) -> Log:
    def write(line: Line) -> None:
        file.write(json.dumps(line) + "\n")

    return write
