"""What systemd is told about the service: that it is ready, how it does, that it still moves (sd_notify(3))."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Final

from .errors import ConfigurationError


class ServiceManager:
    """The service manager at the other end of NOTIFY_SOCKET, or nobody."""

    def __init__(self, notify: Callable[[str], object], watchdog_interval_s: float | None) -> None:
        self._notify = notify
        self._sentence = ""
        self.watchdog_interval_s: Final = watchdog_interval_s
        """How often `watchdog` is to be called: half of WatchdogSec=. None: nobody watches."""

    def ready(self) -> None:
        """Say that start-up is finished; `systemctl start` returns."""
        self._notify("READY=1")

    def status(self, sentence: str) -> None:
        """Show `sentence` in `systemctl status`, if it differs from the one shown."""
        if sentence != self._sentence:
            self._sentence = sentence
            self._notify("STATUS=" + " ".join(sentence.splitlines()))

    def watchdog(self) -> None:
        """Say that the daemon still does its work. Missing this for WatchdogSec= means death by SIGABRT."""
        self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self._notify("STOPPING=1")


def service_manager(environ: Mapping[str, str]) -> ServiceManager:
    """Return the service manager that `environ` (the process's own) speaks of; without NOTIFY_SOCKET nobody listens.

    Raises:
        ConfigurationError: Somebody listens, but systemd-python is not installed.
    """
    if "NOTIFY_SOCKET" not in environ:
        return ServiceManager(_to_nobody, None)
    try:
        from systemd.daemon import notify
    except ImportError as missing:
        fault = "systemd-python is not installed: run `pip install 'vocative[journal]'` in vocative's environment."
        raise ConfigurationError((fault,)) from missing
    return ServiceManager(notify, _watchdog_interval_s(environ))


def _to_nobody(_: str) -> None:
    """Stand in for `systemd.daemon.notify` where nobody listens."""


def _watchdog_interval_s(environ: Mapping[str, str]) -> float | None:
    """Return half of WATCHDOG_USEC in seconds, unless WATCHDOG_PID names another process (sd_watchdog_enabled(3))."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    period_us = int(environ.get("WATCHDOG_USEC", "0"))
    return period_us / 2e6 if period_us else None
