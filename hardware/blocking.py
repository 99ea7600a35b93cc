"""Calls that may block for seconds, or for ever, kept off the event loop.

`asyncio.to_thread` does not do for a sound card: its threads are joined when the loop and the interpreter end, so
one call that ALSA never returns from would keep the process from exiting; and what such a call opened after its
caller was cancelled would stay open.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], *, undo: Callable[[T], object] = lambda _: None) -> T:
    """Run `call` on a daemon thread of its own and wait for what it returns or raises.

    Cancelling returns at once and leaves the call running; when it has come to its end, `undo` is called with its
    result, on a thread, so that nothing stays open that nobody knows of.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()

    def settle_late(result: T) -> None:
        threading.Thread(target=undo, args=(result,), daemon=True).start()

    def settle(result: T) -> None:
        if done.cancelled():
            settle_late(result)
        else:
            done.set_result(result)

    def refuse(error: Exception) -> None:
        if not done.cancelled():
            done.set_exception(error)

    def work() -> None:
        try:
            result = call()
        except Exception as error:  # not handled here: carried to whoever waits
            with suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits
                loop.call_soon_threadsafe(refuse, error)
            return
        try:
            loop.call_soon_threadsafe(settle, result)
        except RuntimeError:  # the loop was closed meanwhile
            undo(result)

    threading.Thread(target=work, name=f"vocative {call!r:.60}", daemon=True).start()
    try:
        return await done
    except asyncio.CancelledError:
        if done.done() and not done.cancelled() and done.exception() is None:  # cancelled just as it came
            settle_late(done.result())
        raise
