"""When the camera looks, what is sent of it, who waits for it, and when its light is on: `Sight` alone."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from functools import wraps
from typing import ParamSpec

import pytest

from daemon.journal import Journal, MemorySink
from daemon.sight import LONGEST_WAIT_S, Sight
from hardware.grey_jpeg import grey_jpeg
from hardware.interfaces import Camera, DeviceLost, DeviceMissing, Picture
from hardware.simulated_camera import GREYS, SimulatedCamera
from tests.support.virtual_time import START_S, run

P = ParamSpec("P")

COLD_S = 0.8
"""From a call to the picture of a camera that slept; of one that is awake 0.1 s."""


class Watched(SimulatedCamera):
    """A camera that notes when it was asked, and how often at once."""

    def __init__(self, greys: Sequence[int], wake_s: float) -> None:
        super().__init__(greys, wake_s=wake_s)
        self.asked_s: list[float] = []
        self.under_way = 0
        self.closed = False

    async def capture(self) -> Picture:
        assert self.under_way == 0, "one at a time"
        self.under_way += 1
        self.asked_s.append(asyncio.get_running_loop().time() - START_S)
        try:
            return await super().capture()
        finally:
            self.under_way -= 1

    async def close(self) -> None:
        await super().close()
        self.closed = True


class Scene:
    """A `Sight`, its camera, and what came of it; all times from the beginning."""

    def __init__(self, greys: Sequence[int] = GREYS, *, wake_s: float = 0.7, interval_s: float = 1.0) -> None:
        self.camera = Watched(greys, wake_s)
        self.missing = False
        self.lines = MemorySink()
        self.shown: list[tuple[float, bytes]] = []
        self.lights: list[tuple[float, bool]] = []
        self.ends: list[tuple[float, int]] = []
        self.sight = Sight(
            self._open,
            show=lambda jpeg: self.shown.append((self.now_s, jpeg)),
            on_seeing=lambda seeing: self.lights.append((self.now_s, seeing)),
            interval_s=interval_s,
            journal=Journal(self.lines, clock=lambda: self.now_s),
        )

    async def _open(self) -> Camera:
        if self.missing:
            raise DeviceMissing("camera: there is none")
        return self.camera

    @property
    def now_s(self) -> float:
        return round(asyncio.get_running_loop().time() - START_S, 6)

    @property
    def light(self) -> bool:
        return bool(self.lights) and self.lights[-1][1]

    def end(self, turn_id: int = 1, *, patient: bool = True) -> None:
        self.sight.end(lambda: self.ends.append((self.now_s, turn_id)), patient=patient)

    def greys(self) -> list[tuple[float, int]]:
        known = {grey_jpeg(64, 48, grey): grey for grey in range(256)}
        return [(at_s, known[jpeg]) for at_s, jpeg in self.shown]

    def failures(self) -> list[object]:
        return [line["level"] for line in self.lines.told("camera.failed")]


@contextlib.asynccontextmanager
async def watching(scene: Scene) -> AsyncIterator[Scene]:
    task = asyncio.get_running_loop().create_task(scene.sight.run())
    try:
        yield scene
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not scene.light
        on_off = [on for _, on in scene.lights]
        assert on_off == [number % 2 == 0 for number in range(len(on_off))]


def told(story: Callable[P, Coroutine[None, None, None]]) -> Callable[P, None]:
    """Make a test of a coroutine function: it runs in virtual time."""

    @wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        run(story(*args, **kwargs))

    return test


# --- in a turn -------------------------------------------------------------------------------------------


@told
async def test_it_looks_once_an_interval_from_the_beginning_of_a_turn_to_its_end_and_at_no_other_time() -> None:
    async with watching(Scene(interval_s=1.5)) as scene:
        await asyncio.sleep(2.0)
        assert scene.camera.asked_s == []
        scene.sight.begin()
        await asyncio.sleep(4.0)
        scene.end()
        await asyncio.sleep(10.0)
        assert [at_s for at_s, _ in scene.shown] == pytest.approx([2.8, 3.6, 5.1])
        assert scene.camera.asked_s == pytest.approx([2.0, 3.5, 5.0])
        assert scene.lights == [(2.0, True), (6.0, False)]
        assert scene.ends == [(6.0, 1)]


@told
async def test_a_picture_much_like_the_last_one_sent_is_not_sent_again() -> None:
    async with watching(Scene([100, 101, 100, 130, 131, 131])) as scene:
        scene.sight.begin()
        await asyncio.sleep(5.95)
        scene.end()
        assert [grey for _, grey in scene.greys()] == [100, 130]
        assert scene.camera.taken == 6


@told
async def test_what_changes_slowly_is_compared_with_what_was_sent_not_with_what_was_seen() -> None:
    async with watching(Scene(range(100, 110))) as scene:
        scene.sight.begin()
        await asyncio.sleep(9.95)
        scene.end()
        assert [grey for _, grey in scene.greys()] == [100, 102, 104, 106, 108]


@told
async def test_the_first_picture_of_each_turn_is_sent_though_nothing_has_changed() -> None:
    async with watching(Scene([100])) as scene:
        for _ in range(3):
            scene.sight.begin()
            await asyncio.sleep(3.0)
            scene.end()
        assert [round(at_s, 3) for at_s, _ in scene.greys()] == [0.8, 3.1, 6.1]


@told
async def test_the_light_stays_on_until_the_frame_under_way_has_come_and_that_is_sent_nowhere() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin()
        await asyncio.sleep(0.2)
        scene.end(patient=False)
        assert scene.ends == [(0.2, 1)]
        await asyncio.sleep(5.0)
        assert scene.shown == []
        assert scene.lights == [(0.0, True), (COLD_S, False)]


@told
async def test_of_a_camera_that_wakes_for_one_turn_the_next_has_the_picture_if_it_had_begun_by_then() -> None:
    """A double press in mode hold: the first press is no question, and the second comes before the camera is awake."""
    async with watching(Scene()) as scene:
        scene.sight.begin()
        await asyncio.sleep(0.1)
        scene.end(1)
        await asyncio.sleep(0.2)
        scene.sight.begin(asked=True)
        await asyncio.sleep(0.6)
        assert scene.greys() == [(COLD_S, GREYS[0])]
        assert scene.camera.asked_s == [0.0]
        assert scene.lights == [(0.0, True)]
        scene.end(2)


@told
async def test_a_turn_is_never_shown_what_was_captured_before_it_began() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin()
        await asyncio.sleep(COLD_S + 0.1)
        scene.end(1)
        scene.sight.begin()
        began_s = scene.now_s
        await asyncio.sleep(0.5)
        assert [at_s for at_s, _ in scene.shown] == [COLD_S, 1.1]
        assert scene.camera.asked_s[1] >= began_s
        scene.end(2)


@told
async def test_where_one_look_is_enough_there_is_one_picture_and_another_only_when_asked_again() -> None:
    async with watching(Scene([100])) as scene:
        await asyncio.sleep(1.0)
        scene.sight.begin(asked=True, once=True)
        await asyncio.sleep(4.0)
        assert scene.lights == [(1.0, True), (1.8, False)]
        scene.sight.begin(asked=True, once=True)
        scene.end()
        await asyncio.sleep(3.0)
        assert [at_s for at_s, _ in scene.shown] == [1.8, 5.1]
        assert scene.ends == [(5.1, 1)]


@told
async def test_a_look_in_a_turn_that_is_watched_anyway_does_not_end_the_watching() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin()
        scene.sight.begin(asked=True, once=True)
        await asyncio.sleep(3.5)
        assert len(scene.shown) == 4
        scene.end()


# --- the end of the turn waits ---------------------------------------------------------------------------


@told
async def test_the_end_of_a_turn_with_a_look_waits_for_the_first_picture() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin()
        scene.sight.begin(asked=True)
        await asyncio.sleep(0.3)
        scene.end()
        assert scene.ends == []
        await asyncio.sleep(3.0)
        assert [at_s for at_s, _ in scene.shown] == [COLD_S]
        assert scene.ends == [(COLD_S, 1)]
        assert scene.lights == [(0.0, True), (COLD_S, False)]


@pytest.mark.parametrize(("asked", "patient", "said_s"), [(False, True, 0.3), (True, False, 0.3), (True, True, 2.0)])
@told
async def test_it_does_not_wait_unasked_nor_when_told_not_to_nor_when_a_picture_was_sent(
    asked: bool, patient: bool, said_s: float
) -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin(asked=asked)
        await asyncio.sleep(said_s)
        scene.end(patient=patient)
        assert scene.ends == [(said_s, 1)]


@told
async def test_it_waits_no_longer_than_a_second_and_a_picture_after_that_is_sent_nowhere() -> None:
    async with watching(Scene(wake_s=5.0)) as scene:
        scene.sight.begin(asked=True)
        await asyncio.sleep(0.5)
        scene.end()
        await asyncio.sleep(10.0)
        assert scene.ends == [(0.5 + LONGEST_WAIT_S, 1)]
        assert scene.shown == []
        assert scene.lights == [(0.0, True), (5.1, False)]
        assert scene.failures() == ["warning"]


@told
async def test_it_does_not_wait_for_a_camera_that_fails() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin(asked=True)
        await asyncio.sleep(0.3)
        scene.end()
        scene.camera.lose()
        await asyncio.sleep(3.0)
        assert scene.ends == [(COLD_S, 1)]
        assert scene.shown == []
        assert scene.failures() == ["warning"]


@told
async def test_the_next_turn_does_not_wait_for_the_picture_of_the_last_one() -> None:
    async with watching(Scene(wake_s=1.0)) as scene:
        scene.sight.begin(asked=True)
        await asyncio.sleep(0.3)
        scene.end(1)
        await asyncio.sleep(0.3)
        scene.sight.begin()
        assert scene.ends == [(0.6, 1)]
        await asyncio.sleep(1.0)
        assert [at_s for at_s, _ in scene.shown] == [1.1]
        scene.end(2)
        assert scene.ends == [(0.6, 1), (1.6, 2)]


@told
async def test_what_nobody_wants_an_answer_to_any_more_waits_no_longer() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin(asked=True)
        scene.sight.settle()
        await asyncio.sleep(0.3)
        assert scene.ends == []
        scene.end()
        scene.sight.settle()
        assert scene.ends == [(0.3, 1)]
        await asyncio.sleep(3.0)
        assert scene.shown == []
        assert scene.ends == [(0.3, 1)]


@told
async def test_the_end_of_what_was_never_begun_waits_for_nothing() -> None:
    async with watching(Scene()) as scene:
        scene.end()
        assert scene.ends == [(0.0, 1)]
        scene.sight.end()
        scene.sight.settle()
        assert scene.lights == []


# --- one look --------------------------------------------------------------------------------------------


@told
async def test_a_look_returns_one_fresh_picture_and_the_light_is_on_for_it() -> None:
    async with watching(Scene()) as scene:
        await asyncio.sleep(1.0)
        picture = await scene.sight.look()
        assert picture.captured_s - START_S == pytest.approx(1.0 + COLD_S)
        await asyncio.sleep(5.0)
        await scene.sight.look()
        assert scene.shown == []
        assert scene.camera.taken == 2
        assert scene.lights == [(1.0, True), (1.8, False), (6.8, True), (6.9, False)]


@told
async def test_a_look_within_a_turn_neither_disturbs_it_nor_darkens_the_light() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin()
        await asyncio.sleep(1.5)
        asked_s = scene.now_s
        picture = await scene.sight.look()
        assert picture.captured_s - START_S >= asked_s
        await asyncio.sleep(1.0)
        assert len(scene.shown) == 3
        assert scene.lights == [(0.0, True)]
        scene.end()
        await asyncio.sleep(1.0)
        assert len(scene.lights) == 2


@told
async def test_a_turn_that_ends_within_a_look_leaves_the_light_on_until_the_look_is_over() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin()
        await asyncio.sleep(1.95)
        look = asyncio.ensure_future(scene.sight.look())
        await asyncio.sleep(0.02)
        scene.end()
        await look
        assert scene.lights == [(0.0, True), (2.1, False)]


@told
async def test_a_cancelled_look_turns_the_light_off() -> None:
    async with watching(Scene()) as scene:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(scene.sight.look(), 0.3)
        assert scene.lights == [(0.0, True), (0.3, False)]
        assert (await scene.sight.look()).jpeg


@pytest.mark.parametrize("seed", range(30))
@told
async def test_looks_and_turns_at_any_time_get_fresh_pictures_and_ask_the_camera_once_a_second(seed: int) -> None:
    dice = random.Random(seed)

    async def looks(scene: Scene) -> None:
        for _ in range(5):
            await asyncio.sleep(dice.uniform(0.0, 2.0))
            asked_s = scene.now_s
            picture = await scene.sight.look()
            assert asked_s - 1e-6 <= picture.captured_s - START_S <= scene.now_s + 1e-6

    async with watching(Scene()) as scene:
        lookers = [asyncio.ensure_future(looks(scene)) for _ in range(3)]
        for turn_id in range(1, 8):
            scene.sight.begin(asked=dice.random() < 0.5)
            began_s, before = scene.now_s, len(scene.shown)
            await asyncio.sleep(dice.uniform(0.0, 3.0))
            scene.end(turn_id)
            await asyncio.sleep(dice.uniform(0.0, 1.2))
            assert all(at_s > began_s for at_s, _ in scene.shown[before:])
        scene.sight.settle()
        await asyncio.gather(*lookers)
        assert [turn_id for _, turn_id in scene.ends] == list(range(1, 8))
        gaps_s = [later - sooner for sooner, later in zip(scene.camera.asked_s, scene.camera.asked_s[1:], strict=False)]
        assert min(gaps_s) >= 1.0 - 1e-6
        await asyncio.sleep(2.0)
        assert not scene.light


# --- a camera that fails ---------------------------------------------------------------------------------


@told
async def test_without_a_camera_a_look_says_so_and_every_turn_tries_again() -> None:
    async with watching(Scene()) as scene:
        scene.missing = True
        with pytest.raises(DeviceMissing, match="there is none"):
            await scene.sight.look()
        scene.missing = False
        scene.sight.begin()
        await asyncio.sleep(3.0)
        assert scene.shown
        scene.end()


@told
async def test_a_camera_that_was_unplugged_is_told_of_once_and_looked_for_in_each_turn() -> None:
    async with watching(Scene()) as scene:
        for plugged in (True, False, False, True, False):
            scene.camera.restore() if plugged else scene.camera.lose()
            before = len(scene.shown)
            scene.sight.begin()
            await asyncio.sleep(3.0)
            assert (len(scene.shown) > before) == plugged
            assert scene.light == plugged, "the light is off though the turn goes on"
            scene.end()
            await asyncio.sleep(1.0)
        assert scene.failures() == ["warning", "debug", "warning"]


@told
async def test_a_look_in_a_turn_whose_camera_failed_has_it_try_again() -> None:
    async with watching(Scene()) as scene:
        scene.camera.lose()
        scene.sight.begin()
        await asyncio.sleep(2.0)
        scene.camera.restore()
        scene.sight.begin(asked=True)
        scene.end()
        await asyncio.sleep(2.0)
        assert [at_s for at_s, _ in scene.shown] == [2.0 + COLD_S]
        assert scene.ends == [(2.0 + COLD_S, 1)]


@told
async def test_a_look_at_an_unplugged_camera_raises_what_the_camera_says() -> None:
    async with watching(Scene()) as scene:
        scene.camera.lose()
        with pytest.raises(DeviceLost, match="Look at its cable"):
            await scene.sight.look()
        assert scene.lights[-1] == (0.1, False)


@told
async def test_in_the_end_the_camera_is_put_to_sleep() -> None:
    async with watching(Scene()) as scene:
        scene.sight.begin()
        await asyncio.sleep(3.0)
        assert not scene.camera.closed
        assert repr(scene.sight) == "<Sight onlookers=1 _Watch(since_s=1000.0, once=False, asked=False)>"
    assert scene.camera.closed
