"""Everything that the model can have done, put together as the configuration has it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

from .config import Config
from .journal import Journal
from .live.models import capabilities
from .live.uplink import Uplink
from .live.upward import ToolAnswer
from .tools.alarm_clock import AlarmClock
from .tools.alarm_tools import AlarmTools
from .tools.call import Answer, Call
from .tools.calls import BLOCKING_S, Calls
from .tools.declaration import Behavior
from .tools.device_tools import Device, DeviceTools
from .tools.folder import load, report
from .tools.machine import machine
from .tools.mcp import Mcp
from .tools.mcp_transport import McpServer
from .tools.mistake import ToolMistake
from .tools.registry import Registry
from .tools.tool import Tool

_MCP_PATIENCE_S: Final = 5.0
"""How long the first connection waits for MCP servers: a session cannot be given tools later (live-api.md 0.10)."""


class Toolbox:
    """The tools of one device, and their calls.

    Args:
        config: Which there are.
        device: What the device's own tools work on.
        clock: The alarm clock that some of them set.
        uplink: Takes every answer that is for the session of the moment; holds speech back while the model waits.
        journal: Where calls, mistakes and servers are told of.
        session_id: Returns what the journal calls the session of the moment.
        sees: Whether there is a camera that may look.
    """

    def __init__(
        self,
        config: Config,
        device: Device,
        clock: AlarmClock,
        uplink: Uplink,
        journal: Journal,
        *,
        session_id: Callable[[], str],
        sees: bool,
    ) -> None:
        rules = capabilities(config.live.model).tools
        self._config = config.tools
        self._device: Final = device
        self._clock: Final = clock
        self._journal: Final = journal
        self._uplink: Final = uplink
        self._registry: Final = Registry(allow=config.tools.allow, deny=config.tools.deny)
        self._calls: Final = Calls(
            self._registry,
            journal,
            on_answer=self._answered,
            default_behavior=Behavior(rules.default.value),
            tell_content=config.tools.tell_content,
        )
        self._servers: Final = _servers(config)
        self._missing: Final = {server.name for server in self._servers}
        """The servers that have not said what they offer."""
        self._complete: Final = asyncio.Event()
        self._session_id: Final = session_id
        self._allowed: Final = frozenset(Behavior(one.value) for one in rules.allowed)
        """What a declaration may state."""
        self._offer_own(sees=sees)
        uplink.holds_speech = lambda: self._calls.blocking_pending

    def __repr__(self) -> str:
        return f"<Toolbox {self._registry!r} {self._calls!r}>"

    @property
    def declarations(self) -> list[Mapping[str, object]]:
        """What a session is to be told of the tools, in the service's own words."""
        return [declaration.as_dict() for declaration in self._registry.declarations()]

    async def run(self) -> None:
        """Carry out calls and keep servers connected, until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._calls.run(), name="calls")
            group.create_task(self._gather(), name="gather tools")

    async def complete(self) -> None:
        """Wait until every tool is known that can be known now: the owner's files read, the servers asked."""
        await self._complete.wait()

    def offer(self, source: str, tools: Sequence[Tool]) -> None:
        """Offer these in place of all that came from `source` before, from the next session on.

        Not one that the model would refuse the whole session for (live-api.md 1.8).
        """
        fit = [one for one in tools if one.declaration.behavior in {None, *self._allowed}]
        unfit = [
            ToolMistake(one.place, f"{one.name} states a behaviour that the model does not take; state none")
            for one in tools
            if one not in fit
        ]
        report((*unfit, *self._registry.replace(source, fit)), self._journal)

    def go_by(self, config: Config, *, sees: bool) -> None:
        """Offer what another configuration has, of what is known; the session of the moment keeps what it was told."""
        self._config = config.tools
        self._registry.go_by(allow=config.tools.allow, deny=config.tools.deny)
        self._calls.tell_content = config.tools.tell_content
        self._offer_own(sees=sees)
        self._say_what_fits_nothing()

    def link_ended(self, *, asked_again: bool) -> None:
        """There is no link: answers to earlier calls are for nobody. May be called again while there is none.

        Args:
            asked_again: Whether what was asked over the last one will be asked again.
        """
        self._calls.session_ended(asked_again=asked_again)

    def link_began(self) -> None:
        """There is a link."""
        self._calls.session_began()

    def called(self, calls: Sequence[Call]) -> None:
        """Begin what the model wants done."""
        self._calls.begin(self._session_id(), calls)
        if self._calls.blocking_pending:
            asyncio.get_running_loop().call_later(BLOCKING_S + 0.1, self._uplink.ring)

    def cancelled(self, ids: Sequence[str]) -> None:
        """Stop what the model no longer wants done."""
        self._calls.cancel(ids)

    def _answered(self, answer: Answer) -> None:
        self._uplink.put_aside(ToolAnswer(answer.id, answer.name, answer.response, answer.scheduling.value))

    def _offer_own(self, *, sees: bool) -> None:
        own = DeviceTools(self._device, machine, lambda: datetime.now().astimezone())
        wanted = self._config
        tools: list[Tool] = [
            *(own.volume() if wanted.volume else ()),
            *(AlarmTools(self._clock).tools() if wanted.timers else ()),
            *(own.look() if wanted.look and sees else ()),
            *(own.device() if wanted.device else ()),
        ]
        mistakes = self._registry.replace("device", tools)
        assert not mistakes, mistakes

    async def _gather(self) -> None:
        """Read the owner's files, then connect to the servers; for ever."""
        if self._config.folder:
            loaded = await load(Path(self._config.folder))
            report(loaded.mistakes, self._journal)
            self.offer("folder", loaded.tools)
        if not self._servers:
            self._ready()
            return
        patience = asyncio.get_running_loop().call_later(_MCP_PATIENCE_S, self._ready)
        try:
            await Mcp(self._servers, self._journal, on_tools=self._server_offers).run()
        finally:
            patience.cancel()

    def _server_offers(self, server: str, tools: tuple[Tool, ...]) -> None:
        self.offer(f"mcp {server}", tools)
        self._missing.discard(server)
        if not self._missing:
            self._ready()

    def _ready(self) -> None:
        if not self._complete.is_set():
            self._complete.set()
            self._say_what_fits_nothing()

    def _say_what_fits_nothing(self) -> None:
        for pattern in self._registry.idle_patterns():
            self._journal.warn("tool.refused", place="tools.allow, tools.deny", reason=f"{pattern} fits no tool")


def _servers(config: Config) -> tuple[McpServer, ...]:
    return tuple(McpServer(**one.model_dump()) for one in config.tools.mcp)
