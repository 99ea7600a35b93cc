"""Where an MCP server is, and the way to it: a program of our own, or an address that is shown a credential."""

from __future__ import annotations

import asyncio
import os
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from daemon.keys.credentials import refusal, token_credential
from hardware.blocking import in_thread

if TYPE_CHECKING:
    import httpx2

_LONGEST_SILENCE_S: Final = 300.0
"""Of a stream that a server keeps open."""


@dataclass(frozen=True, slots=True)
class McpServer:
    """One `[[tools.mcp]]` table: either `command` or `url` is given."""

    name: str
    """Lower-case letters, digits and underscores, at most 20; the tools' names begin with it."""
    command: tuple[str, ...] = ()
    """A program and its arguments, spoken to over its standard input and output. It inherits PATH, HOME, USER and the
    like, and none of our secrets."""
    url: str = ""
    """A streamable HTTP endpoint, such as Home Assistant's `http://homeassistant.local:8123/api/mcp`."""
    header: str = "Authorization"
    """What the credential is sent in; in `Authorization` it is preceded by "Bearer"."""
    credential_file: str = ""
    """A file that holds the credential and nothing else; empty for none."""
    allow: tuple[str, ...] = ("*",)
    """The server's own names, or patterns such as `get_*`, of the tools that are offered."""
    timeout_s: float = 10.0
    """For connecting and for each call."""


class Unreachable(Exception):
    """The server cannot be talked to; the text says why, for its owner."""


@dataclass(slots=True)
class Seen:
    """What one connection has shown besides its answers."""

    rubbish: int = 0
    http_status: int = 0
    """Of the last response, if it was a refusal; the package does not pass it on."""
    stale: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when there is reason to look whether the server is still there."""


async def transport(server: McpServer, seen: Seen, stack: AsyncExitStack) -> Any:
    """Return what the package's `Client` is to speak over; what must be closed afterwards is put on `stack`.

    Raises:
        Unreachable: The credential cannot be used.
    """
    from mcp import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client

    if server.command:
        program, *arguments = server.command
        # What it says to its standard error may hold what was said to us.
        silence = stack.enter_context(Path(os.devnull).open("w"))  # noqa: ASYNC230, SIM115  # the stack closes it
        return stdio_client(StdioServerParameters(command=program, args=arguments), errlog=silence)
    http_client = await stack.enter_async_context(await in_thread(lambda: _http_client(server, seen)))
    # Saying goodbye to a server that does not answer would keep the device from stopping; sessions expire.
    return streamable_http_client(server.url, http_client=http_client, terminate_on_close=False)


def _http_client(server: McpServer, seen: Seen) -> httpx2.AsyncClient:
    """Return a client that shows the credential; reads files, so it runs on a thread."""
    import httpx2

    headers = {}
    if file := server.credential_file:
        key = token_credential(file).key
        if key is None:
            why = refusal(Path(file)) or "cannot be read, or holds something else than one credential"
            raise Unreachable(f"{file} {why}")
        prefix = "Bearer " if server.header.lower() == "authorization" else ""
        headers[server.header] = prefix + key.reveal()

    async def note(response: httpx2.Response) -> None:
        seen.http_status = response.status_code if response.status_code >= 400 else 0

    timeout = httpx2.Timeout(server.timeout_s, read=_LONGEST_SILENCE_S)  # a stream may be silent for long
    return httpx2.AsyncClient(headers=headers, timeout=timeout, event_hooks={"response": [note]})
