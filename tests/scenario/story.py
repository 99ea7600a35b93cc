"""A scenario reads like a story with a clock: the whole daemon on a simulated board, the stand-in, virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from datetime import UTC
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import numpy as np

from daemon.app import App
from daemon.audio.vad import detector
from daemon.config import Config
from daemon.config.schema import LiveSection
from daemon.errors import ConfigurationError
from daemon.events import MuteAsked
from daemon.journal import Journal, Line, MemorySink
from daemon.keeping.keeping import Keeping
from daemon.live.supervisor import Supervisor
from daemon.live.upward import Speech, Taking, TurnEnd, TurnStart, Upward
from daemon.notify import service_manager
from daemon.rehearsal.stand_in.answer import BURSTS, Answer, Answerer, Pacing, spoken
from daemon.rehearsal.stand_in.faults import Faults
from daemon.rehearsal.stand_in.memory import Turn, digest
from daemon.rehearsal.stand_in.service import StandIn
from daemon.rehearsal.voices import question
from daemon.reloading.choices import limits
from daemon.status import LinkState, TurnState
from daemon.tools.alarm import Reading
from daemon.wiring import liveness, rules
from hardware.interfaces import Board
from hardware.pcm import DOWN, UP, level_dbfs
from hardware.settings import BoardSettings, LedSettings
from hardware.simulated import SimulatedBoard
from tests.support.in_process import InProcessConnector, InProcessLink
from tests.support.network import Network
from tests.support.sdk_frames import setup_frame, tools_frame
from tests.support.virtual_time import START_S, run

P = ParamSpec("P")
S = TypeVar("S", bound="Story")

AUDIBLE_DBFS = -60.0
ANSWER_S = 4.0
PRE_ROLL_S = 0.5
GLANCE_S = 0.05
SILENT_AFTER_S = 2 * 0.02 + 0.02
"""What was stopped is silent after two periods and the card's delay (design.md, rule 5)."""


class Bell(MemorySink):
    """A journal that wakes whoever waits for something: most things that can be waited for are told."""

    def __init__(self) -> None:
        super().__init__()
        self.rang = asyncio.Event()

    def write(self, line: Line) -> None:
        super().write(line)
        self.rang.set()


@cache
def room_tone() -> bytes:
    """Return 20 s of a quiet room: no two frames are the same, and none is a voice."""
    noise = np.random.default_rng(1).integers(-8, 9, 20 * UP.rate_hz)
    return noise.astype("<i2").tobytes()


def briefly(turn: int) -> Answer:
    """Return real speech of 4 s, whatever the turn."""
    return Answer(spoken(turn).pcm[: DOWN.bytes_in(ANSWER_S)])


@cache
def _setup(live: str, taking: str) -> dict[str, Any]:
    return setup_frame(LiveSection.model_validate_json(live), Taking(taking))


@cache
def _tools(model: str, declarations: str) -> list[dict[str, Any]]:
    return tools_frame(model, json.loads(declarations))


class Story:
    """The device, its service, its network, and a person with a voice and a finger.

    Args:
        mode: How one talks to the device.
        config: Keys that differ from the defaults, by section. The loudspeaker is not heard by the microphone here, so
            the echo mode is half_duplex, or "off" for a voice that talks over an answer.
        pacing: How fast the service answers.
        answer: What it answers; by default half a recorded sentence.
        faults: What it does wrong from the start.
        board: The device's parts.
        hum: Whether the room hums a little, so that no two frames are alike; a dead silence costs half the time.
        key: Whether there is an API key.
        seed: Of all chance.
    """

    def __init__(
        self,
        mode: str = "hold",
        *,
        config: Mapping[str, Mapping[str, object]] | None = None,
        pacing: Pacing = BURSTS,
        answer: Answerer = briefly,
        faults: Faults | None = None,
        board: SimulatedBoard | None = None,
        hum: bool = True,
        key: bool = True,
        seed: int = 1,
    ) -> None:
        self._dice = random.Random(seed)
        sections: dict[str, dict[str, object]] = {
            "turn": {"mode": mode, "vad": "webrtc"},  # the other detector costs thirty times as much
            "echo": {"mode": "half_duplex"},
            "control": {"socket": ""},
            "state": {"folder": ""},
            "sounds": {"start": False},
        }
        for name, keys in (config or {}).items():
            sections[name] = {**sections.get(name, {}), **keys}
        self.config = Config.model_validate(sections)
        self.board = board or SimulatedBoard(BoardSettings(leds=LedSettings(count=3)))
        if hum:
            self.board.mic.room_tone = room_tone()
        self.network = Network()
        self.service = StandIn(self._dice, pacing=pacing, answer=answer, faults=faults)
        setup = _setup(self.config.live.model_dump_json(), self.config.turn.taking)
        self.connector = InProcessConnector(self.service, self.network, setup)
        self.clock_ahead_s = 0.0
        """How much later the time of day is than it should be."""
        self.journal = Bell()
        self.file: Config | ConfigurationError = self.config
        """What the configuration file holds when it is read again."""
        self.app = self._app(self.board, self._supervise if key else None)
        self.connector.setup = lambda: _setup(self.app.config.live.model_dump_json(), self.config.turn.taking)
        self.connector.tools = lambda: _tools(self.config.live.model, json.dumps(self.app.toolbox.declarations))
        self.daemon: asyncio.Task[None] | None = None

    def _app(self, board: Board, supervise: Callable[[App], Supervisor] | None) -> App:
        journal = Journal(self.journal, clock=self.now)
        return App(
            config=self.config,
            board=board,
            supervise=supervise,
            journal=journal,
            manager=service_manager({}),
            vad=detector(self.config.turn.vad, self.config.turn.vad_aggressiveness),
            keeping=Keeping(limits(self.config), None, journal, wall=self.wall_s),
            clocks=self.clocks,
            reread=self._reread,
        )

    async def _reread(self) -> Config:
        if isinstance(self.file, ConfigurationError):
            raise self.file
        return self.file

    def write(self, **sections: Mapping[str, object]) -> None:
        """Change keys in the configuration file."""
        changed = self.config.model_dump()
        for name, keys in sections.items():
            changed[name] |= keys
        self.file = Config.model_validate(changed)

    def _supervise(self, app: App) -> Supervisor:
        return Supervisor(
            app.downlink,
            connector=self.connector,
            handles=app.keeping.handles,
            limits=lambda: app.keeping.limits,
            random=self._dice.random,
            liveness=lambda: liveness(self.app.config),
            rules=rules(self.config),
        )

    # --- the person ---

    def press(self) -> float:
        """Press the button; return when."""
        self.board.push_button.press()
        return self.now()

    def release(self) -> float:
        """Let it go; return when."""
        self.board.push_button.release()
        return self.now()

    async def tap(self) -> float:
        """Press the button for a moment; return when it went down."""
        pressed_s = self.press()
        await asyncio.sleep(0.1)
        self.release()
        return pressed_s

    async def say(self, number: int = 1, *, seconds: float | None = None) -> None:
        """Say a recorded question, or its beginning, and wait until it is said."""
        speech = question(number)
        if seconds is not None:
            speech = speech[: UP.bytes_in(seconds)]
        self.board.mic.say(speech)
        await asyncio.sleep(UP.seconds(len(speech)))

    async def ask(self, number: int = 1, *, seconds: float | None = None) -> tuple[float, float]:
        """Hold the button and say a question; return from when to when the device is to have heard it."""
        pressed_s = self.press()
        await asyncio.sleep(0.1)
        await self.say(number, seconds=seconds)
        return pressed_s - PRE_ROLL_S, self.release()

    def mute(self, muted: bool = True) -> None:
        """Ask the device to be deaf, as the control socket does."""
        self.app.dispatch(MuteAsked(muted))

    # --- waiting ---

    async def until(self, seen: Callable[[], bool], limit_s: float = 60.0) -> None:
        """Wait until something is seen: at once where the journal tells of it, else within `GLANCE_S`."""
        async with asyncio.timeout(limit_s):
            while not seen():
                if self.daemon is not None and self.daemon.done():
                    self.daemon.result()  # raises what ended it
                self.journal.rang.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(GLANCE_S):
                        await self.journal.rang.wait()

    async def until_link(self, link: LinkState, limit_s: float = 120.0) -> None:
        await self.until(lambda: self.app.conversation.status.link is link, limit_s)

    async def until_turn(self, turn: TurnState, limit_s: float = 60.0) -> None:
        await self.until(lambda: self.app.conversation.status.turn is turn, limit_s)

    async def until_answered(self) -> None:
        """Wait for the answer, and until it is over."""
        await self.until_turn(TurnState.SPEAKING)
        await self.until_turn(TurnState.IDLE)

    # --- what was to be seen ---

    @staticmethod
    def now() -> float:
        return asyncio.get_running_loop().time()

    def wall_s(self) -> float:
        """The time of day: noon when the story begins, somewhere near Greenwich."""
        return 1_800_014_400.0 + self.clock_ahead_s + self.now() - START_S

    def clocks(self) -> Reading:
        """What the machine's clocks say."""
        return Reading(self.wall_s(), self.now(), "this start", trusted=True, zone=UTC)

    @property
    def turn(self) -> TurnState:
        return self.app.conversation.status.turn

    @property
    def link(self) -> InProcessLink:
        """The newest link."""
        return self.connector.links[-1]

    @property
    def sent(self) -> list[tuple[float, Upward]]:
        """Everything that went up, over all links, with its time."""
        return [item for link in self.connector.links for item in link.sent]

    def spoken_up(self) -> list[tuple[float, Speech]]:
        return [(at_s, item) for at_s, item in self.sent if isinstance(item, Speech)]

    def windows(self, link: InProcessLink | None = None) -> list[str]:
        """The activity signals that went up, in order; those of one link, if it is named."""
        names = {TurnStart: "start", TurnEnd: "end"}
        sent = self.sent if link is None else link.sent
        return [f"{names[type(item)]} {item.turn_id}" for _, item in sent if isinstance(item, TurnStart | TurnEnd)]

    def captured(self, from_s: float, to_s: float) -> list[str]:
        """The digests of the frames whose last sample the microphone captured in that time, both ends included."""
        return [digest(pcm) for at_s, pcm in self.board.mic.captured if from_s - 1e-6 <= at_s <= to_s + 1e-6]

    def sounding_at(self, from_s: float, to_s: float) -> bool:
        """Whether anything audible sounded in that time."""
        return level_dbfs(self.board.loudspeaker.heard(from_s, to_s)) > AUDIBLE_DBFS

    def told(self, event: str) -> list[dict[str, Any]]:
        return self.journal.told(event)

    def answered_turns(self) -> list[Turn]:
        """The turns that the service answered, as far as it still knows of them."""
        return [turn for turn in self.service.turns if turn.answered and not turn.forgotten]

    def outcomes(self) -> list[str]:
        """What became of each turn, in the order in which they were over."""
        return [f"{done['turn_id']} {done['outcome']}" for done in self.told("turn.done")]


@contextlib.asynccontextmanager
async def running(story: S, *, linked: bool = True) -> AsyncIterator[S]:
    """Run the daemon of `story`; by default begin when its link is up."""
    story.daemon = daemon = asyncio.get_running_loop().create_task(story.app.run())
    try:
        await story.until(story.app.body.capture.ready.is_set)
        if linked:
            await story.until_link(LinkState.UP)
        yield story
    finally:
        daemon.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await daemon


def scenario(story: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Make a test of a coroutine function: it runs in virtual time, and must leave no task."""

    @wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        run(story(*args, **kwargs))

    return test
