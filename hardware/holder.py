"""Who holds a device that is busy: read from /proc, without ALSA's library and without opening anything.

ALSA says which thread has a card's stream open (/proc/asound/cardN/pcmNx/subM/status, `owner_pid`). Where there is no
/proc/asound, or for a GPIO chip, the open files of all processes tell (/proc/PID/fd); those of other users only root
may read. A service that systemd keeps from seeing other users' processes (ProtectProc=invisible) knows the number
alone; then the control groups, which it sees, tell what systemd has started it as.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hardware.interfaces import DeviceMissing
from hardware.sound_devices import Direction, find_device, kernel_devices

_OWNER: Final = re.compile(r"^owner_pid\s*:\s*(\d+)", re.MULTILINE)
_THREAD_GROUP: Final = re.compile(r"^Tgid:\s*(\d+)", re.MULTILINE)
_CARD: Final = re.compile(r"\(hw:(\d+),(\d+)\)")
"""In PortAudio's name of a card."""
_USER_SLICE: Final = re.compile(r"user-(\d+)\.slice")
_LETTERS: Final = {Direction.CAPTURE: "c", Direction.PLAYBACK: "p"}
_PROC: Final = Path("/proc")
NAMES: Final = "sudo vocative doctor"
"""Who may know the name of every process."""


@dataclass(frozen=True, slots=True)
class Holder:
    """A process that has a device open."""

    pid: int
    """Of a process that this user may not know it may be the number of one of its threads."""
    name: str
    """As `ps` shows it; empty if this user may not know."""
    unit: str = ""
    """What systemd has started it as, in words, where the name is not known."""

    def __str__(self) -> str:
        if self.name:
            return f"{self.name} (process {self.pid})"
        return self.unit or f"process {self.pid}"


def card_holders(device: str, direction: Direction, proc: Path = _PROC) -> tuple[Holder, ...]:
    """Return who has a sound card open in `direction`, as far as this user may know; this process is left out.

    Args:
        device: PortAudio's name, such as `USB Audio: - (hw:2,0)`; without a card in it, all cards count.
        direction: What for.
        proc: Where the kernel tells of processes.
    """
    found = _CARD.search(device)
    card, number = (found[1], found[2]) if found else ("*", "*")
    letter = _LETTERS[direction]
    statuses = sorted(proc.glob(f"asound/card{card}/pcm{number}{letter}/sub*/status"))
    if statuses:
        owners = [owner for status in statuses for owner in _OWNER.findall(_text(status))]
        return _holders([_process_of(int(owner), proc) for owner in owners], proc)
    node = f"/dev/snd/pcmC{card}D{number}{letter}".replace("*", r"\d+")
    return file_holders(re.compile(node), proc)


def file_holders(path: re.Pattern[str], proc: Path = _PROC) -> tuple[Holder, ...]:
    """Return who has a file open whose whole path fits, as far as this user may know; this process is left out."""
    return _holders([pid for pid in _processes(proc) if any(path.fullmatch(file) for file in _files(pid, proc))], proc)


def busy_card(wanted: str, direction: Direction, proc: Path = _PROC) -> str:
    """Return in whole sentences that the card that `wanted` means is held, and by whom; empty if it is not.

    For a card that the kernel lists and PortAudio does not: that leaves out what is busy while it looks.
    """
    cards = _text(proc / "asound/cards")
    devices = [one for one in kernel_devices(cards, _text(proc / "asound/pcm")) if one.serves(direction)]
    try:
        index = find_device(devices, wanted, direction, cards)
    except DeviceMissing:
        return ""
    names = [one.name for one in devices if index in (None, one.index)]
    held = held_by([holder for name in names for holder in card_holders(name, direction, proc)])
    return f'{direction.value}: "{names[0]}" cannot be opened: it is in use. {held}.' if held else ""


def held_by(holders: Sequence[Holder]) -> str:
    """Return what to do about them, as a sentence without its full stop; empty if there are none."""
    if not holders:
        return ""
    verb = "holds" if len(holders) == 1 else "hold"
    more = "" if all(holder.name for holder in holders) else f" (`{NAMES}` names the program)"
    return f"{' and '.join(map(str, holders))} {verb} it{more}: stop that, or choose another device"


def _holders(pids: Sequence[int], proc: Path) -> tuple[Holder, ...]:
    others = sorted(set(pids) - {os.getpid()})
    names = {pid: _text(proc / str(pid) / "comm").strip() for pid in others}
    return tuple(Holder(pid, names[pid], "" if names[pid] else _unit_of(pid, proc.parent)) for pid in others)


def _unit_of(thread: int, root: Path) -> str:
    """Return what systemd has started a thread as (cgroup v2); empty if nothing tells."""
    groups = root / "sys/fs/cgroup"
    for threads in groups.rglob("cgroup.threads"):
        if str(thread) in _text(threads).split():
            return _in_words(threads.parent.relative_to(groups).parts, _text(root / "etc/passwd"))
    return ""


def _in_words(groups: Sequence[str], passwd: str) -> str:
    """Return what a control group is, such as user.slice/user-1000.slice/user@1000.service/app.slice/a.service."""
    units = [name for name in groups if name.endswith((".service", ".scope"))]
    user = next((found[1] for name in groups if (found := _USER_SLICE.fullmatch(name))), "")
    name = next((fields[0] for line in passwd.splitlines() if (fields := line.split(":"))[2:3] == [user]), user)
    if not units:
        return ""
    return f"{units[-1]} of user {name}" if user else units[-1]


def _process_of(thread: int, proc: Path) -> int:
    """Return the process of a thread: what opens a card is seldom a program's first one."""
    found = _THREAD_GROUP.search(_text(proc / str(thread) / "status"))
    return int(found[1]) if found else thread


def _processes(proc: Path) -> Iterator[int]:
    for folder in proc.glob("[0-9]*"):
        yield int(folder.name)


def _files(pid: int, proc: Path) -> Iterator[str]:
    """Yield what a process has open; nothing if it has ended, or is another user's."""
    try:
        for link in (proc / str(pid) / "fd").iterdir():
            yield str(link.readlink())
    except OSError:
        return


def _text(path: Path) -> str:
    try:
        return path.read_text(errors="replace")
    except OSError:
        return ""
