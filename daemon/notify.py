"""What systemd is told about the service: that it is ready, how it does, that it still moves (sd_notify(3))."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from .errors import ConfigurationError


class ServiceManager:
    """The service manager at the other end of NOTIFY_SOCKET, or nobody.

    Args:
        notify: Sends a message.
        watchdog_s: WatchdogSec=; None if nobody watches.
        listens: Whether there is anybody.
    """

    def __init__(self, notify: Callable[[str], object], watchdog_s: float | None, *, listens: bool = True) -> None:
        self._notify = notify
        self._watchdog_s = watchdog_s
        self._sentence = ""
        self._is_ready = False
        self.listens: Final = listens
        self.watchdog_interval_s: Final = watchdog_s / 5 if watchdog_s is not None else None
        """How often `watchdog` is to be called: a loop may be late by four times as much. None: nobody watches."""

    def ready(self) -> None:
        """Say that start-up is finished; `systemctl start` returns."""
        self._is_ready = True
        self._notify("READY=1")

    def status(self, sentence: str) -> None:
        """Show `sentence` in `systemctl status`, if it differs from the one shown."""
        if sentence != self._sentence:
            self._sentence = sentence
            self._notify("STATUS=" + " ".join(sentence.splitlines()))

    def starting(self, sentence: str, within_s: float) -> None:
        """Say what start-up does now, and that it may take so long, even if TimeoutStartSec= is over before then."""
        self.status(sentence)
        self._notify(f"EXTEND_TIMEOUT_USEC={round(within_s * 1e6)}")

    def resting(self, for_s: float) -> None:
        """Say that nothing works, and that the next try is left for so long."""
        self._watch_for(2 * for_s)
        self.starting(f"It does not work, the journal says why; it is tried again in {for_s:g} s.", 2 * for_s)

    def patience(self, watchdog_s: float) -> None:
        """Have the watchdog wait for so long if it would not, until `impatience`: something slow begins."""
        self._watch_for(watchdog_s)

    def impatience(self) -> None:
        """Have the watchdog wait no longer than WatchdogSec= again."""
        self._watch_for(0.0)

    @contextmanager
    def reloading(self) -> Iterator[None]:
        """Say that the configuration is read again, and afterwards that the service is ready as before."""
        if self._is_ready:  # otherwise READY would be a lie: it is still starting
            self._notify(f"RELOADING=1\nMONOTONIC_USEC={time.monotonic_ns() // 1000}")
        try:
            yield
        finally:
            if self._is_ready:
                self._notify("READY=1")

    def watchdog(self) -> None:
        """Say that the daemon still does its work. Missing this for WatchdogSec= means death by SIGABRT."""
        self._notify("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the daemon is on its way out."""
        self.status("Stopped.")
        self._notify("STOPPING=1")

    def _watch_for(self, least_s: float) -> None:
        if self._watchdog_s is not None:
            self._notify(f"WATCHDOG_USEC={round(max(self._watchdog_s, least_s) * 1e6)}")


def service_manager(environ: Mapping[str, str]) -> ServiceManager:
    """Return the service manager that `environ` (the process's own) speaks of; without NOTIFY_SOCKET nobody listens.

    Raises:
        ConfigurationError: Somebody listens, but systemd-python is not installed.
    """
    if "NOTIFY_SOCKET" not in environ:
        return ServiceManager(_to_nobody, None, listens=False)
    try:
        from systemd.daemon import notify
    except ImportError as missing:
        fault = "systemd-python is not installed: run `pip install 'vocative[journal]'` in vocative's environment."
        raise ConfigurationError((fault,)) from missing
    return ServiceManager(notify, _watchdog_s(environ))


def _to_nobody(_: str) -> None:
    """Stand in for `systemd.daemon.notify` where nobody listens."""


def _watchdog_s(environ: Mapping[str, str]) -> float | None:
    """Return WATCHDOG_USEC in seconds, unless WATCHDOG_PID names another process (sd_watchdog_enabled(3))."""
    if environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    period_us = int(environ.get("WATCHDOG_USEC", "0"))
    return period_us / 1e6 if period_us else None
