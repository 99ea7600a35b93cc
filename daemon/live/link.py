"""One connection to the Live API: the one place that touches google-genai while it runs.

Trust nothing here: every wait has a deadline of ours, and on doubt the transport is aborted, because a dead link with a
full write buffer blocks `send`, the library's keepalive and a polite close alike (live-api.md 0.2).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from daemon.errors import Deadline, LinkError, LinkTimeout
from hardware.blocking import in_thread

from .tcp import watch
from .trust import trusting
from .upward import Glance, Image, Prompt, Speech, Taking, ToolAnswer, TurnEnd, TurnStart, Upward
from .wire import Downward, read

if TYPE_CHECKING:
    from google.genai import Client, types
    from google.genai.errors import APIError
    from google.genai.live import AsyncSession

SPEECH_MIME: Final = "audio/pcm;rate=16000"
CLOSE_POLITELY_S: Final = 0.5
"""A healthy service echoes a close in about 0.22 s (live-api.md 2)."""


class Link(Protocol):
    """An open connection whose setup the service has accepted."""

    async def send(self, item: Upward) -> None:
        """Send one item. Raises `LinkError`; `LinkTimeout` when it was not taken in time. Not cancelled halfway."""
        ...

    async def receive(self) -> tuple[Downward, ...]:
        """Wait for the next message and return its events, in order. Cancelling loses nothing. Raises `LinkError`."""
        ...

    async def close(self, *, politely: bool) -> None:
        """End the connection: with a closing handshake of at most half a second, or at once. May be called twice."""
        ...


class Connector(Protocol):
    """Makes links."""

    async def prepare(self) -> str:
        """Do what takes long and needs no network, once; return the fingerprint of what sessions are made with."""
        ...

    async def connect(self, handle: str | None) -> Link:
        """Connect and set up, resuming the session of `handle` if there is one. Raises `LinkError`."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the service is and how long we wait for it."""

    api_key: str
    """Empty where each connection is given its own."""
    model: str
    base_url: str = ""
    """Empty: Google's own."""
    api_version: str = "v1beta"
    """The SDK's own default, v1, is not where the Live models are documented (live-api.md 0.1)."""
    ca_file: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    taking: Taking = Taking.LOCAL
    """As the setup has it: each way, the signals of the other would close the link (live-api.md 1.3)."""
    connect_timeout_s: float = 10.0
    setup_timeout_s: float = 10.0
    send_timeout_s: float = 3.0

    def __repr__(self) -> str:
        return f"<Endpoint {self.base_url or 'google'} {self.api_version} {self.model}>"


class GenaiConnector:
    """Makes links with google-genai, which is imported and made ready on a thread (a second of a Pi's time).

    Args:
        endpoint: Where the service is.
        config: Makes the setup of one link, resuming the session of a handle or beginning a new one.
        fingerprint: Of all that a resumed session would keep; called after the import.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        config: Callable[[str | None], types.LiveConnectConfig],
        fingerprint: Callable[[], str],
    ) -> None:
        self._endpoint = endpoint
        self._config = config
        self._fingerprint = fingerprint
        self._client: Client | None = None
        self._client_key = ""
        self._limit: asyncio.Timeout | None = None
        """Of the attempt under way."""

    def __repr__(self) -> str:
        return f"<GenaiConnector {self._endpoint}>"

    async def prepare(self) -> str:
        """Import the SDK and build its client if the key is known, off the loop; see `Connector`."""
        if self._endpoint.api_key:
            await self._client_for(self._endpoint.api_key)
        return await in_thread(self._fingerprint)

    async def connect(self, handle: str | None, key: str = "") -> GenaiLink:
        """Connect and set up; `prepare` must have been called. Raises `LinkError` and `LinkTimeout`.

        `key` is the ephemeral token to do it with; empty for the endpoint's API key. Each new one costs a new client.
        """
        client = await self._client_for(key or self._endpoint.api_key)
        opening = client.aio.live.connect(model=self._endpoint.model, config=self._config(handle))
        # open_timeout covers TCP, TLS and the upgrade; a time-out of ours is that of what follows.
        async with _translated(Deadline.SETUP, None) as self._limit:
            session = await opening.__aenter__()
        link = GenaiLink(session, opening, self._endpoint)
        if session.setup_complete is None:
            # The SDK takes any first frame for the answer to the setup (live-api.md 0.7).
            await link.close(politely=False)
            raise LinkError("the first message was not setupComplete", close_code=1002)
        watch(link.socket)
        return link

    async def _client_for(self, key: str) -> Client:
        """Return the SDK's client for `key`, which it keeps all its life."""
        if self._client is None or key != self._client_key:
            stale = self._client
            self._client = await in_thread(lambda: _client(self._endpoint, key, self._upgraded))
            self._client_key = key
            if stale is not None:
                await _closed(stale)
        return self._client

    async def release(self) -> None:
        """Let go of the client, and of its memory; links that are open stay open."""
        if self._client is not None:
            stale, self._client, self._client_key = self._client, None, ""
            await _closed(stale)

    def _upgraded(self) -> None:
        """Give the setup its own time: the SDK would wait for setupComplete for ever (live-api.md 0.6)."""
        assert self._limit is not None
        self._limit.reschedule(asyncio.get_running_loop().time() + self._endpoint.setup_timeout_s)


class GenaiLink:
    """A `Link` over one SDK session."""

    def __init__(
        self,
        session: AsyncSession,
        opening: contextlib.AbstractAsyncContextManager[AsyncSession],
        endpoint: Endpoint,
    ) -> None:
        self._session = session
        self._opening = opening
        self._taking = endpoint.taking
        self._send_timeout_s = endpoint.send_timeout_s
        self._messages: AsyncIterator[types.LiveServerMessage] = session.receive()
        self._closed = False

    def __repr__(self) -> str:
        return f"<GenaiLink {'closed' if self._closed else 'open'}>"

    @property
    def socket(self) -> socket.socket | None:
        """The TCP socket under the connection."""
        found: socket.socket | None = self._session._ws.transport.get_extra_info("socket")
        return found

    async def send(self, item: Upward) -> None:
        """Send one item; see `Link`."""
        async with _translated(Deadline.SEND, self._send_timeout_s):
            await self._send(item)

    async def _send(self, item: Upward) -> None:
        match item, self._taking:
            case Speech(pcm), _:
                await self._session.send_realtime_input(audio={"data": pcm, "mime_type": SPEECH_MIME})
            case Image(jpeg) | Glance(jpeg), _:
                await self._session.send_realtime_input(video={"data": jpeg, "mime_type": "image/jpeg"})
            case TurnStart(), Taking.LOCAL:
                await self._session.send_realtime_input(activity_start={})
            case TurnEnd(), Taking.LOCAL:
                await self._session.send_realtime_input(activity_end={})
            case TurnEnd(), Taking.SERVER:
                await self._session.send_realtime_input(audio_stream_end=True)
            case Prompt(text=text), _:
                await self._session.send_realtime_input(text=text)
            case ToolAnswer(), _:
                await self._session.send_tool_response(function_responses=_function_response(item))
            case _:
                pass  # the beginning is for the service to find

    async def receive(self) -> tuple[Downward, ...]:
        """Wait for the next message; see `Link`."""
        async with _translated(Deadline.REPLY, None):
            while True:
                try:
                    return read(await anext(self._messages))
                except StopAsyncIteration:
                    # `receive` of the SDK ends with each turn; the session goes on (live-api.md 4).
                    self._messages = self._session.receive()

    async def close(self, *, politely: bool) -> None:
        """End the connection; see `Link`."""
        if self._closed:
            return
        self._closed = True
        transport = self._session._ws.transport
        try:
            if politely:
                with contextlib.suppress(TimeoutError, OSError):
                    async with asyncio.timeout(CLOSE_POLITELY_S):
                        await self._session.close()
        finally:
            transport.abort()
            with contextlib.suppress(TimeoutError, OSError):
                async with asyncio.timeout(CLOSE_POLITELY_S):
                    await self._opening.__aexit__(None, None, None)


@contextlib.asynccontextmanager
async def _translated(deadline: Deadline, limit_s: float | None) -> AsyncIterator[asyncio.Timeout]:
    """Turn what google-genai and websockets raise into `LinkError` (live-api.md 4).

    After `limit_s` seconds it is a `LinkTimeout` of `deadline`. A time-out of websockets' own is that of connecting.
    Yields the limit, which may be moved.
    """
    from google.genai.errors import APIError
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

    try:
        async with asyncio.timeout(limit_s) as ours:
            yield ours
    except TimeoutError as error:
        passed = deadline if ours.expired() else Deadline.CONNECT
        raise LinkTimeout(_LATE[passed], deadline=passed) from error
    except InvalidStatus as error:
        raise LinkError("the upgrade was refused", http_status=error.response.status_code) from error
    except APIError as error:
        raise _link_error(error) from error
    except ConnectionClosed as error:
        frame = error.rcvd
        raise LinkError(frame.reason if frame else "", close_code=frame.code if frame else 1006) from error
    except ssl.SSLCertVerificationError as error:
        raise LinkError(f"the certificate is not trusted: {error.verify_message}") from error
    except (OSError, InvalidHandshake, EOFError) as error:
        raise LinkError(f"cannot reach the service: {error.__class__.__name__} {error}".strip()) from error
    except (TypeError, ValueError) as error:
        # The SDK raises these on frames it cannot read (live-api.md 0.8); their text may quote the frame.
        raise LinkError(f"unreadable message ({type(error).__name__})", close_code=1002) from error


_LATE: Final = {
    Deadline.CONNECT: "no connection in time",
    Deadline.SETUP: "connected, but the setup was not answered in time",
    Deadline.SEND: "the network took nothing in time",
    Deadline.REPLY: "no answer in time",
}


def _link_error(error: APIError) -> LinkError:
    """The SDK raises the same class for a close frame and for a JSON message with an HTTP-like code."""
    if error.code is not None and 400 <= error.code < 600:
        return LinkError("an error message", http_status=error.code)
    return LinkError(error.details if isinstance(error.details, str) else "", close_code=error.code or 1006)


async def _closed(client: Client) -> None:
    await client.aio.aclose()
    client.close()


def _client(endpoint: Endpoint, key: str, on_upgrade: Callable[[], None]) -> Client:
    """Build the SDK's client; it calls `on_upgrade` when the service has let a link in. Slow; runs in a thread."""
    from google.genai import Client, types
    from websockets.asyncio.client import ClientConnection

    class Connection(ClientConnection):
        async def handshake(self, *args: Any, **kwargs: Any) -> None:
            await super().handshake(*args, **kwargs)
            on_upgrade()

    # An enum value newer than the SDK is no news to the owner, and would be told with every message.
    warnings.filterwarnings("ignore", message=r".* is not a valid ", category=UserWarning)
    # With v1beta, where the documents put tokens, the SDK asks for v1alpha at every connection (live-api.md 1.10).
    warnings.filterwarnings("ignore", message=r"The SDK's ephemeral token support is ")
    # Keepalive pings are off: the service's pongs were measured 8 to 30 s late on healthy links (live-api.md 0.4).
    # Compression costs 60 us a frame and saves a quarter of it (live-api.md 4).
    trusted = trusting(endpoint.ca_file)
    websocket: dict[str, Any] = {
        "ssl": trusted,
        "compression": None,
        "ping_interval": None,
        "open_timeout": endpoint.connect_timeout_s,
        "close_timeout": CLOSE_POLITELY_S,
        "create_connection": Connection,
        "max_size": None,  # the library's 1 MiB would close a healthy link with 1009
        "max_queue": 64,
    }
    options = types.HttpOptions(
        base_url=endpoint.base_url or None,
        api_version=endpoint.api_version,
        headers=dict(endpoint.headers) or None,
        async_client_args=websocket,
        client_args={"verify": trusted},  # never used, but made all the same, with certificates read anew
    )
    return Client(api_key=key, http_options=options)


def _function_response(answer: ToolAnswer) -> types.FunctionResponse:
    """Return a result as the SDK has it.

    The guides put `scheduling` inside, the reference beside it: here it is both (live-api.md 1.8). A model that knows
    none ignores it.
    """
    from google.genai import types

    return types.FunctionResponse(
        id=answer.call_id,
        name=answer.name,
        response={**answer.response, "scheduling": answer.scheduling},
        scheduling=types.FunctionResponseScheduling[answer.scheduling],
    )
