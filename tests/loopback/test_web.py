"""The page as a device: who is let in to it, what becomes of two of them, and the whole of it without a browser."""

from __future__ import annotations

import asyncio
import re
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NoReturn

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from hardware.interfaces import DeviceLost, DeviceMissing, Microphone
from hardware.pcm import UP, samples
from hardware.settings import MicrophoneSettings, PageSettings
from hardware.shown import Shown
from hardware.web_front import WebFront
from hardware.web_microphone import open_web_microphone
from hardware.web_page import TAKEN_OVER
from hardware.web_server import FILES, TAKEN_OVER_CODE
from hardware.web_visit import LEAD_PERIODS, MOST_WAITING, Visit
from tests.support.known_sound import known_sound
from tests.support.page import FakePage, Stage, open_page, url_of
from tests.support.process import START_S, vocative

pytestmark = pytest.mark.loopback

WEB: Final = Path(__file__).resolve().parents[2] / "hardware" / "web"


# --- who is let in -------------------------------------------------------------------------------------


async def fetched(stage: Stage, path: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """Ask the page's server for something, with headers of one's own."""
    reader, writer = await asyncio.open_connection("127.0.0.1", stage.server.port)
    said = {"Host": f"127.0.0.1:{stage.server.port}", **headers}
    writer.write("\r\n".join([f"GET {path} HTTP/1.1", *(f"{k}: {v}" for k, v in said.items()), "", ""]).encode())
    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    first, *lines = head.decode().split("\r\n")
    return int(first.split()[1]), {k.lower(): v for k, _, v in (line.partition(": ") for line in lines)}, body


def own(stage: Stage) -> str:
    """Return the path of the page, token included."""
    return stage.server.url.partition(str(stage.server.port))[2]


def test_the_page_and_all_it_needs_come_from_here_and_nothing_may_come_from_elsewhere() -> None:
    stage = Stage()

    async def story() -> None:
        for name, (file, kind) in FILES.items():
            status, headers, body = await fetched(stage, own(stage) + name)
            assert (status, body) == (200, (WEB / file).read_bytes())
            assert headers["content-type"] == kind
            policy = headers["content-security-policy"]
            assert policy.startswith("default-src 'none'")
            assert set(re.findall(r"-src ([^;]+)", policy)) == {"'none'", "'self'"}
            assert headers["referrer-policy"] == "no-referrer"
        assert (await fetched(stage, own(stage) + "../pcm.py"))[0] == 404

    stage.run(story())
    assert {file for file, _ in FILES.values()} == {path.name for path in WEB.iterdir()}
    for path in WEB.iterdir():
        assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)", path.read_text()) == []


def test_the_page_and_its_driver_agree_on_when_an_answer_sounds() -> None:
    assert f"const LEAD = {LEAD_PERIODS};" in (WEB / "card.js").read_text()
    assert f"const TAKEN_OVER = {TAKEN_OVER_CODE};" in (WEB / "page.js").read_text()


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (lambda _: "/", {}),
        (lambda _: "/favicon.ico", {}),
        (lambda stage: own(stage)[:-2] + "/", {}),
        (lambda stage: own(stage)[:-1] + "x/page.js", {}),
        (own, {"Host": "device.example:80"}),
        (own, {"Host": "localhost"}),
    ],
)
def test_who_does_not_know_the_token_or_comes_by_another_name_sees_nothing(
    path: Callable[[Stage], str], headers: dict[str, str]
) -> None:
    stage = Stage()

    async def story() -> None:
        status, answered, body = await fetched(stage, path(stage), **headers)
        assert status == 403
        assert b"<" not in body
        assert "content-security-policy" in answered

    stage.run(story())


def test_no_other_site_may_open_the_socket_even_with_the_token() -> None:
    stage = Stage()

    async def story() -> None:
        url = f"{stage.server.url}ws".replace("http", "ws", 1)
        for origin in (None, "null", "http://device.example", f"http://localhost:{stage.server.port}"):
            with pytest.raises(InvalidStatus, match="403"):
                async with connect(url, origin=origin, proxy=None):  # type: ignore[arg-type] # a NewType
                    pass

    stage.run(story())


async def listen(microphone: Microphone) -> NoReturn:
    """Read until it is lost."""
    while True:
        await microphone.read()


async def told(fake: FakePage, name: str) -> None:
    """Wait until the page was told that."""
    while name not in fake.shown:  # noqa: ASYNC110 - what a page is told is all that it hears
        await asyncio.sleep(0.01)


# --- what may be said ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "nonsense",
    [
        {"button": 1},
        {"sound": {"rate_hz": 1, "latency_ms": 0}},
        {"sound": {"rate_hz": "48000", "latency_ms": 0}},
        {"ask": []},
        {"ask": ["mute", 1]},
        {},
        b"",
        struct.pack("<III", 7, 0, 0),
        struct.pack("<III", 1, 0, 0) + bytes(4),
    ],
)
def test_a_page_that_says_what_no_page_says_is_over(nonsense: dict[str, object] | bytes) -> None:
    stage = Stage()

    async def story() -> str:
        microphone = await open_web_microphone(stage.page, MicrophoneSettings())
        stage.fake.tell(nonsense)
        with pytest.raises(DeviceLost) as lost:
            await listen(microphone)
        await microphone.close()
        return str(lost.value)

    assert "the page" in stage.run(story())
    assert stage.page.visit is None


def test_a_page_that_reads_nothing_is_given_up() -> None:
    async def story() -> tuple[str, list[str]]:
        visit, told = Visit(), list[str]()
        visit.on_end.append(told.append)
        for _ in range(MOST_WAITING):
            visit.tell({"ring": []}, newest_of="ring")  # the newest counts: no heap
        assert visit.ended == ""
        for period in range(MOST_WAITING):
            visit.play(period, b"")
        return visit.ended, told

    ended, told = asyncio.run(story())
    assert "does not take" in ended
    assert told == [ended]


def test_a_browser_that_hangs_is_given_up_and_another_page_is_let_in() -> None:
    stage = Stage(UP.rate_hz)

    async def story() -> str:
        hanging = stage.page.visit
        assert hanging is not None
        stage.fake.hang()
        async with asyncio.timeout(START_S):
            while not hanging.ended:
                stage.page.show("shown", "x" * 10_000)
                hanging.play(0, bytes(100_000))
                await asyncio.sleep(0)
            while stage.page.visit is not None:  # noqa: ASYNC110 - the server says goodbye to nobody
                await asyncio.sleep(0.01)
        await stage.visit()
        microphone = await open_web_microphone(stage.page, MicrophoneSettings())
        await microphone.read()
        await microphone.close()
        return hanging.ended

    assert "does not take" in stage.run(story())


def test_a_second_page_takes_over_and_is_told_all_that_the_first_was() -> None:
    stage = Stage(UP.rate_hz)
    said = known_sound(UP, 0.2)

    async def story() -> None:
        microphone = await open_web_microphone(stage.page, MicrophoneSettings())
        microphone.muted = True
        first = stage.fake
        second = await stage.visit()
        with pytest.raises(DeviceLost, match=TAKEN_OVER):
            await listen(microphone)
        await microphone.close()
        again = await open_web_microphone(stage.page, MicrophoneSettings())
        second.say(said)
        assert said in b"".join([(await again.read()).pcm for _ in range(25)])
        assert second.shown["muted"] is True
        assert "microphone" in second.shown["parts"]
        assert first.code == TAKEN_OVER_CODE
        await again.close()

    stage.run(story())


def test_the_page_may_ask_for_what_its_controls_do_and_for_nothing_else() -> None:
    stage, asked = Stage(), list[tuple[str, ...]]()

    async def ask(words: tuple[str, ...]) -> Mapping[str, object]:
        asked.append(words)
        if words == ("look",):
            raise ValueError("there is no camera")
        return {}

    async def story() -> None:
        front = WebFront(stage.page, PageSettings())
        running = asyncio.ensure_future(front.run(lambda: Shown(meaning="ready"), ask))
        async with asyncio.timeout(5):
            await told(stage.fake, "shown")
            for words in (["reload"], ["say", "something"], ["volume", "60"], ["look"]):
                stage.fake.tell({"ask": words})
            await told(stage.fake, "notice")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    stage.run(story())
    assert asked == [("volume", "60"), ("look",)]
    assert stage.fake.shown["shown"]["meaning"] == "ready"
    assert stage.fake.shown["notice"] == "there is no camera"


def test_a_port_that_is_taken_is_said_to_be() -> None:
    stage = Stage()

    async def story() -> None:
        front = WebFront(stage.page, PageSettings(port=stage.server.port))
        with pytest.raises(DeviceMissing, match=rf"port {stage.server.port} .*in use.*Choose another"):
            await front.run(Shown, lambda _: asyncio.sleep(0, {}))

    stage.run(story())


# --- the whole device ----------------------------------------------------------------------------------


def test_a_device_to_try_in_a_page_speaks_and_its_network_can_be_cut() -> None:
    async def use(url: str) -> None:
        async with asyncio.timeout(START_S), open_page(url, 48_000) as fake:

            async def until(**wanted: object) -> None:
                while not wanted.items() <= fake.shown.get("shown", {}).items():  # noqa: ASYNC110 - as in `told`
                    await asyncio.sleep(0.01)

            await until(state="ready", link="up", network=True)
            fake.press(True)
            await until(state="listening")
            await asyncio.sleep(0.6)
            red, green, blue = fake.shown["ring"][:3]
            assert red < min(green, blue)
            fake.press(False)
            begun = fake.position
            await until(turn="speaking")
            await asyncio.sleep(0.5)
            assert max(abs(samples(fake.heard(begun)).astype(int))) > 1000
            fake.tell({"ask": ["stop"]})
            await until(turn="idle")
            silent_from = fake.position + 480
            fake.tell({"ask": ["network", "cut"]})
            await until(network=False)
            await asyncio.sleep(0.1)
            assert not any(fake.heard(silent_from))

    with vocative("try", "--web") as process:
        asyncio.run(use(url_of(process)))
        assert process.stop().status == 0
