"""Keeps one session alive for ever: connects, resumes, moves, and starts again, with pauses that suit the failure."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, assert_never

from daemon.errors import LinkError
from daemon.events import Event, FaultFound, FaultMended, LinkChanged, ReplyLost
from daemon.journal import Level
from daemon.keeping.budget import Limits
from daemon.status import Fault, LinkState

from .backoff import Backoff
from .downward import Audio, Downward, Generated, GoAway, Handle, Interrupted, TurnDone
from .handles import HandleStore
from .hurry import Hurry
from .link import Connector
from .liveness import Liveness
from .resume import STABLE_S, HandleFate, Pause, Streak, decide
from .session import Parting, Session
from .turns import Rules
from .unanswered import Unanswered
from .uplink import Uplink


class Device(Protocol):
    """What the link is for: the rest of the daemon, as the supervisor sees it."""

    @property
    def uplink(self) -> Uplink:
        """What is to go up."""
        ...

    @property
    def tell(self) -> Callable[..., None]:
        """The journal's `tell`."""
        ...

    def hear(self, turn_id: int, event: Downward) -> None:
        """Take what comes down, at once."""
        ...

    def dispatch(self, event: Event) -> None:
        """Take what happened to the link."""
        ...

    def heard_share(self, turn_id: int) -> float:
        """Say how much of what came of a turn's answer has sounded, 0 to 1."""
        ...


class Supervisor:
    """The life of the link. Everything it finds out is an event for the conversation.

    Args:
        device: What the link is for.
        connector: Makes links.
        handles: The handles, with what a restart left of them.
        limits: Returns when a link is closed because nobody speaks, and a session because it is old.
        random: Returns a float in [0, 1); spreads the attempts of many devices.
        liveness: Makes the deadlines of a new link.
        rules: How the model takes turns.
    """

    def __init__(
        self,
        device: Device,
        *,
        connector: Connector,
        handles: HandleStore,
        limits: Callable[[], Limits],
        random: Callable[[], float],
        liveness: Callable[[], Liveness],
        rules: Rules = Rules(),  # noqa: B008 - frozen
    ) -> None:
        self._connector: Final = connector
        self._uplink: Final = device.uplink
        self._hear: Final = device.hear
        self._dispatch: Final = device.dispatch
        self._heard_share: Final = device.heard_share
        self._tell: Final = device.tell
        self._handles: Final = handles
        self._limits: Final = limits
        self._liveness: Final = liveness
        self._rules: Final = rules
        self._random: Final = random
        self._backoff: Final = Backoff(random)
        self._streak: Final = Streak()
        self._fingerprint = ""
        self._handle: str | None = None
        """What the link of the moment was resumed with."""
        self._pictures = False
        """Whether the session of the moment was shown any."""
        self._session: Session | None = None
        """The one over the link of the moment."""
        self._up_s: float | None = None
        self._answering: int | None = None
        """The turn whose answer has begun on this link."""
        self._unanswered: Final = Unanswered(device.uplink.replay, tell=device.tell, dispatch=device.dispatch)
        self._hurry: Final = Hurry(self._unanswered)
        self.prepared = False
        """Whether what takes long once is done: google-genai is imported."""
        self._failing = False
        """No link has come up since the last failure was told: the next ones are only details."""

    def __repr__(self) -> str:
        return f"<Supervisor {self._handles} {self._streak} {self._backoff}>"

    def wanted(self) -> None:
        """Somebody wants to speak: connect if we hung up, and cut a back-off short."""
        self._hurry.want()

    def end_session(self) -> None:
        """Let the session end once nobody speaks; whoever wants to speak then begins a new one."""
        if self._session is not None:
            self._session.leave_at_rest(Parting.ENDED)
        else:
            self._handles.refuse(None)

    def renew(self) -> None:
        """What links are made with has changed: move to a new one as soon as nobody's turn is under way."""
        self._hurry.renew()
        if self._session is not None:
            self._session.leave_at_rest(Parting.RENEWED)

    def network_came(self) -> None:
        """There is a network again: cut a back-off short, and let those after it be short, too.

        The failures until now were the network's. It may not carry anything yet, so the next attempt may fail as well.
        """
        self._backoff.network_came()
        self._hurry.network_came()

    async def run(self) -> None:
        """Keep the session alive until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._hurry.begin()
            self._fingerprint = await self._connector.prepare()  # tools may have come or gone since
            self.prepared = True
            self._dispatch(LinkChanged(LinkState.CONNECTING))
            self._handle = self._handles.take(loop.time(), self._fingerprint)
            self._up_s = None
            try:
                parting = await self._live_once()
            except LinkError as failure:
                await self._recover(failure, loop.time())
            else:
                await self._part(parting, loop.time())

    async def _live_once(self) -> Parting:
        """Make one link, use it until it is to be left, and return why.

        Raises:
            LinkError: It could not be made, or failed.
        """
        loop = asyncio.get_running_loop()
        started_s = loop.time()
        link = await self._connector.connect(self._handle)
        healthy = False
        try:
            self._came_up(loop.time() - started_s)
            limits = self._limits()
            self._session = session = Session(
                link,
                self._uplink,
                self._liveness(),
                hear=self._take,
                give_up=self._unanswered.unheard,
                rules=self._rules,
                hang_up_at=limits.hang_up_at,
                over_at_s=limits.session_over_at(self._handles.session_began_s),
            )
            if self._hurry.renewed:  # while it was made
                session.leave_at_rest(Parting.RENEWED)
            parting = await session.run()
            healthy = True
        finally:
            if self._session is not None:
                self._pictures = self._pictures or self._session.pictures
            self._session = None
            self._lose_answer()
            # The old socket must be gone before the new one asks for the session (live-api.md 0.11).
            await link.close(politely=healthy)
        return parting

    async def _part(self, parting: Parting, now: float) -> None:
        """Go on after a link that was left in peace: at once, or when somebody wants to speak."""
        self._tell("link.left", session_id=self._handles.session_id, reason=parting.value)
        match parting:
            case Parting.MOVING:
                if self._up_s is not None and now - self._up_s < STABLE_S:
                    # A service that says go-away to each new link must not be stormed.
                    self._dispatch(LinkChanged(LinkState.DOWN))
                    await self._hurry.pause(self._backoff.next_pause_s(now), patient=False, was_up=True)
                return
            case Parting.RENEWED:
                return
            case Parting.IDLE:
                pass
            case Parting.TOO_OLD | Parting.ENDED:
                self._handles.refuse(self._handle)
            case _:
                assert_never(parting)
        self._dispatch(LinkChanged(LinkState.RESTING))
        # Whoever was there has been served; who came while we hung up has not.
        await self._hurry.until_wanted(served=self._uplink.replay.newest_turn is None)

    def _came_up(self, took_s: float) -> None:
        self._up_s = asyncio.get_running_loop().time()
        self._backoff.succeeded(self._up_s)
        self._streak.succeeded(self._up_s)
        self._failing = False
        if self._handle is None:
            self._handles.begin_session(f"{int(self._random() * 16**6):06x}", self._up_s)
            self._pictures = False
        self._uplink.link_began()
        self._unanswered.late(self._up_s)
        said_again_s = self._uplink.replay.rewind()
        self._tell(
            "link.up",
            session_id=self._handles.session_id,
            resumed=self._handle is not None,
            connect_ms=round(took_s * 1000),
            held_ms=round(said_again_s * 1000) or None,
        )
        for fault in (Fault.KEY, Fault.SETUP):
            self._dispatch(FaultMended(fault))
        self._dispatch(LinkChanged(LinkState.UP))

    def _take(self, turn_id: int, event: Downward) -> None:
        """Note what concerns the link; hand everything on."""
        now = asyncio.get_running_loop().time()
        match event:
            case Handle(handle, resumable):
                self._handles.offer(handle, resumable, now, fingerprint=self._fingerprint)
            case GoAway(time_left_s):
                self._tell("link.go_away", time_left_s=time_left_s)
                self._dispatch(LinkChanged(LinkState.DRAINING))
            case Audio():
                self._answering = turn_id
                self._unanswered.answered()
                self._streak.answered()
            case Generated() | Interrupted() | TurnDone():
                self._answering = None
            case _:
                pass
        self._hear(turn_id, event)

    def _lose_answer(self) -> None:
        """An answer that has begun will not go on over another link."""
        if self._answering is not None:
            self._dispatch(ReplyLost(self._answering, self._heard_share(self._answering)))
            self._answering = None

    async def _recover(self, failure: LinkError, now: float) -> None:
        """Decide what follows from `failure`, say so, and wait."""
        decision = decide(
            failure,
            resuming=self._handle is not None,
            consecutive=self._streak.failed(failure, now),
            came_up=self._up_s is not None,
            pictures=self._pictures,
        )
        if decision.handle is HandleFate.DROP:
            self._handles.refuse(self._handle)
        self._unanswered.failed(failure)
        self._unanswered.late(now)
        pause = decision.pause
        if pause is Pause.NONE and self._uplink.replay.newest_turn is None:
            # Nobody is waiting, and ten thousand devices may have lost it in this instant (docs/reconnects.png).
            pause = Pause.BACKOFF
        pause_s = self._backoff.next_pause_s(now, pause)
        if decision.fault is not None:
            self._dispatch(FaultFound(decision.fault))
        self._dispatch(LinkChanged(LinkState.DOWN))
        self._tell(
            "link.lost" if self._up_s is not None else "link.failed",
            level=Level.DEBUG if self._failing else Level.WARNING,
            session_id=self._handles.session_id or None,
            reason=str(failure),
            remedy=decision.remedy or None,
            again_s=round(pause_s, 1),
        )
        self._failing = True
        patient = decision.fault is not None or pause is Pause.OLD_SOCKET
        await self._hurry.pause(pause_s, patient=patient, was_up=self._up_s is not None)
