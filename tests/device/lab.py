"""The machine with a device installed on it, a person before it, and the service at the far end of a cable.

aplay ──► card Mic, device 0 ══ device 1 ──► vocative ──► card Speaker, device 0 ══ device 1 ──► arecord
gpio-sim, line 17 ──► /dev/gpiochip0 ──► vocative ──► /dev/spidev0.0 ──► trace of the kernel's spi
vocative ── eth0 (10.9.0.2) ══ cable ══ (10.9.0.1) eth0 in the namespace "cloud" ── stand-in service
"""

from __future__ import annotations

import json
import shutil
import tarfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import numpy as np

from daemon.rehearsal import voices
from hardware.pcm import DOWN, samples

from .heard import likeness
from .machine import BUILD, PROJECT, Machine, Ran

CLOUD: Final = "10.9.0.1"
CONFIGURATION: Final = f"""\
[live]
base_url = "https://{CLOUD}:8443"
ca_file = "/etc/vocative/cloud.pem"

[turn]
mode = "hold"

[microphone]
device = "hw:CARD=Mic,DEV=1"

[speaker]
device = "hw:CARD=Speaker,DEV=0"
sleep_after_s = 0.0
earcons = false

[echo]
mode = "off"

[camera]
driver = "none"
"""
"""Without earcons, so that nothing but an answer is heard; without echo control, so that every sample of what was said
arrives at the service as it was."""
KEY: Final = "the-key-of-the-laboratory"
SOUNDS: Final = 0.98
"""So alike is what sounds to what the service has sent, if nothing is missing."""
UNIT: Final = "vocative.service"
Entry = dict[str, Any]
"""A line of the journal, as `journalctl -o json` prints it."""


class Lab:
    """What one can do to the device, and what one can see of it."""

    def __init__(self, machine: Machine) -> None:
        self.machine: Final = machine
        self._pull: Final = machine.says("ls /sys/devices/platform/*/gpiochip*/sim_gpio17/pull")

    def __repr__(self) -> str:
        return f"<Lab on {self.machine!r}>"

    def run(self, command: str, *, within_s: float = 60.0, check: bool = True) -> Ran:
        """See `Machine.run`."""
        return self.machine.run(command, within_s=within_s, check=check)

    def says(self, command: str, *, told: bool = True) -> str:
        """See `Machine.says`."""
        return self.machine.says(command, told=told)

    # --- the surroundings -------------------------------------------------------------------------------------------

    def lay_cable(self) -> None:
        """Connect the device to a namespace that stands for the rest of the world, and start the service there."""
        code = self.machine.share / "code.tar"
        with tarfile.open(code, "w") as archive:
            for package in ("daemon", "hardware"):
                archive.add(PROJECT / package, package, filter=_without_caches)
        shutil.copy(Path(__file__).parent / "guest" / "cloud.py", self.machine.share)
        for number in voices.QUESTION_WORDS:
            (self.machine.share / f"question_{number}.raw").write_bytes(voices.question(number))
        self.run(
            "ip netns add cloud && ip link add eth0 type veth peer name eth0 netns cloud &&"
            " ip addr add 10.9.0.2/24 dev eth0 && ip link set eth0 up &&"
            f" ip -n cloud addr add {CLOUD}/24 dev eth0 && ip -n cloud link set eth0 up && ip -n cloud link set lo up"
        )
        self.run(
            "install -d /opt/lab/code /etc/vocative && tar -C /opt/lab/code -xf /lab/code.tar &&"
            " systemd-run --quiet --unit=cloud -p NetworkNamespacePath=/run/netns/cloud -p User=root"
            " -E PYTHONPATH=/opt/lab/code -E PYTHONDONTWRITEBYTECODE=1"
            f" /opt/lab/bin/python /lab/cloud.py {CLOUD} /etc/vocative/cloud.pem /lab/cloud.json"
        )
        self.until(
            lambda: self.says("ss -tlnN cloud | grep -c 8443", told=False) == "1", "the service listens", within_s=60
        )

    def pull_cable(self) -> None:
        """Pull the plug out."""
        self.run("ip link set eth0 down")

    def plug_cable(self) -> None:
        """Put it back."""
        self.run("ip link set eth0 up && ip addr replace 10.9.0.2/24 dev eth0")

    def service(self) -> Mapping[str, Any]:
        """Return what the service knows; see `guest/cloud.py`."""
        found = self.machine.share / "cloud.json"
        return json.loads(found.read_text()) if found.exists() else {"connections": 0, "sessions": []}

    def turns(self) -> list[Mapping[str, Any]]:
        """Return all turns that the service knows, in order."""
        return [turn for session in self.service()["sessions"] for turn in session["turns"]]

    # --- the device -------------------------------------------------------------------------------------------------

    def install(self) -> None:
        """Install the package, configure it and give it a key, as an owner does."""
        shutil.copy(BUILD / "vocative.deb", self.machine.share)
        self.run("DEBIAN_FRONTEND=noninteractive dpkg -i /lab/vocative.deb", within_s=300)
        self.configure()
        self.run(f"echo {KEY} | vocative key --plain")
        self.restart()

    def configure(self, text: str = CONFIGURATION) -> None:
        """Write the configuration."""
        (self.machine.share / "vocative.toml").write_text(text)
        self.run("install -D -m 644 /lab/vocative.toml /etc/vocative/vocative.toml")

    def restart(self) -> None:
        """Restart the service; return when it is ready, which is what Type=notify is for."""
        self.run("systemctl reset-failed vocative; systemctl restart vocative", within_s=90)

    def show(self, name: str) -> str:
        """Return a property of the unit."""
        return self.says(f"systemctl show vocative --value -p {name}", told=False)

    @property
    def pid(self) -> int:
        """The main process; 0 if there is none."""
        return int(self.show("MainPID"))

    def footprint(self, pid: int) -> Mapping[str, float]:
        """Return what a process has used so far; see `guest/footprint.py`."""
        return dict(json.loads(self.run(f"python3 /lab/footprint.py {pid}").output))

    def status(self) -> Mapping[str, Any]:
        """Return what `vocative status --json` says, nothing where it says nothing."""
        ran = self.machine.run("vocative status --json", check=False, told=False)
        return json.loads(ran.output) if ran.status == 0 else {}

    def cursor(self) -> str:
        """Return where the journal is at, for `journal`."""
        return str(self.entries("-n 1")[0]["__CURSOR"])

    def journal(self, after: str, event: str = "") -> list[Entry]:
        """Return the unit's lines since `after`, a cursor; only those of one `event`, if it is given."""
        return [
            line
            for line in self.since(after)
            if UNIT in {line.get("_SYSTEMD_UNIT"), line.get("UNIT")} and event in {"", line.get("EVENT")}
        ]

    def since(self, after: str) -> list[Entry]:
        """Return all lines of the journal since `after`, a cursor.

        Matches would not do: Debian 12's journalctl leaves the first line out if they do not fit the cursor's own.
        """
        return self.entries(f"--after-cursor='{after}'")

    def entries(self, matches: str) -> list[Entry]:
        """Return the lines of the journal that `journalctl` finds with `matches`."""
        self.machine.run(f"journalctl -q -o json {matches} >/lab/journal.json", told=False)
        return [json.loads(line) for line in (self.machine.share / "journal.json").read_text().splitlines()]

    def event(self, after: str, event: str, *, within_s: float = 30.0) -> Entry:
        """Wait for a line of the journal since `after`, and return the first one."""
        # What follows the journal is left behind by `grep` and ends by itself; only its output must not be waited for.
        follow = f"timeout {within_s:g} journalctl -q -f -n all -o json --after-cursor='{after}'"
        line = self.machine.says(f'grep -m 1 \'"EVENT":"{event}"\' < <({follow} 2>/dev/null)')
        if not line:
            told = self.says("systemctl status vocative; journalctl -q -n 40 -u vocative -o short-precise")
            raise AssertionError(f"not within {within_s:g} s: {event} in the journal\n{told}")
        return dict(json.loads(line))

    def until(self, holds: Callable[[], bool], what: str, *, within_s: float = 30.0) -> float:
        """Wait until something holds, and return how many seconds that took."""
        begun_s = time.monotonic()
        while not holds():
            if time.monotonic() - begun_s > within_s:
                told = self.says("systemctl status vocative; journalctl -q -n 40 -u vocative -o short-precise")
                raise AssertionError(f"not within {within_s:g} s: {what}\n{told}")
            time.sleep(0.2)
        return time.monotonic() - begun_s

    def answer_heard(self, number: int = 1, rate_hz: int = 24_000) -> float:
        """Ask, and return how much of what sounds then is the service's answer; see `likeness`.

        It is in real time, and the host may be too busy for that now and then: the best of three counts.
        """
        best = 0.0
        for _ in range(3):
            after = self.cursor()
            with self.listening(rate_hz) as heard:
                self.ask(number)
                self.event(after, "turn.done", within_s=60)
                self.run("sleep 0.5")
                sound = samples(heard())
            step = rate_hz // DOWN.rate_hz  # an answer has nothing above 8 kHz, so that nothing is folded down
            best = max(best, *(likeness(sound[at::step].tobytes(), voices.answer()) for at in range(step)))
            if best > SOUNDS:
                break
        return best

    # --- the person -------------------------------------------------------------------------------------------------

    @property
    def pressing(self) -> str:
        """The command that presses the button, which connects the pin to ground."""
        return f"echo pull-down >{self._pull}"

    @property
    def letting_go(self) -> str:
        """The command that releases it."""
        return f"echo pull-up >{self._pull}"

    def saying(self, number: int) -> str:
        """Return the command that says a question; it ends with the last sample."""
        return f"aplay -q -D plughw:Mic,0 -t raw -f S16_LE -r 16000 -c 1 /lab/question_{number}.raw"

    def ask(self, number: int = 1) -> None:
        """Hold the button and say a question."""
        self.run(f"{self.pressing}; sleep 0.3; {self.saying(number)}; sleep 0.3; {self.letting_go}")

    @contextmanager
    def listening(self, rate_hz: int = 24_000) -> Iterator[Callable[[], bytes]]:
        """Record what the loudspeaker plays, within the block; the function returns the left channel, s16le."""
        recorder = self.says(
            f"arecord -q -D hw:Speaker,1 -t raw -f S16_LE -r {rate_hz} -c 2 /tmp/heard.raw >/dev/null 2>&1 & echo $!"
        )

        def heard() -> bytes:
            self.run("cp /tmp/heard.raw /lab/heard.raw")
            raw = (self.machine.share / "heard.raw").read_bytes()
            stereo = np.frombuffer(raw[: len(raw) // 4 * 4], "<i2").reshape(-1, 2)
            return bytes(np.ascontiguousarray(stereo[:, 0]).tobytes())

        try:
            yield heard
        finally:
            self.run(f"kill {recorder}", check=False)

    @contextmanager
    def watching_ring(self) -> Iterator[Callable[[], list[tuple[int, bytes]]]]:
        """Trace the SPI bus within the block; the function returns each transfer so far: whose, and the bytes."""
        events = "/sys/kernel/tracing/events/spi/spi_transfer_start/enable"
        self.run(
            "mountpoint -q /sys/kernel/tracing || mount -t tracefs none /sys/kernel/tracing;"
            f" echo 4096 >/sys/kernel/tracing/buffer_size_kb; echo >/sys/kernel/tracing/trace; echo 1 >{events}"
        )

        def seen() -> list[tuple[int, bytes]]:
            self.run("cp /sys/kernel/tracing/trace /lab/trace")
            return list(_transfers((self.machine.share / "trace").read_text()))

        try:
            yield seen
        finally:
            self.run(f"echo 0 >{events}")


def _transfers(trace: str) -> Iterator[tuple[int, bytes]]:
    """Return what the kernel's trace says of each SPI transfer: the process, and what it sent."""
    for line in trace.splitlines():
        if "spi_transfer_start:" in line:
            process = line.split()[0].rpartition("-")[2]
            sent = line.partition("tx=[")[2].partition("]")[0]
            yield int(process), bytes.fromhex(sent.replace("-", ""))


def _without_caches(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in entry.name else entry


def save(name: str, text: str) -> None:
    """Leave something for whoever reads the results, in build/device."""
    (BUILD / name).write_text(text)
