"""The service's API key: what is refused, where it comes to lie, and that nothing shows it."""

from __future__ import annotations

import io
import os
import pty
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from daemon.commands import key as command
from daemon.keys.credentials import Secret, key_fault
from daemon.keys.key_store import Stored, remove, store, stored, told_systemd

KEY = "AIza" + "Sy0123456789-abcdefghijklmnop_QRSTU"
ANOTHER = "AQ." + "Ab8RN6L0123456789abcdefghij"
PLAIN = "etc/vocative/gemini-api-key"
ENCRYPTED = PLAIN + ".cred"
DROP_IN = "etc/systemd/system/vocative.service.d/key.conf"

TURNED_ROUND = """#!/bin/sh
echo "$@" >> "$0.log"
exec rev
"""
"""A systemd-creds whose cipher is to write backwards."""


def program(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder in which programs are looked for first; it has a systemd-creds."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program(folder, "systemd-creds", TURNED_ROUND)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "root"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("text", [KEY, KEY + "\n", f" {ANOTHER}\r\n", "the-right-key"])
def test_what_may_be_a_key_is_taken(text: str) -> None:
    assert key_fault(text) == ""


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "alone"),
        (f"GEMINI_API_KEY={KEY}", "alone"),
        (f'"{KEY}"', "alone"),
        (f"{KEY} {ANOTHER}", "alone"),
        ("schlüssel-schlüssel", "alone"),
        (KEY[:30], "has 30 characters, and one that begins like it has 39"),
        ("auth_tokens/0123456789abcdef0123", "stands in for a key"),
        ("ya29.a0ARrdaM-0123456789abcdef", "access token"),
        ("sk-proj-0123456789abcdef0123", "another service"),
        ("https://aistudio.google.com/apikey", "address"),
        ("/etc/vocative/gemini-api-key", "path"),
        ('{"type":"service_account"}', "service account"),
        ("short", "has 5 characters"),
        ("x" * 5000, "has 5000 characters"),
    ],
)
def test_what_cannot_be_a_key_is_refused_unseen(text: str, said: str) -> None:
    fault = key_fault(text)
    assert said in fault
    assert len(text) < 6 or text.strip() not in fault


def test_a_key_is_encrypted_and_the_unit_is_told(programs: Path, root: Path) -> None:
    assert store(Secret(KEY), root=root) == Stored(root / ENCRYPTED, encrypted=True, why_plain="")
    assert files(root) == {ENCRYPTED, DROP_IN}
    assert (root / ENCRYPTED).read_text() == KEY[::-1]
    assert mode(root / ENCRYPTED) == 0o600
    assert "LoadCredentialEncrypted=gemini-api-key:/etc/vocative/gemini-api-key.cred" in (root / DROP_IN).read_text()
    assert mode(root / DROP_IN) == 0o644
    called = (programs / "systemd-creds.log").read_text()
    assert "encrypt --name=gemini-api-key" in called
    assert KEY not in called, "every user sees the arguments of a program"


@pytest.mark.parametrize(
    ("creds", "why"),
    [
        (None, "is not there"),
        ("#!/bin/sh\ncat >&2\nexit 3\n", "failed (status 3)"),
        ("#!/bin/sh\necho something else\n", "did not give back"),
    ],
)
def test_without_encryption_the_key_lies_there_for_root_alone(
    programs: Path, root: Path, creds: str | None, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if creds is None:
        (programs / "systemd-creds").unlink()
        monkeypatch.setenv("PATH", str(programs))
    else:
        program(programs, "systemd-creds", creds)
    now = store(Secret(KEY), root=root)
    assert (now.encrypted, now.path) == (False, root / PLAIN)
    assert why in now.why_plain
    assert KEY not in now.why_plain
    assert files(root) == {PLAIN}
    assert (root / PLAIN).read_text() == KEY + "\n"
    assert mode(root / PLAIN) == 0o600


def test_the_latest_key_is_the_only_one(programs: Path, root: Path) -> None:
    """An older one beside it would be taken in its place, or lie about."""
    store(Secret(ANOTHER), plain=True, root=root)
    assert stored(root) == root / PLAIN
    store(Secret(KEY), root=root)
    assert (stored(root), files(root)) == (root / ENCRYPTED, {ENCRYPTED, DROP_IN})
    store(Secret(ANOTHER), plain=True, root=root)
    assert (stored(root), files(root)) == (root / PLAIN, {PLAIN})
    assert remove(root)
    assert (stored(root), files(root)) == (None, set())
    assert not remove(root)


def test_a_key_that_was_broken_off_while_it_was_written_is_taken_away_too(programs: Path, root: Path) -> None:
    store(Secret(KEY), root=root)
    left = (root / PLAIN).with_name(".gemini-api-key.new")
    left.write_text(KEY)
    assert remove(root)
    assert [path for path in root.rglob("*") if path.is_file()] == []


def test_a_key_that_cannot_be_written_leaves_the_old_one(programs: Path, root: Path) -> None:
    store(Secret(ANOTHER), plain=True, root=root)
    (root / ENCRYPTED).mkdir()  # in the way
    (root / ENCRYPTED / "x").touch()
    with pytest.raises(OSError, match="directory"):
        store(Secret(KEY), root=root)
    assert (root / PLAIN).read_text() == ANOTHER + "\n"
    assert not list(root.rglob("*.new"))


def test_systemd_is_told_only_where_it_runs(programs: Path, root: Path) -> None:
    program(programs, "systemctl", '#!/bin/sh\necho "$@" >> "$0.log"\n')
    assert not told_systemd(root)
    (root / "run/systemd/system").mkdir(parents=True)
    assert told_systemd(root)
    assert (programs / "systemctl.log").read_text() == "daemon-reload\n"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has the machine's key")
@pytest.mark.skipif(shutil.which("systemd-creds") is None, reason="systemd before 250")
def test_the_real_systemd_gives_back_what_it_encrypted(root: Path) -> None:
    now = store(Secret(KEY), root=root)
    assert now.encrypted, now.why_plain
    back = subprocess.run(
        ["systemd-creds", "decrypt", "--name=gemini-api-key", now.path, "-"], check=True, capture_output=True
    )
    assert back.stdout.decode() == KEY


def test_a_line_of_standard_input_is_a_key(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\nand more\n"))
    taken = command.asked_for()
    assert taken is not None
    assert taken.reveal() == KEY
    for nothing in ("", "\n", "sk-proj-0123456789abcdef0123\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(nothing))
        assert command.asked_for() is None
    said = capsys.readouterr()
    assert "another service" in said.err
    assert "0123456789" not in said.out + said.err


def test_on_a_terminal_it_is_typed_unseen_and_may_be_typed_again() -> None:
    keyboard, terminal = pty.openpty()
    asking = "from daemon.commands.key import asked_for; print(len(asked_for().reveal()))"
    with subprocess.Popen(
        [sys.executable, "-c", asking], stdin=terminal, stdout=terminal, stderr=terminal, start_new_session=True
    ):
        os.close(terminal)
        shown = b""
        for line in (KEY[:20], KEY):
            while not shown.endswith(b"is): "):
                shown += os.read(keyboard, 1000)
            os.write(keyboard, line.encode() + b"\n")
            shown += os.read(keyboard, 1000)
        try:
            while more := os.read(keyboard, 1000):
                shown += more
        except OSError:
            pass  # the terminal's end
    os.close(keyboard)
    assert b"has 20 characters" in shown
    assert b"39\r\n" in shown[-6:]
    assert KEY[:20].encode() not in shown


@pytest.mark.skipif(os.geteuid() == 0, reason="this is root")
def test_only_root_may() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "key"], check=False, input=KEY, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (1, "Only root may do this: sudo vocative key\n")
