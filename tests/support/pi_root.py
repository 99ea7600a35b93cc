"""Made-up machines, laid out in a folder as `/proc`, `/sys`, `/etc`, `/dev` and programs: what `vocative doctor` reads.

Files stand for devices. They belong to whoever runs this, so the groups of the made-up machine have that user's group.
"""

from __future__ import annotations

import json
import os
import shlex
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

KEY: Final = "AIza" + "x" * 35
"""Looks like a key, and is none."""
_STARTED_S: Final = 1_795_000_000
"""When the service began; what is installed is older, unless it was upgraded since."""


class PiRoot:
    """A machine in the making."""

    def __init__(self, folder: Path) -> None:
        self.folder: Final = folder

    def write(self, path: str, text: str = "", *, mode: int = 0o644) -> Path:
        """Write a file of the machine."""
        file = self.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    def remove(self, path: str) -> None:
        """Take a file away."""
        (self.folder / path.lstrip("/")).unlink()

    def program(self, name: str, prints: str, *, status: int = 0) -> None:
        """Install a program that says one thing, whatever it is asked."""
        script = f"#!/bin/sh\nprintf '%s\\n' {shlex.quote(prints)}\nexit {status}\n"
        self.write(f"/usr/bin/{name}", script, mode=0o755)

    def process(self, pid: int, name: str, *files: str) -> None:
        """Let a process run that has `files` open."""
        self.write(f"/proc/{pid}/comm", f"{name}\n")
        self.write(f"/proc/{pid}/status", f"Name:\t{name}\nTgid:\t{pid}\nPid:\t{pid}\n")
        for number, file in enumerate(files):
            link = self.folder / f"proc/{pid}/fd/{number}"
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(file)

    def groups(self, *members_of: str) -> None:
        """Let the user vocative be in these groups of the system's."""
        lines = [
            f"{name}:x:{os.getgid()}:vocative" if name in members_of else f"{name}:x:{65_000 + number}:"
            for number, name in enumerate(("audio", "gpio", "spi", "video"))
        ]
        self.write("/etc/group", "\n".join([*lines, "vocative:x:985:", ""]))

    def unit(self, **properties: str | int) -> None:
        """Let systemd say this of the service, beside what is usual."""
        usual: dict[str, str | int] = {
            "LoadState": "loaded",
            "ActiveState": "active",
            "SubState": "running",
            "Result": "success",
            "NRestarts": 0,
            "UnitFileState": "enabled",
            "MainPID": 604,
            "ExecMainStatus": 0,
            "ExecMainStartTimestamp": f"@{_STARTED_S}",
            "NeedDaemonReload": "no",
            "User": "vocative",
            "Environment": "PYTHONFAULTHANDLER=1 LG_WD=/run/vocative GPIOZERO_PIN_FACTORY=lgpio",
        }
        self.program("systemctl", "\n".join(f"{name}={value}" for name, value in (usual | properties).items()))

    def installed(self, version: str, *, at_s: float = _STARTED_S - 86_400) -> None:
        """Let a version of vocative be installed."""
        info = self.write(f"/opt/vocative/lib/python3.13/site-packages/vocative-{version}.dist-info/METADATA").parent
        os.utime(info, (at_s, at_s))

    def pin(self, number: int, consumer: str) -> None:
        """Let the kernel say who holds a pin; nobody if `consumer` is empty."""
        held = f"|{consumer:<20}" if consumer else " " * 21
        chip = "gpiochip0: GPIOs 569-622, parent: platform/1f000d0000.gpio, pinctrl-rp1:"
        self.write("/sys/kernel/debug/gpio", f"{chip}\n gpio-{569 + number} (GPIO{number:<16}{held}) in  hi IRQ \n")


@contextmanager
def answering(pi: PiRoot, **status: object) -> Iterator[None]:
    """Let the machine's daemon answer on its control socket for the length of the block."""
    reply = {"ok": True, "meaning": "ready", "muted": False, "faults": [], "microphone_dbfs": -43.2, **status}

    class Answer(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            if self.rfile.readline():
                self.wfile.write(json.dumps(reply).encode() + b"\n")

    path = pi.folder / "run/vocative/control.sock"
    path.parent.mkdir(parents=True)
    with socketserver.ThreadingUnixStreamServer(str(path), Answer) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.05))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def good_pi(folder: Path) -> PiRoot:
    """Lay out a Pi 5 that is in order: the reference speaker, in service."""
    pi = PiRoot(folder)
    _board(pi, "Raspberry Pi 5 Model B Rev 1.0", "6.12.47+rpt-rpi-2712")
    pi.write("/boot/firmware/config.txt", "dtoverlay=googlevoicehat-soundcard\n[all]\ndtparam=spi=on\n")
    pi.write("/etc/vocative/vocative.toml", _SPEAKER)
    pi.write("/etc/vocative/gemini-api-key", f"{KEY}\n", mode=0o600)
    pi.write("/etc/passwd", "root:x:0:0::/root:/bin/bash\nvocative:x:993:985::/var/lib/vocative:/usr/sbin/nologin\n")
    pi.groups("audio", "gpio", "spi", "video")
    for device in ("snd/pcmC0D0c", "snd/pcmC0D0p", "snd/controlC0", "gpiochip0", "spidev0.0"):
        pi.write(f"/dev/{device}", mode=0o660)
    pi.write("/opt/vocative/pyvenv.cfg", "include-system-site-packages = true\nversion = 3.13.5\n")
    for library in ("lgpio", "spidev", "picamera2", "libcamera"):
        pi.write(f"/usr/lib/python3/dist-packages/{library}/__init__.py")
    pi.installed("1.0.0")
    pi.unit()
    pi.program("timedatectl", "yes")
    pi.process(604, "vocative", "/dev/gpiochip0", "/dev/spidev0.0")
    _card(pi, capture=604, playback=0)
    pi.pin(17, "lg")
    return pi


def broken_pi(folder: Path) -> PiRoot:
    """Lay out a Pi 3 on which a good deal is wrong."""
    pi = good_pi(folder)
    _board(pi, "Raspberry Pi 3 Model B Rev 1.2", "6.12.47+rpt-rpi-v8")
    pi.write(
        "/boot/firmware/config.txt", "dtoverlay=googlevoicehat-soundcard\n#dtparam=spi=on\n[pi5]\ndtparam=spi=on\n"
    )
    pi.write(
        "/etc/vocative/vocative.toml", _SPEAKER.replace("apa102", "ws2812_spi") + '[camera]\nmode = "on_request"\n'
    )
    pi.write("/etc/vocative/gemini-api-key", f"{KEY}\n", mode=0o644)
    pi.groups("audio", "spi", "video")
    pi.remove("/dev/spidev0.0")
    pi.remove("/usr/lib/python3/dist-packages/picamera2/__init__.py")
    (pi.folder / "usr/lib/python3/dist-packages/picamera2").rmdir()
    pi.unit(
        ActiveState="activating",
        SubState="auto-restart",
        Result="exit-code",
        ExecMainStatus=69,
        NRestarts=212,
        MainPID=0,
    )
    pi.program("journalctl", "A part is missing: microphone: it is in use")
    pi.program("timedatectl", "no")
    pi.process(812, "arecord", "/dev/snd/pcmC0D0c")
    _card(pi, capture=812, playback=0)
    pi.pin(17, "")
    pi.write("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "1\n")
    pi.write("/sys/class/thermal/thermal_zone0/temp", "82400\n")
    pi.write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io pids\n")
    pi.write("/proc/net/route", "Iface\tDestination\tGateway\n")
    return pi


def _board(pi: PiRoot, model: str, kernel: str) -> None:
    """What every Pi has."""
    pi.write("/proc/device-tree/model", f"{model}\0")
    pi.write("/proc/version", f"Linux version {kernel} (serge@raspberrypi.com)\n")
    pi.write("/etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nID=debian\nVERSION_ID="13"\n')
    pi.write("/etc/rpi-issue", "Raspberry Pi reference 2026-10-01\n")
    pi.write("/lib/ld-linux-aarch64.so.1")
    pi.write("/proc/mounts", "/dev/mmcblk0p2 / ext4 rw,noatime 0 0\n/dev/mmcblk0p1 /boot/firmware vfat rw 0 0\n")
    pi.write("/proc/meminfo", "MemTotal:        4144640 kB\nSwapTotal:       2097136 kB\n")
    pi.write("/sys/fs/cgroup/cgroup.controllers", "cpuset cpu io memory pids\n")
    pi.write("/sys/class/hwmon/hwmon1/name", "rpi_volt\n")
    pi.write("/sys/class/hwmon/hwmon1/in0_lcrit_alarm", "0\n")
    pi.write("/sys/class/thermal/thermal_zone0/temp", "51200\n")
    pi.write("/etc/resolv.conf", "nameserver 192.168.1.1\n")
    route = "wlan0\t00000000\t0101A8C0\t0003\t0\t0\t600\t00000000\t0\t0\t0"
    pi.write("/proc/net/route", f"Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n{route}\n")
    signal = "wlan0: 0000   54.  -56.  -256        0      0      0      0      0        0"
    pi.write("/proc/net/wireless", f"Inter-| sta-|   Quality\n face | tus | link level noise\n {signal}\n")


def _card(pi: PiRoot, *, capture: int, playback: int) -> None:
    """Lay out the sound card, and who has it open: a process, or 0 for nobody."""
    name = "snd_rpi_googlevoicehat_soundcar"
    pi.write("/proc/asound/cards", f" 0 [sndrpigooglevoi]: RPi-simple - {name}\n                      {name}\n")
    pcm = "Google voiceHAT SoundCard HiFi voicehat-hifi-0"
    pi.write("/proc/asound/pcm", f"00-00: {pcm} : {pcm} : playback 1 : capture 1\n")
    for letter, pid in (("c", capture), ("p", playback)):
        folder = f"/proc/asound/card0/pcm0{letter}/sub0"
        pi.write(f"{folder}/status", f"state: RUNNING\nowner_pid   : {pid}\n" if pid else "closed\n")
        pi.write(f"{folder}/hw_params", "format: S32_LE\nchannels: 2\nrate: 48000 (48000/1)\n" if pid else "closed\n")


_SPEAKER: Final = """\
[microphone]
device = "hw:CARD=sndrpigooglevoi"
[speaker]
device = "hw:CARD=sndrpigooglevoi"
[leds]
driver = "apa102"
"""
