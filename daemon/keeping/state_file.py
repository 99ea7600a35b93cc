"""The one small file in which the state survives a restart.

Nothing of what was said is kept. The handle opens the session, so the file is for its owner alone from its first byte
on, and no `repr` or reason shows it.

A new state never overwrites the old one: it is written beside it, forced to the disk, and only then given its name.

    unlink .new   open .new   write …   fsync   close   │ replace │   fsync of the folder
    └──────────── the power fails: old state ───────────┘         └── old or new ──┘ new

SD cards wear out, so nothing is written while nothing changes, and `Saving` spaces what is.
"""

from __future__ import annotations

import contextlib
import json
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from .state import VERSION, State, as_json, from_json

INTERVAL_S: Final = 30.0
_NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_READ_BYTES: Final = 65_536


@dataclass(frozen=True, slots=True)
class Found:
    """What was read."""

    state: State
    """Empty if there was nothing, or nothing that can be used."""
    reason: str | None
    """Why not, for the journal; None if all is well, as at the very first start. Never shows what is in the file."""


class Disk(Protocol):
    """The system calls that keep a file, as in `os`."""

    def open(self, path: str, flags: int, mode: int = ..., /) -> int:
        """Return a descriptor."""
        ...

    def read(self, descriptor: int, length: int, /) -> bytes:
        """Return at most `length` bytes; none at the end."""
        ...

    def write(self, descriptor: int, content: bytes, /) -> int:
        """Write as much as goes at once and return how much that was."""
        ...

    def fsync(self, descriptor: int, /) -> None:
        """Return when what was written, or the folder's names, would survive a power cut."""
        ...

    def close(self, descriptor: int, /) -> None:
        """Free the descriptor."""
        ...

    def replace(self, path: str, new_path: str, /) -> None:
        """Give a file another name, in the place of the file that has it, at once."""
        ...

    def unlink(self, path: str, /) -> None:
        """Take a file's name away."""
        ...


class StateFile:
    """The file `path`. Its folder must exist and is never made. Every call may wait for the disk for seconds.

    Whenever the power fails or the process dies, `read` afterwards finds the last state that was written or the one
    that was being written. Only one process may write at a time; of its threads each waits for the other.
    """

    def __init__(self, path: Path, disk: Disk = os) -> None:
        self._path: Final = path
        self._new_path: Final = path.with_name(f".{path.name}.new")
        self._disk: Final = disk
        self._writing: Final = threading.Lock()
        """Two threads would give each other's half-written files the name: one may have been left behind at the end."""

    def __repr__(self) -> str:
        return f"<StateFile {self._path}>"

    def read(self) -> Found:
        """Return the state, or an empty one and why."""
        try:
            content = self._content()
        except FileNotFoundError:
            return Found(State(), self._folder_fault())
        except OSError as error:
            return Found(State(), f"{self._path} cannot be read ({error.strerror})")
        try:
            data = json.loads(content)
        except (ValueError, RecursionError):
            data = None
        state = from_json(data)
        if state is not None:
            return Found(state, None)
        if isinstance(data, dict) and data.get("version", VERSION) != VERSION:
            return Found(State(), f"{self._path} was written by another version of vocative; it is begun anew")
        return Found(State(), f"{self._path} is damaged; it is begun anew")

    def write(self, state: State) -> str | None:
        """Put `state` in the place of what was kept.

        Returns:
            None, or why it could not be kept: then what was kept before still is, or, if only the last step failed,
            `state` is but might not survive a power cut.
        """
        content = json.dumps(as_json(state), allow_nan=False).encode() + b"\n"
        try:
            with self._writing:
                self._write_new(content)
                self._disk.replace(str(self._new_path), str(self._path))
                self._sync_folder()
        except OSError as error:
            return self._folder_fault() or f"{self._path} cannot be written ({error.strerror})"
        return None

    def _content(self) -> bytes:
        descriptor = self._disk.open(str(self._path), os.O_RDONLY | os.O_CLOEXEC)
        try:
            content = b""
            while piece := self._disk.read(descriptor, _READ_BYTES):
                content += piece
            return content
        finally:
            self._disk.close(descriptor)

    def _write_new(self, content: bytes) -> None:
        # What a power cut has left there may have other permissions.
        with contextlib.suppress(FileNotFoundError):
            self._disk.unlink(str(self._new_path))
        descriptor = self._disk.open(str(self._new_path), _NEW_FILE, 0o600)
        try:
            while content:
                content = content[self._disk.write(descriptor, content) :]
            self._disk.fsync(descriptor)
        finally:
            self._disk.close(descriptor)

    def _sync_folder(self) -> None:
        descriptor = self._disk.open(str(self._path.parent), _FOLDER)
        try:
            self._disk.fsync(descriptor)
        finally:
            self._disk.close(descriptor)

    def _folder_fault(self) -> str | None:
        """Return what is wrong with the folder if it cannot be opened."""
        folder = self._path.parent
        try:
            self._disk.close(self._disk.open(str(folder), _FOLDER))
        except FileNotFoundError:
            return f"the folder {folder} does not exist; make it, or name another as state.folder"
        except OSError as error:
            return f"the folder {folder} cannot be used ({error.strerror})"
        return None


class Saving:
    """Says when to write: `interval_s` after the first change that is not written, and never without one.

    So the disk is written at most once in `interval_s`, and a power cut costs at most the changes of so long.
    """

    def __init__(self, interval_s: float = INTERVAL_S) -> None:
        self._interval_s: Final = interval_s
        self._changed_s: float | None = None

    def __repr__(self) -> str:
        return f"<Saving due={self.due_at}>"

    @property
    def due_at(self) -> float | None:
        """When to write, on the clock of `changed`; None while there is nothing to write."""
        return None if self._changed_s is None else self._changed_s + self._interval_s

    def changed(self, now: float) -> None:
        """Note a change."""
        if self._changed_s is None:
            self._changed_s = now

    def urgent(self, now: float) -> None:
        """Note a change that is to be written at once."""
        self._changed_s = now - self._interval_s

    def taken(self) -> None:
        """Note that the state is being put together to be written; changes from here on are for the next time."""
        self._changed_s = None
