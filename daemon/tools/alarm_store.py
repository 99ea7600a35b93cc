"""Where timers and alarms survive a restart and a pulled plug: one SQLite file, written only when something changes.

WAL with `synchronous = FULL`: what a call returned for is on the disk; what was being written when the power failed is
there whole or not at all (sqlite.org/wal.html). An SD card takes up to a second for that, so it happens on a thread.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Final, TypeVar

from daemon.tools.alarm import Alarm, Kind
from hardware.blocking import in_thread

ALARMS_NAME: Final = "alarms.db"
_VERSION: Final = 1
_TABLE: Final = """
CREATE TABLE alarm (
    alarm_id INTEGER PRIMARY KEY, kind TEXT NOT NULL, label TEXT NOT NULL, due_wall_s REAL NOT NULL,
    length_s REAL NOT NULL, boot_id TEXT NOT NULL, due_boot_s REAL NOT NULL, at TEXT, days TEXT NOT NULL
) STRICT
"""


T = TypeVar("T")


class AlarmStore:
    """The file of one device, for its owner alone.

    Args:
        path: Made if it is missing; None keeps nothing beyond this object, and needs no thread.
    """

    @classmethod
    def in_folder(cls, folder: str) -> AlarmStore:
        """Return the one in the folder of the state; one that keeps nothing if that is empty."""
        return cls(Path(folder) / ALARMS_NAME if folder else None)

    def __init__(self, path: Path | None) -> None:
        self._path: Final = path
        self._lock: Final = threading.Lock()
        self._database: sqlite3.Connection | None = None

    def __repr__(self) -> str:
        return f"<AlarmStore {self._path or 'in memory'}>"

    async def load(self) -> tuple[list[Alarm], str | None]:
        """Open the file and return what is in it, and what went wrong, if anything did.

        A file that is no database, or another version's, is put aside beside it and a new one begun: alarms must be
        possible to set in any case. If not even that can be done, nothing is kept.
        """
        return await self._apart(self._load)

    async def put(self, alarm: Alarm) -> None:
        """Keep `alarm`, in place of what had its number.

        Raises:
            OSError: The disk is full, or gone.
        """
        row = (
            alarm.alarm_id,
            alarm.kind.value,
            alarm.label,
            alarm.due_wall_s,
            alarm.length_s,
            alarm.boot_id,
            alarm.due_boot_s,
            alarm.at.isoformat() if alarm.at else None,
            "".join(str(day) for day in sorted(alarm.days)),
        )
        await self._write("INSERT OR REPLACE INTO alarm VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)

    async def remove(self, alarm_id: int) -> None:
        """Keep it no longer.

        Raises:
            OSError: The disk is full, or gone.
        """
        await self._write("DELETE FROM alarm WHERE alarm_id = ?", (alarm_id,))

    def close(self) -> None:
        """Let go of the file, after whatever is being written. May be called twice."""
        with self._lock:
            self._shut()

    async def _apart(self, call: Callable[[], T]) -> T:
        return call() if self._path is None else await in_thread(call)

    async def _write(self, statement: str, values: tuple[object, ...]) -> None:
        def write() -> None:
            with self._lock:
                if self._database is None:
                    return  # closed meanwhile
                try:
                    with self._database:
                        self._database.execute(statement, values)
                except sqlite3.Error as error:
                    raise OSError(f"{self._path}: {error}") from error

        await self._apart(write)

    def _load(self) -> tuple[list[Alarm], str | None]:
        with self._lock:
            try:
                return self._opened(), None
            except (sqlite3.Error, OSError, ValueError) as error:
                reason = f"{self._path}: {error}"
            self._shut()
            assert self._path is not None, "memory does not fail"
            try:
                aside = self._path.with_suffix(".unusable")
                self._path.replace(aside)
                for suffix in ("-wal", "-shm"):
                    self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)
                return self._opened(), f"{reason}. It was put aside as {aside.name}"
            except (sqlite3.Error, OSError) as error:
                self._shut()
                self._database = _made(":memory:")
                why = error.strerror if isinstance(error, OSError) and error.strerror else error
                return [], f"nothing can be kept in {self._path} ({why}); timers and alarms are lost with a restart"

    def _opened(self) -> list[Alarm]:
        if self._path is None:
            self._database = _made(":memory:")
            return []
        self._path.touch(mode=0o600)
        self._database = _made(str(self._path))
        rows = self._database.execute("SELECT * FROM alarm ORDER BY alarm_id").fetchall()
        return [_alarm(row) for row in rows]

    def _shut(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def _made(place: str) -> sqlite3.Connection:
    """Open a database and see to it that its table is there.

    Raises:
        ValueError: It is of another version.
        sqlite3.Error: It is none, or cannot be written.
    """
    database = sqlite3.connect(place, check_same_thread=False)
    try:
        database.row_factory = sqlite3.Row
        _prepare(database)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection) -> None:
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    (version,) = database.execute("PRAGMA user_version").fetchone()
    if version == 0:
        with database:
            database.execute(_TABLE)
            database.execute(f"PRAGMA user_version = {_VERSION}")
    elif version != _VERSION:
        raise ValueError(f"it is of version {version}, and this program knows {_VERSION}")


def _alarm(row: sqlite3.Row) -> Alarm:
    return Alarm(
        Kind(row["kind"]),
        row["label"],
        row["due_wall_s"],
        row["alarm_id"],
        row["length_s"],
        row["boot_id"],
        row["due_boot_s"],
        time.fromisoformat(row["at"]) if row["at"] else None,
        frozenset(int(day) for day in row["days"]),
    )
