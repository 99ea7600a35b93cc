"""What systemd/ promises: the daemon's side of each promise is looked up in the daemon, not repeated here."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from daemon.config import Config
from daemon.errors import ExitStatus
from daemon.keys.credentials import CREDENTIAL
from daemon.readiness import IMPORTING_S, OPENING_S
from daemon.run import REST_S

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "vocative.service"
USERS = ROOT / "systemd" / "vocative.sysusers"


def directives(section: str) -> dict[str, list[str]]:
    """Return every `Key=value` of one section, in order; systemd allows a key more than once."""
    found: dict[str, list[str]] = defaultdict(list)
    current = ""
    for line in UNIT.read_text().replace("\\\n", "").splitlines():
        if line.startswith("["):
            current = line.strip("[]")
        elif current == section and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[key].append(value)
    return found


@pytest.fixture
def service() -> dict[str, list[str]]:
    return directives("Service")


@pytest.fixture
def environment(service: dict[str, list[str]]) -> dict[str, str]:
    words = [word for line in service["Environment"] for word in shlex.split(line)]
    return dict(word.split("=", 1) for word in words)


@pytest.fixture
def verifiable(tmp_path: Path) -> Path:
    """The unit with a program that exists on every machine."""
    text = UNIT.read_text()
    assert text.count("ExecStart=/opt/vocative/bin/vocative run\n") == 1
    path = tmp_path / "vocative.service"
    path.write_text(text.replace("/opt/vocative/bin/vocative", "/bin/true"))
    return path


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(program) is None, reason=f"no {program} here")


def test_it_starts_the_command_that_the_package_installs(service: dict[str, list[str]]) -> None:
    scripts = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    (command,) = service["ExecStart"]
    assert Path(command.split()[0]).name in scripts


def test_systemd_waits_for_ready_and_watches(service: dict[str, list[str]]) -> None:
    assert service["Type"] == ["notify"]
    assert "NotifyAccess" not in service, "the main process alone is believed"


def test_what_hangs_or_was_killed_is_back_within_five_seconds(service: dict[str, list[str]]) -> None:
    """The watchdog's time, what SIGABRT may take, and the pause before the start; the start itself is the board's."""
    (watchdog_s,), (restart,) = service["WatchdogSec"], service["RestartSec"]
    assert int(watchdog_s) + int(restart.removesuffix("ms")) / 1000 <= 2.5
    assert int(watchdog_s) < IMPORTING_S, "a slow board's import takes 8 s (hardware.md section 8)"
    assert service["OOMPolicy"] == ["continue"], "a child that took all the memory is not the end of the device"


def test_a_part_that_is_slow_to_open_is_waited_for(service: dict[str, list[str]]) -> None:
    (start_s,) = service["TimeoutStartSec"]
    assert int(start_s) >= OPENING_S


def test_what_fails_again_and_again_does_not_run_hot(service: dict[str, list[str]]) -> None:
    (stop_s,) = service["TimeoutStopSec"]
    assert int(stop_s) >= REST_S / 2
    assert REST_S >= 10.0
    assert not {"RestartSteps", "RestartMaxDelaySec"} & service.keys(), "a kill after months must not wait for long"


@pytest.mark.skipif(sys.platform != "linux", reason="stat(1) is GNU's")
@pytest.mark.parametrize(
    ("result", "status", "young", "waits"),
    [
        ("signal", "SEGV", True, True),
        ("signal", "KILL", False, False),
        ("oom-kill", "KILL", True, True),
        ("exit-code", "1", True, True),
        ("exit-code", "1", False, False),
        ("exit-code", str(int(ExitStatus.HARDWARE_GONE)), True, False),
        ("exit-code", str(int(ExitStatus.CONFIGURATION)), True, False),
        ("watchdog", "ABRT", True, False),
        ("success", "0", True, False),
        ("success", "TERM", True, False),
    ],
)
def test_what_crashes_at_its_start_is_left_alone_for_a_while(
    service: dict[str, list[str]], tmp_path: Path, result: str, status: str, young: bool, waits: bool
) -> None:
    """The command itself, in a folder that has just been made and in one that was there before."""
    (command,), (stop_s,) = service["ExecStopPost"], service["TimeoutStopSec"]
    words = shlex.split(command.removeprefix("-").replace("%%", "%"))
    found = re.search(r"sleep (\d+)", words[-1])
    assert found is not None
    assert REST_S / 2 < int(found[1]) < int(stop_s)
    words[-1] = words[-1].replace(found[0], "echo waits")
    place = tmp_path if young else Path("/")
    environ = {"PATH": os.environ["PATH"], "SERVICE_RESULT": result, "EXIT_STATUS": status}
    done = subprocess.run(words, cwd=place, env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout == ("waits\n" if waits and _knows_births(tmp_path) else "")


def _knows_births(folder: Path) -> bool:
    """Whether the file system there keeps when a file was made; /run does since Linux 6.0."""
    return subprocess.run(["stat", "-c", "%W", folder], capture_output=True, check=True).stdout.strip() != b"0"


def test_a_reload_asks_the_daemon_and_fails_if_the_file_is_refused(service: dict[str, list[str]]) -> None:
    """Both in this order: the daemon tells the journal what is wrong, whoever asked must be told that it is."""
    ask, check = service["ExecReload"]
    assert "kill -HUP ${MAINPID}" in ask
    (start,) = service["ExecStart"]
    assert check.split() == [start.split()[0], "check"]


def test_only_a_refused_configuration_ends_the_restarts(service: dict[str, list[str]]) -> None:
    assert service["Restart"] == ["always"]
    assert service["RestartPreventExitStatus"] == [str(int(ExitStatus.CONFIGURATION))]
    assert directives("Unit")["StartLimitIntervalSec"] == ["0"]


def test_no_network_is_waited_for() -> None:
    ordering = [value for key in ("After", "Wants", "Requires", "BindsTo") for value in directives("Unit")[key]]
    assert "network" not in " ".join(ordering)


def test_the_key_comes_as_the_credential_that_the_daemon_reads(service: dict[str, list[str]]) -> None:
    (credential,) = service["LoadCredential"]
    assert credential.split(":")[0] == CREDENTIAL
    assert service["SetCredential"] == [CREDENTIAL + ":\\n"], "without a default, a missing file keeps it from starting"


def test_lgpio_writes_where_it_may(service: dict[str, list[str]], environment: dict[str, str]) -> None:
    """hardware.md section 5: otherwise the button is dead in a service and alive in a shell."""
    (runtime_directory,) = service["RuntimeDirectory"]
    assert service["WorkingDirectory"] == [f"%t/{runtime_directory}"]
    assert environment["LG_WD"] == f"%t/{runtime_directory}"
    assert environment["GPIOZERO_PIN_FACTORY"] == "lgpio"


def test_the_control_socket_can_be_made(service: dict[str, list[str]]) -> None:
    (runtime_directory,) = service["RuntimeDirectory"]
    assert Path(Config().control.socket).parent == Path("/run") / runtime_directory


def test_libraries_do_not_start_threads_for_nothing(environment: dict[str, str]) -> None:
    assert environment["OMP_THREAD_LIMIT"] == environment["OPENBLAS_NUM_THREADS"] == "1"


def test_every_kind_of_part_can_be_opened_and_nothing_else(service: dict[str, list[str]]) -> None:
    parts = {"char-alsa", "char-gpiochip", "char-spi", "char-video4linux", "char-media", "char-dma_heap"}
    assert service["DevicePolicy"] == ["closed"]
    assert {line.split()[0] for line in service["DeviceAllow"]} == parts
    assert not {"PrivateDevices", "PrivateUsers", "ProcSubset", "PrivateNetwork"} & service.keys()


def test_nothing_of_the_conversation_is_left_on_disk(service: dict[str, list[str]]) -> None:
    assert service["LimitCORE"] == ["0"]
    assert service["ProtectSystem"] == ["strict"]


def test_its_user_has_the_parts_groups(service: dict[str, list[str]]) -> None:
    lines = [shlex.split(line) for line in USERS.read_text().splitlines() if line and not line.startswith("#")]
    assert ["u", *service["User"]] in [line[:2] for line in lines]
    assert {line[2] for line in lines if line[:2] == ["m", *service["User"]]} == {"audio", "gpio", "spi", "video"}


@needs("systemd-analyze")
def test_systemd_has_nothing_to_say_about_it(verifiable: Path) -> None:
    """An unknown key or a bad value is a line of output, and exit status 0."""
    done = subprocess.run(["systemd-analyze", "verify", verifiable], capture_output=True, text=True, check=False)
    assert [line for line in (done.stdout + done.stderr).splitlines() if verifiable.name in line] == []
    assert done.returncode == 0


@needs("systemd-analyze")
def test_its_exposure_is_low(verifiable: Path) -> None:
    command = ["systemd-analyze", "security", "--offline=yes", "--threshold=15", "--no-pager", str(verifiable)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.splitlines()[-1:]


@needs("systemd-sysusers")
def test_its_user_can_be_made(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    subprocess.run(["systemd-sysusers", f"--root={tmp_path}", USERS], check=True, capture_output=True)
    assert "vocative:x:" in (tmp_path / "etc" / "passwd").read_text()
