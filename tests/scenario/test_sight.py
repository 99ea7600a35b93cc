"""The camera looks while the user speaks, and at no other time; what it sees reaches the turn that it belongs to."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from daemon.live.upward import Image, Speech, TurnEnd, TurnStart, Upward
from daemon.status import LinkState, TurnState
from hardware.grey_jpeg import grey_jpeg
from tests.scenario.story import Story, running, scenario

CAMERA = {"camera": {"driver": "simulated", "mode": "with_turn"}}


@dataclass
class Sent:
    """What went up for one turn, over one link."""

    turn_id: int
    began_s: float
    items: list[tuple[float, Upward]]
    ended_s: float | None = None

    @property
    def images(self) -> list[tuple[float, Image]]:
        return [(at_s, item) for at_s, item in self.items if isinstance(item, Image)]


def turns(s: Story) -> list[Sent]:
    """Return what went up, turn by turn; nothing may go up outside of one."""
    found: list[Sent] = []
    for at_s, item in s.sent:
        match item:
            case TurnStart(turn_id):
                found.append(Sent(turn_id, at_s, []))
            case TurnEnd(turn_id):
                assert found[-1].turn_id == turn_id
                found[-1].ended_s = at_s
            case _:
                assert found
                assert found[-1].ended_s is None, "outside of every turn"
                found[-1].items.append((at_s, item))
    return found


def lights(s: Story) -> list[tuple[float, bool]]:
    """Return when the camera's light went on and off."""
    changes: list[tuple[float, bool]] = []
    for line in s.told("status.changed"):
        if line["seeing"] != (changes[-1][1] if changes else False):
            changes.append((line["at_s"], line["seeing"]))
    return changes


def seeing(s: Story) -> bool:
    return s.app.conversation.status.seeing


@scenario
async def test_fresh_pictures_lie_within_the_turn_and_the_words_do_not_wait_for_them() -> None:
    async with running(Story(config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        for number in (1, 2):
            await s.ask(number)
            await s.until_answered()
            await asyncio.sleep(1.0)
        for turn in turns(s):
            assert turn.ended_s is not None
            assert turn.images
            assert isinstance(turn.items[0][1], Speech), "the camera was cold, the words were not"
            assert all(turn.began_s + 0.1 <= at_s <= turn.ended_s for at_s, _ in turn.images)
        cold, warm = (turn.images[0][0] - turn.began_s for turn in turns(s))
        assert cold == pytest.approx(0.8, abs=0.05)
        assert warm == pytest.approx(0.1, abs=0.05)


@scenario
async def test_the_light_is_on_exactly_while_pictures_are_taken() -> None:
    async with running(Story(config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        pressed_s = s.now()
        _, released_s = await s.ask(1)
        await s.until_answered()
        await asyncio.sleep(5.0)
        assert not seeing(s)
        (on_s, on), (off_s, off) = lights(s)
        assert (on, off) == (True, False)
        assert pressed_s <= on_s <= pressed_s + 0.1, "the button is read a moment after the press"
        assert released_s <= off_s <= released_s + 0.15, "a frame may be under way"
        assert s.board.eye.taken >= 3


@scenario
async def test_pictures_that_show_the_same_are_sent_once_a_turn() -> None:
    async with running(Story(config=CAMERA)) as s:
        s.board.eye.greys = [90, 91]
        await asyncio.sleep(1.0)
        for number in (1, 2):
            await s.ask(number)
            await s.until_answered()
        assert s.board.eye.taken >= 6
        assert [len(turn.images) for turn in turns(s)] == [1, 1]


@scenario
async def test_a_camera_unplugged_in_mid_turn_is_told_of_and_disturbs_nothing() -> None:
    async with running(Story(config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        s.press()
        await s.say(1, seconds=1.5)
        assert seeing(s)
        s.board.eye.lose()
        await s.say(2)
        assert not seeing(s)
        s.release()
        await s.until_answered()
        s.board.eye.restore()
        await s.ask(1)
        await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert [bool(turn.images) for turn in turns(s)] == [True, True]
        assert [line["level"] for line in s.told("camera.failed")] == ["warning"]


@scenario
async def test_a_camera_that_is_not_there_leaves_every_question_answered() -> None:
    async with running(Story(config=CAMERA)) as s:
        s.board.missing.add("camera")
        await asyncio.sleep(1.0)
        for number in (1, 2):
            await s.ask(number)
            await s.until_answered()
        assert s.outcomes() == ["1 answered", "2 answered"]
        assert [line["level"] for line in s.told("camera.failed")] == ["warning", "debug"]
        assert not any(turn.images for turn in turns(s))


@scenario
async def test_muted_in_mid_turn_it_sees_nothing_more() -> None:
    async with running(Story(config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        s.press()
        await s.say(1, seconds=1.85)
        s.mute()
        muted_s = s.now()
        await asyncio.sleep(5.0)
        s.release()
        await asyncio.sleep(5.0)
        assert not seeing(s)
        assert all(at_s <= muted_s for at_s, item in s.sent if isinstance(item, Image))


@scenario
async def test_after_an_outage_the_newest_picture_goes_with_the_words_that_it_belongs_to() -> None:
    async with running(Story(config=CAMERA)) as s:
        s.board.eye.greys = [10, 60, 110, 160]
        await asyncio.sleep(1.0)
        s.network.cut()
        await s.ask(1)
        await asyncio.sleep(5.0)
        s.network.restore()
        await s.until_link(LinkState.UP)
        await s.until_answered()
        again = turns(s)[-1]
        [(_, image)] = again.images
        later = s.board.eye.greys[1 : s.board.eye.taken]  # the last one may have come after the last word
        assert image.jpeg in {grey_jpeg(64, 48, grey) for grey in later}
        assert s.outcomes() == ["1 answered"]


@scenario
async def test_a_look_outside_of_a_turn_sends_nothing_by_itself_and_a_turn_may_begin_meanwhile() -> None:
    async with running(Story(config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        look: asyncio.Task[Any] = asyncio.ensure_future(s.app.body.sight.look())
        await asyncio.sleep(0.1)
        assert seeing(s)
        assert s.turn is TurnState.IDLE
        await s.ask(1)
        picture = await look
        await s.until_answered()
        await asyncio.sleep(1.0)
        assert not seeing(s)
        assert len(lights(s)) == 2
        (turn,) = turns(s)
        assert turn.images
        assert picture.captured_s >= turn.began_s - 0.5
        assert s.outcomes() == ["1 answered"]
        sent = len(s.sent)
        await s.app.body.sight.look()
        assert len(s.sent) == sent


@scenario
async def test_the_end_of_a_short_question_with_a_look_waits_for_a_cold_camera() -> None:
    async with running(Story("hold", config=CAMERA)) as s:
        await asyncio.sleep(1.0)
        await s.tap()
        await asyncio.sleep(0.1)
        s.press()
        await s.say(1, seconds=0.4)
        released_s = s.now()
        s.release()
        await s.until_answered()
        asked = turns(s)[-1]
        assert len(asked.images) == 1
        assert asked.ended_s == asked.images[0][0]
        assert asked.ended_s > released_s + 0.1
        assert s.outcomes()[-1].endswith("answered")


@scenario
async def test_the_end_does_not_wait_for_a_camera_that_does_not_wake() -> None:
    async with running(Story("hold", config=CAMERA)) as s:
        s.board.eye.lose()
        await asyncio.sleep(1.0)
        await s.tap()
        await asyncio.sleep(0.1)
        _, released_s = await s.ask(1, seconds=0.5)
        await s.until_answered()
        asked = turns(s)[-1]
        assert asked.ended_s is not None
        assert asked.ended_s - released_s < 1.1
        assert not asked.images
        assert s.outcomes()[-1] == "2 answered"
