"""The clock that rings: keeps what is set, on the disk too, and tells when something is due.

Needs no network and no model. Nothing wakes the processor while nothing is set.
"""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import Callable, Coroutine
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import Final, NoReturn
from zoneinfo import ZoneInfo

from daemon.journal import Level
from daemon.tools.alarm import Alarm, Due, Reading, Schedule
from daemon.tools.alarm_store import AlarmStore

MOST: Final = 64
"""So many can be set at once. Nobody needs more, and a model that sets them in a circle must not fill the disk."""
_LOOK_S: Final = 20.0
"""How often the clocks are read while something is set: somebody may put the wall clock forward."""
_BELIEVED_AFTER_S: Final = 600.0
"""So long after the start of the machine its clock is believed even if no network has set it: perhaps there is none."""
_SET_BY_NETWORK: Final = Path("/run/systemd/timesync/synchronized")
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_ZONE: Final = Path("/etc/localtime")
_UTC: Final = ZoneInfo.from_file(
    BytesIO(b"TZif" + bytes(16) + struct.pack(">6l", 0, 0, 0, 0, 1, 4) + struct.pack(">lbb", 0, 0, 0) + b"UTC\0"),
    key="UTC",
)
"""As tzfile(5) has it: a small Debian 12 has no file of time zones at all."""


class AlarmClock:
    """Everything that is set on one device. `run` must be running for anything to be due.

    Args:
        store: Where it is kept.
        clocks: Reads the machine's clocks.
        tell: The journal: `alarms.unusable` (reason), `alarms.not_kept` (reason).
    """

    def __init__(
        self,
        store: AlarmStore,
        clocks: Callable[[], Reading],
        *,
        tell: Callable[..., None],
    ) -> None:
        self._store: Final = store
        self._clocks: Final = clocks
        self._tell: Final = tell
        self._schedule = Schedule()
        self._loaded: Final = asyncio.Event()
        self._changed: Final = asyncio.Event()

    def __repr__(self) -> str:
        return f"<AlarmClock {self._schedule!r}>"

    async def run(self, on_due: Callable[[list[Due]], None]) -> NoReturn:
        """Read what was kept, then tell of what is due, until cancelled.

        Args:
            on_due: Given what is due, on the event loop's thread, in order; it must not raise. What is due stays on the
                disk until `settled` is called with it: a device that loses its power while it rings tells afterwards.
        """
        alarms, reason = await self._store.load()
        if reason is not None:
            self._tell("alarms.unusable", level=Level.WARNING, reason=reason)
        self._schedule = Schedule(alarms)
        self._loaded.set()
        try:
            while True:
                self._changed.clear()
                due = self._schedule.take_due(self._clocks())
                if due:
                    on_due(due)
                for one in due:
                    again = self._schedule.get(one.alarm.alarm_id)
                    if again is not None:
                        await self._keep(self._store.put(again))
                await self._wait()
        finally:
            self._store.close()

    async def add(self, alarm: Alarm) -> Alarm | None:
        """Set `alarm` and return it with its number, once it is on the disk; None if too much is set already."""
        await self._loaded.wait()
        if len(self._schedule) >= MOST:
            return None
        numbered = self._schedule.add(alarm)
        self._changed.set()
        await self._keep(self._store.put(numbered))
        return numbered

    async def remove(self, alarm_id: int) -> Alarm | None:
        """Take one off and return it; None if there is no such one."""
        await self._loaded.wait()
        removed = self._schedule.remove(alarm_id)
        if removed is not None:
            self._changed.set()
            await self._keep(self._store.remove(alarm_id))
        return removed

    async def settled(self, alarm: Alarm) -> None:
        """Note that somebody knows of `alarm`, which was due. One that repeats stays set."""
        if self._schedule.get(alarm.alarm_id) is None:
            await self._keep(self._store.remove(alarm.alarm_id))

    def now(self) -> Reading:
        """Read the clocks."""
        return self._clocks()

    def in_order(self) -> list[tuple[Alarm, float | None]]:
        """Return all that is set with how long until each is due, the nearest first. Reads no clock if nothing is."""
        return self._schedule.in_order(self._clocks()) if len(self._schedule) else []

    def timer_left(self) -> float | None:
        """Return what is left of the nearest timer, 0 to 1; None while none runs."""
        for alarm, left_s in self.in_order():
            if alarm.length_s > 0.0 and left_s is not None:
                return max(0.0, min(1.0, left_s / alarm.length_s))
        return None

    async def _wait(self) -> None:
        """Sleep until something may be due, or has changed."""
        nearest = next((left_s for _, left_s in self.in_order() if left_s is not None), _LOOK_S)
        limit_s = max(0.0, min(nearest, _LOOK_S)) if len(self._schedule) else None
        try:
            async with asyncio.timeout(limit_s):
                await self._changed.wait()
        except TimeoutError:
            pass

    async def _keep(self, writing: Coroutine[None, None, None]) -> None:
        try:
            await writing
        except OSError as error:
            self._tell("alarms.not_kept", level=Level.WARNING, reason=str(error))


def machine_clocks() -> Reading:
    """Read the clocks of this machine (Linux)."""
    boot_s = time.clock_gettime(time.CLOCK_BOOTTIME)
    return Reading(
        wall_s=time.time(),
        boot_s=boot_s,
        boot_id=_boot_id(),
        trusted=_SET_BY_NETWORK.exists() or boot_s > _BELIEVED_AFTER_S,
        zone=_zone(),
    )


@cache
def _boot_id() -> str:
    return _BOOT_ID.read_text().strip()


def _zone() -> ZoneInfo:
    """Return the time zone of this machine as it is now: its owner may travel. Without one it is UTC."""
    try:
        file = _ZONE.stat()
        return _zone_of(file.st_ino, file.st_mtime_ns)
    except (OSError, ValueError):
        return _UTC


@lru_cache(maxsize=1)
def _zone_of(_inode: int, _mtime_ns: int) -> ZoneInfo:
    """Return what the file says, read once for each file: the ring asks many times a second while a timer runs."""
    with _ZONE.open("rb") as file:
        return ZoneInfo.from_file(file)
