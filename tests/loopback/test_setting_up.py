"""`vocative setup` as its owner sees it: the real command on a real terminal, with PyAudio on a private PulseAudio."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from daemon.config import load
from daemon.rehearsal.voices import question
from hardware.pcm import samples
from tests.support import pulse
from tests.support.pulse import PrivatePulse, private_pulse

__all__ = ["private_pulse"]
PATIENCE_S: Final = 30.0
OWN = '# my own words\n[microphone]\ndevice = ""  # to be found\n'


class Typist:
    """Somebody before the terminal of a running command."""

    def __init__(self, keyboard: int) -> None:
        self._keyboard: Final = keyboard
        self.shown = ""
        self._read_to = 0

    def reads(self, words: str) -> None:
        """Wait until `words` are shown, behind what was read before."""
        patience_s = time.monotonic() + PATIENCE_S
        while words not in self.shown[self._read_to :]:
            assert time.monotonic() < patience_s, f"{words!r} is not shown:\n{self.shown}"
            assert self.more(1.0) or words in self.shown[self._read_to :], f"it has ended:\n{self.shown}"
        self._read_to = self.shown.index(words, self._read_to) + len(words)

    def types(self, keys: str) -> None:
        os.write(self._keyboard, keys.encode())

    def more(self, patience_s: float) -> bool:
        """Take in what is shown within `patience_s`; return False once the terminal is closed."""
        if not select.select([self._keyboard], [], [], patience_s)[0]:
            return True
        try:
            self.shown += os.read(self._keyboard, 65_536).decode(errors="replace")
        except OSError:
            return False
        return True


@contextmanager
def setting_up(config: Path, *steps: str, program: Sequence[str] = ("daemon",), status: int = 0) -> Iterator[Typist]:
    """Run the command; at the end of the body it must end by itself, with that status."""
    keyboard, terminal = pty.openpty()
    # With the terminal as its own, so that Ctrl-C means it.
    command = ["setsid", "--ctty", sys.executable, "-m", *program, "setup", "--config", str(config), *steps]
    running = subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal)
    os.close(terminal)
    typist = Typist(keyboard)
    try:
        yield typist
        patience_s = time.monotonic() + PATIENCE_S
        while typist.more(1.0):
            assert time.monotonic() < patience_s, f"it does not end:\n{typist.shown}"
        assert running.wait(PATIENCE_S) == status, typist.shown
    finally:
        running.kill()
        running.wait()
        os.close(keyboard)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "vocative.toml"
    path.write_text(OWN)
    return path


def test_microphone_and_loudspeaker_are_found_by_ear_and_written(private_pulse: PrivatePulse, own: Path) -> None:
    with private_pulse.recording() as recording, setting_up(own, "microphone", "speaker") as owner:
        owner.reads("Press Enter")
        owner.types("\n")
        owner.reads("Speak now.")
        private_pulse.feed(question(1))
        owner.reads(f"{pulse.MICROPHONE}: hears you")
        owner.reads("Number [1]: ")
        owner.types("\n")
        owner.reads("Did you hear three notes?")
        owner.types("yes\n")
        owner.reads("Write it? [Y/n]")
        owner.types("\n")
        owner.reads("Written.")
        played = samples(recording.read_bytes()[: recording.stat().st_size // 2 * 2])
    assert int(np.abs(played.astype(int)).max()) > 500
    config = load(own)
    assert (config.microphone.device, config.speaker.device) == (pulse.MICROPHONE, pulse.LOUDSPEAKER)
    assert own.read_text().startswith(f'# my own words\n[microphone]\ndevice = "{pulse.MICROPHONE}"  # to be found\n')
    assert own.with_name("vocative.toml.bak").read_text() == OWN
    assert "ALSA lib" not in owner.shown


def test_a_mute_switch_and_a_button_are_found_on_their_pins(own: Path) -> None:
    fifo = own.with_name("pins")
    os.mkfifo(fifo)
    hand = os.open(fifo, os.O_RDWR)  # also to read, so that it can be opened before anybody does
    try:
        with setting_up(own, "button", "mute", program=("tests.support.pins_by_hand", str(fifo))) as owner:
            owner.reads("Is there a button? [Y/n]")
            owner.types("\n")
            owner.reads("Press the button now")
            os.write(hand, b"22 low\n")
            owner.reads("It is on GPIO22.")
            owner.reads("shuts the microphone off? [y/N]")
            owner.types("y\n")
            owner.reads("Put the switch where the microphone is to be OFF")
            os.write(hand, b"26 high\n")
            owner.types("\n")
            owner.reads("Now flip it")
            os.write(hand, b"26 low\n")
            owner.reads("It is on GPIO26, and mutes when its contact is open.")
            owner.reads("Write it? [Y/n]")
            owner.types("\n")
            owner.reads("Written.")
    finally:
        os.close(hand)
    config = load(own)
    assert (config.button.pin, config.mute.driver, config.mute.pin, config.mute.muted_when) == (
        22,
        "gpiozero",
        26,
        "open",
    )
    assert own.read_text().startswith(OWN)


@pytest.mark.parametrize("keys", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_one_can_leave_at_any_time(own: Path, keys: str) -> None:
    with setting_up(own, "parts") as owner:
        owner.reads("Number [")
        owner.types("1\n")
        owner.reads("Write it? [Y/n]")
        owner.types(keys)
        owner.reads("Nothing was changed.")
    assert own.read_text() == OWN
    assert list(own.parent.iterdir()) == [own]


def test_one_can_leave_while_the_microphones_listen(private_pulse: PrivatePulse, own: Path) -> None:
    with setting_up(own, "microphone") as owner:
        owner.reads("Press Enter")
        owner.types("\n")
        owner.reads("Speak now.")
        owner.types("\x03")
        owner.reads("Nothing was changed.")
    assert own.read_text() == OWN


def test_a_configuration_with_a_mistake_is_to_be_mended_first(own: Path) -> None:
    own.write_text("[microphone]\ndevice = hw:1\n")
    with setting_up(own, "parts", status=78) as owner:
        owner.reads("text stands in quotes")
        owner.reads("Correct that first. Or move")


def test_a_key_is_not_shown(own: Path) -> None:
    with setting_up(own, "key") as owner:
        owner.reads("API key")
        owner.types("sk-proj-0123456789abcdef\n")
        owner.reads("API key")
        owner.types("\x03")
        owner.reads("Nothing was changed.")
    assert "0123456789" not in owner.shown


def test_without_a_terminal_nothing_is_asked(own: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "daemon", "setup", "--config", str(own)], check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "run it in a terminal" in done.stderr
