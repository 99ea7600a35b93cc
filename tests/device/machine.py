"""The machine that the tests run on: a Linux kernel with systemd as an ordinary process on this host.

It has no network and no login. The host and the guest share one folder, `share` here and /lab there, through which
the guest's agent (`guest/agent.py`) is given commands. Its disk is copied on write, and the copy is gone at
the end.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Final, TextIO

HERE: Final = Path(__file__).resolve().parent
PROJECT: Final = HERE.parents[1]
RELEASE: Final = os.environ.get("RELEASE", "trixie")
"""Of Debian; `make device-test RELEASE=bookworm` tests on another one than the newest."""
KERNEL: Final = PROJECT / "build" / "device"
"""Where the kernel is, and what it is told of its board."""
BUILD: Final = KERNEL if RELEASE == "trixie" else KERNEL / RELEASE
"""What else `make device-test` has built, and where the results go."""
MEMORY_MB: Final = 1024
BOOT_S: Final = 120.0
STOP_S: Final = 30.0


class GuestDiedError(RuntimeError):
    """The kernel is gone."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended in the guest."""

    command: str
    status: int
    output: str
    """Standard output and standard error in one."""
    took_s: float


class Machine:
    """The guest, for the length of a `with` block."""

    def __init__(self, build: Path = BUILD) -> None:
        self._build: Final = build
        self._folder: Final = build / "machine"
        self.share: Final = self._folder / "share"
        """The guest sees it as /lab."""
        self._numbers: Final = count(1)
        self._kernel: subprocess.Popen[bytes] | None = None
        self._transcript: TextIO | None = None

    def __repr__(self) -> str:
        return f"<Machine {'on' if self.is_on else 'off'} in {self._folder}>"

    def __enter__(self) -> Machine:
        shutil.rmtree(self._folder, ignore_errors=True)
        (self.share / "jobs").mkdir(parents=True)
        self._transcript = (self._build / "transcript.txt").open("w")
        self._boot()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._shut_down()
        assert self._transcript is not None
        self._transcript.close()

    @property
    def is_on(self) -> bool:
        """Whether the kernel runs."""
        return self._kernel is not None and self._kernel.poll() is None

    def run(self, command: str, *, within_s: float = 60.0, check: bool = True, told: bool = True) -> Ran:
        """Run a shell command as root and wait for its end; it is in the transcript unless it is not to be `told`.

        Raises:
            CalledProcessError: It failed, and `check` is not given up.
            TimeoutError: It goes on; it is left alone.
            GuestDiedError: The guest did.
        """
        begun_s = time.monotonic()
        job = self.share / "jobs" / f"{next(self._numbers):06}"
        job.mkdir()
        (job / "output").touch()
        (job / "command").write_text(command + "\n")
        (job / "go").touch()
        while not (job / "status").exists():
            if not self.is_on:
                raise GuestDiedError(f"in the middle of: {command}\n{self.console}")
            if time.monotonic() - begun_s > within_s:
                raise TimeoutError(f"goes on after {within_s:g} s: {command}\n{(job / 'output').read_text()}")
            time.sleep(0.02)
        output = (job / "output").read_bytes().decode(errors="replace")
        ran = Ran(command, int((job / "status").read_text()), output, time.monotonic() - begun_s)
        if told:
            self._note(ran)
        if check and ran.status:
            raise subprocess.CalledProcessError(ran.status, command, f"\n{ran.output}")
        return ran

    def reboot(self) -> float:
        """Restart the guest, its disk kept; return the seconds from its kernel's start to its being of use."""
        (self.share / "ready").unlink()
        self.run("(sleep 1; systemctl reboot) >/dev/null 2>&1 &")  # not before this command has ended
        self._wait_until_ready()
        return float((self.share / "ready").read_text())

    def says(self, command: str, *, told: bool = True) -> str:
        """Return what a command prints, without the blank around it; whatever its status."""
        return self.run(command, check=False, told=told).output.strip()

    def say_in_transcript(self, text: str) -> None:
        """Put a heading into the transcript."""
        assert self._transcript is not None
        self._transcript.write(f"\n# {text}\n\n")
        self._transcript.flush()

    @property
    def console(self) -> str:
        """The end of what the kernel has said."""
        return (self._folder / "console").read_text(errors="replace")[-3000:]

    def _boot(self) -> None:
        command = [
            *_ahead_of_others(),
            str(KERNEL / "linux"),
            f"mem={MEMORY_MB}M",
            f"umid=vocative-{os.getpid()}",
            f"uml_dir={self._folder}",
            f"dtb={KERNEL / 'board.dtb'}",
            f"ubd0={self._folder / 'disk.cow'},{self._build / 'root.img'}",
            *("root=/dev/ubda", "rw", "con=null", "con0=null,fd:1", "ssl=null", "systemd.show_status=0"),
            f"lab={self.share}",
        ]
        # The guest's memory is a mapped file: it must lie where that costs nothing.
        environment = {"PATH": os.environ["PATH"], "TMPDIR": "/dev/shm"}  # noqa: S108 - the kernel makes it nameless
        with (self._folder / "console").open("wb") as console:
            self._kernel = subprocess.Popen(
                command,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=console,
                stderr=console,
                start_new_session=True,
            )
        self._wait_until_ready()

    def _wait_until_ready(self) -> None:
        begun_s = time.monotonic()
        while not (self.share / "ready").exists():
            if not self.is_on or time.monotonic() - begun_s > BOOT_S:
                self._shut_down()
                raise GuestDiedError(f"it did not boot:\n{self.console}")
            time.sleep(0.1)

    def _shut_down(self) -> None:
        kernel = self._kernel
        if kernel is None:
            return
        if self.is_on and (self.share / "ready").exists():
            try:
                self.run("systemctl poweroff --no-block", within_s=5.0)
                kernel.wait(STOP_S)
            except (OSError, subprocess.SubprocessError, GuestDiedError):  # a time-out, too, or the host's disk is full
                pass
        if kernel.poll() is None:
            os.killpg(kernel.pid, signal.SIGKILL)  # its own session: its processes, and nobody else's
        kernel.wait()
        (self._folder / "disk.cow").unlink(missing_ok=True)

    def _note(self, ran: Ran) -> None:
        assert self._transcript is not None
        ending = "" if ran.status == 0 else f"  [status {ran.status}]"
        self._transcript.write(f"lab# {ran.command}   ({ran.took_s:.1f} s){ending}\n{ran.output.rstrip()}\n")
        self._transcript.flush()


def _ahead_of_others() -> tuple[str, ...]:
    """Return the command that gives the guest's kernel a real-time priority, if this host lets us.

    Sound is in real time, whatever else the host has to do; niceness would only count within our own session
    (autogroup, sched(7)). The guest has one processor, so that it takes at most one of the host's.
    """
    ahead = ("chrt", "--rr", "1")
    allowed = (
        shutil.which("chrt") and subprocess.run([*ahead, "true"], capture_output=True, check=False).returncode == 0
    )
    return ahead if allowed else ()
