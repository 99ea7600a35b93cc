"""What the service manager hears, over a real datagram socket and through the real libsystemd."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import ConfigurationError
from daemon.notify import service_manager

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


@linux_only
class TestServiceManager:
    @pytest.fixture
    def manager_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
        """The service manager's end, at the address that libsystemd reads from the environment."""
        path = tmp_path / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.bind(str(path))
            end.settimeout(5)
            monkeypatch.setenv("NOTIFY_SOCKET", str(path))
            yield end

    def test_what_is_said_arrives(self, manager_socket: socket.socket) -> None:
        manager = service_manager(os.environ)
        manager.ready()
        manager.status("listening")
        manager.watchdog()
        manager.stopping()
        said = [manager_socket.recv(4096).decode() for _ in range(4)]
        assert said == ["READY=1", "STATUS=listening", "WATCHDOG=1", "STOPPING=1"]

    def test_a_status_is_said_again_only_when_it_changed(self, manager_socket: socket.socket) -> None:
        manager = service_manager(os.environ)
        for sentence in ("idle", "idle", "muted", "idle"):
            manager.status(sentence)
        manager.stopping()
        said = [manager_socket.recv(4096).decode() for _ in range(4)]
        assert said == ["STATUS=idle", "STATUS=muted", "STATUS=idle", "STOPPING=1"]

    def test_a_status_cannot_smuggle_a_message(self, manager_socket: socket.socket) -> None:
        service_manager(os.environ).status("waiting\nREADY=1")
        assert manager_socket.recv(4096) == b"STATUS=waiting READY=1"

    @pytest.mark.parametrize(
        ("environ", "interval_s"),
        [
            ({}, None),
            ({"WATCHDOG_USEC": "0"}, None),
            ({"WATCHDOG_USEC": "30000000"}, 15.0),
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 15.0),
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ],
    )
    def test_the_watchdog_wants_twice_what_it_is_promised(
        self, environ: dict[str, str], interval_s: float | None
    ) -> None:
        assert service_manager({"NOTIFY_SOCKET": "/run/notify", **environ}).watchdog_interval_s == interval_s


def test_without_a_service_manager_nobody_is_told_and_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "systemd.daemon", None)  # not even the library is needed
    manager = service_manager({"WATCHDOG_USEC": "30000000"})
    manager.ready()
    manager.status("idle")
    manager.watchdog()
    manager.stopping()
    assert manager.watchdog_interval_s is None


def test_a_service_manager_without_systemd_python_is_a_fault_with_its_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "systemd.daemon", None)
    with pytest.raises(ConfigurationError, match="pip install"):
        service_manager({"NOTIFY_SOCKET": "/run/systemd/notify"})
