"""Calls that block, on threads of their own."""

from __future__ import annotations

import asyncio
import threading
import time

import pytest

from hardware.blocking import in_thread


def test_it_returns_what_the_call_returns_and_raises_what_it_raises() -> None:
    def fails() -> None:
        raise OSError(5, "no")

    async def story() -> None:
        assert await in_thread(threading.current_thread) is not threading.main_thread()
        with pytest.raises(OSError, match="no"):
            await in_thread(fails)

    asyncio.run(story())


def test_the_loop_goes_on_meanwhile() -> None:
    release = threading.Event()

    async def story() -> bool:
        call = asyncio.ensure_future(in_thread(lambda: release.wait(5.0)))
        await asyncio.sleep(0)
        release.set()
        return await call

    assert asyncio.run(story())


def test_what_nobody_waits_for_any_more_is_undone() -> None:
    release, undone = threading.Event(), threading.Event()

    def call() -> str:
        release.wait(5.0)
        return "opened"

    async def story() -> None:
        opening = asyncio.ensure_future(in_thread(call, undo=lambda _: undone.set()))
        await asyncio.sleep(0)
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
        assert not undone.is_set()
        release.set()
        assert await asyncio.to_thread(undone.wait, 5.0)

    asyncio.run(story())


def test_what_came_after_the_loop_had_closed_is_undone() -> None:
    release, undone = threading.Event(), threading.Event()

    async def story() -> None:
        opening = asyncio.ensure_future(in_thread(lambda: release.wait(5.0), undo=lambda _: undone.set()))
        await asyncio.sleep(0)
        opening.cancel()

    asyncio.run(story())
    release.set()
    assert undone.wait(5.0)


def test_what_comes_in_the_very_moment_of_cancelling_is_undone() -> None:
    undone = threading.Event()

    async def story() -> None:
        opening = asyncio.ensure_future(in_thread(lambda: "opened", undo=lambda _: undone.set()))
        await asyncio.sleep(0)
        time.sleep(0.05)  # noqa: ASYNC251 - the result is delivered while the loop is not looking
        asyncio.get_running_loop().call_soon(opening.cancel)
        with pytest.raises(asyncio.CancelledError):
            await opening

    asyncio.run(story())
    assert undone.wait(5.0)


def test_a_call_that_never_returns_does_not_keep_the_loop_from_ending() -> None:
    never = threading.Event()

    async def story() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.02):
                await in_thread(never.wait)

    begun_s = time.monotonic()
    asyncio.run(story())
    never.set()
    assert time.monotonic() - begun_s < 2.0
