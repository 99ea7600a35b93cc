"""Lets a plan happen to a device: the person, the network, the service and the parts do what was drawn for them."""

from __future__ import annotations

import asyncio
from itertools import count
from random import Random

import numpy as np

from daemon.rehearsal.stand_in.answer import Answer, Call
from daemon.rehearsal.stand_in.faults import Faults
from daemon.status import TurnState
from daemon.tools.declaration import Behavior
from daemon.tools.tool import Tool
from hardware.pcm import DOWN
from hardware.settings import BoardSettings, LedSettings
from hardware.simulated import SimulatedBoard
from tests.scenario.environment import utterance
from tests.scenario.plan import Plan
from tests.scenario.story import Story
from tests.support.in_process import InProcessLink
from tests.support.virtual_time import START_S

LEVEL, STEP = 600, 40
"""Answer number n is a constant tone of height LEVEL + n * STEP, so that every frame that sounds says whose it is."""
NUMBERS = 750
"""So many answers can be told apart; afterwards the numbers begin anew."""
HEALED_WITHIN_S = 1200.0
"""The longest pause that the device makes, and some."""
ANSWERED_WITHIN_S = 150.0
LAST_WORDS_S = 3.0
"""After so long nobody says any more what was planned, and a voice begins no turn."""
HOLD_S, TAP_S = 1.0, 0.1


class Performance:
    """One plan, one device.

    Attributes:
        asked_by: The turn that each answer was given to, by the answer's number.
        empty: The turns that the service had nothing to say to.
        pressed_s: When the button was pressed.
    """

    def __init__(self, plan: Plan, *, log_audio: bool = True) -> None:
        self.plan = plan
        self.asked_by: dict[int, int] = {}
        self.spoken_of_later: set[int] = set()
        """The turns that the model called something for that it does not wait for: of the result it speaks when it is
        idle, even if the user has waved the question away meanwhile (live-api.md 1.8)."""
        self.empty: set[int] = set()
        self.pressed_s: list[float] = []
        self._dice = Random(plan.seed)
        self._calling = Random(plan.seed + 1)
        self._number = count()
        self._perfect = False
        self.story = Story(
            plan.mode,
            config=plan.config,
            pacing=plan.pacing,
            answer=self._answer,
            board=SimulatedBoard(BoardSettings(leds=LedSettings(count=2)), log_audio=log_audio),
            hum=False,
            seed=plan.seed,
        )
        self.story.network.delay_s = plan.delay_s
        self.story.service.conduct.manners = plan.manners
        self.story.app.toolbox.offer("test", [Tool.of(self.take_a_while, behavior=Behavior.BLOCKING)])

    async def play(self) -> None:
        """Let everything happen; then the world is perfect, and a last question is asked."""
        for each in self.plan.happenings:
            await asyncio.sleep(START_S + each.at_s - self.story.now())
            if each.what == "press":
                self.pressed_s.append(self.story.now())
            each.do(self.story)
        await self._heal()
        await self._ask_once_more()

    async def take_a_while(self, number: int) -> str:
        """Take a while.

        Args:
            number: Of the answer in which it was called.
        """
        await asyncio.sleep(number % 7 * 0.5)
        return "Done."

    def _calls(self, number: int) -> tuple[Call, ...]:
        """What the model wants done before answer `number`: now and then something, that it waits for or not."""
        if self._perfect or self._calling.random() > 0.2:
            return ()
        return (self._calling.choice((Call("get_time"), Call("take_a_while", {"number": number}))),)

    def _answer(self, turn: int) -> Answer:
        """Answer turn number `turn` of the session whose connection is served at this moment."""
        link = self.story.network.serving
        assert isinstance(link, InProcessLink)
        turn_id = next(ours for ours, theirs in link.turns.items() if theirs.number == turn)
        if not self._perfect and self._dice.random() < 0.05:
            self.empty.add(turn_id)
            return Answer(b"", reason="MALFORMED_FUNCTION_CALL")
        number = next(self._number) % NUMBERS
        self.asked_by[number] = turn_id
        seconds = 0.2 if self._perfect else self._dice.choice((0.2, 1.0, 4.0)) * self._dice.uniform(0.5, 1.5)
        pcm = np.full(DOWN.bytes_in(seconds) // 2, LEVEL + number * STEP, "<i2").tobytes()
        calls = self._calls(number)
        if any(call.name == "get_time" for call in calls):
            self.spoken_of_later.add(turn_id)
        return Answer(pcm, calls=calls)

    async def _heal(self) -> None:
        """The world is perfect from now on (whatever had begun has ended): wait until the device has noticed."""
        self._perfect = True
        self.story.network.delay_s = 0.02
        self.story.service.faults = Faults()
        self.story.release()
        self.story.board.slide.flip(False)
        await asyncio.sleep(LAST_WORDS_S)
        conversation = self.story.app.conversation
        async with asyncio.timeout(HEALED_WITHIN_S):
            while conversation.status.faults or conversation.status.muted_by_switch:
                self._still_running()
                await asyncio.sleep(0.1)
            self.story.mute(False)  # while the switch is off, or lost, that is refused
            while conversation.status.turn is not TurnState.IDLE:
                self._still_running()
                await asyncio.sleep(0.1)

    async def _ask_once_more(self) -> None:
        """Ask a last question, which must be answered."""
        story = self.story
        button_was_lost = any("push_button" in each.what for each in self.plan.happenings)
        await asyncio.sleep(11.0 if button_was_lost else 0.5)  # until it is open again
        asked = story.app.conversation.turn_id
        self.pressed_s.append(story.press())
        story.board.mic.say(utterance(Random(0), 1999, 1.0))
        await asyncio.sleep(HOLD_S if self.plan.mode == "hold" else TAP_S)
        story.release()
        async with asyncio.timeout(ANSWERED_WITHIN_S):
            while story.turn is not TurnState.IDLE or story.app.conversation.turn_id == asked:
                self._still_running()
                await asyncio.sleep(0.1)

    def _still_running(self) -> None:
        if self.story.daemon is not None and self.story.daemon.done():
            self.story.daemon.result()
