"""What installs it: `make install` and the Debian package. The whole of both needs root and a bare system."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from daemon.config import load

ROOT = Path(__file__).resolve().parents[2]
SYSTEMD = ROOT / "systemd"
DEBIAN = SYSTEMD / "debian"
SCRIPTS = sorted(SYSTEMD.glob("*.sh")) + [
    path for path in sorted(DEBIAN.iterdir()) if path.read_bytes().startswith(b"#!/bin/sh\n")
]
CONFIGURATION = "etc/vocative/vocative.toml"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it installs on Linux")


def install_sh(verb: str, root: Path, **environment: str) -> list[str]:
    """Do one verb below `root`, and return what it said."""
    surroundings = {**os.environ, "DESTDIR": str(root), **environment}
    command = [str(SYSTEMD / "install.sh"), verb]
    done = subprocess.run(command, env=surroundings, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def files_in(root: Path) -> dict[str, int]:
    """Return the mode of every file below `root`."""
    found = (path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): stat.S_IMODE(path.stat().st_mode) for path in found}


def words_of(file: Path, pattern: str) -> set[str]:
    return set(re.findall(pattern, file.read_text(), re.MULTILINE))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_scripts_can_be_run_and_stop_at_the_first_fault(script: Path) -> None:
    subprocess.run(["sh", "-n", script], check=True)
    assert script.stat().st_mode & 0o111
    assert re.search(r"^set -eu?$|^exec ", script.read_text(), re.MULTILINE)


def test_every_file_that_is_installed_exists() -> None:
    named = words_of(SYSTEMD / "install.sh", r"^ *put \d+ ([^\s\"$]+)")
    packed = words_of(DEBIAN / "build.sh", r"^put \d+ ([^\s\"$]+)")
    called = words_of(ROOT / "Makefile", r"(systemd/\S+\.sh)")
    assert len(named) >= 5
    assert len(packed) >= 8
    assert [path for path in sorted(named | packed | called) if not (ROOT / path).is_file()] == []


def test_the_files_go_where_their_readers_look(tmp_path: Path) -> None:
    said = install_sh("files", tmp_path)
    assert files_in(tmp_path) == {
        CONFIGURATION: 0o644,
        "etc/systemd/system/vocative.service": 0o644,
        "usr/lib/sysusers.d/vocative.conf": 0o644,
        "usr/lib/systemd/catalog/vocative.catalog": 0o644,
        "usr/lib/udev/rules.d/90-vocative.rules": 0o644,
        "usr/local/bin/vocative": 0o755,
    }
    assert sorted(said) == sorted(f"==> Installing /{path}" for path in files_in(tmp_path))
    load(tmp_path / CONFIGURATION)


def test_again_does_nothing(tmp_path: Path) -> None:
    install_sh("files", tmp_path)
    assert install_sh("files", tmp_path) == []


def test_what_an_installation_that_was_broken_off_has_left_is_nobodys_configuration(tmp_path: Path) -> None:
    half = tmp_path / f"{CONFIGURATION}.new"
    half.parent.mkdir(parents=True)
    half.write_text("[live]\nvoi")
    install_sh("files", tmp_path)
    assert not half.exists()
    load(tmp_path / CONFIGURATION)


def test_that_something_has_changed_is_known_before_it_does() -> None:
    """Killed in between, the next installation must not say that nothing has changed and leave the old one running."""
    swaps = (SYSTEMD / "environment.sh").read_text().index("then mv $target $old; fi\nmv $new $target")
    assert (SYSTEMD / "environment.sh").read_text().index('>"$CHANGED"') < swaps
    put = (SYSTEMD / "install.sh").read_text().partition("put() {")[2].partition("\n}")[0]
    assert put.index('>"$CHANGED"') < put.index("install -D") < put.index("mv -f")


def test_what_is_new_takes_the_place_of_what_is_old_but_not_of_what_the_owner_has_written(tmp_path: Path) -> None:
    install_sh("files", tmp_path)
    unit = tmp_path / "etc/systemd/system/vocative.service"
    unit.write_text("[Service]\n")
    (tmp_path / CONFIGURATION).write_text("# mine\n")
    assert install_sh("files", tmp_path) == ["==> Installing /etc/systemd/system/vocative.service"]
    assert unit.read_text() == (SYSTEMD / "vocative.service").read_text()
    assert (tmp_path / CONFIGURATION).read_text() == "# mine\n"


def test_another_configuration_to_begin_with(tmp_path: Path) -> None:
    install_sh("files", tmp_path, CONFIG="config/speaker.toml")
    assert (tmp_path / CONFIGURATION).read_text() == (ROOT / "config" / "speaker.toml").read_text()


@pytest.fixture
def lived_in(tmp_path: Path) -> Path:
    """Where it was installed, and has been used."""
    install_sh("files", tmp_path)
    for place in (
        "opt/vocative/bin/python",
        "etc/vocative/gemini-api-key.cred",
        "etc/systemd/system/vocative.service.d/key.conf",
        "var/lib/vocative/state.json",
        "etc/passwd",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / place).write_text("x")
    return tmp_path


def test_uninstalling_keeps_what_is_the_owners_and_says_so(lived_in: Path) -> None:
    said = install_sh("uninstall", lived_in)
    assert files_in(lived_in).keys() == {
        CONFIGURATION,
        "etc/vocative/gemini-api-key.cred",
        "etc/systemd/system/vocative.service.d/key.conf",
        "var/lib/vocative/state.json",
        "etc/passwd",
    }
    (kept,) = (line for line in said if line.startswith("==> Kept:"))
    assert "/etc/vocative /etc/systemd/system/vocative.service.d /var/lib/vocative" in kept


def test_purging_leaves_nothing(lived_in: Path) -> None:
    said = install_sh("uninstall", lived_in, PURGE="1")
    assert files_in(lived_in).keys() == {"etc/passwd"}
    assert not any("Kept" in line for line in said)


def test_the_unit_starts_what_is_made() -> None:
    (target,) = words_of(SYSTEMD / "environment.sh", r"^target=(\S+)$")
    for starter, pattern in (("vocative.service", r"^ExecStart=(\S+) run$"), ("vocative.sh", r"^exec (\S+) ")):
        assert words_of(SYSTEMD / starter, pattern) == {f"{target}/bin/vocative"}


def test_what_is_tried_of_a_new_one_is_what_there_is() -> None:
    (tried,) = words_of(SYSTEMD / "environment.sh", r"^parts='([a-z_., ]+)'$")
    assert [name for name in tried.split(", ") if find_spec(name) is None] == []


def test_the_devices_belong_to_groups_that_the_user_is_in() -> None:
    given = words_of(SYSTEMD / "vocative.udev", r'GROUP="([a-z]+)"')
    assert given == {"gpio", "spi", "video"}
    assert given <= words_of(SYSTEMD / "vocative.sysusers", r"^m vocative ([a-z]+)$")


def test_the_packages_gaps_are_all_filled() -> None:
    gaps = words_of(DEBIAN / "control", r"@([A-Z_]+)@")
    assert gaps == words_of(DEBIAN / "build.sh", r"@([A-Z_]+)@")
    assert gaps


def test_package_and_checkout_install_the_same() -> None:
    """But for where the unit and the command lie, which in a package may not be the owner's folders."""
    ours = words_of(SYSTEMD / "install.sh", r"^[a-z]+=(/usr/lib/\S+)$")
    assert ours == words_of(DEBIAN / "build.sh", r"^put \d+ \S+ (/usr/lib/(?:sysusers|udev|systemd/catalog)\S+)$")
    assert len(ours) == 3


@pytest.mark.skipif(shutil.which("udevadm") is None, reason="no udevadm here")
def test_udev_reads_the_rules(tmp_path: Path) -> None:
    rules = tmp_path / "90-vocative.rules"
    shutil.copy(SYSTEMD / "vocative.udev", rules)
    known = subprocess.run(["udevadm", "verify", "--help"], capture_output=True, check=False)
    if known.returncode != 0:
        pytest.skip("this udevadm cannot verify")
    # The groups are not there on every machine.
    command = ["udevadm", "verify", "--resolve-names=never", str(rules)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
