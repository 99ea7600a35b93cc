"""Timers that the model sets: they ring with or without a network, a hand or a voice stops them, and they are told."""

from __future__ import annotations

import asyncio
from itertools import chain, repeat
from typing import Any

import pytest

from daemon.audio.earcon import Earcon, sound
from daemon.live.upward import Prompt
from daemon.rehearsal.stand_in.answer import Answer, Call
from daemon.ringing import EVERY_S, LONGEST_S
from daemon.status import LinkState, TurnState
from tests.scenario.story import ANSWER_S, Story, briefly, running, scenario
from tests.support.virtual_time import START_S

BELL = sound(Earcon.RING).strip(b"\0")
TIMER_S = 20


class Timed(Story):
    """A story in which the model sets a timer in its first answer."""

    def __init__(self, mode: str = "hold", *, label: str = "eggs", **config: dict[str, Any]) -> None:
        args = {"seconds": TIMER_S} | ({"label": label} if label else {})
        asked = chain([(Call("set_timer", args),)], repeat(()))
        sections = {"speaker": {"volume_percent": 100}, **config}
        super().__init__(mode, config=sections, answer=lambda _: Answer(briefly(1).pcm, calls=next(asked)))

    async def set(self) -> float:
        """Ask for the timer, and hear the answer; return when it is due."""
        await asyncio.sleep(1.0)
        await self.ask(1)
        await self.until(lambda: any(line["name"] == "set_timer" for line in self.told("tool.called")))
        due_s = self.now() + TIMER_S
        await self.until(lambda: bool(self.outcomes()))
        return due_s

    def rings(self) -> list[float]:
        """When the bell was struck, and nothing else sounded."""
        heard = self.board.loudspeaker.heard(START_S, self.now())
        found, at = [], heard.find(BELL)
        while at >= 0:
            found.append(START_S + at / 48_000)
            at = heard.find(BELL, at + len(BELL))
        return found

    def prompts(self) -> list[Prompt]:
        return [item for _, item in self.sent if isinstance(item, Prompt)]

    @property
    def ringing(self) -> bool:
        return self.app.conversation.status.ringing


@scenario
async def test_it_rings_in_time_a_press_stops_it_and_its_label_is_spoken_of() -> None:
    async with running(Timed()) as s:
        due_s = await s.set()
        await s.until(lambda: s.ringing)
        assert s.now() == pytest.approx(due_s, abs=0.1)
        await asyncio.sleep(2 * EVERY_S + 1.0)
        assert s.rings() == pytest.approx([due_s + EVERY_S * number for number in range(3)], abs=0.1)
        rose = [pixel for pixel in s.board.ring.pixels if pixel[0] > pixel[2] > pixel[1]]
        assert len(rose) == s.board.ring.count
        await s.tap()
        assert not s.ringing
        assert len(s.told("gate.opened")) == 1, "the press meant nothing else"
        await s.until_answered()
        assert len(s.rings()) == 3
        (prompt,) = s.prompts()
        assert 'timer "eggs" is due now' in prompt.text
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert s.told("turn.done")[1]["begun"] == "prompt"
        assert "eggs" not in str(s.journal.lines)


@scenario
async def test_without_a_label_a_press_is_all() -> None:
    async with running(Timed(label="")) as s:
        await s.set()
        await s.until(lambda: s.ringing)
        await s.tap()
        await asyncio.sleep(10.0)
        assert not s.prompts()
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_what_is_left_of_it_is_an_arc_on_the_ring() -> None:
    async with running(Timed()) as s:
        due_s = await s.set()
        lit = []
        for left_s in (14.0, 8.0, 2.0):
            await asyncio.sleep(due_s - left_s - s.now())
            lit.append(sum(pixel != (0, 0, 0) for pixel in s.board.ring.pixels))
        assert lit == [3, 2, 1]
        await s.until(lambda: s.ringing)
        await s.tap()
        await s.until_answered()
        await asyncio.sleep(1.0)
        assert set(s.board.ring.pixels) == {(0, 0, 0)}


@scenario
async def test_it_rings_without_a_network_and_says_what_for_when_there_is_one() -> None:
    async with running(Timed()) as s:
        due_s = await s.set()
        s.network.cut()
        await s.until_link(LinkState.DOWN)
        await s.until(lambda: s.ringing)
        assert s.now() == pytest.approx(due_s, abs=0.1)
        await asyncio.sleep(3.0)
        assert len(s.rings()) == 2
        await s.tap()
        await asyncio.sleep(1800.0)
        assert not s.ringing
        assert not s.prompts()
        s.network.restore()
        await s.until_answered()
        (prompt,) = s.prompts()
        assert 'timer "eggs" was due 31 min ago, and could not be spoken of until now' in prompt.text
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_it_rings_in_an_answer_and_the_press_lets_the_answer_go_on() -> None:
    async with running(Timed()) as s:
        due_s = await s.set()
        await asyncio.sleep(due_s - s.now() - 5.0)
        await s.ask(2, seconds=2.5)
        await s.until_turn(TurnState.SPEAKING)
        await s.until(lambda: s.ringing)
        assert s.turn is TurnState.SPEAKING
        await asyncio.sleep(0.3)
        await s.tap()
        await s.until_turn(TurnState.IDLE)
        done = s.told("turn.done")[1]
        assert done["outcome"] == "answered"
        assert done["sounded_ms"] == ANSWER_S * 1000
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered", "3 answered"]


@scenario
async def test_a_voice_that_talks_over_the_ringing_stops_it_and_is_listened_to() -> None:
    """Without an echo control everything that sounds while the bell does is a voice that talks over it."""
    s = Timed("tap", echo={"mode": "off"})
    async with running(s):
        await asyncio.sleep(1.0)
        await s.tap()
        await s.say(1)
        await s.until(lambda: s.outcomes() == ["1 answered"])
        await s.until(lambda: s.ringing)
        await asyncio.sleep(EVERY_S - 0.5)
        await s.say(2)
        assert not s.ringing
        await s.until_answered()
        assert [line["begun"] for line in s.told("gate.opened")] == ["button", "barge_in"]
        assert s.told("alarm.stopped")


@scenario
async def test_one_that_nobody_hears_is_told_of_as_missed_at_the_next_link() -> None:
    async with running(Timed()) as s:
        await s.set()
        s.network.cut()
        await s.until(lambda: s.ringing)
        await asyncio.sleep(LONGEST_S + 3.0)
        assert not s.ringing
        assert len(s.told("alarm.missed")) == 1
        rung = len(s.rings())
        assert rung == LONGEST_S / EVERY_S
        s.network.restore()
        await s.until_answered()
        (prompt,) = s.prompts()
        assert 'timer "eggs" was due and was missed' in prompt.text
        assert len(s.rings()) == rung


# --- what is told in writing -----------------------------------------------------------------------


async def ask(s: Story, *words: str) -> dict[str, Any]:
    """Ask the device what the control socket can be asked for."""
    return dict(await s.app.reception.requests.answer(words))


@scenario
async def test_what_it_is_to_speak_of_is_spoken_of_and_refused_while_somebody_speaks() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        assert (await ask(s, "say", "The", "tea", "is", "ready."))["turn"] == "thinking"
        with pytest.raises(ValueError, match="try again in a moment"):
            await ask(s, "say", "and", "the", "cake")
        await s.until_answered()
        (prompt,) = [item for _, item in s.sent if isinstance(item, Prompt)]
        assert prompt.text == "The tea is ready."
        assert s.outcomes() == ["1 answered"]
        assert "tea" not in str(s.journal.lines)
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]


@scenario
async def test_it_is_said_after_a_rest_too() -> None:
    async with running(Story(config={"limits": {"idle_hangup_s": 30.0}})) as s:
        await s.until_link(LinkState.RESTING)
        await ask(s, "say", "The tea is ready.")
        await s.until_answered()
        assert s.outcomes() == ["1 answered"]


@pytest.mark.parametrize("heard_s", [None, 0.5])
@scenario
async def test_a_prompt_whose_link_is_lost_is_said_again(heard_s: float | None) -> None:
    """Before anything of its answer has come, or in the beginning of it."""
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await ask(s, "say", "The tea is ready.")
        if heard_s is None:
            await asyncio.sleep(0.1)
        else:
            await s.until_turn(TurnState.SPEAKING)
            await asyncio.sleep(heard_s)
        s.network.reset()
        await s.until(lambda: "answered" in str(s.outcomes()))
        prompts = [item.text for _, item in s.sent if isinstance(item, Prompt)]
        assert prompts == ["The tea is ready."] * 2
        assert s.outcomes() == (["1 answered"] if heard_s is None else ["1 cut", "2 answered"])


@scenario
async def test_whoever_speaks_stops_what_the_device_was_asked_to_say() -> None:
    async with running(Story()) as s:
        await asyncio.sleep(1.0)
        await ask(s, "say", "The tea is ready.")
        await s.until_turn(TurnState.SPEAKING)
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes() == ["1 interrupted", "2 answered"]
