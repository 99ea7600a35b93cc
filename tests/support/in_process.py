"""Links to the stand-in service without a socket: the same frames as over the wire, in virtual time.

    Upward ──► the SDK's JSON ──► network ──► StandIn connection ──► network ──► the SDK's message ──► Downward
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections import deque
from typing import Any

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.live.upward import Image, Speech, TurnEnd, TurnStart, Upward
from daemon.live.wire import Downward, read
from daemon.rehearsal.stand_in import Refusal, StandIn
from daemon.rehearsal.stand_in_connection import Connection
from daemon.rehearsal.stand_in_messages import Abort, Close, Raw, Stall

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
SETUP_S = 10.0


class Network:
    """What lies between the device and the service. Both directions take `delay_s`."""

    def __init__(self, delay_s: float = 0.02) -> None:
        self.delay_s = delay_s
        self.up = True
        """False: packets vanish, and nobody is told."""
        self._links: list[InProcessLink] = []

    def cut(self) -> None:
        """The Wi-Fi is gone: what is sent vanishes, what is asked for never comes."""
        self.up = False

    def restore(self) -> None:
        """The Wi-Fi is back. Links from before stay dead."""
        self.up = True

    def reset(self) -> None:
        """Every open connection is reset."""
        for link in tuple(self._links):
            link.fail(LinkError("connection reset", close_code=1006))

    def joined(self, link: InProcessLink) -> None:
        self._links.append(link)

    def left(self, link: InProcessLink) -> None:
        if link in self._links:
            self._links.remove(link)


class InProcessLink:
    """A `Link` to one connection of the stand-in."""

    def __init__(self, connection: Connection, network: Network) -> None:
        self._connection = connection
        self._network = network
        self._inbox: deque[dict[str, Any] | LinkError] = deque()
        self._bell = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._dead = False
        """Packets of this connection vanish for ever: it was cut off once."""
        self._gone = False
        self.sent: list[tuple[float, Upward]] = []
        self.closed_politely: bool | None = None
        network.joined(self)

    # --- Link ---

    async def send(self, item: Upward) -> None:
        if isinstance(self._failure(), LinkError):
            raise LinkError("sent after the end", close_code=1006)
        loop = asyncio.get_running_loop()
        self.sent.append((loop.time(), item))
        self.transmit(json.dumps(frame(item)))

    async def receive(self) -> tuple[Downward, ...]:
        while not self._inbox:
            self._bell.clear()
            await self._bell.wait()
        message = self._inbox[0]
        if isinstance(message, LinkError):
            raise message
        self._inbox.popleft()
        return read(parsed(message))

    async def close(self, *, politely: bool) -> None:
        if self.closed_politely is None:
            self.closed_politely = politely
            self._leave()

    # --- the wire ---

    def transmit(self, text: str) -> None:
        self._check_network()
        if not self._dead:
            asyncio.get_running_loop().call_later(self._network.delay_s, self._arrive, text)

    def fail(self, error: LinkError) -> None:
        self._inbox.append(error)
        self._bell.set()
        self._leave()

    def _arrive(self, text: str) -> None:
        if not self._gone:
            self._connection.receive(text, asyncio.get_running_loop().time())
            self._pump()

    def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        if self._gone:
            return
        for out in self._connection.poll(loop.time()):
            loop.call_later(self._network.delay_s, self._deliver, out)
        if self._timer is not None:
            self._timer.cancel()
        deadline_s = self._connection.deadline()
        self._timer = None if deadline_s is None else loop.call_at(max(deadline_s, loop.time()), self._pump)

    def _deliver(self, out: object) -> None:
        self._check_network()
        if self._dead or self._gone:
            return
        match out:
            case Close(code, reason):
                self.fail(LinkError(reason, close_code=code))
            case Abort():
                self.fail(LinkError("", close_code=1006))
            case Stall():
                self._dead = True
            case Raw(text):
                try:
                    self._inbox.append(json.loads(text))
                except ValueError:
                    self.fail(LinkError("unreadable message (ValueError)", close_code=1002))
            case dict():
                self._inbox.append(out)
        self._bell.set()

    def _failure(self) -> object:
        return self._inbox[-1] if self._inbox else None

    def _check_network(self) -> None:
        self._dead = self._dead or not self._network.up

    def _leave(self) -> None:
        if self._gone:
            return
        self._gone = True
        self._network.left(self)
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        if self._dead:  # the service does not hear that we left; it finds out by itself
            loop.call_later(15.0, lambda: self._connection.closed(loop.time()))
        else:
            self._connection.closed(loop.time())


class InProcessConnector:
    """A `Connector` to the stand-in."""

    def __init__(self, service: StandIn, network: Network, setup: dict[str, Any]) -> None:
        self._service = service
        self._network = network
        self._setup = setup
        self.links: list[InProcessLink] = []
        self.handles: list[str | None] = []
        """What each attempt was made with."""
        self.attempts_s: list[float] = []

    async def prepare(self) -> str:
        return "fingerprint"

    async def connect(self, handle: str | None) -> InProcessLink:
        loop = asyncio.get_running_loop()
        self.handles.append(handle)
        self.attempts_s.append(loop.time())
        if not self._network.up:
            await asyncio.sleep(SETUP_S)
            raise LinkTimeout("no connection in time", deadline=Deadline.CONNECT)
        await asyncio.sleep(self._network.delay_s * 4)
        accepted = self._service.connect(loop.time(), path=PATH, headers={"x-goog-api-key": "k"})
        if isinstance(accepted, Refusal):
            raise LinkError("the upgrade was refused", http_status=accepted.status)
        link = InProcessLink(accepted, self._network)
        self.links.append(link)
        try:
            await self._set_up(link, handle)
        except BaseException:
            await link.close(politely=False)
            raise
        return link

    async def _set_up(self, link: InProcessLink, handle: str | None) -> None:
        link.transmit(json.dumps({"setup": {**self._setup, "sessionResumption": {"handle": handle} if handle else {}}}))
        try:
            async with asyncio.timeout(SETUP_S):
                events = await link.receive()
        except TimeoutError:
            raise LinkTimeout("the setup was not answered in time", deadline=Deadline.SETUP) from None
        if not any(type(event).__name__ == "SetupDone" for event in events):
            raise LinkError("the first message was not setupComplete", close_code=1002)


def frame(item: Upward) -> dict[str, Any]:
    """Return the frame that google-genai 3.4.0 sends for `item` (live-api.md 2)."""
    match item:
        case Speech(pcm):
            return _realtime("audio", {"data": _urlsafe(pcm), "mime_type": "audio/pcm;rate=16000"})
        case Image(jpeg):
            return _realtime("video", {"data": _urlsafe(jpeg), "mime_type": "image/jpeg"})
        case TurnStart():
            return _realtime("activityStart", {})
        case TurnEnd():
            return _realtime("activityEnd", {})


def parsed(message: dict[str, Any]) -> Any:
    """Return the SDK's message object for a server frame, as its `receive` makes it."""
    from google.genai import types

    known = {name: value for name, value in message.items() if name in _KNOWN}
    if message and not known:
        raise LinkError("unreadable message (TypeError)", close_code=1002)
    return types.LiveServerMessage.model_validate(known)


def setup_frame(live: Any) -> dict[str, Any]:
    """Return what the SDK sends as `setup` for this `[live]` section, without a handle."""
    from google.genai import Client, _common, _live_converters, types

    from daemon.live.setup import live_config

    config = live_config(live, handle=None, transcripts=False)
    converted = _common.convert_to_dict(
        _live_converters._LiveConnectParameters_to_mldev(
            api_client=Client(api_key="k")._api_client,
            from_object=types.LiveConnectParameters(model=f"models/{live.model}", config=config).model_dump(
                exclude_none=True
            ),
        )
    )
    setup: dict[str, Any] = _common.encode_unserializable_types(converted)["setup"]
    return {**setup, "model": f"models/{live.model}"}


_KNOWN = {
    "setupComplete",
    "serverContent",
    "toolCall",
    "toolCallCancellation",
    "usageMetadata",
    "goAway",
    "sessionResumptionUpdate",
}


def _realtime(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"realtime_input": {kind: value}}


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii")
