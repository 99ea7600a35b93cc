"""The control socket over real sockets: what it answers, whom it lets in, and what its worst clients cost."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import socket
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from daemon import cli
from daemon.commands import control as command
from daemon.control import admission
from daemon.control import client as control
from daemon.control import server as control_server
from daemon.control.admission import Admission, Peer, guarded, peer_of
from daemon.control.client import Reply, ask, watch
from daemon.control.server import Audience, serve

pytestmark = pytest.mark.loopback

GOOD_TIME_S = 1.0
"""An answer takes a millisecond; what it must be told from is the two seconds that a silent client has."""


@pytest.fixture
def path() -> Iterator[Path]:
    """Return a path short enough for a socket (unix(7): 107 bytes)."""
    with tempfile.TemporaryDirectory(prefix="control-") as folder:
        yield Path(folder) / "sock"


async def answer(words: tuple[str, ...]) -> Reply:
    """Stand for the device."""
    match words:
        case ("status",):
            return {"meaning": "Ready."}
        case ("slow",):
            await asyncio.sleep(0.5)
            return {"meaning": "Done."}
        case ("never",):
            await asyncio.get_running_loop().create_future()
        case ("long",):
            return {"meaning": "long " * 200_000}
    raise ValueError(f"unknown request {' '.join(words)!r}")


@contextlib.asynccontextmanager
async def serving(path: Path) -> AsyncIterator[Audience]:
    audience = Audience()
    server = asyncio.ensure_future(serve(path, answer, audience))
    await until(path.exists)
    yield audience
    server.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await server
    assert not path.exists()


async def until(seen: Callable[[], bool]) -> None:
    async with asyncio.timeout(10.0):
        while not seen():  # noqa: ASYNC110 - it is the other end of a socket
            await asyncio.sleep(0.005)


async def answers_in_good_time(path: Path) -> None:
    began_s = time.monotonic()
    assert await ask(path, "status") == {"meaning": "Ready."}
    assert time.monotonic() - began_s < GOOD_TIME_S


def connected(path: Path, first: bytes = b"") -> socket.socket:
    client = socket.socket(socket.AF_UNIX)
    client.connect(str(path))
    client.setblocking(False)
    if first:
        client.send(first)
    return client


async def is_dropped(client: socket.socket, within_s: float) -> bool:
    """Whether the other end is closed, at the latest then; what it said before is read."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(TimeoutError, ConnectionResetError):
        async with asyncio.timeout(within_s):
            while await loop.sock_recv(client, 65536):
                pass
            return True
        return False
    return True


# --- what it answers -----------------------------------------------------------------------------------


def test_a_request_is_answered_and_a_refusal_says_why(path: Path) -> None:
    async def story() -> None:
        async with serving(path):
            await answers_in_good_time(path)
            with pytest.raises(ValueError, match="unknown request 'dance'"):
                await ask(path, "dance")
            with pytest.raises(ValueError, match="at most 1024 bytes"):
                await ask(path, "say", "a" * 1100)

    asyncio.run(story())


def test_a_request_that_takes_a_moment_keeps_nobody_waiting(path: Path) -> None:
    async def story() -> None:
        async with serving(path), asyncio.TaskGroup() as tasks:
            slow = [tasks.create_task(ask(path, "slow")) for _ in range(20)]
            await asyncio.sleep(0.05)
            began_s = time.monotonic()
            await ask(path, "status")
            assert not any(each.done() for each in slow), "it was answered meanwhile"
            assert time.monotonic() - began_s < GOOD_TIME_S

    asyncio.run(story())


def test_a_request_that_is_never_done_is_given_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "ANSWER_S", 0.1)

    async def story() -> None:
        async with serving(path):
            with pytest.raises(ValueError, match="not done"):
                await ask(path, "never")

    asyncio.run(story())


def test_a_long_answer_arrives_whole(path: Path) -> None:
    async def story() -> None:
        async with serving(path):
            reader, writer = await asyncio.open_unix_connection(str(path), limit=2**22)
            writer.write(b"long\n")
            assert len(await reader.readline()) > 1_000_000
            writer.close()

    asyncio.run(story())


# --- those who watch -----------------------------------------------------------------------------------


def test_a_watcher_is_told_the_status_and_then_whatever_is_news(path: Path) -> None:
    async def story() -> list[Reply]:
        seen: list[Reply] = []
        async with serving(path) as audience, asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch(path, seen.append))
            await until(lambda: len(seen) == 1)
            assert len(audience) == 1
            audience.publish({"event": "turn.done", "turn_id": 1})
            await until(lambda: len(seen) == 2)
            watching.cancel()
        assert len(audience) == 0
        return seen

    assert asyncio.run(story()) == [{"meaning": "Ready."}, {"event": "turn.done", "turn_id": 1}]


def test_a_watcher_that_does_not_read_is_dropped_and_the_others_are_told(path: Path) -> None:
    async def story() -> None:
        seen: list[Reply] = []
        async with serving(path) as audience, asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch(path, seen.append))
            stuck = connected(path, b"watch\n")
            await until(lambda: len(audience) == 2)
            sent = 0
            while len(audience) == 2:
                audience.publish({"event": "status", "text": "x" * 1000})
                sent += 1
                assert sent < 2000, "what waits for it is bounded"
                await asyncio.sleep(0)
            await until(lambda: len(seen) == 1 + sent)
            watching.cancel()
            stuck.close()

    asyncio.run(story())


def test_a_watcher_that_goes_or_talks_is_forgotten_and_there_are_only_so_many(path: Path) -> None:
    async def story() -> None:
        async with serving(path) as audience:
            watchers = [connected(path, b"watch\n") for _ in range(control_server.WATCHERS)]
            await until(lambda: len(audience) == control_server.WATCHERS)
            with pytest.raises(ValueError, match="watching already"):
                await ask(path, "watch")
            watchers[0].close()
            watchers[1].send(b"status\n")
            watchers[2].shutdown(socket.SHUT_WR)
            await until(lambda: len(audience) == control_server.WATCHERS - 3)
            await answers_in_good_time(path)
            for each in watchers:
                each.close()

    asyncio.run(story())


# --- those who mean no good ----------------------------------------------------------------------------

HOSTILE = {
    "silent": b"",
    "half a line": b"stat",
    "10,000 bytes without an end": b"a" * 10_000,
    "10,000 lines": b"status\n" * 10_000,
    "no text": b"\xff\xfe\n",
    "nothing but an end": b"\n",
}


@pytest.mark.parametrize("first", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_client_is_dropped_and_the_next_one_is_served(path: Path, first: bytes) -> None:
    async def story() -> None:
        async with serving(path):
            client = connected(path, first)
            await answers_in_good_time(path)
            assert await is_dropped(client, control.PATIENCE_S + 2.0)
            client.close()

    asyncio.run(story())


def test_a_client_that_takes_no_answer_is_dropped(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_server, "PATIENCE_S", 0.3)

    async def story() -> None:
        async with serving(path):
            client = connected(path, b"long\n")
            await asyncio.sleep(1.0)
            await answers_in_good_time(path)
            with contextlib.suppress(BlockingIOError):
                assert len(client.recv(2**21)) < 1_000_000, "the rest was given up"
                while client.recv(2**21):
                    pass
            client.close()

    asyncio.run(story())


def test_half_an_end_costs_nothing(path: Path) -> None:
    async def story() -> None:
        async with serving(path):
            client = connected(path)
            client.shutdown(socket.SHUT_WR)
            assert await is_dropped(client, 1.0)
            client.close()
            asked = connected(path, b"status\n")
            asked.shutdown(socket.SHUT_WR)
            assert b"Ready." in await asyncio.get_running_loop().sock_recv(asked, 4096)
            asked.close()

    asyncio.run(story())


@pytest.mark.parametrize("many", [100, 3 * control_server.CONNECTIONS])
def test_a_crowd_of_silent_clients_does_not_shut_out_one_that_asks(path: Path, many: int) -> None:
    async def story() -> None:
        async with serving(path):
            crowd = [await asyncio.to_thread(connected, path) for _ in range(many)]
            await answers_in_good_time(path)
            crowd += [connected(path, b"status\n") for _ in range(20)]
            await answers_in_good_time(path)
            for each in crowd:
                each.close()

    asyncio.run(story())


def test_a_flood_from_another_process_does_not_keep_anybody_waiting(path: Path) -> None:
    stop = threading.Event()

    def flood() -> None:
        while not stop.is_set():
            with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as client:
                client.connect(str(path))
                client.send(b"status status status")

    async def story() -> None:
        async with serving(path):
            flooding = threading.Thread(target=flood)
            flooding.start()
            try:
                for _ in range(20):
                    await answers_in_good_time(path)
            finally:
                stop.set()
                await asyncio.to_thread(flooding.join)  # the loop must go on, or its last connection is not taken

    asyncio.run(story())


# --- who is let in -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "let_in"),
    [
        (Peer(0, frozenset({0})), True),
        (Peer(990, frozenset({990})), True),
        (Peer(1000, frozenset({1000, 985})), True),
        (Peer(1000, frozenset({1000, 27})), False),
    ],
)
def test_root_the_own_user_and_the_group_are_let_in(peer: Peer, let_in: bool) -> None:
    assert Admission(uid=990, gid=985).lets_in(peer) is let_in


def test_without_a_group_nobody_else_is() -> None:
    assert not Admission(uid=990, gid=None).lets_in(Peer(1000, frozenset({0, 985})))


def test_the_kernel_says_who_is_at_the_other_end() -> None:
    ours, theirs = socket.socketpair(socket.AF_UNIX)
    with ours, theirs:
        peer = peer_of(ours)
    assert peer == Peer(os.getuid(), frozenset((os.getgid(), *os.getgroups())))


def test_without_the_group_the_socket_is_our_own(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "GROUP", "nobody-has-this-group")
    path.touch()
    assert guarded(path) == Admission(os.geteuid(), None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


ASK = """
import asyncio, os, pathlib, sys
sys.path.insert(0, sys.argv[4])
from daemon.control.client import ask  # before nothing of this can be read any more
os.setgroups([int(gid) for gid in sys.argv[3].split(",") if gid])
os.setgid(65534)
os.setuid(int(sys.argv[2]))
try:
    print(asyncio.run(ask(pathlib.Path(sys.argv[1]), "status")))
except (OSError, ValueError) as error:
    print(type(error).__name__, error)
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize(
    ("uid", "gids", "opened", "said"),
    [
        (12345, "4242", False, "{'meaning': 'Ready.'}"),
        (12345, "", False, "PermissionError"),
        (12345, "", True, "ValueError this is for root and the members of a group: sudo usermod -aG vocative"),
    ],
)
def test_a_member_of_the_group_is_let_in_and_a_stranger_is_not(
    path: Path, monkeypatch: pytest.MonkeyPatch, uid: int, gids: str, opened: bool, said: str
) -> None:
    """The mode of the file is the first fence; where somebody has opened that, the credentials are the second."""

    def for_the_group(made: Path) -> Admission:
        os.chown(made, -1, 4242)
        made.chmod(0o666 if opened else 0o660)
        return Admission(os.geteuid(), 4242)

    monkeypatch.setattr(control_server, "guarded", for_the_group)
    path.parent.chmod(0o755)
    root = Path(__file__).resolve().parents[2]

    async def story() -> str:
        async with serving(path):
            arguments = [sys.executable, "-c", ASK, str(path), str(uid), gids, str(root)]
            ran = await asyncio.to_thread(subprocess.run, arguments, capture_output=True, text=True, timeout=20)
            return str(ran.stdout + ran.stderr)

    assert said in asyncio.run(story())


# --- the commands --------------------------------------------------------------------------------------


def test_a_device_that_does_not_run_is_said_to_be_started(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["status", "--socket", str(path)]) == 1
    assert "sudo systemctl start vocative" in capsys.readouterr().err
    with socket.socket(socket.AF_UNIX) as left_over:
        left_over.bind(str(path))
    assert cli.main(["status", "--socket", str(path)]) == 1
    assert "sudo systemctl start vocative" in capsys.readouterr().err


@pytest.mark.parametrize("until", ["in line", "taken in", "read"])
@pytest.mark.parametrize("asked", ["status", "watch"])
def test_a_device_that_is_stopped_before_it_answers_is_said_to_be_asked_again(
    path: Path, capsys: pytest.CaptureFixture[str], asked: str, until: str
) -> None:
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(path))
    listening.listen()

    def be_stopped() -> None:
        with listening:
            select.select([listening], [], [])
            if until != "in line":
                with listening.accept()[0] as client:
                    if until == "read":
                        client.recv(100)

    device = threading.Thread(target=be_stopped)
    device.start()
    assert cli.main([asked, "--socket", str(path)]) == 1
    device.join()
    assert "Ask again" in capsys.readouterr().err


def test_a_device_that_stands_still_is_said_not_to_answer(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "PATIENCE_S", 0.2)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(path))
        listening.listen()
        assert cli.main(["status", "--socket", str(path)]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_refusal_is_said_with_its_reason(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    async def story() -> int:
        async with serving(path):
            return await asyncio.to_thread(cli.main, ["mute", "--socket", str(path)])

    assert asyncio.run(story()) == 1
    assert capsys.readouterr().err == "vocative will not: unknown request 'mute'\n"


def test_a_configuration_with_mistakes_does_not_keep_anybody_from_asking(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = path.with_name("vocative.toml")
    broken.write_text("[button]\npin = 99\n")
    monkeypatch.setattr(command, "SOCKET", path)

    async def story() -> list[int]:
        asking = ["stop", "--config", str(broken)]
        before = await asyncio.to_thread(cli.main, asking)
        async with serving(path):
            return [before, await asyncio.to_thread(cli.main, asking)]

    assert asyncio.run(story()) == [78, 1]
    said = capsys.readouterr().err
    assert "vocative check" in said
    assert "unknown request 'stop'" in said, "it was asked"


def test_watching_prints_each_piece_of_news_until_the_device_ends_it(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> int:
        async with serving(path) as audience:
            watching = asyncio.ensure_future(asyncio.to_thread(cli.main, ["watch", "--socket", str(path)]))
            await until(lambda: len(audience) == 1)
            audience.publish({"event": "turn.done", "text": "Answered."})
            await asyncio.sleep(0.2)
        return await watching

    assert asyncio.run(story()) == 1
    said = capsys.readouterr()
    assert [line.split(" ", 1)[1] for line in said.out.splitlines()] == ["Ready.", "Answered."]
    assert "was stopped" in said.err
