"""A whole conversation in real time: the daemon on a simulated board, google-genai, TLS, a network, the stand-in.

App ── google-genai ── websockets ── TLS ── network proxy ── TLS ── the stand-in service
 └── simulated board ◄── a person with a voice, a finger and an ear
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cache
from typing import Final

import numpy as np

from daemon.app import App
from daemon.audio.vad import detector
from daemon.config import Config
from daemon.journal import Journal, MemorySink
from daemon.keeping.keeping import Keeping
from daemon.keys.credentials import Secret
from daemon.notify import ServiceManager
from daemon.rehearsal.frame_log import Line
from daemon.rehearsal.network import Network, network
from daemon.rehearsal.server import Server, serve
from daemon.rehearsal.stand_in.answer import Answer
from daemon.rehearsal.stand_in.faults import Act, Faults, Moment, Strike
from daemon.rehearsal.stand_in.memory import Turn
from daemon.rehearsal.stand_in.service import StandIn
from daemon.rehearsal.voices import question
from daemon.reloading.choices import limits
from daemon.status import LinkState, TurnState
from daemon.wiring import supervised
from hardware.pcm import UP
from hardware.simulated import SimulatedBoard
from tests.support.ear import Ear, tone

GLANCE_S: Final = 0.02
"""How often one looks."""
PATIENCE_S: Final = 200.0
"""The longest that anything is waited for: a refused key is tried again after two minutes at most."""
_BLOWS: Final = frozenset({"close", "abort", "stall", "raw", "error", "something_new", "go_away"})
"""What a strike looks like in the service's log."""
_HUGE_BYTES: Final = 500_000


@cache
def room_tone() -> bytes:
    """Return a quiet room whose frames all differ, also from round to round: it is no whole number of frames long."""
    noise = np.random.default_rng(1).integers(-8, 9, 20 * UP.rate_hz + 1)
    return noise.astype("<i2").tobytes()


class Stage:
    """The device, its service, the network between them, and somebody who talks to the device by holding its button.

    Every answer is a tone of its own, so that what sounds can be told apart. Times are `time.monotonic`, which is
    the loop's clock.

    Attributes:
        faulted_s: When the fault struck; None until then.
        answered: For each answer that the service began to make, the turn it belongs to; its number is its place.
        answer_s: How long the answers are from now on.
        asked_again: How often the person had to ask again after the fault.
        shown: What the ring meant, and from when on.
        log: What the service saw and did.
    """

    def __init__(
        self, server: Server, between: Network, service: StandIn, log: Sequence[Line], config: Config, seed: int
    ) -> None:
        self.server: Final = server
        self.between: Final = between
        self.service: Final = service
        service.conduct.answer = self._answer
        self.board: Final = SimulatedBoard(config.board())
        self.board.mic.room_tone = room_tone()
        self.journal: Final = MemorySink()
        self.shown: Final[list[tuple[float, str]]] = []
        self.log: Final = log
        self.ear: Final = Ear(self.board.loudspeaker.played)
        self.answered: Final[list[Turn]] = []
        self.answer_s = 1.0
        self.asked_again = 0
        self.faulted_s: float | None = None
        self._armed_at = 0
        """How long the log was when a strike was prepared."""
        journal = Journal(self.journal, clock=time.monotonic)
        self.app: Final = App(
            config=config,
            board=self.board,
            supervise=supervised(config, Secret("bench-key"), random.Random(seed).random),
            journal=journal,
            manager=ServiceManager(self._notified, None),
            vad=detector(config.turn.vad, config.turn.vad_aggressiveness),
            keeping=Keeping(limits(config), None, journal),
        )

    # --- the person ----------------------------------------------------------------------------------------------

    async def begin(self, seconds: float) -> None:
        """Press the button and speak for `seconds`; the button stays down."""
        self.board.push_button.press()
        await asyncio.sleep(0.1)
        await self.speak(seconds)

    async def speak(self, seconds: float) -> None:
        """Speak for so long."""
        self.board.mic.say((question(1) + question(2))[: UP.bytes_in(seconds)])
        await asyncio.sleep(seconds)

    async def end(self, seconds: float) -> None:
        """Speak for `seconds` more and let the button go."""
        await self.speak(seconds)
        self.board.push_button.release()

    async def ask(self, seconds: float = 1.0) -> None:
        """Say a question of that length, button and all."""
        await self.begin(seconds)
        self.board.push_button.release()

    async def exchange(self) -> None:
        """Ask, hear the answer to its end, and wait until the service has given what the session is resumed with."""
        heard, handles = len(self.ear.first_heard_s), self._handles
        await self.until(lambda: self.linked)
        await self.ask()
        await self.until(lambda: self._ears() > heard and self.turn is TurnState.IDLE)
        await self.until(lambda: self._handles > handles or not self.service.faults.turn_complete)
        await asyncio.sleep(0.1)

    async def carry_on(self) -> None:
        """Wait for the next answer after the fault and hear it out; ask again if the device has given the turn up."""
        while self.next_answer_s is None:
            await self.until(lambda: self.next_answer_s is not None or self.turn is TurnState.IDLE)
            if self.next_answer_s is None:
                await asyncio.sleep(0.7)
                self.asked_again += 1
                await self.ask()
                await asyncio.sleep(0.1)
        await self.until(lambda: self.turn is TurnState.IDLE)

    # --- what goes wrong -----------------------------------------------------------------------------------------

    def struck(self) -> None:
        """Note that the fault strikes now."""
        self.faulted_s = time.monotonic()

    def arm(self, moment: Moment, act: Act) -> None:
        """Let the service do that at the next such moment; `until_struck` must follow."""
        self.service.faults = Faults(strikes=(Strike(moment, (act,)),))
        self._armed_at = len(self.log)

    async def until_struck(self) -> None:
        """Wait until the service has done what it was armed with: that is when the fault strikes, if it has not yet."""
        if self.faulted_s is None:
            await self.until(lambda: bool(self._blows))
            self.faulted_s = float(str(self._blows[0]["t_s"]))

    # --- what is to be seen --------------------------------------------------------------------------------------

    @property
    def turn(self) -> TurnState:
        """Whose turn it is."""
        return self.app.conversation.status.turn

    @property
    def linked(self) -> bool:
        """Whether there is a link."""
        return self.app.conversation.status.link is LinkState.UP

    @property
    def next_answer_s(self) -> float | None:
        """When the first answer that began to sound after the fault did so."""
        self.ear.listen()
        faulted_s = self.faulted_s
        assert faulted_s is not None
        return min((at_s for at_s in self.ear.first_heard_s.values() if at_s > faulted_s), default=None)

    async def until(self, seen: Callable[[], bool], limit_s: float = PATIENCE_S) -> None:
        """Wait until it is so.

        Raises:
            TimeoutError: It was not within `limit_s`.
        """
        try:
            async with asyncio.timeout(limit_s):
                while not seen():  # noqa: ASYNC110 - a person can only look again
                    await asyncio.sleep(GLANCE_S)
        except TimeoutError as late:
            raise TimeoutError(f"waited {limit_s:g} s in vain; {self.app}; {self.journal.lines[-5:]}") from late

    async def until_sounding(self, seconds: float = 0.0) -> None:
        """Wait until an answer sounds, and for `seconds` more of it."""
        await self.until(lambda: self.turn is TurnState.SPEAKING)
        await asyncio.sleep(seconds)

    # --- inside --------------------------------------------------------------------------------------------------

    @property
    def _blows(self) -> list[Line]:
        """What the service has done since a strike was prepared that is no part of a conversation."""
        return [
            line
            for line in self.log[self._armed_at :]
            if line["way"] == "down" and (line["kind"] in _BLOWS or int(str(line["bytes"])) > _HUGE_BYTES)
        ]

    @property
    def _handles(self) -> int:
        return sum(len(session.handles) for session in self.service.sessions.values())

    def _ears(self) -> int:
        self.ear.listen()
        return len(self.ear.first_heard_s)

    def _answer(self, number: int) -> Answer:
        """Make the next answer, and note which turn it is for: the newest of that number."""
        ended = [turn for turn in self.service.turns if turn.number == number and turn.ended_s is not None]
        self.answered.append(max(ended, key=lambda turn: turn.ended_s or 0.0))
        return Answer(tone(len(self.answered) - 1, self.answer_s), "an answer")

    def _notified(self, text: str) -> None:
        name, _, sentence = text.partition("=")
        if name == "STATUS":
            self.shown.append((time.monotonic(), sentence))


@contextlib.asynccontextmanager
async def staged(*, seed: int = 1, **turn: object) -> AsyncIterator[Stage]:
    """Run everything until the block is left; begin when the device is connected.

    Args:
        seed: All chance comes from it.
        turn: Keys of the configuration's [turn] that differ.
    """
    service = StandIn(random.Random(seed))
    log: list[Line] = []
    async with (
        serve(service, log=log.append) as server,
        network(server.port) as between,
    ):
        config = _config(f"https://127.0.0.1:{between.port}", str(server.ca_file), turn)
        stage = Stage(server, between, service, log, config, seed)
        daemon = asyncio.ensure_future(stage.app.run())
        try:
            await stage.until(lambda: daemon.done() or stage.linked)
            yield stage
            assert not daemon.done(), daemon
        finally:
            daemon.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await daemon


def _config(base_url: str, ca_file: str, turn: Mapping[str, object]) -> Config:
    return Config.model_validate(
        {
            "live": {"base_url": base_url, "ca_file": ca_file},
            "turn": {"mode": "hold", **turn},
            # A canceller changes every frame: what was heard could not be found among what was captured.
            "echo": {"mode": "half_duplex"},
            "microphone": {"driver": "simulated"},
            "speaker": {"driver": "simulated", "volume_percent": 100},
            "button": {"driver": "simulated"},
            "leds": {"driver": "simulated"},
            "limits": {"turns_per_hour": 0},
            "state": {"folder": ""},
            "control": {"socket": ""},
        }
    )
