"""`vocative try` and `vocative run --board laptop` in a terminal: a whole conversation, and the terminal afterwards."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
import wave
from pathlib import Path

import pytest

from daemon.desk.boards import BoardName
from daemon.desk.trying import run_on, try_out
from daemon.errors import ConfigurationError
from daemon.rehearsal import voices
from hardware.pcm import DOWN, samples
from hardware.settings import PageSettings
from tests.support.pseudo_terminal import PseudoTerminal

pytestmark = pytest.mark.loopback

TRY = ("-m", "daemon", "try", "--silent")


def assert_given_back(terminal: PseudoTerminal) -> None:
    """The terminal is as it was: lines and echo, the first screen, a cursor."""
    assert terminal.modes() == terminal.modes_before
    assert not terminal.is_drawn_in
    assert terminal.sent.rfind("\x1b[?25h") > terminal.sent.rfind("\x1b[?25l")
    assert terminal.unread() == 0


def test_a_whole_conversation_by_a_script_of_keys(tmp_path: Path) -> None:
    speaker, journal = tmp_path / "speaker.wav", tmp_path / "journal.txt"
    keys = "ready space:2 ready m wait:0.5 m n wait:0.5 n wait:0.5 q"
    with PseudoTerminal(*TRY, "--speaker", str(speaker), "--journal", str(journal), "--keys", keys) as terminal:
        terminal.until("LISTENING")
        terminal.until("SPEAKING")
        terminal.until("network cut")
        assert terminal.ended() == 0
        assert_given_back(terminal)
        shown = terminal.words
    assert "gate open" in shown
    assert voices.ANSWER_WORDS.split()[0] in shown
    assert "link.up" in journal.read_text()
    assert "daemon.stopped" in journal.read_text()
    assert "daemon.ready" not in shown  # the journal's own words are not strewn over the picture
    with wave.open(str(speaker)) as file:
        played = file.readframes(file.getnframes())
    assert share_heard(voices.answer(), played) > 0.5  # a busy machine makes gaps


def share_heard(said: bytes, heard: bytes) -> float:
    """Return how many of 16 pieces of `said` are somewhere in `heard`, whatever their volume: 0 to 1."""
    import numpy as np

    size = DOWN.rate_hz // 10
    whole = samples(heard).astype(float)
    spectrum = np.fft.rfft(whole, 2 * len(whole))
    found = 0
    for piece in np.array_split(samples(said).astype(float), 16):
        both = np.fft.irfft(spectrum * np.conj(np.fft.rfft(piece[:size], 2 * len(whole))))[: len(whole) - size]
        at = int(np.argmax(both))
        found += both[at] > 0.95 * np.linalg.norm(piece[:size]) * np.linalg.norm(whole[at : at + size])
    return found / 16


def test_the_keyboard_of_a_terminal_that_tells_of_releases_and_a_window_of_another_size() -> None:
    with PseudoTerminal(*TRY, kitty=True) as terminal:
        terminal.until("hold space to talk")
        terminal.type("\x1b[32;1:1u")
        terminal.until("LISTENING")
        time.sleep(1.0)
        terminal.type("\x1b[32;1:3u")
        terminal.until("SPEAKING")
        terminal.resize(39, 12)
        terminal.until("needs 40 by 12")
        terminal.type("\x1b[99;5u")  # Ctrl-C
        assert terminal.ended() == 0
        assert_given_back(terminal)
        assert terminal.sent.rfind("\x1b[=0;1u") > terminal.sent.rfind("\x1b[=27;1u") > 0


def test_a_console_that_knows_eight_colours_one_screen_and_no_utf8() -> None:
    with PseudoTerminal(*TRY, environ={"TERM": "linux", "COLORTERM": "", "LC_ALL": "C"}, utf8=False) as terminal:
        terminal.until("Connected after")
        terminal.type("q")
        assert terminal.ended() == 0
        drawn = terminal.sent[terminal.sent.index("READY") :]
        assert drawn.isascii()
        assert "\x1b[36m" not in drawn  # nobody has talked to it
        assert "\x1b[40m" in drawn
        assert_given_back(terminal)
        assert terminal.sent.rfind("\x1b[J") > terminal.sent.rfind("Connected after")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_gives_the_terminal_back(number: signal.Signals) -> None:
    with PseudoTerminal(*TRY, environ={"NO_COLOR": "1"}) as terminal:
        terminal.until("space: talk")
        assert terminal.is_drawn_in
        assert terminal.modes() != terminal.modes_before
        terminal.type(" ")
        terminal.until("LISTENING")
        terminal.signal(number)
        assert terminal.ended() == 0
        assert_given_back(terminal)
        assert "\x1b[38" not in terminal.sent


CRASH = """
import sys
from daemon.desk import showing
from daemon.cli import main
looks = 0
before = showing.Showing.now
def now(self):
    global looks
    looks += 1
    if looks > 20:
        raise RuntimeError("a mistake of ours")
    return before(self)
showing.Showing.now = now
sys.exit(main(["run", "--board", "laptop", "--microphone", sys.argv[1], "--speaker", sys.argv[2]]))
"""


def test_a_mistake_of_ours_gives_the_terminal_back_and_is_seen(tmp_path: Path) -> None:
    talk = tmp_path / "talk.wav"
    with wave.open(str(talk), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(voices.question(1))
    with PseudoTerminal("-c", CRASH, str(talk), str(tmp_path / "out.wav")) as terminal:
        assert terminal.ended() == 1
        assert_given_back(terminal)
        after = terminal.sent[terminal.sent.rfind("\x1b[?1049l") :]
    assert "a mistake of ours" in after


def test_without_a_terminal_lines_are_printed(tmp_path: Path) -> None:
    keys = "ready space:1.5 ready q"
    environ = {**os.environ, "TERM": "dumb"}
    told = subprocess.run(
        (sys.executable, *TRY, "--keys", keys),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env=environ,
        check=False,
    )
    assert told.returncode == 0, told.stderr
    assert "\x1b" not in told.stdout
    for said in ("Simulated here", "Listening", "Answering", "It said", "Last turn: answered"):
        assert said in told.stdout
    assert "link.up" in told.stderr


@pytest.mark.parametrize(
    ("board", "keys", "page", "said"),
    [
        ("web", "q", PageSettings(), "the page has a button of its own"),
        ("laptop", "", PageSettings(port=8080), "for the page"),
        ("laptop", "", PageSettings(opens_browser=True), "for the page"),
        ("laptop", "x", PageSettings(), "none of the keys"),
    ],
)
def test_what_does_not_go_together_is_refused(board: BoardName, keys: str, page: PageSettings, said: str) -> None:
    given = {"microphone": None, "speaker": None, "keys": keys, "page": page, "journal_file": None}
    with pytest.raises(ConfigurationError, match=said):
        try_out(board, silent=True, **given)  # type: ignore[arg-type] # what both of them take
    with pytest.raises(ConfigurationError, match=said):
        run_on(board, None, **given)  # type: ignore[arg-type] # the same


def test_the_service_ends_with_its_device_even_if_that_is_killed() -> None:
    with PseudoTerminal(*TRY) as terminal:
        terminal.until("READY")
        [service] = map(int, Path(f"/proc/{terminal.pid}/task/{terminal.pid}/children").read_text().split())
        ends = os.pidfd_open(service)
        try:
            assert not select.select([ends], [], [], 0)[0]
            terminal.signal(signal.SIGKILL)
            assert select.select([ends], [], [], 10.0)[0], "it goes on"
        finally:
            os.close(ends)
