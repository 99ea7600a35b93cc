"""Tokens over real sockets, TLS and SDK: fetched, connected with, resumed with, expired, renewed, minted."""

from __future__ import annotations

import asyncio
import json
import logging
import random
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec

import pytest
import trustme

from daemon.cli import main
from daemon.config import Config
from daemon.errors import ExitStatus, LinkError, LinkTimeout
from daemon.keys.credentials import Credential, Secret, token_credential
from daemon.keys.mint import minted
from daemon.live.downward import GoAway, Handle
from daemon.live.keys import Key, Keys
from daemon.live.link import Endpoint, GenaiConnector, Link
from daemon.live.setup import fingerprint, live_config
from daemon.live.token_connector import TokenConnector, TokenLink
from daemon.live.token_service import REPLY_BYTES, TokenService
from daemon.live.tokens import REFRESH_AHEAD_S, parse
from daemon.live.upward import Speech, TurnEnd, TurnStart
from daemon.rehearsal.server import Server, serve
from daemon.rehearsal.stand_in.answer import Answer, Pacing
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.service import StandIn
from daemon.rehearsal.stand_in.tokens import Terms
from daemon.wiring import token_service
from hardware.pcm import DOWN, UP
from tests.support.known_sound import known_sound

pytestmark = pytest.mark.loopback

P = ParamSpec("P")

LIVE = Config().live
CREDENTIAL = "open-sesame-open-sesame"
PATIENCE_S = 5.0
"""More than any machine needs."""


def on_a_loop(story: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test on a loop of its own, with real time."""

    @wraps(story)
    def test(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(story(*args, **kwargs))

    return test


@dataclass
class Device:
    """A device that knows nothing but the address of its owner's token service and what to show there."""

    service: StandIn
    server: Server
    credential_file: Path
    behind_s: float = 0.0
    """How much its clock is behind."""
    plain: GenaiConnector = field(init=False)
    """Takes any key."""
    connector: TokenConnector = field(init=False)

    def __post_init__(self) -> None:
        endpoint = Endpoint("", LIVE.model, self.server.base_url, ca_file=str(self.server.ca_file))
        self.plain = GenaiConnector(
            endpoint,
            lambda handle: live_config(LIVE, handle=handle, transcripts=False),
            lambda: fingerprint(LIVE, transcripts=False),
        )
        self.connector = TokenConnector(
            self.plain, Keys(self.token_service().fetch, lambda: time.time() - self.behind_s)
        )

    def token_service(self, path: str = "/token", **changes: Any) -> TokenService:
        settings: dict[str, Any] = {
            "credential": lambda: token_credential(str(self.credential_file)),
            "ca_file": str(self.server.ca_file),
            "limit_s": PATIENCE_S,
            **changes,
        }
        return TokenService(self.server.base_url + path, **settings)


@asynccontextmanager
async def device(folder: Path, *, manners: Manners | None = None) -> AsyncIterator[Device]:
    service = StandIn(
        random.Random(1),
        answer=lambda _: Answer(known_sound(DOWN, 0.2), "yes"),
        pacing=Pacing(think_s=0.0, speed=50.0),
        manners=manners,
        keys=frozenset({"the-owners-key"}),
        token_credential=CREDENTIAL,
    )
    credential_file = folder / "token-credential"
    credential_file.write_text(CREDENTIAL + "\n")
    credential_file.chmod(0o600)
    async with serve(service) as server:
        made = Device(service, server, credential_file)
        await made.connector.prepare()
        yield made


async def handle_of(link: Link) -> str:
    """Say something; return the handle that comes after the answer."""
    await link.send(TurnStart(1))
    await link.send(Speech(known_sound(UP, 0.02), 0.0))
    await link.send(TurnEnd(1))
    async with asyncio.timeout(PATIENCE_S):
        while True:
            for event in await link.receive():
                if isinstance(event, Handle) and event.handle:
                    return event.handle


async def failure_of(link: Link) -> LinkError:
    """Listen until the link fails; return how."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await link.receive()
            except LinkError as failure:
                return failure


# --- connecting ------------------------------------------------------------------------------------


@on_a_loop
async def test_a_session_is_begun_and_resumed_with_one_token(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        first = await here.connector.connect(None)
        handle = await handle_of(first)
        await first.close(politely=True)
        second = await here.connector.connect(handle)
        await second.close(politely=True)
        (token,) = here.service.tokens.minted
        assert (token.begun, token.shown, here.service.tokens.asked) == (1, 2, 1)
        assert len(here.service.sessions) == 1


@on_a_loop
async def test_each_new_session_has_a_token_of_its_own(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        for _ in range(2):
            link = await here.connector.connect(None)
            await link.close(politely=True)
        assert [token.begun for token in here.service.tokens.minted] == [1, 1]


@on_a_loop
async def test_a_token_that_runs_out_is_replaced_before_it_does(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        first = await here.connector.connect(None)
        handle = await handle_of(first)
        await first.close(politely=True)
        here.behind_s = -(1800.0 - REFRESH_AHEAD_S)  # as if so much time had passed
        second = await here.connector.connect(handle)
        await second.close(politely=True)
        old, new = here.service.tokens.minted
        assert (old.shown, new.shown) == (1, 1)
        assert len(here.service.sessions) == 1


@on_a_loop
async def test_a_clock_that_is_behind_costs_a_connection_but_no_conversation(tmp_path: Path) -> None:
    """The device takes its token for good; the service closes the connection, and refuses the token once more."""
    async with device(tmp_path) as here:
        here.behind_s = 3600.0
        here.service.tokens.terms = Terms(life_s=1.5)
        first = await here.connector.connect(None)
        handle = await handle_of(first)
        over = await failure_of(first)
        assert (over.close_code, over.reason) == (1011, "auth token has expired")
        await first.close(politely=False)
        with pytest.raises(LinkError, match="Token has expired") as refused:
            await here.connector.connect(handle)
        assert refused.value.close_code == 1011
        link = await here.connector.connect(handle)
        await link.close(politely=True)
        assert len(here.service.sessions) == 1


@on_a_loop
async def test_a_service_that_takes_no_token_twice_is_given_a_new_one_from_then_on(tmp_path: Path) -> None:
    async with device(tmp_path, manners=replace(Manners(), takes_tokens_again=False)) as here:
        link = await here.connector.connect(None)
        handle = await handle_of(link)
        await link.close(politely=True)
        with pytest.raises(LinkError, match="used too many times") as refused:
            await here.connector.connect(handle)
        assert refused.value.close_code == 1011
        for _ in range(2):
            link = await here.connector.connect(handle)
            await link.close(politely=True)
        assert [token.shown for token in here.service.tokens.minted] == [2, 1, 1]
        assert len(here.service.sessions) == 1


@on_a_loop
async def test_the_go_away_before_the_end_of_a_token_loses_nothing_of_an_answer(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        name = (await here.token_service().fetch()).name
        link = TokenLink(await here.plain.connect(None, name), Key(name, leave_in_s=0.1, left_s=60.0))
        async with asyncio.timeout(PATIENCE_S):
            assert await link.receive() == (GoAway(60.0),)
        assert await handle_of(link)
        await link.close(politely=True)


# --- minting ---------------------------------------------------------------------------------------


def config(here: Device, **live: Any) -> Config:
    return Config.model_validate(
        {"live": {"base_url": here.server.base_url, "ca_file": str(here.server.ca_file), **live}}
    )


@on_a_loop
async def test_what_the_sdk_mints_begins_a_session_and_resumes_it(tmp_path: Path) -> None:
    """The lock on the model must not take the handle, nor anything else, from the device."""
    async with device(tmp_path) as here:
        now = datetime.now(UTC)
        reply = await asyncio.to_thread(minted, config(here), Secret("the-owners-key"), now)
        token = parse(json.dumps(reply).encode())
        assert token.expires_s == pytest.approx(now.timestamp() + 1800, abs=1.0)
        assert token.new_session_expires_s == pytest.approx(now.timestamp() + 120, abs=1.0)
        (kept,) = here.service.tokens.minted
        assert (kept.uses, kept.locked, kept.setup) == (1, ("model",), {"model": f"models/{LIVE.model}"})
        first = await here.plain.connect(None, token.name)
        handle = await handle_of(first)
        await first.close(politely=True)
        second = await here.plain.connect(handle, token.name)
        await second.close(politely=True)
        assert len(here.service.sessions) == 1


@on_a_loop
async def test_a_mint_that_is_refused_says_so_without_the_key(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        with pytest.raises(LinkError, match="API key not valid") as refused:
            await asyncio.to_thread(minted, config(here), Secret("another-key"), datetime.now(UTC))
        assert refused.value.http_status == 401
        assert "another-key" not in str(refused.value)
        with pytest.raises(LinkError, match="HTTP 404"):
            await asyncio.to_thread(minted, config(here, api_version="v1"), Secret("the-owners-key"), datetime.now(UTC))
    with pytest.raises(LinkError, match="cannot reach the service"):
        await asyncio.to_thread(minted, config(here, ca_file=""), Secret("the-owners-key"), datetime.now(UTC))


@on_a_loop
async def test_the_command_prints_what_the_device_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    async with device(tmp_path) as here:
        path = tmp_path / "vocative.toml"
        path.write_text(f'[live]\nbase_url = "{here.server.base_url}"\nca_file = "{here.server.ca_file}"\n')
        command = ["mint-token", "--config", str(path)]
        ends = []
        for key in ("the-owners-key", "another-key", ""):
            monkeypatch.setenv("GEMINI_API_KEY", key)
            ends.append(await asyncio.to_thread(main, command))
        assert ends == [ExitStatus.ASKED_TO_STOP, ExitStatus.BUG, ExitStatus.CONFIGURATION]
        said, complaints = capsys.readouterr()
        assert parse(said.encode()).name == here.service.tokens.minted[0].name
        assert "HTTP 401" in complaints
        assert "There is no API key" in complaints


# --- the owner's service ---------------------------------------------------------------------------


@on_a_loop
async def test_the_configuration_leads_to_it(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        keys = {"token_url": f"{here.server.base_url}/token", "token_credential_file": str(here.credential_file)}
        token = await token_service(config(here, **keys)).fetch()
        assert token.name == here.service.tokens.minted[0].name


@pytest.mark.parametrize(
    ("sick", "said"),
    [
        (401, "HTTP 401 the token service refuses the credential"),
        (403, "HTTP 403 the token service refuses the credential"),
        (404, "HTTP 404 the token service answers with an error"),
        (429, "HTTP 429 the token service answers with an error"),
        (503, "HTTP 503 the token service answers with an error"),
    ],
)
@on_a_loop
async def test_what_the_token_service_refuses_with_is_told(tmp_path: Path, sick: int, said: str) -> None:
    async with device(tmp_path) as here:
        here.service.tokens.sick = sick
        with pytest.raises(LinkError) as refused:
            await here.connector.connect(None)
        assert str(refused.value) == said
        here.service.tokens.sick = None
        link = await here.connector.connect(None)
        await link.close(politely=True)


@on_a_loop
async def test_a_credential_that_was_replaced_counts_at_once(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        service = here.token_service()
        here.credential_file.write_text("wrong")
        with pytest.raises(LinkError, match="refuses the credential"):
            await service.fetch()
        here.credential_file.write_text(CREDENTIAL)
        assert await service.fetch()
        here.credential_file.unlink()
        with pytest.raises(LinkError, match="There is no credential for the token service"):
            await service.fetch()


@on_a_loop
async def test_a_token_service_that_is_not_trusted_or_not_there_is_told(tmp_path: Path) -> None:
    async with device(tmp_path) as here:
        with pytest.raises(LinkError, match="the token service's certificate is not trusted"):
            await here.token_service(ca_file="").fetch()
        with pytest.raises(LinkError, match="client_key_file does not exist"):
            await here.token_service(client_cert_file="/nowhere", client_key_file="/nowhere").fetch()
        gone = here.token_service(ca_file="")
    with pytest.raises(LinkError, match="cannot reach the token service: ConnectError") as failed:
        await gone.fetch()
    assert (failed.value.close_code, failed.value.http_status) == (None, None)


def certified(folder: Path, *, wants_certificate: bool = False) -> ssl.SSLContext:
    """Return the TLS settings of a server; leave ca.pem, device.pem and device.key in `folder`."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    device = authority.issue_cert("device")
    device.cert_chain_pems[0].write_to_path(str(folder / "device.pem"))
    device.private_key_pem.write_to_path(str(folder / "device.key"))
    (folder / "device.key").chmod(0o600)
    if wants_certificate:
        context.verify_mode = ssl.CERT_REQUIRED
        authority.configure_trust(context)
    return context


@asynccontextmanager
async def saying(reply: bytes, folder: Path) -> AsyncIterator[str]:
    """Serve HTTPS that answers everything with `reply`, or nothing if that is empty; yield its address."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(reply)
            if not reply:
                await reader.read()
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):  # the device has gone away
            pass
        finally:
            writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certified(folder)) as server:
        yield f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/token"


@contextmanager
def wanting_a_certificate(reply: bytes, folder: Path) -> Iterator[str]:
    """Serve the same with blocking sockets, which let the device know why it is turned away before they close."""
    context = certified(folder, wants_certificate=True)
    listening = socket.create_server(("127.0.0.1", 0))

    def answer() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:  # the test is over
                return
            with plain, plain.dup() as under:
                try:
                    with context.wrap_socket(plain, server_side=True) as secure:
                        secure.recv(65_536)
                        secure.sendall(reply)
                except OSError:
                    while under.recv(65_536):  # what it has sent already; else closing would be a reset
                        pass

    serving = threading.Thread(target=answer, daemon=True)
    serving.start()
    try:
        yield f"https://127.0.0.1:{listening.getsockname()[1]}/token"
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        serving.join(PATIENCE_S)


def http(body: bytes, status: str = "200 OK", *more: str) -> bytes:
    head = (f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *more)
    return "\r\n".join((*head, "", "")).encode() + body


GOOD = {
    "name": "auth_tokens/0123456789abcdef0123456789abcdef",
    "expireTime": "2036-11-21T20:30:00Z",
    "newSessionExpireTime": "2036-11-21T20:01:00Z",
}


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (http(b"<html>"), "HTTP 200 the token service gives no usable token: its reply is not JSON"),
        (http(json.dumps({"name": GOOD["name"]}).encode()), "no expireTime such as"),
        (http(b'"' + b"x" * REPLY_BYTES + b'"'), f"its reply is longer than {REPLY_BYTES} bytes"),
        (http(b"", "302 Found", "Location: https://127.0.0.1:1/"), "HTTP 302 the token service answers with an error"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "cannot reach the token service: RemoteProtocolError"),
        (http(b"short")[:-2], "cannot reach the token service: RemoteProtocolError"),
    ],
    ids=["page", "name alone", "long", "elsewhere", "no http", "cut"],
)
@on_a_loop
async def test_a_reply_that_is_none_is_told(tmp_path: Path, reply: bytes, said: str) -> None:
    async with saying(reply, tmp_path) as url:
        with pytest.raises(LinkError) as failed:
            await TokenService(url, ca_file=str(tmp_path / "ca.pem"), limit_s=PATIENCE_S).fetch()
    assert said in str(failed.value)
    assert "0123456789" not in str(failed.value)


@on_a_loop
async def test_a_token_service_that_says_nothing_is_not_waited_for(tmp_path: Path) -> None:
    async with saying(b"", tmp_path) as url:
        with pytest.raises(LinkTimeout, match="the token service did not answer in time"):
            await TokenService(url, ca_file=str(tmp_path / "ca.pem"), limit_s=0.5).fetch()


@on_a_loop
async def test_a_client_certificate_is_shown_where_one_is_wanted(tmp_path: Path) -> None:
    with wanting_a_certificate(http(json.dumps(GOOD).encode()), tmp_path) as url:

        def asking(certificate: str = "", key: str = "") -> TokenService:
            return TokenService(
                url,
                client_cert_file=certificate,
                client_key_file=key,
                ca_file=str(tmp_path / "ca.pem"),
                limit_s=PATIENCE_S,
            )

        mine = str(tmp_path / "device.pem"), str(tmp_path / "device.key")
        assert (await asking(*mine).fetch()).name == GOOD["name"]
        with pytest.raises(LinkError, match=r"refuses the credential.*CERTIFICATE_REQUIRED"):
            await asking().fetch()
        (tmp_path / "device.key").write_text("no key")
        with pytest.raises(LinkError, match=r"credential for the token service.*cannot be used"):
            await asking(*mine).fetch()


@on_a_loop
async def test_without_a_credential_none_is_shown(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async with saying(http(json.dumps(GOOD).encode()), tmp_path) as url:
        assert await TokenService(url, ca_file=str(tmp_path / "ca.pem")).fetch()
        with socket.create_server(("127.0.0.1", 0)) as nobody:
            elsewhere = f"https://127.0.0.1:{nobody.getsockname()[1]}/"
            shown = TokenService(elsewhere, credential=lambda: Credential(None, "There is no credential: x."))
            with pytest.raises(LinkError, match="There is no credential"):
                await shown.fetch()
            nobody.settimeout(0.0)
            with pytest.raises(BlockingIOError):
                heard.append(nobody.accept()[0].recv(1))
    assert heard == []


# --- secrets ---------------------------------------------------------------------------------------


@on_a_loop
async def _conversation(folder: Path) -> None:
    async with device(folder) as here:
        link = await here.connector.connect(None)
        handle = await handle_of(link)
        await link.close(politely=True)
        link = await here.connector.connect(handle)
        await link.close(politely=True)
        here.service.tokens.sick = 503
        with pytest.raises(LinkError):
            await here.connector.connect(None)
        assert "auth_tokens/" not in repr(here.connector)


def test_nobody_logs_the_token_or_the_credential(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        _conversation(tmp_path)
    assert "auth_tokens/" not in caplog.text
    assert CREDENTIAL not in caplog.text
