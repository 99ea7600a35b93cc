"""One connection to the Live API: the one place that touches google-genai while it runs.

Trust nothing here: every wait has a deadline of ours, and on doubt the transport is aborted, because a dead link with a
full write buffer blocks `send`, the library's keepalive and a polite close alike (live-api.md 0.2).
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import warnings
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from daemon.errors import Deadline, LinkError
from hardware.blocking import in_thread

from .downward import Downward
from .sdk_errors import translated
from .tcp import watch
from .trust import trusting
from .upward import Glance, Image, Prompt, Speech, Taking, ToolAnswer, TurnEnd, TurnStart, Upward
from .wire import read

if TYPE_CHECKING:
    from google.genai import Client, types
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
        async with translated(Deadline.SETUP, None) as self._limit:
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
        async with translated(Deadline.SEND, self._send_timeout_s):
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
        async with translated(Deadline.REPLY, None):
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


async def _closed(client: Client) -> None:
    await client.aio.aclose()
    client.close()


def _client(endpoint: Endpoint, key: str, on_upgrade: Callable[[], None]) -> Client:
    """Build the SDK's client; it calls `on_upgrade` when the service has let a link in. Slow; runs in a thread."""
    import httpx2
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
    websocket: dict[str, Any] = {
        "ssl": trusting(endpoint.ca_file),
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
        # Never used, but without them the SDK makes its own: 50 modules more, and the certificates read anew.
        httpx_client=httpx2.Client(transport=httpx2.BaseTransport(), trust_env=False),
        httpx_async_client=httpx2.AsyncClient(transport=httpx2.AsyncBaseTransport(), trust_env=False),
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
