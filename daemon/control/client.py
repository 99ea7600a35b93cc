"""The control socket, from the side of those who ask: `vocative status`, `button`, `mute` and the others.

One request a connection: a line of at most 1 KiB of UTF-8, such as `status` or `button press`, answered by one line of
JSON, `{"ok": true, ...}` or `{"ok": false, "error": "..."}`. `watch` is answered with the status in the same form, and
then with a line for each piece of news, until one side goes.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from hardware.blocking import in_thread

Reply: TypeAlias = dict[str, object]

LINE_BYTES: Final = 1024
PATIENCE_S: Final = 2.0
"""For a client to ask, and then to take what it is answered; and for the device to begin with that."""
ANSWER_S: Final = 20.0
"""For a request that takes a moment."""


async def ask(path: Path, *words: str, patience_s: float = PATIENCE_S) -> Reply:
    """Send one request and return the answer.

    Raises:
        OSError: Nobody serves there, or this user may not, or (`ConnectionError`) it went away before it answered.
        TimeoutError: No answer within `patience_s`.
        ValueError: The request was refused; the text says why.
    """
    async with asyncio.timeout(patience_s):
        reader, writer = await _asked(path, words)
        try:
            return _answer_in(await reader.readline())
        finally:
            writer.close()


async def watch(path: Path, see: Callable[[Reply], None]) -> None:
    """Have `see` told the status now and whatever is news afterwards; returns when the device ends that.

    Raises:
        OSError: Nobody serves there, or this user may not, or (`ConnectionError`) it went away before it answered.
        TimeoutError: No answer.
        ValueError: The request was refused; the text says why.
    """
    async with asyncio.timeout(PATIENCE_S):
        reader, writer = await _asked(path, ("watch",))
    try:
        async with asyncio.timeout(PATIENCE_S):
            see(_answer_in(await reader.readline()))
        while line := await reader.readline():
            see(json.loads(line))
    finally:
        writer.close()


async def _asked(path: Path, words: tuple[str, ...]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    line = " ".join(words).encode()
    if len(line) > LINE_BYTES or b"\n" in line:
        raise ValueError(f"a request is one line of at most {LINE_BYTES} bytes")
    client = await in_thread(lambda: _said(path, line + b"\n"), undo=lambda late: late.close())
    client.setblocking(False)
    return await asyncio.open_unix_connection(sock=client)


def _said(path: Path, line: bytes) -> socket.socket:
    """Connect, wait in line if need be, and say `line` at once: whoever is silent for a while is dropped.

    asyncio does not wait: it takes a full line for a connection being made.
    """
    client = socket.socket(socket.AF_UNIX)
    try:
        # Not `settimeout`: with that, Python does not let the kernel wait, either (unix(7), EAGAIN).
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("@ll", round(PATIENCE_S), 0))
        client.connect(str(path))
        client.sendall(line)
    except BlockingIOError:
        client.close()
        raise TimeoutError from None
    except BaseException:
        client.close()
        raise
    return client


def _answer_in(line: bytes) -> Reply:
    if not line:
        raise ConnectionAbortedError("no answer")
    reply: Reply = json.loads(line)
    if not reply.pop("ok", False):
        raise ValueError(str(reply.get("error")))
    return reply
