"""POST on the port of a WebSocket server: tokens are asked for with HTTP, where the connections are opened, too.

websockets reads nothing but the request of an upgrade, which has no body. So the first byte of a connection decides: a
`P` is the beginning of a POST. It is read here, and answered by websockets as an upgrade that it refuses.
"""

from __future__ import annotations

import http
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from .stand_in.tokens import Reply, refusal

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection
    from websockets.http11 import Request, Response

Answer: TypeAlias = Callable[[str, Mapping[str, str], bytes], Reply]
"""Takes the path with its query, the headers by their names in lower case, and the body."""

LONGEST_BYTES: Final = 262_144
"""Of a request, its head included."""
_IN_ITS_PLACE: Final = b"GET / HTTP/1.1\r\nHost: stand-in\r\n\r\n"


def taking_posts(base: type[ServerConnection], answer: Answer) -> type[ServerConnection]:
    """Return `base`, a connection of websockets' server, but one that begins with a POST gets its `answer` and ends."""

    class TakingPosts(base):  # type: ignore[misc, valid-type] # which one it is, only the caller knows
        _begun = b""
        """What has come of a POST."""
        _upgrading = False
        _reply: Reply | None = None

        def data_received(self, data: bytes) -> None:
            self._upgrading = self._upgrading or not (self._begun or data.startswith(b"P"))
            if self._upgrading:
                super().data_received(data)
            elif self._reply is None:
                self._begun += data
                self._reply = replied(self._begun, answer)
                if self._reply is not None:
                    super().data_received(_IN_ITS_PLACE)

        async def handshake(self, judge: Callable[[Any, Request], Any], *others: Any) -> None:
            await super().handshake(lambda _, request: self._response() or judge(self, request), *others)

        def _response(self) -> Response | None:
            if self._reply is None:
                return None
            response: Response = self.respond(http.HTTPStatus(self._reply.status), json.dumps(self._reply.said))
            del response.headers["Content-Type"]
            response.headers["Content-Type"] = "application/json; charset=UTF-8"
            return response

    return TakingPosts


def replied(begun: bytes, answer: Answer) -> Reply | None:
    """Return the answer to a request of which `begun` has come; None while some of it is still to come."""
    head, found, body = begun.partition(b"\r\n\r\n")
    if len(begun) > LONGEST_BYTES:
        return refusal(413, "The request is too long.")
    if not found:
        return None
    request, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    method, _, path = request.rpartition(" ")[0].partition(" ")
    length = headers.get("content-length", "0")
    if method != "POST" or not length.isdecimal() or "transfer-encoding" in headers:
        return refusal(400, "Only POST with a Content-Length is answered here.")
    if len(body) < int(length):
        return None
    return answer(path, headers, body[: int(length)])
