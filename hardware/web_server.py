"""Serves the page on this machine: its files and its WebSocket on one port of 127.0.0.1, to whoever knows the token.

Any program here, and any web site in the same browser, can reach that port. So the token is part of every address; the
Host must be this machine by a name that only itself can have, or another site's name could be made to lead here (DNS
rebinding); and only the page itself may open the WebSocket, which browsers would let any site do.
"""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from hardware.web_page import TAKEN_OVER, Page
from hardware.web_visit import Visit

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

HOST: Final = "127.0.0.1"
SOCKET_NAME: Final = "ws"
MESSAGE_BYTES: Final = 1 << 20
"""The largest that a page may send: a picture, before it is looked at."""
CLOSE_TIMEOUT_S: Final = 0.5
TAKEN_OVER_CODE: Final = 4001
"""Says to a page that it is not to come back by itself."""
FILES: Final[Mapping[str, tuple[str, str]]] = {
    "": ("index.html", "text/html; charset=utf-8"),
    "style.css": ("style.css", "text/css; charset=utf-8"),
    "page.js": ("page.js", "text/javascript; charset=utf-8"),
    "link.js": ("link.js", "text/javascript; charset=utf-8"),
    "ring.js": ("ring.js", "text/javascript; charset=utf-8"),
    "sound.js": ("sound.js", "text/javascript; charset=utf-8"),
    "card.js": ("card.js", "text/javascript; charset=utf-8"),
    "camera.js": ("camera.js", "text/javascript; charset=utf-8"),
    "icon.svg": ("icon.svg", "image/svg+xml"),
}
"""What is served, by the end of its address; no other file can be asked for."""
HEADERS: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(self), geolocation=(), display-capture=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
"""Nothing from elsewhere, nothing to elsewhere, and the address with its token is told to nobody."""


class PageServer:
    """Decides who is let in. `serving` makes one that runs."""

    def __init__(self, page: Page) -> None:
        self._page: Final = page
        self._token: Final = secrets.token_urlsafe(18)
        self.port = 0

    def __repr__(self) -> str:
        return f"<PageServer port={self.port}>"

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{HOST}:{self.port}/{self._token}/"

    def answer(self, connection: ServerConnection, request: Request) -> Response | None:
        """Return what is answered to a plain request, or to one that is refused; None lets a WebSocket be opened."""
        token, _, name = request.path.partition("?")[0].lstrip("/").partition("/")
        hosts = [f"{host}:{self.port}" for host in (HOST, "localhost")]
        if (host := _only(request, "Host")) not in hosts:
            return _refused(connection, "This is not the name of this machine.")
        if not hmac.compare_digest(token.encode(), self._token.encode()):
            return _refused(connection, "The address is not whole: take the one that vocative has printed last.")
        if name != SOCKET_NAME:
            return _file(connection, name)
        if _only(request, "Origin") != f"http://{host}":
            return _refused(connection, "Only the page itself may do this.")
        return None

    async def talk(self, connection: ServerConnection) -> None:
        """Let one page be the device until it or the visit is over."""
        visit = Visit()
        self._page.enter(visit)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(way(connection, visit)) for way in (_read, _write)]
                await visit.over.wait()
                for task in tasks:
                    task.cancel()
        finally:
            self._page.leave(visit, "the page was closed")
        code = TAKEN_OVER_CODE if visit.ended == TAKEN_OVER else 1000
        await connection.close(code, visit.ended[:120])


@asynccontextmanager
async def serving(page: Page, port: int) -> AsyncIterator[PageServer]:
    """Serve `page` on `port`, 0 for a free one, until the block is left.

    Raises:
        OSError: The port is taken.
    """
    from websockets.asyncio.server import serve

    served = PageServer(page)
    async with serve(
        served.talk,
        HOST,
        port,
        process_request=served.answer,
        compression=None,
        max_size=MESSAGE_BYTES,
        ping_interval=None,  # the periods of its sound are signs of life enough, and a laptop may sleep
        close_timeout=CLOSE_TIMEOUT_S,
        server_header=None,
        logger=_quiet(),
    ) as server:
        served.port = next(iter(server.sockets)).getsockname()[1]
        yield served


def _quiet() -> logging.Logger:
    """Return a logger that keeps to itself: browsers open connections that they do not use, and drop others."""
    logger = logging.getLogger("vocative.page.websockets")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
    return logger


async def _read(connection: ServerConnection, visit: Visit) -> None:
    """Let the visit hear everything; one that says what no page says is over."""
    from websockets.exceptions import ConnectionClosed

    try:
        async for message in connection:
            visit.heard(message)
    except ConnectionClosed:
        pass
    except ValueError as error:
        visit.end(str(error))
    visit.end("the page was closed")


async def _write(connection: ServerConnection, visit: Visit) -> None:
    """Tell the page all that the visit has for it."""
    from websockets.exceptions import ConnectionClosed

    with suppress(ConnectionClosed):  # the reader says so
        while True:
            await connection.send(await visit.next_message())


def _file(connection: ServerConnection, name: str) -> Response:
    if name not in FILES:
        return _answered(connection.respond(HTTPStatus.NOT_FOUND, "There is nothing here.\n"))
    file, kind = FILES[name]
    response = _answered(connection.respond(HTTPStatus.OK, ""))
    response.body = files("hardware").joinpath("web", file).read_bytes()
    del response.headers["Content-Type"], response.headers["Content-Length"]
    response.headers["Content-Type"] = kind
    response.headers["Content-Length"] = str(len(response.body))
    return response


def _refused(connection: ServerConnection, why: str) -> Response:
    return _answered(connection.respond(HTTPStatus.FORBIDDEN, f"{why}\n"))


def _answered(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers[name] = value
    return response


def _only(request: Request, name: str) -> str | None:
    """Return the header, if there is exactly one of that name."""
    values = request.headers.get_all(name)
    return values[0] if len(values) == 1 else None
