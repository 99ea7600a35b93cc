"""A scenario reads like a story with a clock: the whole daemon on a simulated board, the stand-in, virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any

from daemon.app import App
from daemon.audio.vad import WebRtcVad
from daemon.config import Config
from daemon.events import LinkState, TurnState
from daemon.journal import Journal, MemorySink
from daemon.live.supervisor import Supervisor
from daemon.live.upward import Speech, TurnEnd, TurnStart, Upward
from daemon.notify import service_manager
from daemon.rehearsal.stand_in import StandIn
from daemon.rehearsal.stand_in_answer import Answerer, Pacing, BURSTS
from daemon.rehearsal.voices import question
from daemon.wiring import liveness
from hardware.pcm import UP, level_dbfs
from hardware.simulated import SimulatedBoard
from tests.support.in_process import InProcessConnector, Network, setup_frame

AUDIBLE_DBFS = -60.0


@cache
def _setup() -> dict[str, Any]:
    return setup_frame(Config().live)


class Story:
    """The device, its service, its network, and a person with a voice and a finger."""

    def __init__(
        self,
        mode: str = "hold",
        *,
        config: dict[str, dict[str, object]] | None = None,
        pacing: Pacing = BURSTS,
        answer: Answerer | None = None,
        seed: int = 1,
    ) -> None:
        dice = random.Random(seed)
        sections: dict[str, dict[str, object]] = {"turn": {"mode": mode}, "control": {"socket": ""}}
        for name, keys in (config or {}).items():
            sections[name] = {**sections.get(name, {}), **keys}
        self.config = Config.model_validate(sections)
        self.board = SimulatedBoard()
        self.network = Network()
        self.service = StandIn(dice, pacing=pacing, **({"answer": answer} if answer else {}))
        self.connector = InProcessConnector(self.service, self.network, _setup())
        self.journal = MemorySink()
        self.app = App(
            config=self.config,
            board=self.board,
            supervise=self._supervise,
            journal=Journal(self.journal, clock=self.now),
            manager=service_manager({}),
            vad=WebRtcVad(self.config.turn.vad_aggressiveness),
        )
        self.daemon: asyncio.Task[None] | None = None
        self._random = dice.random

    def _supervise(self, app: App) -> Supervisor:
        return Supervisor(
            connector=self.connector,
            uplink=app.uplink,
            hear=app.hear,
            dispatch=app.dispatch,
            heard_share=app.heard_share,
            tell=app.tell,
            random=lambda: self._random(),
            liveness=lambda: liveness(self.config),
        )

    # --- the person ---

    def press(self) -> None:
        self.board.push_button.press()

    def release(self) -> None:
        self.board.push_button.release()

    async def tap(self) -> None:
        self.press()
        await asyncio.sleep(0.1)
        self.release()

    async def say(self, number: int = 1, *, seconds: float | None = None) -> bytes:
        """Say a recorded question, or its beginning, and wait until it is said; return it."""
        speech = question(number)
        if seconds is not None:
            speech = speech[: UP.bytes_in(seconds)]
        self.board.mic.say(speech)
        await asyncio.sleep(UP.seconds(len(speech)))
        return speech

    async def ask(self, number: int = 1, *, seconds: float | None = None) -> None:
        """Hold the button and say a question."""
        self.press()
        await asyncio.sleep(0.1)
        await self.say(number, seconds=seconds)
        self.release()

    # --- waiting ---

    async def until(self, seen: Callable[[], bool], limit_s: float = 60.0) -> None:
        async with asyncio.timeout(limit_s):
            while not seen():
                if self.daemon is not None and self.daemon.done():
                    self.daemon.result()  # raises what ended it
                await asyncio.sleep(0.01)

    async def until_link(self, link: LinkState, limit_s: float = 120.0) -> None:
        await self.until(lambda: self.app.conversation.status.link is link, limit_s)

    async def until_turn(self, turn: TurnState, limit_s: float = 60.0) -> None:
        await self.until(lambda: self.app.conversation.status.turn is turn, limit_s)

    # --- what was to be seen ---

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    @property
    def turn(self) -> TurnState:
        return self.app.conversation.status.turn

    @property
    def sent(self) -> list[tuple[float, Upward]]:
        """Everything that went up, over all links, with its time."""
        return [item for link in self.connector.links for item in link.sent]

    def spoken_up(self) -> list[tuple[float, Speech]]:
        return [(at_s, item) for at_s, item in self.sent if isinstance(item, Speech)]

    def windows(self) -> list[str]:
        """The activity signals that went up, in order."""
        names = {TurnStart: "start", TurnEnd: "end"}
        return [f"{names[type(item)]} {item.turn_id}" for _, item in self.sent if isinstance(item, TurnStart | TurnEnd)]

    def sounding_at(self, from_s: float, to_s: float) -> bool:
        """Whether anything audible sounded in that time."""
        return level_dbfs(self.board.loudspeaker.heard(from_s, to_s)) > AUDIBLE_DBFS

    def told(self, event: str) -> list[dict[str, Any]]:
        return self.journal.told(event)


@contextlib.asynccontextmanager
async def running(story: Story, *, linked: bool = True) -> AsyncIterator[Story]:
    """Run the daemon of `story`; by default begin when its link is up."""
    story.daemon = daemon = asyncio.get_running_loop().create_task(story.app.run())
    try:
        await story.until(story.app.capture.ready.is_set)
        if linked:
            await story.until_link(LinkState.UP)
        yield story
    finally:
        daemon.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await daemon
