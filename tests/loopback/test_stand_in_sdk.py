"""The stand-in service over real TLS, spoken to by the real google-genai and by a bare WebSocket."""

from __future__ import annotations

import asyncio
import json
import random
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from google import genai
from google.genai import errors, live, types
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from daemon.rehearsal.frame_log import Line
from daemon.rehearsal.network import network
from daemon.rehearsal.server import Server, serve
from daemon.rehearsal.stand_in import faults
from daemon.rehearsal.stand_in.answer import Answer, Pacing
from daemon.rehearsal.stand_in.faults import Act, Faults, GoAway, Moment, Strike
from daemon.rehearsal.stand_in.memory import digest
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.stand_in.service import StandIn
from hardware.pcm import DOWN, UP
from tests.support.known_sound import known_sound
from tests.support.live_client import PATH, setup

pytestmark = pytest.mark.loopback

SPEECH = known_sound(UP, 0.1)
ANSWER = Answer(known_sound(DOWN, 0.5), "one two three")


@dataclass
class Bench:
    """A running service with a client that knows the way to it."""

    service: StandIn
    server: Server
    client: genai.Client
    tls: ssl.SSLContext
    log: list[Line]

    @asynccontextmanager
    async def session(self, **also: Any) -> AsyncIterator[live.AsyncSession]:
        detection = types.AutomaticActivityDetection(disabled=True)
        fields: dict[str, Any] = {
            "response_modalities": [types.Modality.AUDIO],
            "realtime_input_config": types.RealtimeInputConfig(automatic_activity_detection=detection),
            "session_resumption": types.SessionResumptionConfig(),
            **also,
        }
        config = types.LiveConnectConfig(**fields)
        async with self.client.aio.live.connect(model="gemini-3.8-live", config=config) as session:
            yield session

    @asynccontextmanager
    async def socket(self, path: str = PATH, key: str = "k") -> AsyncIterator[ClientConnection]:
        """A WebSocket without the SDK."""
        url = f"wss://127.0.0.1:{self.server.port}{path}"
        headers = {"x-goog-api-key": key} if key else {}
        async with connect(
            url, ssl=self.tls, additional_headers=headers, proxy=None, ping_interval=None, close_timeout=0.5
        ) as socket:
            yield socket


def on_a_bench(scene: Callable[[Bench], Awaitable[None]], *, struck: Strike | None = None) -> None:
    async def play() -> None:
        service = StandIn(
            random.Random(1),
            answer=lambda _turn: ANSWER,
            pacing=Pacing(think_s=0.02, stray_frames=0.3, interrupt_s=0.02),
            faults=Faults(strikes=(struck,) if struck else ()),
        )
        log: list[Line] = []
        async with asyncio.timeout(30), serve(service, log=log.append) as server:
            tls = ssl.create_default_context(cafile=str(server.ca_file))
            options = {"ssl": tls, "compression": None, "ping_interval": None, "close_timeout": 1, "proxy": None}
            client = genai.Client(
                api_key="k",
                http_options=types.HttpOptions(
                    base_url=server.base_url, api_version="v1beta", async_client_args=options
                ),
            )
            await scene(Bench(service, server, client, tls, log))
            await client.aio.aclose()

    asyncio.run(play())


async def ask(session: live.AsyncSession) -> None:
    await session.send_realtime_input(activity_start=types.ActivityStart())
    for at in range(0, len(SPEECH), UP.frame_bytes):
        frame = types.Blob(data=SPEECH[at : at + UP.frame_bytes], mime_type="audio/pcm;rate=16000")
        await session.send_realtime_input(audio=frame)
    await session.send_realtime_input(activity_end=types.ActivityEnd())


def sound_of(messages: list[types.LiveServerMessage]) -> bytes:
    return b"".join(
        part.inline_data.data
        for message in messages
        if message.server_content and message.server_content.model_turn
        for part in message.server_content.model_turn.parts or ()
        if part.inline_data and part.inline_data.data
    )


async def turn_of(session: live.AsyncSession) -> list[types.LiveServerMessage]:
    return [message async for message in session.receive()]


async def handle_of(session: live.AsyncSession) -> str:
    async for message in session.receive():
        update = message.session_resumption_update
        if update and update.new_handle:
            return update.new_handle
    raise AssertionError("no handle came")


class TestWithTheSdk:
    def test_a_turn_is_heard_and_answered(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.session() as session:
                assert session.setup_complete is not None
                await ask(session)
                assert sound_of(await turn_of(session)) == ANSWER.pcm
            [turn] = bench.service.turns
            assert turn.heard_bytes == len(SPEECH)
            assert turn.complete

        on_a_bench(scene)

    def test_an_answer_is_interrupted_and_the_next_one_whole(self) -> None:
        async def scene(bench: Bench) -> None:
            bench.service.conduct.answer = lambda turn: Answer(known_sound(DOWN, 20.0)) if turn == 1 else ANSWER
            async with bench.session() as session:
                await ask(session)
                async for message in session.receive():
                    if sound_of([message]):
                        break
                await ask(session)
                cut = [message.server_content for message in await turn_of(session) if message.server_content]
                assert [content.interrupted for content in cut].count(True) == 1
                assert not any(content.generation_complete for content in cut)
                assert sound_of(await turn_of(session)) == ANSWER.pcm

        on_a_bench(scene)

    def test_a_session_is_resumed_only_after_its_old_connection_is_closed(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.session() as session:
                await ask(session)
                await turn_of(session)
                resumption = types.SessionResumptionConfig(handle=await handle_of(session))
                with pytest.raises(errors.APIError) as refused:
                    async with bench.session(session_resumption=resumption):
                        pass
                assert refused.value.code == 1011
            async with bench.session(session_resumption=resumption) as session:
                await ask(session)
                assert sound_of(await turn_of(session)) == ANSWER.pcm
            [remembered] = bench.service.sessions.values()
            assert [turn.complete for turn in remembered.turns] == [True, True]

        on_a_bench(scene)

    def test_go_away_is_announced_and_comes(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.session() as session:
                message = await anext(session.receive())
                assert message.go_away
                assert message.go_away.time_left == "0.3s"
                with pytest.raises(errors.APIError) as closed:
                    await turn_of(session)
                assert closed.value.code == 1008

        on_a_bench(scene, struck=Strike(Moment.SETUP_COMPLETE, (GoAway(0.3),)))

    def test_a_field_that_the_model_does_not_take_is_named(self) -> None:
        async def scene(bench: Bench) -> None:
            with pytest.raises(errors.APIError) as refused:
                async with bench.session(thinking_config=types.ThinkingConfig(thinking_budget=0)):
                    pass
            assert refused.value.code == 1007
            assert "setup.generation_config.thinking_config" in str(refused.value.details)

        on_a_bench(scene)

    @pytest.mark.parametrize("status", [401, 403, 429, 503])
    def test_an_upgrade_is_refused(self, status: int) -> None:
        async def scene(bench: Bench) -> None:
            bench.service.faults = Faults(refuse_upgrade=status)
            with pytest.raises(InvalidStatus) as refused:
                async with bench.session():
                    pass
            assert refused.value.response.status_code == status

        on_a_bench(scene)

    @pytest.mark.parametrize(
        ("act", "error"),
        [
            (faults.UNKNOWN_MESSAGE, TypeError),  # live-api.md 0.8
            (faults.SNAKE_CASE_MESSAGE, TypeError),
            (faults.ERROR_FRAME, TypeError),
            (faults.MALFORMED_JSON, ValueError),
            (faults.ABORT, errors.APIError),
            (Close(1011, "Internal error encountered."), errors.APIError),
        ],
        ids=["unknown", "snake_case", "error", "malformed", "abort", "close"],
    )
    def test_a_fault_in_the_middle_of_an_answer_is_raised(self, act: Act, error: type[Exception]) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.session() as session:
                await ask(session)
                with pytest.raises(error):
                    await turn_of(session)

        on_a_bench(scene, struck=Strike(Moment.ANSWER_CHUNK, (act,)))


class TestTheServer:
    def test_logs_every_frame_by_kind_size_and_sound(self) -> None:
        async def scene(bench: Bench) -> None:
            started_s = time.monotonic()
            async with bench.session() as session:
                await ask(session)
                sound = sound_of(await turn_of(session))
            assert sound == ANSWER.pcm
            up = [line for line in bench.log if line["way"] == "up"]
            assert [line["kind"] for line in up[:4]] == ["open", "setup", "activity_start", "audio"]
            heard = [line for line in up if line["kind"] == "audio"]
            frames = [SPEECH[at : at + UP.frame_bytes] for at in range(0, len(SPEECH), UP.frame_bytes)]
            assert [line["pcm_digest"] for line in heard] == [[digest(frame)] for frame in frames]
            assert {line["pcm_ms"] for line in heard} == {20.0}
            said = [line for line in bench.log if line["way"] == "down" and line["kind"] == "audio"]
            lengths = [line["pcm_ms"] for line in said]
            assert sum(length for length in lengths if isinstance(length, float)) == pytest.approx(500.0)
            times = [line["t_s"] for line in bench.log]
            assert all(isinstance(t_s, float) and started_s <= t_s <= time.monotonic() for t_s in times)
            assert all(line["session"] == "s1" for line in up if line["kind"] != "open")
            json.dumps(bench.log)

        on_a_bench(scene)

    def test_logs_neither_key_nor_words(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.socket(f"{PATH}?key=very-secret", key="") as socket:
                await socket.send(json.dumps({"setup": setup()}))
                await socket.send(json.dumps({"realtimeInput": {"text": "between us"}}))
                await socket.recv()
            assert not any(word in json.dumps(bench.log) for word in ("very-secret", "between us", "one two"))

        on_a_bench(scene)

    def test_says_what_it_says_in_binary_pretty_printed_and_hears_both(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.socket() as socket:
                await socket.send(json.dumps({"setup": setup()}).encode())
                assert await socket.recv() == b'{\n  "setupComplete": {}\n}'
                await socket.send(json.dumps({"realtimeInput": {"mediaChunks": []}}))
                with pytest.raises(ConnectionClosed):
                    await socket.recv()
                assert socket.close_code == 1007
                assert socket.close_reason
                assert "media_chunks" in socket.close_reason
                assert not socket.protocol.extensions

        on_a_bench(scene)

    @pytest.mark.parametrize(("path", "key", "status"), [("/ws/elsewhere", "k", 404), (PATH, "", 403)])
    def test_refuses_a_wrong_path_and_a_missing_key(self, path: str, key: str, status: int) -> None:
        async def scene(bench: Bench) -> None:
            with pytest.raises(InvalidStatus) as refused:
                async with bench.socket(path, key):
                    pass
            assert refused.value.response.status_code == status
            assert bench.log[-1]["status"] == status

        on_a_bench(scene)

    def test_can_be_slow_to_pong_without_being_slow_to_speak(self) -> None:
        async def scene(bench: Bench) -> None:
            bench.server.pong_delay_s = 0.5
            async with bench.socket() as socket:
                pinged_s = time.monotonic()
                pong = asyncio.ensure_future(await socket.ping())
                await socket.send(json.dumps({"setup": setup()}))
                await socket.recv()
                assert not pong.done()
                await pong
                assert time.monotonic() - pinged_s >= 0.5

        on_a_bench(scene)

    def test_can_stop_reading_and_read_again(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.session() as session:
                bench.server.stop_reading()
                await ask(session)
                await asyncio.sleep(0.1)
                assert not any(turn.ended_s for turn in bench.service.turns)
                bench.server.resume_reading()
                assert sound_of(await turn_of(session)) == ANSWER.pcm

        on_a_bench(scene)

    def test_that_stalls_neither_reads_nor_says_goodbye(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.session() as session:
                await ask(session)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.3):
                        await turn_of(session)
                [remembered] = bench.service.sessions.values()
                assert remembered.open_connections == 1

        on_a_bench(scene, struck=Strike(Moment.ANSWER_CHUNK, (faults.STALL,)))

    def test_can_reset_every_connection(self) -> None:
        async def scene(bench: Bench) -> None:
            async with bench.session() as session:
                bench.server.abort()
                with pytest.raises(errors.APIError) as gone:
                    await turn_of(session)
                assert gone.value.code == 1006
            [remembered] = bench.service.sessions.values()
            while remembered.open_connections:  # noqa: ASYNC110  (there is nothing to wait for but the server's loop)
                await asyncio.sleep(0.01)

        on_a_bench(scene)

    def test_does_not_hide_a_mistake_of_its_own(self) -> None:
        async def scene(bench: Bench) -> None:
            no_answers: dict[int, Answer] = {}
            bench.service.conduct.answer = lambda turn: no_answers[turn]
            async with bench.session() as session:
                await ask(session)
                with pytest.raises(errors.APIError):
                    await turn_of(session)

        with pytest.raises(ExceptionGroup, match="the stand-in service is broken"):
            on_a_bench(scene)

    def test_does_not_know_that_a_client_is_gone_while_the_network_is_cut(self) -> None:
        async def scene(bench: Bench) -> None:
            async with network(bench.server.port) as net:
                url = f"wss://127.0.0.1:{net.port}{PATH}"
                socket = await connect(
                    url, ssl=bench.tls, additional_headers={"x-goog-api-key": "k"}, proxy=None, ping_interval=None
                )
                await socket.send(json.dumps({"setup": setup()}))
                await socket.recv()
                [remembered] = bench.service.sessions.values()
                net.cut()
                socket.transport.abort()
                await asyncio.sleep(0.1)
                assert remembered.open_connections == 1  # a resume would be refused with 1011
                net.restore()
                while remembered.open_connections:  # noqa: ASYNC110  (there is nothing to wait for but the server's loop)
                    await asyncio.sleep(0.01)

        on_a_bench(scene)

    def test_leaves_no_certificate_behind(self) -> None:
        async def serve_once() -> None:
            async with serve(StandIn(random.Random(1))) as server:
                ca_file = server.ca_file
                assert b"BEGIN CERTIFICATE" in ca_file.read_bytes()
            assert not ca_file.exists()

        asyncio.run(serve_once())
