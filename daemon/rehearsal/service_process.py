"""The stand-in service in a process of its own, for as long as somebody needs it."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from pathlib import Path

START_S = 20.0
"""The longest that it may take to start on a small machine."""


@contextlib.asynccontextmanager
async def service_process(ca_file: Path, *options: str) -> AsyncIterator[int]:
    """Run `vocative stand-in` with `options`; yield its port, once it listens. `ca_file` is then who vouches for it.

    Raises:
        ConnectionError: It has ended at once; it has said why on standard error.
        TimeoutError: It does not get ready.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "daemon", "stand-in", "--port", "0", "--ca-file", str(ca_file), "--with-parent", *options),
        stdin=asyncio.subprocess.PIPE,  # ends with us, whatever ends us
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield await _port(process)
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stdout is not None
    async with asyncio.timeout(START_S):
        async for line in process.stdout:
            key, _, value = line.decode().partition("=")
            if key.strip() == "base_url":
                return int(value.strip().strip('"').rpartition(":")[2])
    raise ConnectionError("the stand-in service ended before it said where it is")
