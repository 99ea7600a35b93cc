"""What the service manager hears, over a real datagram socket and through the real libsystemd."""

from __future__ import annotations

import contextlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from daemon.errors import ConfigurationError
from daemon.notify import service_manager

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="systemd is Linux's")


def heard(end: socket.socket) -> list[str]:
    """Return every message that has come since the last look."""
    messages = []
    with contextlib.suppress(BlockingIOError):
        while True:
            messages.append(end.recv(4096).decode())
    return messages


@linux_only
class TestServiceManager:
    @pytest.fixture
    def manager_socket(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
        """The service manager's end, at the address that libsystemd reads from the environment."""
        path = tmp_path / "notify"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as end:
            end.bind(str(path))
            end.setblocking(False)
            monkeypatch.setenv("NOTIFY_SOCKET", str(path))
            yield end

    def test_what_is_said_arrives(self, manager_socket: socket.socket) -> None:
        manager = service_manager(os.environ)
        manager.starting("opening", 30.0)
        manager.ready()
        manager.status("listening")
        manager.watchdog()
        manager.stopping()
        assert heard(manager_socket) == [
            "STATUS=opening",
            "EXTEND_TIMEOUT_USEC=30000000",
            "READY=1",
            "STATUS=listening",
            "WATCHDOG=1",
            "STATUS=Stopped.",
            "STOPPING=1",
        ]

    def test_a_status_is_said_again_only_when_it_changed(self, manager_socket: socket.socket) -> None:
        manager = service_manager(os.environ)
        for sentence in ("idle", "idle", "muted", "idle"):
            manager.status(sentence)
        assert heard(manager_socket) == ["STATUS=idle", "STATUS=muted", "STATUS=idle"]

    def test_a_reload_is_framed_by_two_messages_with_the_time_of_its_begin(self, manager_socket: socket.socket) -> None:
        manager = service_manager(os.environ)
        manager.ready()
        before_us = time.monotonic_ns() // 1000
        with manager.reloading():
            ready, said = heard(manager_socket)
        assert ready == "READY=1"
        reloading, since = said.split("\n")
        assert reloading == "RELOADING=1"
        assert since.startswith("MONOTONIC_USEC=")
        assert before_us <= int(since.partition("=")[2]) <= time.monotonic_ns() // 1000
        assert heard(manager_socket) == ["READY=1"]

    def test_who_reloads_before_it_is_ready_does_not_claim_to_be(self, manager_socket: socket.socket) -> None:
        manager = service_manager(os.environ)
        with manager.reloading():
            pass
        assert heard(manager_socket) == []

    def test_the_watchdog_waits_longer_for_a_while_and_never_less_than_its_owner_wants(
        self, manager_socket: socket.socket
    ) -> None:
        for watchdog_us, patient_us in ((3_000_000, 30_000_000), (60_000_000, 60_000_000)):
            manager = service_manager({**os.environ, "WATCHDOG_USEC": str(watchdog_us)})
            manager.patience(30.0)
            manager.impatience()
            assert heard(manager_socket) == [f"WATCHDOG_USEC={patient_us}", f"WATCHDOG_USEC={watchdog_us}"]
        unwatched = service_manager(os.environ)
        unwatched.patience(30.0)
        assert heard(manager_socket) == []

    def test_who_rests_has_the_time_for_it(self, manager_socket: socket.socket) -> None:
        service_manager({**os.environ, "WATCHDOG_USEC": "3000000"}).resting(10.0)
        watchdog, sentence, start = heard(manager_socket)
        assert watchdog == "WATCHDOG_USEC=20000000"
        assert sentence.startswith("STATUS=")
        assert start == "EXTEND_TIMEOUT_USEC=20000000"

    def test_a_status_cannot_smuggle_a_message(self, manager_socket: socket.socket) -> None:
        service_manager(os.environ).status("waiting\nREADY=1")
        assert manager_socket.recv(4096) == b"STATUS=waiting READY=1"

    @pytest.mark.parametrize(
        ("environ", "interval_s"),
        [
            ({}, None),
            ({"WATCHDOG_USEC": "0"}, None),
            ({"WATCHDOG_USEC": "30000000"}, 6.0),
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": str(os.getpid())}, 6.0),
            ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),
        ],
    )
    def test_the_watchdog_is_fed_five_times_as_often_as_it_must_be(
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
