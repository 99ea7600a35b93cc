"""A release of the button waits until what was said before it has been read."""

from __future__ import annotations

import asyncio

from daemon.events import Event, Pressed, Released
from daemon.last_words import LATEST_S, LastWords
from hardware.pcm import FRAME_S
from tests.support.virtual_time import START_S, run

RELEASED = Released(START_S, 1.0)


class World:
    def __init__(self) -> None:
        self.dispatched: list[Event] = []
        self.words = LastWords(self.dispatched.append)


def test_a_release_is_passed_on_at_once_when_every_whole_frame_was_read() -> None:
    async def story() -> None:
        world = World()
        world.words.heard(START_S - FRAME_S)  # the next one ends with the release, give or take a rounding error
        world.words.pushed(RELEASED)
        assert world.dispatched == [RELEASED]

    run(story())


def test_a_release_waits_for_the_frames_that_are_late_and_no_longer() -> None:
    async def story() -> None:
        world = World()
        world.words.heard(START_S - 5 * FRAME_S)
        world.words.pushed(RELEASED)
        for frames in (4, 3, 2):
            world.words.heard(START_S - frames * FRAME_S)
            assert world.dispatched == []
        world.words.heard(START_S - 0.5 * FRAME_S)
        assert world.dispatched == [RELEASED]
        await asyncio.sleep(2 * LATEST_S)
        assert world.dispatched == [RELEASED]

    run(story())


def test_frames_that_never_come_are_not_waited_for() -> None:
    async def story() -> None:
        world = World()
        world.words.pushed(RELEASED)
        await asyncio.sleep(LATEST_S - 0.01)
        assert world.dispatched == []
        await asyncio.sleep(0.02)
        assert world.dispatched == [RELEASED]

    run(story())


def test_a_press_does_not_overtake_the_release_before_it() -> None:
    async def story() -> None:
        world = World()
        pressed = Pressed(START_S + 0.05)
        world.words.pushed(RELEASED)
        world.words.pushed(pressed)
        await asyncio.sleep(2 * LATEST_S)
        assert world.dispatched == [RELEASED, pressed]

    run(story())
