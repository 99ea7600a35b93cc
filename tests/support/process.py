"""Commands of ours as real processes: started, watched line by line, asked to stop; none outlives its `with` block."""

from __future__ import annotations

import asyncio
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from daemon.control import client as control
from tests.support import pulse

ROOT: Final = Path(__file__).resolve().parents[2]
START_S: Final = 20.0
"""The longest that anything of ours may take on a busy machine; a test that waits so long fails."""
_PRIVATE: Final = ("API_KEY", "CREDENTIALS_DIRECTORY", "JOURNAL_STREAM", "NOTIFY_", "WATCHDOG_", "PROXY")
"""Variables whose names hold one of these are the business of whoever runs the tests, not of what is tested."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line that a process has printed, and when it arrived (`time.monotonic`)."""

    at_s: float
    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """How a process ended: its exit status, negative for a signal, and how long it took after it was asked to."""

    status: int
    took_s: float


class Process:
    """A running process; `running` makes one."""

    def __init__(self, popen: subprocess.Popen[bytes]) -> None:
        self.started_s: Final = time.monotonic()
        self.pid: Final = popen.pid
        self._popen: Final = popen
        self._lines: list[Line] = []
        self._moved: Final = threading.Condition()
        self._over = False
        self._reader: Final = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __repr__(self) -> str:
        return f"<Process {self.pid} status={self._popen.returncode} {len(self._lines)} lines>"

    @property
    def lines(self) -> tuple[Line, ...]:
        """What it has printed so far, standard output and standard error in one."""
        with self._moved:
            return tuple(self._lines)

    @property
    def text(self) -> str:
        """The same as one text."""
        return "".join(f"{line.text}\n" for line in self.lines)

    @property
    def cpu_s(self) -> float:
        """Processor time that all its threads have used, in user mode and in the kernel, from proc(5)'s stat."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    @property
    def peak_mib(self) -> float:
        """The most memory that was ever resident, from proc(5)'s status."""
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        assert found is not None
        return int(found[1]) / 1024

    def line(self, words: str, *, within_s: float = START_S) -> Line:
        """Wait for a line that holds `words`, printed already or not, and return the first one."""
        with self._moved:
            self._moved.wait_for(lambda: self._over or self._found(words) is not None, within_s)
            found = self._found(words)
            if found is None:
                why = "it ended" if self._over else f"it did not within {within_s:g} s"
                said = "\n".join(line.text for line in self._lines)
                raise AssertionError(f"never said {words!r}: {why}. It said:\n{said}")
            return found

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._popen.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM, *, within_s: float = 10.0) -> Ended:
        """Send a signal and wait for the end.

        Raises:
            TimeoutError: It goes on.
        """
        asked_s = time.monotonic()
        self.send(number)
        return Ended(self.ended(within_s=within_s), time.monotonic() - asked_s)

    def ended(self, *, within_s: float = START_S) -> int:
        """Wait until it ends by itself, and return its exit status.

        Raises:
            TimeoutError: It goes on.
        """
        ends = os.pidfd_open(self.pid)  # `Popen.wait` would only look every 50 ms
        try:
            if not select.select([ends], [], [], within_s)[0]:
                raise TimeoutError(f"{self!r} goes on after {within_s:g} s:\n{self.text}")
        finally:
            os.close(ends)
        status = self._popen.wait()
        self._reader.join()
        return status

    def end(self) -> None:
        """Make sure that it is gone and that nothing of it is left open."""
        if self._popen.poll() is None:
            self._popen.kill()
            self._popen.wait()
        self._reader.join()
        assert self._popen.stdout is not None
        self._popen.stdout.close()

    def _found(self, words: str) -> Line | None:
        return next((line for line in self._lines if words in line.text), None)

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for raw in self._popen.stdout:
            with self._moved:
                self._lines.append(Line(time.monotonic(), raw.decode(errors="replace").rstrip("\n")))
                self._moved.notify_all()
        with self._moved:
            self._over = True
            self._moved.notify_all()


@contextmanager
def running(*command: str, environ: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run `command` for the length of the block; `environ` is added to a quiet environment."""
    quiet = {name: value for name, value in os.environ.items() if not any(part in name.upper() for part in _PRIVATE)}
    popen = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**quiet, "PYTHONUNBUFFERED": "1", **(environ or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    process = Process(popen)
    try:
        yield process
    finally:
        process.end()


@contextmanager
def vocative(*arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[Process]:
    """Run our own command with `arguments` for the length of the block."""
    with running(sys.executable, "-m", "daemon", *arguments, environ=environ) as process:
        yield process


@dataclass(frozen=True, slots=True)
class Service:
    """A stand-in service that runs as a process."""

    process: Process
    base_url: str
    ca_file: Path
    log: Path

    @property
    def live(self) -> str:
        """The lines that the `[live]` table of a client of its needs."""
        return f'base_url = "{self.base_url}"\nca_file = "{self.ca_file}"\n'


@contextmanager
def stand_in(folder: Path, *options: str) -> Iterator[Service]:
    """Run `vocative stand-in` on a free port; its CA and its log are left in `folder`."""
    ca_file, log = folder / "service-ca.pem", folder / "service.jsonl"
    paths = ("--ca-file", str(ca_file), "--log", str(log))
    with vocative("stand-in", "--port", "0", *paths, *options) as process:
        process.line("ca_file")
        base_url = process.line("base_url").text.split('"')[1]
        yield Service(process, base_url, ca_file, log)


@dataclass(frozen=True, slots=True)
class Device:
    """A daemon that runs as a process, with PyAudio's parts, no button and no ring."""

    process: Process
    config: Path
    socket: Path

    def ask(self, *words: str) -> control.Reply:
        """Ask over the control socket, as `vocative status` and `vocative button` do."""
        return asyncio.run(control.ask(self.socket, *words))

    def until(self, turn: str, *, within_s: float = START_S) -> None:
        """Wait until it is in that state of a turn.

        Raises:
            TimeoutError: It is not.
        """
        patience_s = time.monotonic() + within_s
        while (status := self.ask("status"))["turn"] != turn:
            if time.monotonic() > patience_s:
                raise TimeoutError(f"not {turn} after {within_s:g} s, but {status}. It said:\n{self.process.text}")
            time.sleep(0.02)


@contextmanager
def device(
    folder: Path,
    live: str,
    *,
    key: str = "",
    microphone: str = pulse.MICROPHONE,
    camera: str = 'driver = "none"',
    more: str = "",
    **environ: str,
) -> Iterator[Device]:
    """Run `vocative run` on the private PulseAudio, its files in `folder`.

    Args:
        folder: A new one, with a short path: the control socket will be in it.
        live: The lines of its `[live]` table.
        key: Its API key; empty for none.
        microphone: What `[microphone] device` names.
        camera: The lines of its `[camera]` table.
        more: Whole tables.
        environ: More of its environment.
    """
    folder.mkdir()
    config, control_socket = folder / "vocative.toml", folder / "control"
    config.write_text(_CONFIG.format(live=live, microphone=microphone, camera=camera, socket=control_socket) + more)
    if key:
        environ["GEMINI_API_KEY"] = key
    with vocative("run", "--config", str(config), environ=environ) as process:
        yield Device(process, config, control_socket)


_CONFIG: Final = f"""\
[live]
{{live}}
[microphone]
device = "{{microphone}}"
[speaker]
device = "{pulse.LOUDSPEAKER}"
volume_percent = 100
[button]
driver = "none"
[leds]
driver = "none"
[camera]
{{camera}}
[control]
socket = "{{socket}}"
"""
