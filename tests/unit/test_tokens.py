"""Tokens on the device: what a reply must say, which token opens which connection, and what the configuration takes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.config.diagnosis import diagnose
from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.keys.credentials import KEY_LIKE, refusal, token_credential
from daemon.live.downward import Downward, Generated, GoAway
from daemon.live.keys import SHORTEST_S, Key, Keys
from daemon.live.token_connector import TokenConnector, TokenLink
from daemon.live.tokens import CONNECT_S, REFRESH_AHEAD_S, Token, parse
from daemon.live.upward import TurnStart, Upward
from tests.support.virtual_time import run

NOW_S = 1_795_000_000.0
SECRET = "auth_tokens/0123456789abcdef0123456789abcdef"
REPLY = {"name": SECRET, "expireTime": "2026-11-21T20:30:00Z", "newSessionExpireTime": "2026-11-21T20:01:00Z"}
SPENT = LinkError("Token has been used too many times", close_code=1011)


def reply(**changes: object) -> bytes:
    """Return a good reply with some fields changed, or taken away where None."""
    return json.dumps({name: value for name, value in {**REPLY, **changes}.items() if value is not None}).encode()


# --- the reply -------------------------------------------------------------------------------------


def test_a_reply_becomes_a_token() -> None:
    token = parse(reply(uses=1, somethingNew={}))
    assert token == Token(
        SECRET,
        datetime(2026, 11, 21, 20, 30, tzinfo=UTC).timestamp(),
        datetime(2026, 11, 21, 20, 1, tzinfo=UTC).timestamp(),
    )


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21T20:30:00Z",
        "2026-11-21t20:30:00z",
        "2026-11-21T20:30:00.0Z",
        "2026-11-21T20:30:00.000000000Z",
        "2026-11-21T20:30:00+00:00",
        "2026-11-21T21:30:00+01:00",
        "2026-11-21T15:00:00.000-05:30",
    ],
)
def test_every_spelling_of_a_time_is_read(text: str) -> None:
    assert parse(reply(expireTime=text)) == parse(reply())


@given(st.datetimes(datetime(1971, 1, 1), datetime(9000, 1, 1), timezones=st.just(UTC)))
def test_a_time_is_not_changed(time: datetime) -> None:
    assert parse(reply(expireTime=time.isoformat())).expires_s == time.timestamp()


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "its reply is not JSON"),
        (b"<html>sign in</html>", "its reply is not JSON"),
        (b"\xff\xfe\x00", "its reply is not JSON"),
        (b"[" * 100_000, "its reply is not JSON"),
        (b"null", "its reply is not a JSON object"),
        (json.dumps(SECRET).encode(), "its reply is not a JSON object"),
        (reply(name=None), "no name"),
        (reply(name=5), "no name"),
        (reply(name="tokens/" + SECRET), "no name"),
        (reply(name="auth_tokens/"), "no name"),
        (reply(name=SECRET + "\r\nX-Header: x"), "no name"),
        (reply(name=SECRET + " "), "no name"),
        (reply(name="auth_tokens/" + "x" * 5000), "no name"),
        (reply(expireTime=None), "no expireTime"),  # as Google's own reply is said to be
        (reply(newSessionExpireTime=None), "no newSessionExpireTime"),
        (reply(expireTime=1_795_000_000), "no expireTime"),
        (reply(expireTime="2026-11-21"), "no expireTime"),
        (reply(expireTime="2026-11-21T20:30:00"), "no expireTime"),
        (reply(expireTime="2026-11-21 20:30:00Z"), "no expireTime"),
        (reply(expireTime="2026-13-21T20:30:00Z"), "no expireTime"),
        (reply(expireTime="2026-11-21T20:60:00Z"), "no expireTime"),
        (reply(expireTime="20261121T203000Z"), "no expireTime"),
    ],
)
def test_anything_else_is_refused_with_what_is_wrong_and_without_the_reply(body: bytes, why: str) -> None:
    with pytest.raises(LinkError, match=why) as refused:
        parse(body)
    assert refused.value.http_status == 200
    assert "auth_tokens/0" not in str(refused.value)


@given(st.binary())
def test_no_reply_breaks_it(body: bytes) -> None:
    with pytest.raises(LinkError):
        parse(body)


def test_the_name_does_not_show() -> None:
    assert "0123" not in repr(parse(reply()))
    assert "0123" not in repr(Key(SECRET, 1.0, 1.0))
    assert KEY_LIKE.search(f"library says {SECRET}")  # so that the journal takes it out of everybody's texts


# --- how long it is good ---------------------------------------------------------------------------


@given(life_s=st.floats(0, 70_000), begin_s=st.floats(0, 70_000), at_s=st.floats(-10, 80_000))
def test_a_token_is_never_used_when_the_service_would_refuse_it(life_s: float, begin_s: float, at_s: float) -> None:
    token = Token(SECRET, NOW_S + life_s, NOW_S + begin_s)
    now_s = NOW_S + at_s
    if token.usable_for_new_session(now_s):
        assert now_s < min(token.expires_s, token.new_session_expires_s)
    if token.usable_for_resume(now_s):
        assert now_s < token.refresh_at_s < token.expires_s


def test_the_times_of_an_ordinary_token() -> None:
    token = Token(SECRET, NOW_S + 1800, NOW_S + 60)
    assert token.usable_for_new_session(NOW_S)
    assert not token.usable_for_new_session(NOW_S + 60 - CONNECT_S)
    assert token.usable_for_resume(NOW_S + 1800 - REFRESH_AHEAD_S - 1)
    assert not token.usable_for_resume(NOW_S + 1800 - REFRESH_AHEAD_S)


# --- which token opens which connection ------------------------------------------------------------


class Desk:
    """A token service, and a wall clock that the test moves."""

    def __init__(self, life_s: float = 1800.0, begin_within_s: float = 60.0) -> None:
        self.wall_s = NOW_S
        self.life_s = life_s
        self.begin_within_s = begin_within_s
        self.handed_out = 0
        self.failure: LinkError | None = None
        self.keys = Keys(self.fetch, lambda: self.wall_s)

    async def fetch(self) -> Token:
        await asyncio.sleep(0.2)
        if self.failure is not None:
            raise self.failure
        self.handed_out += 1
        name = f"auth_tokens/{self.handed_out}"
        return Token(name, self.wall_s + self.life_s, self.wall_s + self.begin_within_s)

    def connects(self, *, new_session: bool = False, failure: LinkError | None = None) -> str:
        """Return the number of the token that a connection was opened with."""
        key = run(self.keys.key(new_session=new_session))
        self.keys.tried(failure)
        return key.text.removeprefix("auth_tokens/")


def test_every_new_session_gets_a_token_and_its_resumptions_the_same() -> None:
    desk = Desk()
    assert [desk.connects(new_session=new) for new in (True, False, False, True, False)] == ["1", "1", "1", "2", "2"]


def test_a_token_near_its_end_is_not_used_again() -> None:
    desk = Desk()
    assert desk.connects(new_session=True) == "1"
    desk.wall_s += 1800 - REFRESH_AHEAD_S - 1
    assert desk.connects() == "1"
    desk.wall_s += 1
    assert [desk.connects(), desk.connects()] == ["2", "2"]


def test_a_restarted_device_resumes_with_a_new_token() -> None:
    assert Desk().connects() == "1"


@pytest.mark.parametrize(
    "failure",
    [LinkError("cannot reach the service: gaierror"), LinkTimeout("no connection in time", deadline=Deadline.CONNECT)],
)
def test_a_token_that_the_service_has_not_seen_is_kept_as_long_as_it_can_begin_a_session(failure: LinkError) -> None:
    desk = Desk()
    assert desk.connects(new_session=True, failure=failure) == "1"
    assert desk.connects(new_session=True, failure=failure) == "1"
    desk.wall_s += 60
    assert desk.connects(new_session=True) == "2"


@pytest.mark.parametrize("failure", [SPENT, LinkError("refused", http_status=403), LinkError("", close_code=1006)])
def test_a_refused_token_is_not_shown_again(failure: LinkError) -> None:
    desk = Desk()
    assert desk.connects(new_session=True, failure=failure) == "1"
    assert desk.connects(new_session=True) == "2"
    assert desk.connects() == "2", "it was never shown before, so nothing was learned about showing one again"


def test_after_the_first_refused_resume_every_connection_gets_its_own() -> None:
    desk = Desk()
    assert desk.connects(new_session=True) == "1"
    assert desk.connects(failure=SPENT) == "1"
    assert [desk.connects(), desk.connects(), desk.connects()] == ["2", "3", "4"]


def test_the_token_services_failure_is_raised_and_the_next_call_asks_again() -> None:
    desk = Desk()
    desk.failure = LinkError("cannot reach the token service: ConnectError")
    with pytest.raises(LinkError, match="token service"):
        desk.connects(new_session=True)
    desk.failure = None
    assert desk.connects(new_session=True) == "1"


def test_a_token_that_is_as_good_as_over_is_refused_and_names_the_clock() -> None:
    with pytest.raises(LinkError, match="clock") as refused:
        Desk(life_s=SHORTEST_S - 1).connects(new_session=True)
    assert refused.value.http_status == 200


def test_a_device_whose_clock_is_a_minute_fast_still_begins_a_session() -> None:
    """Only the service's own clock counts for it, and it is asked at once."""
    assert Desk(begin_within_s=-5.0).connects(new_session=True) == "1"


def test_a_connection_is_to_be_left_a_minute_before_its_token_ends() -> None:
    desk = Desk()
    assert run(desk.keys.key(new_session=True)) == Key("auth_tokens/1", 1740.0, 60.0)


@given(st.floats(SHORTEST_S, 70_000))
def test_no_token_is_so_short_that_there_is_no_end_of_moving(life_s: float) -> None:
    key = run(Desk(life_s=life_s).keys.key(new_session=True))
    assert key.leave_in_s >= SHORTEST_S / 2 - 0.01
    assert key.left_s >= min(life_s / 2, REFRESH_AHEAD_S) - 0.01
    assert key.leave_in_s + key.left_s == pytest.approx(life_s, abs=0.01)


def test_keys_do_not_show_the_token() -> None:
    desk = Desk()
    desk.connects(new_session=True)
    assert "auth_tokens" not in repr(desk.keys)


# --- the link --------------------------------------------------------------------------------------


class Line:
    """A link on which one event comes in every second, and the connector that makes it."""

    def __init__(self, failure: LinkError | None = None) -> None:
        self.failure = failure
        self.opened_with: list[tuple[str | None, str]] = []
        self.sent: list[Upward] = []
        self.closed: list[bool] = []
        self.events = 0
        self.next_s: float | None = None

    async def prepare(self) -> str:
        return "fingerprint"

    async def connect(self, handle: str | None, key: str) -> Line:
        self.opened_with.append((handle, key))
        if self.failure is not None:
            raise self.failure
        return self

    async def send(self, item: Upward) -> None:
        self.sent.append(item)

    async def receive(self) -> tuple[Downward, ...]:
        loop = asyncio.get_running_loop()
        self.next_s = self.next_s or loop.time() + 1.0
        await asyncio.sleep(self.next_s - loop.time())
        self.next_s += 1.0
        self.events += 1
        return (Generated(),)

    async def close(self, *, politely: bool) -> None:
        self.closed.append(politely)


def test_the_end_of_the_token_comes_as_a_go_away_and_nothing_is_lost_around_it() -> None:
    async def story() -> None:
        line = Line()
        link = TokenLink(line, Key(SECRET, leave_in_s=2.5, left_s=60.0))
        began_s = asyncio.get_running_loop().time()
        heard = [(await link.receive(), asyncio.get_running_loop().time() - began_s) for _ in range(5)]
        a, away = (Generated(),), (GoAway(60.0),)
        assert [events for events, _ in heard] == [a, a, away, a, a]
        assert [at_s for _, at_s in heard] == pytest.approx([1.0, 2.0, 2.5, 3.0, 4.0])

    run(story())


def test_the_rest_of_the_link_is_the_other_links() -> None:
    async def story() -> None:
        line, desk = Line(), Desk()
        connector = TokenConnector(line, desk.keys)
        assert await connector.prepare() == "fingerprint"
        link = await connector.connect(None)
        await link.send(TurnStart(1))
        await link.close(politely=True)
        await connector.connect("handle")
        assert line.sent == [TurnStart(1)]
        assert line.closed == [True]
        assert line.opened_with == [(None, "auth_tokens/1"), ("handle", "auth_tokens/1")]

    run(story())


def test_a_refused_connection_is_followed_by_one_with_a_new_token() -> None:
    async def story() -> None:
        line, desk = Line(failure=SPENT), Desk()
        connector = TokenConnector(line, desk.keys)
        with pytest.raises(LinkError, match="too many times"):
            await connector.connect(None)
        line.failure = None
        await connector.connect(None)
        assert line.opened_with == [(None, "auth_tokens/1"), (None, "auth_tokens/2")]

    run(story())


def test_a_failure_of_the_token_service_is_no_verdict_on_a_token() -> None:
    async def story() -> None:
        line, desk = Line(), Desk()
        connector = TokenConnector(line, desk.keys)
        desk.failure = LinkError("the token service refuses the credential", http_status=401)
        with pytest.raises(LinkError, match="credential"):
            await connector.connect(None)
        assert line.opened_with == []

    run(story())


# --- the credential --------------------------------------------------------------------------------


def test_the_credential_is_read_and_not_shown(tmp_path: Path) -> None:
    path = tmp_path / "token-credential"
    path.write_text("open-sesame\n")
    path.chmod(0o600)
    credential = token_credential(str(path))
    assert credential.key is not None
    assert credential.key.reveal() == "open-sesame"
    assert "sesame" not in repr(credential)


@pytest.mark.parametrize(
    ("prepare", "why"),
    [
        (lambda _: None, "does not exist"),
        (lambda path: path.mkdir(), "is not a file"),
        (lambda path: (path.write_text("x"), path.chmod(0o644)), "open to everybody"),
        (lambda path: (path.write_text(""), path.chmod(0o600)), "is empty"),
    ],
)
def test_a_credential_that_cannot_be_used_says_why(tmp_path: Path, prepare: Callable[[Path], object], why: str) -> None:
    path = tmp_path / "token-credential"
    prepare(path)
    credential = token_credential(str(path))
    assert credential.key is None
    assert "no credential for the token service" in credential.said
    assert why in credential.said


def test_a_secret_file_is_refused_when_everybody_can_read_it(tmp_path: Path) -> None:
    path = tmp_path / "device.key"
    assert "does not exist" in refusal(path)
    path.write_text("-----BEGIN PRIVATE KEY-----\n" + "x" * 10_000)
    path.chmod(0o604)
    assert "open to everybody" in refusal(path)
    path.chmod(0o640)
    assert refusal(path) == ""


# --- the configuration -----------------------------------------------------------------------------

URL = 'token_url = "https://home.example/token"'


@pytest.mark.parametrize(
    ("live", "expected"),
    [
        ('token_url = "http://home.example/token"', "must be empty or like"),
        ('token_url = "https://home.example/token?device=1"', "must be empty or like"),
        ('token_url = "https://name:password@home.example/"', "must be empty or like"),
        ('token_uri = "https://home.example/token"', "did you mean token_url?"),
        (f'{URL}\ntoken_credential_file = "credential"', 'a whole path, beginning with "/"'),
        (f'{URL}\ntoken_client_cert_file = "/c.pem"', "a certificate and its key are needed together"),
        (f'{URL}\ntoken_client_key_file = "/k.pem"', "a certificate and its key are needed together"),
        ('token_credential_file = "/c"', "it is for the service at token_url, which is not set"),
        (f'{URL}\napi_key_file = "/etc/vocative/key"', "the API key is not used"),
        (f'{URL}\napi_version = "v1"', 'version "v1" takes no tokens'),
    ],
)
def test_a_configuration_that_cannot_work_is_refused_in_one_sentence(live: str, expected: str) -> None:
    (fault,) = diagnose(f"[live]\n{live}", None)
    assert expected in fault.text
    assert "password@" not in fault.text


@pytest.mark.parametrize(
    "live",
    [
        URL,
        f'{URL}\ntoken_credential_file = "/etc/vocative/token-credential"',
        f'{URL}\ntoken_client_cert_file = "/c.pem"\ntoken_client_key_file = "/k.pem"',
        f'{URL}\napi_version = "v1alpha"',
    ],
)
def test_a_configuration_that_can_work_is_taken(live: str) -> None:
    assert diagnose(f"[live]\n{live}", None) == ()
