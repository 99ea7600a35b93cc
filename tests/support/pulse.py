"""A private PulseAudio that gives PortAudio a microphone and a loudspeaker, paced in real time, without a sound card.

    feed(pcm)   ──► sink "room" ──monitor──► ALSA PCM "microphone"  ──► what is tested (16 kHz)
    recording() ◄──monitor── sink "speaker" ◄── ALSA PCM "loudspeaker" ◄── what is tested (24 kHz)

It needs the packages `pulseaudio` and `libasound2-plugins`, no privileges, no network, no kernel sound.

Both sides can be of another rate and stereo (`Cards`). What they cannot be is strict: PulseAudio takes every rate and
converts, and none of ALSA's plug-ins refuses one without a kernel's card below it. So the drivers must be told the
rate; that they find it by themselves is for a PyAudio that refuses, in tests/unit/test_pyaudio_parts.py.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
import pytest

from hardware.pcm import samples

MICROPHONE: Final = "microphone"
LOUDSPEAKER: Final = "loudspeaker"

_SCRIPT: Final = """\
load-module module-native-protocol-unix socket={folder}/socket auth-anonymous=1
load-module module-null-sink sink_name=room rate={room_hz} channels={channels} format=s16le
load-module module-null-sink sink_name=speaker rate={speaker_hz} channels={channels} format=s16le
"""
_ALSA: Final = """\
pcm.microphone {{ type pulse server "unix:{folder}/socket" device "room.monitor" }}
pcm.loudspeaker {{ type pulse server "unix:{folder}/socket" device "speaker" }}
pcm.!default {{ type asym playback.pcm "loudspeaker" capture.pcm "microphone" }}
"""
_DAEMON: Final = (
    *("pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--exit-idle-time=-1", "--disable-shm=yes"),
    *("--realtime=no", "--high-priority=no", "--disallow-module-loading=no"),
)


def missing() -> str:
    """Return why the rig cannot run here, or an empty string."""
    absent = [name for name in ("pulseaudio", "pactl", "pacat", "parec") if shutil.which(name) is None]
    if absent:
        return f"not installed: {', '.join(absent)} (apt install pulseaudio)"
    if not any(Path("/usr/lib").glob("*/alsa-lib/libasound_module_pcm_pulse.so")):
        return "not installed: ALSA's pulse plugin (apt install libasound2-plugins)"
    return ""


@dataclass(frozen=True, slots=True)
class Cards:
    """What microphone and loudspeaker are like."""

    room_hz: int = 16_000
    speaker_hz: int = 24_000
    channels: int = 1


NATIVE: Final = Cards()
KINDS: Final = {"pyaudio": NATIVE, "48 kHz stereo": Cards(48_000, 48_000, 2), "odd rates": Cards(44_100, 32_000, 1)}
"""What the contract suites are run over, beside what is simulated. No loudspeaker of 44.1 kHz: at that rate ALSA's
plug-in for PulseAudio runs dry now and then, even in silence."""


@pytest.fixture(scope="module")
def private_pulse() -> Iterator[PrivatePulse]:
    """Run one for the tests of a module; skip them where it cannot run."""
    if reason := missing():
        pytest.skip(reason)
    with PrivatePulse() as private:
        yield private


PLACES = 6
"""In how many places between two samples a sound may begin."""


def likeness(one: bytes, other: bytes) -> float:
    """Return how alike two sounds (s16le) are, wherever one begins in the other: 1 if they are, 0 if not at all.

    Between two samples, too: a card of 48 kHz begins at any third of one of ours, and noise is 0.83 like itself then.
    """
    ours, theirs = samples(one).astype(float), samples(other).astype(float)
    size = len(ours) + len(theirs)
    products = np.fft.irfft(np.fft.rfft(ours, size) * np.conj(np.fft.rfft(theirs, size)), PLACES * size) * PLACES
    return float(products.max() / np.sqrt((ours @ ours) * (theirs @ theirs) + 1e-9))


class PrivatePulse:
    """The daemon, for the length of a `with` block; ALSA in this process sees its two PCMs and nothing else."""

    def __init__(self) -> None:
        self._folder = Path()
        self._daemon: subprocess.Popen[bytes] | None = None
        self._clients: list[subprocess.Popen[bytes]] = []
        self._alsa_before: str | None = None
        self.cards = NATIVE

    def __enter__(self) -> PrivatePulse:
        self._folder = Path(tempfile.mkdtemp(prefix="pulse-"))
        (self._folder / "asound.conf").write_text(_ALSA.format(folder=self._folder))
        self._alsa_before = os.environ.get("ALSA_CONFIG_PATH")
        os.environ["ALSA_CONFIG_PATH"] = str(self._folder / "asound.conf")
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()
        for client in self._clients:
            _end(client)
        if self._alsa_before is None:
            del os.environ["ALSA_CONFIG_PATH"]
        else:
            os.environ["ALSA_CONFIG_PATH"] = self._alsa_before
        shutil.rmtree(self._folder)

    @property
    def server(self) -> str:
        """Where it is, as PULSE_SERVER has it."""
        return f"unix:{self._folder}/socket"

    def start(self) -> None:
        """Start the daemon, again after `kill`, and wait until it answers."""
        folder, cards = str(self._folder), self.cards
        script = _SCRIPT.format(
            folder=folder, room_hz=cards.room_hz, speaker_hz=cards.speaker_hz, channels=cards.channels
        )
        (self._folder / "script.pa").write_text(script)
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "XDG_RUNTIME_DIR": folder, "LC_ALL": "C"}
        with (self._folder / "log").open("ab") as log:
            self._daemon = subprocess.Popen(
                [*_DAEMON, "-F", f"{folder}/script.pa"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        for _ in range(200):
            if subprocess.run(self._client("pactl", "info"), capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.05)
        else:
            raise RuntimeError(f"PulseAudio did not start:\n{(self._folder / 'log').read_text()}")
        # A null sink renders 2 s ahead, then rests, unless somebody hasty listened when it was set in motion.
        self.freeze(True)
        for sink in ("room", "speaker"):
            self._clients.append(subprocess.Popen(self._parec(sink), stdout=subprocess.DEVNULL))
        while self._command("list", "short", "source-outputs").count(b"\n") < 2:
            time.sleep(0.01)
        self.freeze(False)

    def kill(self) -> None:
        """End the daemon as a cable is pulled: both devices are gone without a word."""
        if self._daemon is not None:
            self._daemon.kill()
            self._daemon.wait()
            self._daemon = None
        (self._folder / "socket").unlink(missing_ok=True)

    def become(self, cards: Cards) -> None:
        """Have such cards from now on. Nothing may be open."""
        if cards != self.cards:
            self.kill()
            self.cards = cards
            self.start()

    def freeze(self, frozen: bool) -> None:
        """Stop both devices from moving, or let them go on: open, silent, and with no error anywhere."""
        for sink in ("room", "speaker"):
            self._command("suspend-sink", sink, str(int(frozen)))

    def feed(self, pcm: bytes, channels: int = 1) -> None:
        """Play `pcm` (s16le, 16 kHz, interleaved) into the room, from now on, without waiting for its end."""
        pacat = self._client(
            *("pacat", "--playback", "--raw", "--device=room", "--rate=16000", "--format=s16le"),
            f"--channels={channels}",
            "--latency-msec=40",
        )
        with tempfile.TemporaryFile() as sound:
            sound.write(bytes(3200) + pcm)  # 100 ms of silence: PulseAudio swallows the first 10 ms of a stream
            sound.seek(0)
            self._clients.append(subprocess.Popen(pacat, stdin=sound, stdout=subprocess.DEVNULL))

    @contextmanager
    def recording(self) -> Iterator[Path]:
        """Record what the loudspeaker plays (s16le, mono, 24 kHz) into a file that grows meanwhile."""
        path = self._folder / "recording"
        with path.open("wb") as file:
            recorder = subprocess.Popen(self._parec("speaker"), stdout=file)
        try:
            while path.stat().st_size == 0:
                time.sleep(0.01)
            yield path
        finally:
            _end(recorder)

    def _client(self, *command: str) -> list[str]:
        """Return a command of PulseAudio's with our server put in."""
        return [command[0], f"--server={self.server}", *command[1:]]

    def _parec(self, sink: str) -> list[str]:
        """Return the command that records what `sink` plays."""
        rate_hz = {"room": 16_000, "speaker": 24_000}[sink]
        return self._client(
            *("parec", "--raw", f"--device={sink}.monitor", f"--rate={rate_hz}", "--channels=1", "--format=s16le"),
            "--latency-msec=20",
        )

    def _command(self, *words: str) -> bytes:
        return subprocess.run(self._client("pactl", *words), check=True, capture_output=True).stdout


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a client of ours, at once."""
    process.kill()
    process.wait()
