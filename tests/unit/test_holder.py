"""Who holds a sound card or a GPIO line, from a /proc laid out in a folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from hardware.gpio_lines import Line, debugged_lines, header_line
from hardware.holder import Holder, busy_card, card_holders, file_holders, held_by
from hardware.sound_devices import Direction
from tests.support.pi_root import PiRoot

CARD = "USB PnP Sound Device: Audio (hw:2,0)"
PCM = "02-00: USB Audio : USB Audio : playback 1 : capture 1\n"
CARDS = " 2 [Device         ]: USB-Audio - USB PnP Sound Device\n                      C-Media at usb-1, full speed\n"


@pytest.fixture
def pi(tmp_path: Path) -> PiRoot:
    return PiRoot(tmp_path)


def opened(pi: PiRoot, letter: str, thread: int) -> None:
    """Let ALSA say which thread has a stream of card 2 open; 0: none."""
    status = f"state: RUNNING\nowner_pid   : {thread}\n" if thread else "closed\n"
    pi.write(f"/proc/asound/card2/pcm0{letter}/sub0/status", status)


def test_alsa_names_the_thread_and_the_process_is_told(pi: PiRoot) -> None:
    pi.process(812, "python3")
    pi.write("/proc/815/status", "Name:\tpython3\nTgid:\t812\nPid:\t815\n")  # a thread of it; not listed in /proc
    opened(pi, "c", 815)
    opened(pi, "p", 0)
    proc = pi.folder / "proc"
    assert card_holders(CARD, Direction.CAPTURE, proc) == (Holder(812, "python3"),)
    assert card_holders(CARD, Direction.PLAYBACK, proc) == ()
    assert card_holders("another: card (hw:1,0)", Direction.CAPTURE, proc) == ()
    assert card_holders("default", Direction.CAPTURE, proc) == (Holder(812, "python3"),)


def test_without_proc_asound_the_open_files_tell(pi: PiRoot) -> None:
    pi.process(812, "arecord", "/dev/null", "/dev/snd/pcmC2D0c")
    pi.process(813, "aplay", "/dev/snd/pcmC2D0p", "/dev/snd/controlC2")
    proc = pi.folder / "proc"
    assert card_holders(CARD, Direction.CAPTURE, proc) == (Holder(812, "arecord"),)
    assert card_holders("default", Direction.PLAYBACK, proc) == (Holder(813, "aplay"),)
    assert card_holders("another: card (hw:12,0)", Direction.CAPTURE, proc) == ()


def test_a_process_that_may_not_be_looked_at_has_a_number(pi: PiRoot) -> None:
    opened(pi, "c", 604)
    holders = card_holders(CARD, Direction.CAPTURE, pi.folder / "proc")
    assert list(map(str, holders)) == ["process 604"]


@pytest.mark.parametrize(
    ("group", "said"),
    [
        ("system.slice/jack.service", "jack.service"),
        ("system.slice/system-a.slice/a@1.service/payload", "a@1.service"),
        ("user.slice/user-1000.slice/user@1000.service/session.slice/pipewire.service", "pipewire.service of user pi"),
        ("user.slice/user-1001.slice/session-3.scope", "session-3.scope of user 1001"),
        ("init.scope", "init.scope"),
        ("lxc/other", "process 604"),
    ],
)
def test_a_service_that_sees_no_other_processes_is_told_the_unit(pi: PiRoot, group: str, said: str) -> None:
    """As under ProtectProc=invisible: no /proc/604, but the control groups."""
    opened(pi, "c", 604)
    pi.write("/etc/passwd", "root:x:0:0::/root:/bin/sh\npi:x:1000:1000::/home/pi:/bin/bash\n\n")
    pi.write("/sys/fs/cgroup/cgroup.threads", "2\n3\n")
    pi.write("/sys/fs/cgroup/system.slice/vocative.service/cgroup.threads", "60\n6040\n")
    pi.write(f"/sys/fs/cgroup/{group}/cgroup.threads", "603\n604\n")
    holders = card_holders(CARD, Direction.CAPTURE, pi.folder / "proc")
    assert list(map(str, holders)) == [said]
    assert held_by(holders) == (
        f"{said} holds it (`sudo vocative doctor` names the program): stop that, or choose another device"
    )


def test_this_process_does_not_count(pi: PiRoot) -> None:
    pi.process(os.getpid(), "us", "/dev/gpiochip0")
    pi.process(9, "gpiomon", "/dev/gpiochip0")
    assert file_holders(re.compile(r"/dev/gpiochip\d+"), pi.folder / "proc") == (Holder(9, "gpiomon"),)


def test_where_there_is_no_proc_nobody_is_known(tmp_path: Path) -> None:
    assert card_holders(CARD, Direction.CAPTURE, tmp_path / "proc") == ()


def test_what_is_said_of_holders() -> None:
    assert held_by(()) == ""
    assert held_by((Holder(812, "arecord"),)).startswith("arecord (process 812) holds it: stop that")
    assert held_by((Holder(1, "a"), Holder(2, ""))).startswith("a (process 1) and process 2 hold it (`sudo vocative")


def test_a_card_that_only_the_kernel_lists_is_busy(pi: PiRoot) -> None:
    """PortAudio leaves out what is busy while it looks."""
    pi.write("/proc/asound/cards", CARDS)
    pi.write("/proc/asound/pcm", PCM)
    pi.process(812, "arecord")
    opened(pi, "c", 812)
    opened(pi, "p", 0)
    proc = pi.folder / "proc"
    said = (
        f'microphone: "{CARD}" cannot be opened: it is in use.'
        " arecord (process 812) holds it: stop that, or choose another device."
    )
    assert busy_card("USB PnP", Direction.CAPTURE, proc) == said
    assert busy_card("hw:CARD=Device", Direction.CAPTURE, proc) == said
    assert busy_card("", Direction.CAPTURE, proc) == said
    assert busy_card("USB PnP", Direction.PLAYBACK, proc) == ""
    assert busy_card("HDMI", Direction.CAPTURE, proc) == ""


DEBUG = """\
gpiochip0: GPIOs 569-622, parent: platform/1f000d0000.gpio, pinctrl-rp1:
 gpio-569 (ID_SDA              )
 gpio-577 (GPIO8               |spi0 CS0            ) out hi ACTIVE LOW
 gpio-586 (GPIO17              |lg                  ) in  hi IRQ

gpiochip10: GPIOs 512-543, parent: platform/107d508500.gpio, gpio-brcmstb@107d508500:
 gpio-529 (GPIO17              )
"""


@pytest.mark.parametrize(
    ("pin", "line"),
    [
        (17, Line("gpiochip0", "pinctrl-rp1", True, "lg")),
        (8, Line("gpiochip0", "pinctrl-rp1", True, "spi0 CS0")),
        (4, None),
    ],
)
def test_the_header_is_on_the_pin_controllers_chip(pi: PiRoot, pin: int, line: Line | None) -> None:
    pi.write("/sys/kernel/debug/gpio", DEBUG)
    assert header_line(pin, pi.folder) == line


def test_a_line_that_is_only_named_is_free() -> None:
    assert debugged_lines(DEBUG, 17)[1].used is False


def test_a_file_that_is_no_chip_is_passed_over(pi: PiRoot) -> None:
    pi.write("/dev/gpiochip0")
    pi.write("/sys/kernel/debug/gpio", DEBUG)
    assert header_line(17, pi.folder) == Line("gpiochip0", "pinctrl-rp1", True, "lg")
    (pi.folder / "sys/kernel/debug/gpio").unlink()
    assert header_line(17, pi.folder) is None
