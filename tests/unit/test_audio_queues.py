"""The two queues between the sound card and the daemon: what they keep, what they drop, and that they say so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware.frame_queue import UNREAD_FRAMES, FrameQueue
from hardware.interfaces import DeviceLost, Frame
from hardware.pcm import DOWN, FRAME_S, UP, ramped
from hardware.play_queue import PlayQueue
from tests.support.known_sound import known_sound
from tests.support.virtual_time import run

FRAMES = [known_sound(DOWN, FRAME_S, seed=seed) for seed in range(8)]


# --- captured frames -----------------------------------------------------------------------------------


@given(st.lists(st.one_of(st.just("read"), st.integers(0, 3)), max_size=200))
def test_every_frame_is_read_in_order_or_counted_as_lost(steps: list[str | int]) -> None:
    """A number puts a frame before which the device lost that many."""

    async def story() -> None:
        queue, captured, accounted = FrameQueue(), 0, 0
        waiting = 0

        async def take() -> int:
            frame = await queue.get()
            nonlocal accounted
            accounted += frame.lost_frames + 1
            assert frame.captured_s == accounted  # the clock here counts frames
            return 1

        for step in steps:
            if step == "read":
                waiting -= await take() if waiting else 0
            else:
                captured += int(step) + 1
                queue.put(UP.silence, float(captured), int(step))
                waiting = min(waiting + 1, UNREAD_FRAMES)
        while waiting:
            waiting -= await take()
        assert accounted == captured

    run(story())


def test_what_was_captured_before_the_loss_is_read_before_the_error() -> None:
    async def story() -> None:
        queue = FrameQueue()
        queue.put(UP.silence, 1.0)
        queue.fail("gone")
        queue.fail("closed")
        assert await queue.get() == Frame(UP.silence, 1.0)
        for _ in range(2):
            with pytest.raises(DeviceLost, match="gone"):
                await queue.get()

    run(story())


def test_a_patient_queue_hands_over_five_at_once_and_in_a_hurry_what_there_is() -> None:
    async def story() -> None:
        crossings = list[Callable[[], None]]()
        queue = FrameQueue(crossings.append)

        async def read() -> float:
            return (await asyncio.wait_for(queue.get(), 1.0)).captured_s

        queue.patient = True
        for number in range(5):
            assert not crossings, "the loop is not woken for each of them"
            queue.put(UP.silence, float(number))
        crossings.pop()()
        assert [await read() for _ in range(5)] == [0.0, 1.0, 2.0, 3.0, 4.0]
        queue.put(UP.silence, 7.0)
        with pytest.raises(TimeoutError):
            await read()
        queue.patient = False
        assert await read() == 7.0
        queue.put(UP.silence, 8.0)
        crossings.pop()()
        assert await read() == 8.0
        queue.patient = True
        queue.put(UP.silence, 9.0)
        queue.fail("gone")
        assert await read() == 9.0
        with pytest.raises(DeviceLost, match="gone"):
            await read()

    run(story())


# --- frames to be played -------------------------------------------------------------------------------


def take(queue: PlayQueue, size_bytes: int = DOWN.frame_bytes, sounds_s: float = 0.0) -> bytes:
    piece, sounds = queue.take(size_bytes, sounds_s)
    assert sounds or not any(piece)
    queue.freed()
    return piece


@given(st.lists(st.integers(1, 480), min_size=1, max_size=60))
def test_without_a_flush_every_sample_comes_out_once_in_order(sizes: list[int]) -> None:
    """Whatever pieces of at most a frame the device takes; silence comes only at the end."""

    async def story() -> None:
        queue = PlayQueue(0.0)
        writing = asyncio.gather(*(queue.put(frame) for frame in FRAMES))
        taken = b""
        for size in sizes:
            await asyncio.sleep(0.001)
            taken += take(queue, 2 * size)
        written = b"".join(FRAMES)
        assert taken[: len(written)] == written[: len(taken)]
        assert not any(taken[len(written) :])
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)

    run(story())


def test_there_is_room_for_four_frames() -> None:
    async def story() -> None:
        queue = PlayQueue(0.0)
        for frame in FRAMES[:4]:
            await queue.put(frame)
        fifth = asyncio.ensure_future(queue.put(FRAMES[4]))
        await asyncio.sleep(1.0)
        assert not fifth.done()
        take(queue, DOWN.frame_bytes // 2)
        await asyncio.sleep(0.0)
        assert not fifth.done()
        take(queue, DOWN.frame_bytes // 2)
        await fifth

    run(story())


@given(st.lists(st.one_of(st.none(), st.integers(1, 960)), max_size=80))
def test_all_that_was_taken_was_written_or_is_counted_as_silence(steps: list[int | None]) -> None:
    """A number takes so many samples; None puts a frame, if there is room."""

    async def story() -> None:
        queue, written, taken, left = PlayQueue(0.0), 0, 0, 0
        for step in steps:
            if step is not None:
                take(queue, 2 * step)
                taken, left = taken + step, max(0, left - step)
            elif left <= 3 * DOWN.frame_samples:
                await queue.put(DOWN.silence)
                written, left = written + DOWN.frame_samples, left + DOWN.frame_samples
        assert taken - queue.played.silent_s * DOWN.rate_hz == pytest.approx(written - left)

    run(story())


def test_a_frame_is_said_to_sound_after_all_that_is_before_it() -> None:
    async def story() -> list[float]:
        queue = PlayQueue(10.0)
        starts_s = [await queue.put(FRAMES[0])]
        queue.take(DOWN.frame_bytes // 2, 10.0)
        starts_s.append(await queue.put(FRAMES[1]))
        queue.take(DOWN.frame_bytes, 10.02)  # the card is 10 ms late
        starts_s.append(await queue.put(FRAMES[2]))
        return starts_s

    assert run(story()) == pytest.approx([10.0, 10.02, 10.05])


def test_a_flush_leaves_five_fading_milliseconds_and_drops_who_waits() -> None:
    async def story() -> list[bytes]:
        queue = PlayQueue(0.0)
        waiting = [asyncio.ensure_future(queue.put(frame)) for frame in FRAMES[:6]]
        await asyncio.sleep(0.0)
        queue.flush()
        await asyncio.gather(*waiting)
        await queue.put(FRAMES[6])
        return [take(queue) for _ in range(3)]

    fade = ramped(FRAMES[0][:240], 1.0, 0.0)
    assert run(story()) == [fade + bytes(720), FRAMES[6], DOWN.silence]


def test_a_flush_in_the_middle_of_a_frame_fades_its_rest() -> None:
    async def story() -> list[bytes]:
        queue = PlayQueue(0.0)
        await queue.put(FRAMES[0])
        await queue.put(FRAMES[1])
        before = take(queue, 480)
        queue.flush()
        return [before, take(queue, 480), take(queue, 480)]

    assert run(story()) == [FRAMES[0][:480], ramped(FRAMES[0][480:720], 1.0, 0.0) + bytes(240), bytes(480)]


def test_a_flush_of_nothing_leaves_nothing() -> None:
    async def story() -> bytes:
        queue = PlayQueue(0.0)
        queue.flush()
        return take(queue)

    assert run(story()) == DOWN.silence


def test_a_lost_device_refuses_who_waits_and_who_comes() -> None:
    async def story() -> None:
        queue = PlayQueue(0.0)
        waiting = [asyncio.ensure_future(queue.put(frame)) for frame in FRAMES[:5]]
        await asyncio.sleep(0.0)
        queue.fail("gone")
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        assert [isinstance(outcome, DeviceLost) for outcome in outcomes] == [*4 * [False], True]
        with pytest.raises(DeviceLost, match="gone"):
            await queue.put(FRAMES[0])

    run(story())
