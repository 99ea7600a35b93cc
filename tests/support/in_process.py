"""Links to the stand-in service without a socket: the same frames as over the wire, in virtual time.

Upward ──► the SDK's JSON ──► network ──► StandIn connection ──► network ──► the SDK's message ──► Downward
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.live.downward import Downward, SetupDone
from daemon.live.upward import Taking, TurnStart, Upward
from daemon.live.wire import read
from daemon.rehearsal.stand_in.connection import Connection
from daemon.rehearsal.stand_in.memory import Turn
from daemon.rehearsal.stand_in.messages import Abort, Close, Raw, Stall
from daemon.rehearsal.stand_in.service import Refusal, StandIn
from tests.support.network import SERVICE_S, Network
from tests.support.sdk_frames import frame, parsed

PATH = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"
CONNECT_S = 10.0
SETUP_S = 10.0
SEND_S = 3.0
"""The deadlines of `daemon.live.link.Endpoint`."""


class InProcessLink:
    """A `Link` to one connection of the stand-in.

    Attributes:
        sent: What went up, and when.
        turns: The service's newest turn in each of ours, as far as it has heard of it on this link, by our number.
        up_s: When it was set up; None until then.
        closed_s: When the device closed it, or was told that it is gone.
        closed_politely: How the device closed it; None while it has not.
    """

    def __init__(self, connection: Connection, network: Network, taking: Taking) -> None:
        self._connection = connection
        self._network = network
        self._taking = taking
        self._turn_id = 0
        """Our newest turn that went up."""
        self._inbox: deque[dict[str, Any] | LinkError] = deque()
        self._bell = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._arrives_s = {"up": 0.0, "down": 0.0}
        self._dead = False
        """Nothing gets through any more."""
        self._gone = False
        self.sent: list[tuple[float, Upward]] = []
        self.turns: dict[int, Turn] = {}
        self.up_s: float | None = None
        self.closed_s: float | None = None
        self.closed_politely: bool | None = None
        network.joined(self)

    # --- Link ---

    async def send(self, item: Upward) -> None:
        try:
            async with asyncio.timeout(SEND_S):
                await self._network.room()
        except TimeoutError:
            raise LinkTimeout("the network took nothing in time", deadline=Deadline.SEND) from None
        if self._gone:
            raise LinkError("sent after the end", close_code=1006)
        self.sent.append((asyncio.get_running_loop().time(), item))
        if isinstance(item, TurnStart):
            self._turn_id = item.turn_id
        if (said := frame(item, self._taking)) is not None:
            self.transmit(json.dumps(said), self._turn_id)

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

    def transmit(self, text: str, turn_id: int = 0) -> None:
        self._check_network()
        if not self._dead:
            self._under_way("up", self._arrive, text, turn_id)

    def fail(self, error: LinkError) -> None:
        self._inbox.append(error)
        self._bell.set()
        self._leave()

    def fade(self) -> None:
        self._dead = True

    def _under_way(self, way: str, arrive: Callable[..., None], *what: object) -> None:
        loop = asyncio.get_running_loop()
        self._arrives_s[way] = max(self._arrives_s[way], loop.time() + self._network.delay_s)
        loop.call_at(self._arrives_s[way], arrive, *what)

    def _arrive(self, text: str, turn_id: int) -> None:
        if self._gone or self._dead:
            return
        self._network.serving = self
        before = self._heard()
        self._connection.receive(text, asyncio.get_running_loop().time())
        if (heard := self._heard()) and heard > before:
            assert self._connection.session is not None
            self.turns[turn_id] = self._connection.session.turns[-1]
        self._pump()

    def _heard(self) -> int:
        """How many turns the service knows of."""
        session = self._connection.session
        return 0 if session is None else len(session.turns)

    def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        if self._gone:
            return
        self._network.serving = self
        for out in self._connection.poll(loop.time()):
            self._under_way("down", self._deliver, out)
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
        self.closed_s = loop.time()
        if self._dead:
            loop.call_later(SERVICE_S, lambda: self._connection.closed(loop.time()))
        else:
            self._connection.closed(loop.time())


@dataclass
class Attempt:
    """One attempt to connect."""

    at_s: float
    handle: str | None
    link: InProcessLink | None = None
    """Only once the service has taken the upgrade."""
    failure: LinkError | None = None
    setup: dict[str, Any] | None = None
    """What the session was set up with; None if it did not come to that."""


class InProcessConnector:
    """A `Connector` to the stand-in."""

    def __init__(self, service: StandIn, network: Network, setup: dict[str, Any]) -> None:
        self._service = service
        self._network = network
        self.setup: Callable[[], dict[str, Any]] = lambda: setup
        """What the SDK sends when the next link is set up, apart from tools and handle."""
        self.tools: Callable[[], list[dict[str, Any]]] = list
        """What the SDK sends as `tools` when the next link is set up."""
        manual = setup["realtimeInputConfig"]["automatic_activity_detection"]["disabled"]
        self._taking = Taking.LOCAL if manual else Taking.SERVER
        self.attempts: list[Attempt] = []

    @property
    def links(self) -> list[InProcessLink]:
        """Every connection that the service has taken."""
        return [attempt.link for attempt in self.attempts if attempt.link is not None]

    async def prepare(self) -> str:
        return json.dumps(self.setup(), sort_keys=True)

    async def connect(self, handle: str | None) -> InProcessLink:
        attempt = Attempt(asyncio.get_running_loop().time(), handle)
        self.attempts.append(attempt)
        try:
            return await self._connect(attempt)
        except LinkError as failure:
            attempt.failure = failure
            raise

    async def _connect(self, attempt: Attempt) -> InProcessLink:
        loop = asyncio.get_running_loop()
        if not self._network.up:
            if self._network.unreachable:
                raise LinkError("cannot reach the service: OSError Network is unreachable")
            await asyncio.sleep(CONNECT_S)
            raise LinkTimeout("no connection in time", deadline=Deadline.CONNECT)
        await asyncio.sleep(self._network.delay_s * 4)
        accepted = self._service.connect(loop.time(), path=PATH, headers={"x-goog-api-key": "k"})
        if isinstance(accepted, Refusal):
            raise LinkError("the upgrade was refused", http_status=accepted.status)
        attempt.link = link = InProcessLink(accepted, self._network, self._taking)
        try:
            await self._set_up(link, attempt)
        except BaseException:
            await link.close(politely=False)
            raise
        link.up_s = loop.time()
        return link

    async def _set_up(self, link: InProcessLink, attempt: Attempt) -> None:
        resumption = {"handle": attempt.handle} if attempt.handle else {}
        attempt.setup = setup = {**self.setup(), "sessionResumption": resumption, "tools": self.tools()}
        link.transmit(json.dumps({"setup": setup}))
        try:
            async with asyncio.timeout(SETUP_S):
                events = await link.receive()
        except TimeoutError:
            raise LinkTimeout("the setup was not answered in time", deadline=Deadline.SETUP) from None
        if not any(isinstance(event, SetupDone) for event in events):
            raise LinkError("the first message was not setupComplete", close_code=1002)
