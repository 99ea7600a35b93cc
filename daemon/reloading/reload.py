"""Reads the configuration again while the daemon runs: `systemctl reload`, SIGHUP, `vocative reload`.

A file that is refused changes nothing. One that is accepted acts as soon as nobody's turn is under way: at once if
nobody speaks, so that no sentence and no answer is cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, NoReturn

from ..config import Config, Refusals
from ..config.changes import Changes, changes
from ..errors import ConfigurationError
from ..journal import Journal
from ..live.models import warnings
from ..notify import ServiceManager


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of reading the configuration again."""

    applied: tuple[str, ...] = ()
    """The changed keys, each as "section.key", that act from now on, or as soon as the turn of the moment is over."""
    needs_restart: tuple[str, ...] = ()
    """The keys whose new values wait for a restart."""
    faults: tuple[str, ...] = ()
    """Why the file is refused, each with its place; the device goes on as before then."""

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for people, line by line."""
        if self.faults:
            return (*self.faults, "The configuration is refused. The device goes on with the one that it has.")
        if not self.applied and not self.needs_restart:
            return ("Nothing has changed.",)
        applied = (f"In effect: {', '.join(self.applied)}.",) if self.applied else ()
        waiting = f"Only after a restart (sudo systemctl restart vocative): {', '.join(self.needs_restart)}."
        return (*applied, *((waiting,) if self.needs_restart else ()))


class Reload:
    """The configuration that the device goes by, and its way to the next one.

    Args:
        config: The one to begin with.
        reread: Reads the file anew. It raises `ConfigurationError`. None: there is no file.
        refusals: What the model of a configuration does not accept.
        adopt: Has the rooms go by the new configuration. Called between two turns only.
        at_rest: Whether nobody's turn is under way.
        manager: Is told that the service reloads, and when that is over.
        journal: Is told `config.reloaded` or `config.refused`.
    """

    def __init__(
        self,
        config: Config,
        reread: Callable[[], Awaitable[Config]] | None,
        *,
        refusals: Refusals,
        adopt: Callable[[Changes], None],
        at_rest: Callable[[], bool],
        manager: ServiceManager,
        journal: Journal,
    ) -> None:
        self.config = config
        """What the device goes by."""
        self._reread: Final = reread
        self._refusals: Final = refusals
        self._adopt: Final = adopt
        self._at_rest: Final = at_rest
        self._manager: Final = manager
        self._journal: Final = journal
        self._waiting: Changes | None = None
        """What was accepted and waits for the end of a turn."""
        self._asked: Final = asyncio.Event()
        self._one_at_a_time: Final = asyncio.Lock()

    def __repr__(self) -> str:
        return f"<Reload {'waits for the end of a turn' if self._waiting else 'idle'}>"

    def ask(self) -> None:
        """Have the configuration read again soon: a signal's way."""
        self._asked.set()

    async def run(self) -> NoReturn:
        """Do what is asked for, until cancelled."""
        while True:
            await self._asked.wait()
            self._asked.clear()
            await self.reload()

    async def reload(self) -> Reloaded:
        """Read the configuration again and go by it, as far as that is possible; waits for the disk alone.

        If cancelled, the file may have been read, and nothing has changed.
        """
        async with self._one_at_a_time:
            with self._manager.reloading():
                return await self._reload()

    async def foreseen(self) -> Reloaded:
        """Return what `reload` would come to now, and change and tell nothing; waits for the disk alone."""
        try:
            wanted = await self._reread() if self._reread is not None else self.config
        except ConfigurationError as refused:
            return Reloaded(faults=refused.faults)
        found = changes(self.config, wanted, self._refusals)
        return Reloaded(found.live, found.restart)

    def rested(self) -> None:
        """Nobody's turn is under way: go by what was accepted meanwhile. To be called whenever that is so."""
        if self._waiting is not None:
            accepted, self._waiting = self._waiting, None
            self.config = accepted.config
            self._adopt(accepted)

    async def _reload(self) -> Reloaded:
        try:
            wanted = await self._reread() if self._reread is not None else self.config
        except ConfigurationError as refused:
            for fault in refused.faults:
                place, _, reason = fault.partition(": ")
                self._journal.error("config.refused", place=place, reason=reason)
            return Reloaded(faults=refused.faults)
        for warning in warnings(wanted.live):
            self._journal.warn("config.doubtful", reason=warning)
        found = changes(self.config, wanted, self._refusals)
        self._waiting = found if found.live else None
        if self._at_rest():
            self.rested()
        self._journal.tell(
            "config.reloaded",
            applied=" ".join(found.live) or None,
            needs_restart=" ".join(found.restart) or None,
            waits=self._waiting is not None,
        )
        return Reloaded(found.live, found.restart)
