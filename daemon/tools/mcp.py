"""Tools of MCP servers, through the official `mcp` package, which takes half a second and 28 MiB, and only if needed.

    run ─► connect ─► list tools ─► up: calls, and a look every CHECK_S ─► lost ─► pause 1 s … 5 min ─┐
             ▲  within timeout_s, else: failed ──────────────────────────────────────► pause ────────┤
             └────────────────────────────────────────────────────────────────────────────────────────┘

A server that is slow, dead, or talks rubbish costs its own tools, and nothing else. Its tools stay declared while it
is away, for a session cannot change its own (live-api.md 0.10); calling one of them then is an error to be retried.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, NoReturn

from daemon.journal import Journal, Level
from hardware.blocking import in_thread

from .mcp_tools import Offer, offered, told
from .mcp_transport import McpServer, Seen, Unreachable, transport
from .tool import Tool, ToolError

if TYPE_CHECKING:
    from mcp import Client

CHECK_S: Final = 30.0
"""Between two looks at whether a server is still there and what it offers."""
LONGEST_PAUSE_S: Final = 300.0
STEADY_S: Final = 60.0
"""Up for so long, a server begins anew with short pauses."""
MOST_RUBBISH: Final = 10
"""So many messages that are none are borne in one connection."""
MOST_PAGES: Final = 20
_SHOWN: Final = 200


class Mcp:
    """All configured servers.

    Args:
        servers: Their names are different.
        journal: Is told `mcp.up`, `mcp.failed`, `mcp.lost`, `tool.reduced` and `tool.refused`.
        on_tools: Is handed the name of a server and all its tools whenever they have changed. Must not raise.
    """

    def __init__(
        self, servers: Sequence[McpServer], journal: Journal, *, on_tools: Callable[[str, tuple[Tool, ...]], None]
    ) -> None:
        self._connections = tuple(McpConnection(server, journal, on_tools=on_tools) for server in servers)

    async def run(self) -> None:
        """Keep every server connected until cancelled; returns at once if there is none.

        When cancelled it waits for their programs to end: they are told to, and killed after four seconds.
        """
        async with asyncio.TaskGroup() as group:
            for one in self._connections:
                group.create_task(one.run(), name=f"mcp {one.server.name}")


class McpConnection:
    """Keeps one server connected. Arguments as for `Mcp`."""

    def __init__(
        self, server: McpServer, journal: Journal, *, on_tools: Callable[[str, tuple[Tool, ...]], None]
    ) -> None:
        self.server: Final = server
        self._journal = journal
        self._on_tools = on_tools
        self._client: Client | None = None
        self._seen = Seen()
        self._offers: tuple[Offer, ...] = ()
        self._failures = 0
        self._up_s: float | None = None
        """When it came up; None while it is not."""

    def __repr__(self) -> str:
        return f"<McpConnection {self.server.name} {'up' if self._client is not None else 'down'}>"

    async def run(self) -> None:
        """Connect, again after each failure, until cancelled. Ends by itself only if the package is not installed."""
        try:
            await in_thread(_import)
        except ImportError:
            remedy = "pip install 'vocative[mcp]' in vocative's environment"
            self._journal.error("mcp.failed", server=self.server.name, reason="mcp is not installed", remedy=remedy)
            return
        task = asyncio.current_task()
        assert task is not None
        while True:
            try:
                await self._connected()
            except Exception as error:  # noqa: BLE001, RUF100  # the SDK seam: groups of whatever its tasks raised
                if task.cancelling():  # an inner group may have lost it (cpython#116720)
                    raise asyncio.CancelledError from error
                await asyncio.sleep(self._failed(error))

    # --- one connection ---

    async def _connected(self) -> NoReturn:
        """Connect and stay so until something fails. anyio's scopes are entered and left here, in one task."""
        import anyio
        from mcp import Client

        loop = asyncio.get_running_loop()
        self._seen, self._up_s = Seen(), None
        begun_s = loop.time()
        try:
            with anyio.fail_after(self.server.timeout_s) as limit:
                async with AsyncExitStack() as stack:
                    streams = await transport(self.server, self._seen, stack)
                    client = await stack.enter_async_context(
                        Client(streams, message_handler=self._heard, cache=None, client_info=_ourselves())
                    )
                    await self._offer(client)
                    limit.deadline = float("inf")
                    self._client, self._up_s = client, loop.time()
                    self._journal.tell(
                        "mcp.up",
                        server=self.server.name,
                        connect_ms=round((self._up_s - begun_s) * 1000.0, 1),
                        tools=len(self._offers),
                    )
                    await self._watch(client)
        finally:
            self._client = None

    async def _watch(self, client: Client) -> NoReturn:
        """Look at the server now and then, and when a call gives reason to."""
        import anyio

        while True:
            try:
                async with asyncio.timeout(CHECK_S):
                    await self._seen.stale.wait()
            except TimeoutError:
                pass
            self._seen.stale.clear()
            if self._seen.rubbish > MOST_RUBBISH:
                raise Unreachable(f"it sent {self._seen.rubbish} messages that are none")
            with anyio.fail_after(self.server.timeout_s):
                await self._offer(client)

    async def _heard(self, message: object) -> None:
        """Count what was no message; the SDK hands it over as an exception."""
        if isinstance(message, Exception):
            self._seen.rubbish += 1
            if self._seen.rubbish > MOST_RUBBISH:
                self._seen.stale.set()

    # --- what it offers ---

    async def _offer(self, client: Client) -> None:
        """List the server's tools and hand them on if they have changed."""
        found: list[Offer] = []
        cursor: str | None = None
        for _ in range(MOST_PAGES):
            page = await client.list_tools(cursor=cursor)
            allowed = [one for one in page.tools if any(fnmatchcase(one.name, entry) for entry in self.server.allow)]
            found += [offered(self.server.name, one.name, one.description or "", one.input_schema) for one in allowed]
            if (cursor := page.next_cursor) is None:
                break
        offers = tuple(sorted(found, key=lambda one: one.original))
        if offers == self._offers:
            return
        for one in offers:
            if one not in self._offers:
                self._tell_of(one)
        self._offers = offers
        self._on_tools(self.server.name, tuple(self._tool(one) for one in offers if one.declaration is not None))

    def _tell_of(self, one: Offer) -> None:
        place = f"the MCP server {self.server.name}"
        if one.declaration is None:
            self._journal.warn("tool.refused", place=place, reason=f"{one.original[:64]}: {one.refused}")
        elif one.dropped:
            self._journal.debug("tool.reduced", name=one.declaration.name, dropped=", ".join(one.dropped)[:_SHOWN])

    def _tool(self, one: Offer) -> Tool:
        async def call(**arguments: object) -> dict[str, object]:
            return await self._call(one.original, arguments)

        return one.tool(call, place=f"the MCP server {self.server.name}", timeout_s=self.server.timeout_s)

    # --- calls, on the caller's task ---

    async def _call(self, name: str, arguments: Mapping[str, object]) -> dict[str, object]:
        """Have the server do it.

        Raises:
            ToolError: It could not.
        """
        client, seen = self._client, self._seen
        if client is None:
            raise ToolError(f"{self.server.name} cannot be reached at the moment.", retryable=True)
        from mcp import MCPError
        from mcp.types import CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_REQUEST, REQUEST_TIMEOUT

        try:
            result = await client.call_tool(name, dict(arguments))
        except asyncio.CancelledError:  # too slow perhaps: is it still there?
            seen.stale.set()
            raise
        except MCPError as error:
            if error.code not in (CONNECTION_CLOSED, INTERNAL_ERROR, INVALID_REQUEST, REQUEST_TIMEOUT):
                raise ToolError(error.message[:_SHOWN]) from error
            seen.stale.set()
            raise ToolError(f"{self.server.name} did not answer properly.", retryable=True) from error
        except Exception as error:  # noqa: BLE001, RUF100  # the SDK seam: pydantic's, anyio's and RuntimeErrors
            seen.stale.set()
            raise ToolError(f"{self.server.name} did not answer properly.", retryable=True) from error
        return told(result)

    # --- failures ---

    def _failed(self, error: Exception) -> float:
        """Tell why it has no connection and return for how long to pause."""
        if self._up_s is not None and asyncio.get_running_loop().time() - self._up_s >= STEADY_S:
            self._failures = 0
        again_s = min(2.0**self._failures, LONGEST_PAUSE_S)
        self._failures = min(self._failures + 1, 10)
        self._journal.tell(
            "mcp.lost" if self._up_s is not None else "mcp.failed",
            level=Level.WARNING if self._failures == 1 else Level.DEBUG,
            server=self.server.name,
            reason=self._reason(error),
            again_s=again_s,
        )
        return again_s

    def _reason(self, error: Exception) -> str:
        from mcp import MCPError

        cause: BaseException = error
        while isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[0]
        if self._seen.http_status in (401, 403):
            return f"HTTP {self._seen.http_status}: it does not accept the credential"
        if isinstance(cause, Unreachable):
            return str(cause)
        if isinstance(cause, TimeoutError):
            return f"no answer within {self.server.timeout_s:g} s"
        if isinstance(cause, FileNotFoundError) and self.server.command:
            return f"there is no program {self.server.command[0]}"
        status = f"HTTP {self._seen.http_status}, " if self._seen.http_status and isinstance(cause, MCPError) else ""
        return f"{status}{type(cause).__name__}: {cause}"[:_SHOWN].strip()


def _import() -> None:
    """Import the package: half a second, on a Pi several."""
    import mcp.client.streamable_http  # noqa: F401  # used where it is needed, once it is here


def _ourselves() -> Any:
    from mcp import Implementation

    return Implementation(name="vocative", version="0.1.0")
