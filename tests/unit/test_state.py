"""The state file: whenever the power fails or the process dies, the old state or the new one is found."""

from __future__ import annotations

import errno
import itertools
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.keeping.state import SavedSession, State
from daemon.keeping.state_file import Disk, Found, Saving, StateFile

HANDLE = "Cihjd2F3ZXNvbWVoYW5kbGU"
OLD = State(SavedSession(HANDLE + "-old", "00ff", 1.8e9, 1.7e9, "5e5510"), {"day": 20_000, "tokens": {"total": 5}})
NEW = State(SavedSession(HANDLE + "-new", "00ff", 1.8e9 + 60, 1.7e9, "5e5510"), {"day": 20_001, "tokens": {}})


# --- a disk that loses its power -------------------------------------------------------------------


class PowerCutError(BaseException):
    """Nothing happens after it, not even what a `finally` asks for."""


@dataclass
class _File:
    content: bytes
    safe: bool
    """What was written has been forced to the disk."""


class PowerDisk:
    """One folder in memory, with the rules of POSIX for what a power cut may leave of it.

    Contents that were not synced may be there in part, or as zeros; names that were not synced may be old or new,
    each for itself. `calls` system calls go well, then the power fails.
    """

    FOLDER = "/state"

    def __init__(self, files: dict[str, bytes] | None = None, calls: int | None = None) -> None:
        self._names = {name: _File(content, safe=True) for name, content in (files or {}).items()}
        self._safe_names = dict(self._names)
        self._unsafe: list[tuple[str, _File | None, str | None]] = []
        """Changes of names that are not synced: a name, its new file or None, and the name that went for it."""
        self._calls = calls
        self._files: dict[int, _File | None] = {}
        """By descriptor; None for the folder."""
        self._offsets: dict[int, int] = {}
        self._descriptors = itertools.count(3)

    @property
    def open_descriptors(self) -> int:
        return len(self._files)

    def content(self, path: str) -> bytes:
        return self._names[path].content

    def outcomes(self) -> Iterator[dict[str, bytes]]:
        """Yield what may be in the folder when the power is back."""
        for made in itertools.product((False, True), repeat=len(self._unsafe)):
            names = dict(self._safe_names)
            for (name, file, went), is_made in zip(self._unsafe, made, strict=True):
                if is_made and file is not None:
                    names[name] = file
                    names.pop(went or "", None)
                elif is_made:
                    names.pop(name, None)
            for contents in itertools.product(*(self._remains(file) for file in names.values())):
                yield dict(zip(names, contents, strict=True))

    @staticmethod
    def _remains(file: _File) -> list[bytes]:
        if file.safe:
            return [file.content]
        length = len(file.content)
        return [*(file.content[:end] for end in {0, 1, length // 2, length - 1, length} if end >= 0), bytes(length)]

    def _call(self) -> None:
        if self._calls is not None:
            if self._calls == 0:
                raise PowerCutError
            self._calls -= 1

    def open(self, path: str, flags: int, mode: int = 0o777, /) -> int:
        self._call()
        descriptor = next(self._descriptors)
        if path == self.FOLDER:
            self._files[descriptor] = None
            return descriptor
        if flags & os.O_CREAT:
            if path in self._names:
                raise FileExistsError(errno.EEXIST, "File exists")
            self._names[path] = _File(b"", safe=False)
            self._unsafe.append((path, self._names[path], None))
        elif path not in self._names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        self._files[descriptor], self._offsets[descriptor] = self._names[path], 0
        return descriptor

    def read(self, descriptor: int, length: int, /) -> bytes:
        self._call()
        file, offset = self._files[descriptor], self._offsets[descriptor]
        assert file is not None
        piece = file.content[offset : offset + min(length, 7)]
        self._offsets[descriptor] += len(piece)
        return piece

    def write(self, descriptor: int, content: bytes, /) -> int:
        self._call()
        file = self._files[descriptor]
        assert file is not None
        piece = content[:50]
        file.content, file.safe = file.content + piece, False
        return len(piece)

    def fsync(self, descriptor: int, /) -> None:
        self._call()
        file = self._files[descriptor]
        if file is not None:
            file.safe = True
        else:
            self._safe_names, self._unsafe = dict(self._names), []

    def close(self, descriptor: int, /) -> None:
        self._call()
        del self._files[descriptor]

    def replace(self, path: str, new_path: str, /) -> None:
        self._call()
        self._names[new_path] = self._names.pop(path)
        self._unsafe.append((new_path, self._names[new_path], path))

    def unlink(self, path: str, /) -> None:
        self._call()
        if path not in self._names:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        del self._names[path]
        self._unsafe.append((path, None, None))


class WatchedDisk:
    """Another disk; `before` is told of each call, by its number and name, and may have it fail."""

    def __init__(self, disk: Disk, before: Callable[[int, str], None]) -> None:
        self._disk, self._before = disk, before
        self._calls = itertools.count()
        self.open_descriptors: set[int] = set()

    def _call(self, name: str) -> Disk:
        self._before(next(self._calls), name)
        return self._disk

    def open(self, path: str, flags: int, mode: int = 0o777, /) -> int:
        descriptor = self._call("open").open(path, flags, mode)
        self.open_descriptors.add(descriptor)
        return descriptor

    def read(self, descriptor: int, length: int, /) -> bytes:
        return self._call("read").read(descriptor, length)

    def write(self, descriptor: int, content: bytes, /) -> int:
        return self._call("write").write(descriptor, content)

    def fsync(self, descriptor: int, /) -> None:
        self._call("fsync").fsync(descriptor)

    def close(self, descriptor: int, /) -> None:
        self._call("close").close(descriptor)
        self.open_descriptors.remove(descriptor)

    def replace(self, path: str, new_path: str, /) -> None:
        self._call("replace").replace(path, new_path)

    def unlink(self, path: str, /) -> None:
        self._call("unlink").unlink(path)


PATH = Path(PowerDisk.FOLDER) / "state.json"
NEW_PATH = str(PATH.with_name(".state.json.new"))


def kept(state: State) -> bytes:
    """Return how a state is kept."""
    disk = PowerDisk()
    assert StateFile(PATH, disk).write(state) is None
    return disk.content(str(PATH))


BEFORE = {
    "nothing": {},
    "old": {str(PATH): kept(OLD)},
    "old and a leftover": {str(PATH): kept(OLD), NEW_PATH: kept(NEW)[:40]},
}


@pytest.mark.parametrize("before", BEFORE.values(), ids=BEFORE)
def test_after_a_power_cut_the_old_state_or_the_new_one_is_there(before: dict[str, bytes]) -> None:
    old = OLD if before else State()
    seen: set[str] = set()
    for calls in itertools.count():
        disk = PowerDisk(before, calls)
        try:
            done = StateFile(PATH, disk).write(NEW) is None
        except PowerCutError:
            done = False
        for left in disk.outcomes():
            found = StateFile(PATH, PowerDisk(left)).read()
            assert found.reason is None
            assert found.state in ([NEW] if done else [old, NEW])
            seen.add("new" if found.state == NEW else "old")
            again = PowerDisk(left)
            assert StateFile(PATH, again).write(OLD) is None
            assert StateFile(PATH, again).read() == Found(OLD, None)
        if done:
            break
    assert seen == {"old", "new"}
    assert calls > 8


def test_whatever_call_fails_nothing_is_lost_and_nothing_stays_open() -> None:
    failed: list[str] = []
    for failing in itertools.count():
        inner = PowerDisk({str(PATH): kept(OLD)})
        before_it = len(failed)

        def before(number: int, name: str, failing: int = failing) -> None:
            if number == failing:
                failed.append(name)
                raise OSError(errno.EIO, "Input/output error")

        disk = WatchedDisk(inner, before)
        reason = StateFile(PATH, disk).write(NEW)
        found = StateFile(PATH, inner).read()
        assert found.reason is None
        if len(failed) == before_it:
            assert (reason, found.state) == (None, NEW)
            break
        assert reason == f"{PATH} cannot be written (Input/output error)"
        assert len(disk.open_descriptors) == (failed[-1] == "close")
        assert found.state in [OLD, NEW]
        assert StateFile(PATH, inner).write(NEW) is None
    assert set(failed) == {"unlink", "open", "write", "fsync", "close", "replace"}


# --- a process that dies, and real files -----------------------------------------------------------


def test_a_process_killed_between_any_two_calls_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    found = []
    for calls in range(40):

        def live(number: int, name: str, calls: int = calls) -> None:
            if number >= calls:
                raise PowerCutError

        assert StateFile(path).write(OLD) is None
        disk = WatchedDisk(os, live)
        try:
            StateFile(path, disk).write(NEW)
        except PowerCutError:
            found.append(StateFile(path).read())
        for descriptor in disk.open_descriptors:
            os.close(descriptor)  # as the kernel does
    assert len(found) >= 8
    assert all(one in (Found(OLD, None), Found(NEW, None)) for one in found)
    is_new = [one.state == NEW for one in found]
    assert is_new == sorted(is_new)
    assert set(is_new) == {False, True}


def test_the_file_is_for_its_owner_alone_from_the_first_byte_on(tmp_path: Path) -> None:
    leftover = tmp_path / ".state.json.new"
    leftover.touch()
    leftover.chmod(0o666)
    modes: dict[int, set[int]] = {}

    def look(number: int, name: str) -> None:
        modes[number] = {stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}

    before = os.umask(0)
    try:
        assert StateFile(tmp_path / "state.json", WatchedDisk(os, look)).write(NEW) is None
    finally:
        os.umask(before)
    del modes[0]  # the leftover
    assert set().union(*modes.values()) == {0o600}
    assert [file.name for file in tmp_path.iterdir()] == ["state.json"]


def test_a_link_in_the_place_of_the_new_file_is_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / ".state.json.new").symlink_to(victim)
    assert StateFile(tmp_path / "state.json").write(NEW) is None
    assert victim.read_text() == "precious"


def test_a_link_that_appears_in_the_last_moment_is_not_followed_either(tmp_path: Path) -> None:
    victim, link = tmp_path / "victim", tmp_path / ".state.json.new"
    victim.write_text("precious")
    path = tmp_path / "state.json"

    def appear(number: int, name: str) -> None:
        if number == 1:
            link.symlink_to(victim)

    assert StateFile(path, WatchedDisk(os, appear)).write(NEW) == f"{path} cannot be written (File exists)"
    assert victim.read_text() == "precious"
    assert StateFile(path).write(NEW) is None


def test_a_second_thread_waits_for_the_first(tmp_path: Path) -> None:
    writers: list[threading.Thread] = []
    late: list[threading.Thread] = []

    def before(number: int, name: str) -> None:
        writers.append(threading.current_thread())
        if name == "replace" and not late:
            late.append(threading.Thread(target=lambda: file.write(NEW)))
            late[0].start()
            late[0].join(0.1)

    file = StateFile(tmp_path / "state.json", WatchedDisk(os, before))
    assert file.write(OLD) is None
    late[0].join()
    assert len([writer for writer, _ in itertools.groupby(writers)]) == 2
    assert file.read() == Found(NEW, None)


def test_a_state_is_found_as_it_was_written(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")
    assert file.read() == Found(State(), None), "the very first start is no fault"
    for state in (
        NEW,
        OLD,
        State(),
        State(NEW.session, None),
        State(SavedSession(HANDLE, "f", 1, 1, "s")),
        State(None, {"day": 1}),
    ):
        assert file.write(state) is None
        assert file.read() == Found(state, None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
TIMES = st.floats(0, 4e9)


@given(
    st.none() | st.builds(SavedSession, st.text(min_size=1), st.text(), TIMES, TIMES),
    st.none() | st.dictionaries(st.text(max_size=5), JSON, max_size=3),
)
def test_any_state_is_found_as_it_was_written(session: SavedSession | None, budget: dict[str, object] | None) -> None:
    disk = PowerDisk()
    state = State(session, budget)
    assert StateFile(PATH, disk).write(state) is None
    assert StateFile(PATH, disk).read() == Found(state, None)
    assert disk.open_descriptors == 0


# --- what cannot be used ---------------------------------------------------------------------------


def found_in(content: bytes) -> Found:
    return StateFile(PATH, PowerDisk({str(PATH): content})).read()


def test_a_file_cut_off_anywhere_is_refused_whole() -> None:
    content = kept(NEW)
    for end in range(len(content) - 1):
        found = found_in(content[:end])
        assert found == Found(State(), f"{PATH} is damaged; it is begun anew")
    assert found_in(content[:-1]) == Found(NEW, None), "only the line end is missing"


@given(st.integers(0, len(kept(NEW)) - 1), st.binary(max_size=9))
def test_a_damaged_file_is_refused_or_read_but_never_raises(at: int, garbage: bytes) -> None:
    content = kept(NEW)
    found = found_in(content[:at] + garbage + content[at + len(garbage) :])
    assert found.reason is None or found.state == State()
    assert HANDLE not in (found.reason or "")


GOOD = json.loads(kept(NEW))


@pytest.mark.parametrize(
    "content",
    [
        b"",
        bytes(4096),
        b"\xff\xfe",
        b"null",
        b"[" * 100_000,
        b'{"version": 1}',
        b"9" * 5000,
        *(
            json.dumps(damaged).encode()
            for damaged in (
                {name: value for name, value in GOOD.items() if name != "version"},
                GOOD | {"session": HANDLE},
                GOOD | {"session": GOOD["session"] | {"handle": ""}},
                GOOD | {"session": GOOD["session"] | {"handle": [HANDLE]}},
                GOOD | {"session": GOOD["session"] | {"fingerprint": None}},
                GOOD | {"session": GOOD["session"] | {"offered_wall_s": float("nan")}},
                GOOD | {"session": GOOD["session"] | {"began_wall_s": float("inf")}},
                GOOD | {"session": GOOD["session"] | {"began_wall_s": "1"}},
                GOOD | {"session": GOOD["session"] | {"began_wall_s": 10**400}},
                GOOD | {"budget": [1]},
            )
        ),
    ],
    ids=lambda content: content[:40].decode(errors="replace"),
)
def test_what_is_no_state_is_damaged(content: bytes) -> None:
    assert found_in(content) == Found(State(), f"{PATH} is damaged; it is begun anew")


@pytest.mark.parametrize("version", [0, 2, "1", None, [HANDLE]])
def test_another_version_is_left_alone_with_a_reason(version: object) -> None:
    found = found_in(json.dumps(GOOD | {"version": version}).encode())
    assert found == Found(State(), f"{PATH} was written by another version of vocative; it is begun anew")


def test_a_missing_folder_is_said_at_once_and_never_made(tmp_path: Path) -> None:
    folder = tmp_path / "none"
    reason = f"the folder {folder} does not exist; make it, or name another as state.folder"
    file = StateFile(folder / "state.json")
    assert file.read() == Found(State(), reason)
    assert file.write(NEW) == reason
    assert not folder.exists()


def test_a_file_in_the_place_of_the_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "state.json"
    assert StateFile(path).read() == Found(State(), f"{path} cannot be read (Not a directory)")
    assert StateFile(path).write(NEW) == f"the folder {path.parent} cannot be used (Not a directory)"


def test_a_folder_in_the_place_of_the_file_is_said(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.mkdir()
    assert StateFile(path).read() == Found(State(), f"{path} cannot be read (Is a directory)")
    assert StateFile(path).write(NEW) == f"{path} cannot be written (Is a directory)"


@pytest.mark.parametrize(("call", "number"), [("unlink", errno.EROFS), ("write", errno.ENOSPC), ("fsync", errno.EIO)])
def test_a_folder_that_takes_no_files_is_said(call: str, number: int) -> None:
    def before(_: int, name: str) -> None:
        if name == call:
            raise OSError(number, os.strerror(number))

    disk = WatchedDisk(PowerDisk({str(PATH): kept(OLD)}), before)
    assert StateFile(PATH, disk).write(NEW) == f"{PATH} cannot be written ({os.strerror(number)})"
    assert StateFile(PATH, disk).read() == Found(OLD, None)


def test_no_handle_is_ever_shown() -> None:
    file = StateFile(PATH, PowerDisk({str(PATH): kept(NEW)}))
    assert HANDLE not in f"{NEW!r} {NEW.session} {file!r} {file.read()!r}"


# --- ages and spacing ------------------------------------------------------------------------------


def test_ages_are_never_negative() -> None:
    session = SavedSession(HANDLE, "f", offered_wall_s=1000.0, began_wall_s=400.0, session_id="s")
    assert session.ages_s(1600.0) == (600.0, 1200.0)
    assert session.ages_s(700.0) == (0.0, 300.0)
    assert session.ages_s(0.0) == (0.0, 0.0)


def test_nothing_is_due_while_nothing_changes() -> None:
    saving = Saving(30.0)
    assert saving.due_at is None
    saving.changed(100.0)
    saving.changed(120.0)
    assert saving.due_at == 130.0
    saving.taken()
    assert saving.due_at is None
    saving.changed(131.0)
    assert saving.due_at == 161.0


@given(st.lists(st.integers(0, 100), max_size=50))
def test_every_change_is_written_in_time_and_never_too_often(pauses_s: list[int]) -> None:
    saving, now = Saving(30.0), 0
    unwritten_s: int | None = None
    writes_s: list[float] = []
    for pause_s in pauses_s:
        now += pause_s
        if saving.due_at is not None and saving.due_at <= now:
            writes_s.append(saving.due_at)
            saving.taken()
            unwritten_s = None
        saving.changed(now)
        unwritten_s = now if unwritten_s is None else unwritten_s
        assert saving.due_at == unwritten_s + 30
    assert all(later - sooner >= 30 for sooner, later in itertools.pairwise(writes_s))
