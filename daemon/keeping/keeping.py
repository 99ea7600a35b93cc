"""Keeps what must outlive the process: how to go on with the session, and what was used of the limits."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from hardware.blocking import in_thread

from ..journal import Journal, Level
from ..live.downward import UsageReport
from ..live.handles import HandleStore
from .budget import Blown, Budget, Limits
from .state import SavedSession, State
from .state_file import Saving, StateFile


class Keeping:
    """The budget and the handles, as a restart left them, and their way to the disk. Made on the loop.

    Args:
        limits: What the device may cost.
        file: Where it is kept; None keeps nothing. Read at once, a few milliseconds.
        journal: Told when something cannot be kept.
        wall: Returns seconds since 1970.
    """

    def __init__(
        self, limits: Limits, file: StateFile | None, journal: Journal, wall: Callable[[], float] = time.time
    ) -> None:
        self._file: Final = file
        self._journal: Final = journal
        self._wall: Final = wall
        self._saving: Final = Saving()
        self._bell: Final = asyncio.Event()
        self._complained = False
        self.handles: Final = HandleStore(self.changed)
        found = file.read() if file is not None else None
        if found is not None and found.reason is not None:
            journal.warn("state.unusable", reason=found.reason)
        state = found.state if found is not None else State()
        self._muted = state.muted
        self._boot_id = state.boot_id
        self._settings: Final = dict(state.settings)
        now, wall_s = self._now(), wall()
        restored = Budget.restored(state.budget, limits, _utc_offset_s, now=now, wall_s=wall_s)
        self._budget: Final = restored or Budget(limits, _utc_offset_s, now=now, wall_s=wall_s)
        if state.session is not None:
            handle_age_s, session_age_s = state.session.ages_s(wall_s)
            self.handles.offer(state.session.handle, True, now - handle_age_s, fingerprint=state.session.fingerprint)
            self.handles.begin_session(state.session.session_id, now - session_age_s)
            self._saving.taken()

    def __repr__(self) -> str:
        return f"<Keeping {self.handles} {self._budget}>"

    @property
    def limits(self) -> Limits:
        """What the device may cost."""
        return self._budget.limits

    @limits.setter
    def limits(self, limits: Limits) -> None:
        self._budget.limits = limits

    def refusal(self) -> Blown | None:
        """Return why no turn may begin now; None if one may."""
        return self._budget.refusal(self._now(), self._wall())

    def turn_began(self) -> None:
        """A turn begins."""
        self._budget.turn_began(self._now())
        self.changed()

    def link_began(self) -> None:
        """A link came up: what is said again on it is billed again."""
        self._budget.link_began()

    def used(self, turn_id: int, usage: UsageReport) -> None:
        """The service counted what a turn has used so far."""
        self._budget.used(turn_id, usage.counts(), self._now(), self._wall())
        self.changed()

    def spent(self, usage: UsageReport) -> None:
        """The service counted what something has used that is no turn."""
        self._budget.spent(usage.counts(), self._now(), self._wall())
        self.changed()

    def first_start(self, boot_id: str) -> bool:
        """Note in which start of the machine this process runs; return whether it is the first one in it."""
        first = boot_id != self._boot_id
        if first:
            self._boot_id = boot_id
            self.changed()
        return first

    @property
    def session_id(self) -> str:
        """What the journal calls the session of the moment; empty before the first."""
        return self.handles.session_id

    def today(self) -> dict[str, int]:
        """Return what was used today, by name."""
        return self._budget.today(self._now(), self._wall())

    @property
    def muted(self) -> bool:
        """Whether the owner muted the microphone, in this process or before it."""
        return self._muted

    @muted.setter
    def muted(self, muted: bool) -> None:
        self._muted = muted
        self._saving.urgent(self._now())
        self._bell.set()

    def setting(self, name: str) -> int | None:
        """Return what was set, in percent, in this process or before it; None if it is as configured."""
        return self._settings.get(name)

    def keep_setting(self, name: str, percent: int) -> None:
        """Keep what was set."""
        self._settings[name] = percent
        self.changed()

    def changed(self) -> None:
        """Something that is kept has changed."""
        self._saving.changed(self._now())
        self._bell.set()

    async def run(self) -> None:
        """Write what has changed, at most twice a minute, until cancelled; then once more if need be."""
        if self._file is None:
            return
        file = self._file
        unwritten = False
        try:
            while True:
                while (due_s := self._saving.due_at) is None:
                    self._bell.clear()
                    await self._bell.wait()
                self._bell.clear()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout_at(due_s):
                        await self._bell.wait()
                        continue  # something has changed, perhaps something urgent
                state, unwritten = self._state(), True
                self._saving.taken()
                self._told(await in_thread(partial(file.write, state)))
                unwritten = False
        finally:
            # A write that was under way may die with its thread; the file itself is whole in any case.
            if unwritten or self._saving.due_at is not None:
                self._told(file.write(self._state()))

    def _told(self, reason: str | None) -> None:
        if reason is not None:
            level = Level.DEBUG if self._complained else Level.WARNING
            self._journal.tell("state.not_kept", level=level, reason=reason)
        self._complained = reason is not None

    def _state(self) -> State:
        now, wall_s = self._now(), self._wall()
        newest = self.handles.newest
        session = None
        if newest is not None:
            handle, fingerprint, offered_s = newest
            session = SavedSession(
                handle,
                fingerprint,
                offered_wall_s=wall_s - (now - offered_s),
                began_wall_s=wall_s - (now - self.handles.session_began_s),
                session_id=self.handles.session_id,
            )
        return State(session, self._budget.snapshot(now, wall_s), self._muted, dict(self._settings), self._boot_id)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _utc_offset_s(wall_s: float) -> float:
    """Return how far the local time is ahead of UTC at `wall_s`."""
    return float(time.localtime(wall_s).tm_gmtoff)
