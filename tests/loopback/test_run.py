"""`vocative run` and its commands as an owner has them: processes, PyAudio on a private PulseAudio, TLS, signals.

question ─► PulseAudio ─► microphone ─► vocative run ◄──TLS──► vocative stand-in
recording ◄─ PulseAudio ◄─ loudspeaker ◄─┘  ▲ control socket ◄── vocative button, vocative status
"""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import sys
import tempfile
import threading
import time
import wave
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from daemon.control import client as control
from daemon.control import server as control_server
from daemon.rehearsal import voices
from hardware.pcm import DOWN, UP
from tests.support import pulse
from tests.support.process import Device, Ended, Line, Service, device, running, stand_in, vocative

pytestmark = pytest.mark.loopback

KEY: Final = "the-right-key"
ANSWER: Final = voices.answer()[: DOWN.bytes_in(2.4)]
QUESTION: Final = voices.question(1)[: UP.bytes_in(1.2)]
SOON_S: Final = 4.0
"""The promise is one second. A test machine may be busy; what it must tell from is waiting for something."""


class ServiceManager:
    """What systemd is to a service: the other end of NOTIFY_SOCKET (sd_notify(3)), for the length of a `with` block."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self.environ: Final = {"NOTIFY_SOCKET": str(path), "WATCHDOG_USEC": "1000000"}
        """What a service finds in its environment, with WatchdogSec=1."""
        self.told: list[Line] = []
        """What it was told, such as `READY=1`. To be looked at when the block was left."""
        # It must be read at once: after ten datagrams the kernel lets the sender wait.
        self._reader: Final = threading.Thread(target=self._read, daemon=True)

    def __enter__(self) -> ServiceManager:
        self._reader.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._reader.join()
        self._socket.close()

    def _read(self) -> None:
        while datagram := self._socket.recv(4096):
            self.told += [Line(time.monotonic(), text) for text in datagram.decode().splitlines()]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Return a folder with a path short enough for sockets (unix(7): 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="run-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def rig() -> Iterator[pulse.PrivatePulse]:
    if reason := pulse.missing():
        pytest.skip(reason)
    with pulse.PrivatePulse() as private:
        yield private


@pytest.fixture(scope="module")
def service(rig: pulse.PrivatePulse, folder: Path) -> Iterator[Service]:
    answer = folder / "answer.wav"
    with wave.open(str(answer), "wb") as file:
        file.setparams((1, 2, DOWN.rate_hz, 0, "NONE", ""))
        file.writeframes(ANSWER)
    with stand_in(folder, "--answer", str(answer), "--think-ms", "200", "--key", KEY) as running_service:
        yield running_service


def told(*command: str) -> str:
    """Run one of our commands to its end, which must be a good one, and return what it printed."""
    with vocative(*command) as process:
        assert process.ended() == 0, process.text
        return process.text


# --- a conversation ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Conversation:
    """What is left of one."""

    heard: bytes
    """What the loudspeaker played: s16le, mono, 24 kHz."""
    status_before: dict[str, Any]
    status_after: dict[str, Any]
    answers: tuple[str, str]
    """What `vocative button press` and `release` printed."""
    listened_s: float
    manager: ServiceManager
    ended: Ended
    said: str
    log: list[dict[str, Any]]
    """The service's."""


@pytest.fixture(scope="module")
def conversation(rig: pulse.PrivatePulse, service: Service, folder: Path) -> Conversation:
    with (
        ServiceManager(folder / "notify") as manager,
        device(folder / "one", service.live, key=KEY, **manager.environ) as one,
    ):
        config = ("--config", str(one.config))
        one.process.line("link.up")
        status_before = json.loads(told("status", "--json", *config))
        pressed_s = time.monotonic()
        press = told("button", "press", *config)
        rig.feed(QUESTION)
        time.sleep(UP.seconds(len(QUESTION)) + 0.3)
        with rig.recording() as recording:
            release = told("button", "release", *config)
            listened_s = time.monotonic() - pressed_s
            one.until("idle")
            time.sleep(0.2)
            heard = recording.read_bytes()
        status_after = json.loads(told("status", "--json", *config))
        ended = one.process.stop(signal.SIGTERM)
        said = one.process.text
    log = [json.loads(line) for line in service.log.read_text().splitlines()]
    return Conversation(heard, status_before, status_after, (press, release), listened_s, manager, ended, said, log)


def test_the_answer_to_a_spoken_question_comes_out_of_the_loudspeaker(conversation: Conversation) -> None:
    size = DOWN.bytes_in(0.06)
    pieces = [ANSWER[at : at + size] for at in range(0, len(ANSWER), size)]
    at = found = 0
    for piece in pieces:
        where = conversation.heard.find(piece, at)
        if where >= 0:
            at, found = where + len(piece), found + 1
    assert found > 0.7 * len(pieces)  # sample by sample and in order; a busy machine makes gaps


def test_the_service_hears_what_the_microphone_heard(conversation: Conversation) -> None:
    audio = [line for line in conversation.log if line["way"] == "up" and line["kind"] == "audio"]
    sent_s = sum(line["pcm_ms"] for line in audio) / 1000
    loud_s = sum(line["pcm_ms"] for line in audio if line["level_db"] > -40.0) / 1000
    assert 1.5 < sent_s < conversation.listened_s + 0.5 + 0.3  # the pre-roll, and what the command takes
    assert loud_s > 0.5
    kinds = [line["kind"] for line in conversation.log if line["way"] == "up"]
    assert [kind for kind in kinds if kind.startswith("activity")] == ["activity_start", "activity_end"]


def test_the_commands_say_what_the_device_does(conversation: Conversation) -> None:
    status = conversation.status_before
    assert 0 <= status.pop("uptime_s") < 60
    assert status.pop("memory_mib") > 10.0
    assert status.pop("session_id")
    assert -96.0 <= status.pop("microphone_dbfs") <= 0.0
    assert status == {
        "link": "up",
        "turn": "idle",
        "turn_id": 0,
        "muted": False,
        "muted_by": [],
        "follow_up": False,
        "ringing": False,
        "seeing": False,
        "faults": [],
        "meaning": "Ready, nothing is sent.",
        "wrong": {},
        "echo": "cancel",
        "echo_advice": "",
        "volume_percent": 100,
        "tokens_today": 0,
        "daily_tokens": 2_000_000,
        "last_turn": None,
    }
    assert conversation.answers == ("Listening, what the microphone hears is sent.\n", "Waiting for the answer.\n")
    assert (conversation.status_after["turn"], conversation.status_after["turn_id"]) == ("idle", 1)
    assert conversation.status_after["last_turn"]["outcome"] == "answered"


def test_systemd_is_told_how_it_goes(conversation: Conversation) -> None:
    texts = [line.text for line in conversation.manager.told]
    assert texts.count("READY=1") == 1
    assert texts[-2:] == ["STATUS=Stopped.", "STOPPING=1"]
    said = [text.removeprefix("STATUS=") for text in texts if text.startswith("STATUS=")]
    assert said[0].startswith("Starting: ")
    assert said[-6:-1] == [
        "Ready, nothing is sent.",
        "Listening, what the microphone hears is sent.",
        "Waiting for the answer.",
        "Answering.",
        "Ready, nothing is sent.",
    ]
    fed_s = [line.at_s for line in conversation.manager.told if line.text == "WATCHDOG=1"]
    assert "WATCHDOG=1" not in texts[: texts.index("READY=1")]
    assert "WATCHDOG_USEC=30000000" in texts[: texts.index("READY=1")]  # the SDK is imported after that
    assert texts[texts.index("WATCHDOG=1") :].count("WATCHDOG_USEC=1000000") == 1
    assert len(fed_s) >= 5
    assert max(later - earlier for earlier, later in pairwise(fed_s)) < 1.0  # WatchdogSec= of this test


def test_it_ends_well_after_a_conversation(conversation: Conversation) -> None:
    assert conversation.ended.status == 0
    assert conversation.ended.took_s < SOON_S


# --- the configuration is read again -------------------------------------------------------------------


def test_it_reads_its_configuration_again_and_keeps_the_old_one_if_that_is_refused(
    service: Service, folder: Path, conversation: Conversation
) -> None:
    """Both in one life: what systemd is told, what the journal says, and what has changed."""
    del conversation  # before it the machine's time is wanted for sound
    with (
        ServiceManager(folder / "reload-notify") as manager,
        device(folder / "reload", service.live, key=KEY, **manager.environ) as one,
    ):
        one.process.line("link.up")
        good = one.config.read_text()
        one.config.write_text(good.replace("[speaker]", "[speaker]\nvolume_percnt = 20\ngain = 1"))
        one.process.send(signal.SIGHUP)
        one.process.line("vocative.toml:8: speaker.volume_percnt")
        one.process.line("vocative.toml:9: speaker.gain")
        assert one.ask("status")["volume_percent"] == 100
        one.config.write_text(good.replace("volume_percent = 100", "volume_percent = 20\nsleep_after_s = 77.0"))
        one.process.send(signal.SIGHUP)
        line = one.process.line("config.reloaded")
        assert "in effect: speaker.volume_percent" in line.text
        assert "after a restart: speaker.sleep_after_s" in line.text
        assert one.ask("status")["volume_percent"] == 20
        assert one.process.stop().status == 0
    texts = [line.text for line in manager.told]
    marks = [text for text in texts if text in {"READY=1", "RELOADING=1"}]
    assert marks == ["READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1"]
    assert texts[texts.index("RELOADING=1") + 1].startswith("MONOTONIC_USEC=")


# --- being stopped, in any state -----------------------------------------------------------------------


def idle(one: Device) -> None:
    one.process.line("link.up")


def importing_the_sdk(one: Device) -> None:
    one.process.line("daemon.ready")


def listening(one: Device) -> None:
    one.process.line("link.up")
    assert one.ask("button", "press")["turn"] == "listening"


def speaking(one: Device) -> None:
    listening(one)
    time.sleep(0.3)
    one.ask("button", "release")
    one.until("speaking")


def with_the_link_down(one: Device) -> None:
    one.process.line("link.failed")


NOWHERE: Final = 'base_url = "https://127.0.0.1:1"\n'
STOPS: Final[dict[str, tuple[Callable[[Device], None], signal.Signals]]] = {
    "idle": (idle, signal.SIGTERM),
    "idle, Ctrl-C": (idle, signal.SIGINT),
    "importing the SDK": (importing_the_sdk, signal.SIGTERM),
    "importing the SDK, Ctrl-C": (importing_the_sdk, signal.SIGINT),
    "listening": (listening, signal.SIGTERM),
    "speaking": (speaking, signal.SIGTERM),
    "link down": (with_the_link_down, signal.SIGTERM),
}


@dataclass(frozen=True, slots=True)
class Stopped:
    """How a device that was asked to stop ended, and what it had said by then."""

    ended: Ended
    said: str


def stopped(folder: Path, live: str, reach: Callable[[Device], None], number: signal.Signals) -> Stopped:
    with device(folder, live, key=KEY) as one:
        reach(one)
        return Stopped(one.process.stop(number), one.process.text)


@dataclass(frozen=True, slots=True)
class Waited:
    """What a device without a link did in three seconds, and after a press."""

    status: dict[str, Any]
    pressed: dict[str, Any]
    cpu_s: float
    said: str


def waited(folder: Path, live: str, key: str) -> Waited:
    with device(folder, live, key=key) as one:
        one.process.line("key.missing" if not key else "link.failed")
        one.process.line("daemon.ready")
        cpu_s = one.process.cpu_s
        pressed = one.ask("button", "press")
        time.sleep(3.0)
        cpu_s = one.process.cpu_s - cpu_s
        status = one.ask("status")
        one.process.stop()
        return Waited(status, pressed, cpu_s, one.process.text)


@dataclass(frozen=True, slots=True)
class Fleet:
    """Devices that run side by side, because each of them mostly waits."""

    stopped: dict[str, Future[Stopped]]
    without_key: Future[Waited]
    with_wrong_key: Future[Waited]


@pytest.fixture(scope="module")
def fleet(service: Service, folder: Path, conversation: Conversation) -> Iterator[Fleet]:
    """Begin after the conversation, which needs the machine's time to sound right."""
    with ThreadPoolExecutor(4) as pool:
        without_key = pool.submit(waited, folder / "keyless", service.live, "")
        with_wrong_key = pool.submit(waited, folder / "wrong", service.live, "a-wrong-key")
        stops = {
            name: pool.submit(
                stopped,
                folder / f"stop{number}",
                NOWHERE if reach is with_the_link_down else service.live,
                reach,
                asked,
            )
            for number, (name, (reach, asked)) in enumerate(STOPS.items())
        }
        yield Fleet(stops, without_key, with_wrong_key)


@pytest.mark.parametrize("state", STOPS)
def test_a_signal_ends_it_at_once_in_any_state(fleet: Fleet, state: str) -> None:
    how = fleet.stopped[state].result()
    assert how.ended.status == 0, how.said
    assert how.ended.took_s < SOON_S
    assert "Traceback" not in how.said
    assert " daemon.stopped " in how.said.splitlines()[-1]
    if state.startswith("importing"):
        assert "link.up" not in how.said


SLOW_RESOLVER: Final = """
import socket
def getaddrinfo(*_, **__):
    print("waits", flush=True)
    time.sleep(60)
socket.getaddrinfo = getaddrinfo
"""
"""A resolver that has lost its network takes half a minute to say so."""
SLOW_STORAGE: Final = """
class SlowStorage:
    def find_spec(self, name, *_):
        if name == "daemon.run":
            print("waits", flush=True)
            time.sleep(60)
sys.meta_path.insert(0, SlowStorage())
"""
"""An SD card may take seconds to deliver what is imported before there is a loop."""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("hindrance", [SLOW_RESOLVER, SLOW_STORAGE], ids=["resolver", "storage"])
def test_a_signal_does_not_wait_for_what_is_slow(folder: Path, hindrance: str, number: signal.Signals) -> None:
    config = folder / "slow.toml"
    drivers = "".join(f'[{part}]\ndriver = "simulated"\n' for part in ("microphone", "speaker", "button", "leds"))
    config.write_text(f'[live]\nbase_url = "https://service.invalid"\n{drivers}[control]\nsocket = ""\n')
    script = f"import sys, time\n{hindrance}from daemon.cli import main\nsys.exit(main(sys.argv[1:]))"
    command = (sys.executable, "-c", script, "run", "--config", str(config))
    with running(*command, environ={"GEMINI_API_KEY": KEY}) as process:
        process.line("waits")
        ended = process.stop(number)
        assert ended.status == 0, process.text
        assert ended.took_s < SOON_S
        assert "Traceback" not in process.text


def test_a_silent_client_of_the_control_socket_does_not_hold_up_the_end(folder: Path) -> None:
    """From Python 3.12 on, asyncio's `serve_forever` would wait for it."""

    async def nothing(_: tuple[str, ...]) -> control.Reply:
        return {}

    async def story() -> float:
        path = folder / "silent"
        serving = asyncio.ensure_future(control_server.serve(path, nothing, control_server.Audience()))
        while not path.exists():  # noqa: ASYNC110 - nothing says when it serves
            await asyncio.sleep(0.01)
        _, writer = await asyncio.open_unix_connection(str(path))
        await asyncio.sleep(0.05)  # it has been accepted
        begun_s = time.monotonic()
        serving.cancel()
        await asyncio.wait([serving])
        writer.close()
        return time.monotonic() - begun_s

    assert asyncio.run(story()) < control.PATIENCE_S / 2


# --- without a link ------------------------------------------------------------------------------------


def test_without_a_key_it_runs_on_says_so_and_rests(fleet: Fleet) -> None:
    what = fleet.without_key.result()
    assert (what.status["faults"], what.status["link"], what.status["turn"]) == (["key"], "down", "idle")
    assert (what.pressed["turn"], what.pressed["turn_id"]) == ("idle", 0)  # nothing is listened to
    assert "sudo vocative key" in what.said  # what to do about it
    assert what.cpu_s < 1.0


def test_with_a_wrong_key_it_says_so_and_does_not_try_hard(fleet: Fleet, service: Service) -> None:
    what = fleet.with_wrong_key.result()
    assert (what.status["faults"], what.status["link"], what.status["turn"]) == (["key"], "down", "idle")
    assert (what.pressed["turn"], what.pressed["turn_id"]) == ("idle", 0)
    assert what.cpu_s < 1.0
    assert "a-wrong-key" not in what.said
    refusals = [line for line in map(json.loads, service.log.read_text().splitlines()) if line["kind"] == "refused"]
    assert [line["status"] for line in refusals] == [401]


# --- what cannot begin ---------------------------------------------------------------------------------

MISTAKES: Final = """\
[live]
modle = "gemini-3.8-live"
[turn]
hangover_ms = "700"
pre_roll_ms = 100
[speaker]
driver = "alsa"
[button]
pin = 99
"""


@pytest.mark.parametrize("command", [("check",), ("run", "--config")], ids=["check", "run"])
def test_every_mistake_in_the_configuration_is_named_with_its_line(folder: Path, command: tuple[str, ...]) -> None:
    config = folder / "mistakes.toml"
    config.write_text(MISTAKES)
    with vocative(*command, str(config)) as process:
        assert process.ended() == 78
        lines = process.text.splitlines()
    for line, key in ((2, "modle"), (4, "hangover_ms"), (5, "pre_roll_ms"), (7, "driver"), (9, "pin")):
        assert any(said.startswith(f"mistakes.toml:{line}:") and key in said for said in lines), lines
    assert len(lines) == 5


def test_an_unknown_microphone_ends_it_and_what_there_is_is_named(service: Service, folder: Path) -> None:
    with device(folder / "deaf", service.live, key=KEY, microphone="Blue Yeti") as one:
        assert one.process.ended() == 69
        assert "Blue Yeti" in one.process.text
        assert pulse.MICROPHONE in one.process.text
        assert "Traceback" not in one.process.text


def test_under_systemd_it_rests_before_it_may_be_started_again_and_can_be_stopped_meanwhile(
    service: Service, folder: Path
) -> None:
    with (
        ServiceManager(folder / "rest-notify") as manager,
        device(folder / "rests", service.live, key=KEY, microphone="Blue Yeti", **manager.environ) as one,
    ):
        one.process.line("device.missing")
        time.sleep(1.0)
        ended = one.process.stop()
        assert (ended.status, ended.took_s < SOON_S) == (0, True)
    texts = [line.text for line in manager.told]
    assert "READY=1" not in texts
    assert texts[-1].startswith("EXTEND_TIMEOUT_USEC=")
    assert "tried again" in texts[-2]
