"""The stand-in mints and judges ephemeral tokens (live-api.md 1.10), and answers POST beside its WebSocket."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.rehearsal.posts import LONGEST_BYTES, replied
from daemon.rehearsal.stand_in.answer import Pacing
from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.faults import Act, Faults, GoAway, Moment, Silence, Strike
from daemon.rehearsal.stand_in.messages import Close
from daemon.rehearsal.stand_in.service import Refusal, StandIn
from daemon.rehearsal.stand_in.tokens import Reply, Terms
from tests.support.live_client import ANSWER, PATH, Client, setup

WALL_S = datetime(2026, 11, 21, 20, tzinfo=UTC).timestamp()
KEY = {"x-goog-api-key": "k"}
WITH_CREDENTIAL = {"authorization": "Bearer sesame"}
MINT = "/v1beta/auth_tokens"
SPENT = Close(1011, "Token has been used too many times")
LATE = Close(1011, "new_session_expire_time deadline exceeded")


def service(*, keys: frozenset[str] | None = None, manners: Manners | None = None) -> StandIn:
    return StandIn(
        random.Random(1),
        answer=lambda _: ANSWER,
        pacing=Pacing(stray_frames=0.0),
        keys=keys,
        manners=manners,
        token_credential="sesame",
    )


def post(to: StandIn, path: str = MINT, headers: Mapping[str, str] = KEY, now: float = 0.0, **body: Any) -> Reply:
    return to.post(now, WALL_S + now, path=path, headers=headers, body=json.dumps(body).encode())


def minted(to: StandIn, **body: Any) -> str:
    reply = post(to, **body)
    assert reply.status == 200
    return str(reply.said["name"])


def at(seconds: float) -> str:
    return datetime.fromtimestamp(WALL_S + seconds, UTC).isoformat()


@dataclass
class Guest(Client):
    """A client that comes with a token."""

    token: str = ""

    def __post_init__(self) -> None:
        accepted = self.service.connect(
            self.now, path=f"{PATH}Constrained", headers={"Authorization": f"Token {self.token}"}
        )
        assert not isinstance(accepted, Refusal)
        self.connection = accepted

    def answered_turn(self) -> str:
        """Make a turn and wait for its end; return the handle that came with it."""
        self.ask()
        self.wait(5.0)
        return self.handle


def guest(to: StandIn, token: str, now: float = 0.0, **fields: Any) -> Guest:
    came = Guest(to, now, token=token)
    came.set_up(**fields)
    return came


class TestAMint:
    def test_answers_with_the_name_alone(self) -> None:
        to = service()
        reply = post(to)
        assert list(reply.said) == ["name"]
        assert str(reply.said["name"]).startswith("auth_tokens/")
        (token,) = to.tokens.minted
        assert (token.uses, token.expires_s, token.new_session_expires_s) == (1, 1800.0, 60.0)

    def test_gives_what_it_is_asked_for(self) -> None:
        to = service()
        minted(to, uses=0, expireTime=at(72_000 - 1), newSessionExpireTime=at(300.5))
        (token,) = to.tokens.minted
        assert (token.uses, token.expires_s, token.new_session_expires_s) == (0, 71_999.0, 300.5)

    def test_gives_every_token_another_name(self) -> None:
        to = service()
        assert len({minted(to) for _ in range(20)}) == 20

    @pytest.mark.parametrize(
        ("body", "word"),
        [
            ({"expireTime": at(20 * 3600)}, "20h"),
            ({"expireTime": at(-1)}, "future"),
            ({"newSessionExpireTime": at(20 * 3600)}, "20h"),
            ({"expireTime": "soon"}, "expireTime"),
            ({"uses": -1}, "uses"),
            ({"uses": "1"}, "uses"),
            ({"liveConnectConstraints": {}}, "liveConnectConstraints"),
            ({"bidiGenerateContentSetup": {"modell": "x"}}, "modell"),
        ],
    )
    def test_refuses_what_cannot_be(self, body: dict[str, Any], word: str) -> None:
        to = service()
        reply = post(to, **body)
        assert reply.status == 400
        assert word in json.dumps(reply.said)
        assert to.tokens.minted == []

    @pytest.mark.parametrize(
        ("path", "headers", "status"),
        [
            ("/v1/auth_tokens", KEY, 404),
            ("/v1beta/models", KEY, 404),
            (MINT, {}, 403),
            (MINT, {"x-goog-api-key": "wrong"}, 401),
            (MINT, {"x-goog-api-key": "auth_tokens/1"}, 403),
            ("/v1alpha/auth_tokens", KEY, 200),
            (f"{MINT}?key=k", {}, 200),
        ],
    )
    def test_is_for_who_has_the_key(self, path: str, headers: dict[str, str], status: int) -> None:
        assert post(service(keys=frozenset({"k"})), path, headers).status == status


class TestAToken:
    def test_begins_as_many_sessions_as_it_has_uses(self) -> None:
        to = service()
        token = minted(to, uses=2)
        assert [guest(to, token).ending for _ in range(3)] == [None, None, SPENT]

    def test_of_any_number_of_uses_has_no_end_of_them(self) -> None:
        to = service()
        token = minted(to, uses=0)
        assert [guest(to, token).ending for _ in range(5)] == [None] * 5

    def test_resumes_without_that_being_a_use(self) -> None:
        to = service()
        first = guest(to, minted(to))
        handle = first.answered_turn()
        first.leave()
        again = guest(to, first.token, 100.0, sessionResumption={"handle": handle})
        assert again.ending is None
        assert again.connection.session is first.connection.session
        assert to.tokens.minted[0].begun == 1

    def test_resumes_what_another_began(self) -> None:
        to = service()
        first = guest(to, minted(to))
        handle = first.answered_turn()
        first.leave()
        assert guest(to, minted(to), first.now, sessionResumption={"handle": handle}).ending is None
        assert len(to.sessions) == 1

    @pytest.mark.parametrize(("now", "refusal"), [(10.0, SPENT), (61.0, LATE)])
    def test_may_have_to_be_good_for_a_new_session_to_resume_one(self, now: float, refusal: Close) -> None:
        to = service(manners=replace(Manners(), takes_tokens_again=False))
        first = guest(to, minted(to))
        handle = first.answered_turn()
        first.leave()
        assert guest(to, first.token, now, sessionResumption={"handle": handle}).ending == refusal

    def test_begins_no_session_when_it_is_late(self) -> None:
        to = service()
        assert guest(to, minted(to), 60.0).ending == LATE

    def test_opens_nothing_when_it_is_over(self) -> None:
        to = service()
        assert guest(to, minted(to, newSessionExpireTime=at(3600)), 1800.0).ending == Close(1011, "Token has expired")

    @pytest.mark.parametrize(
        "acts", [(), (GoAway(2000.0),), (GoAway(2000.0, silent=True),), (Silence(),)], ids=lambda acts: f"{acts}"
    )
    def test_ends_its_connection_when_it_ends_whatever_else_is_planned(self, acts: tuple[Act, ...]) -> None:
        to = service(manners=replace(Manners(), connection_s=None))
        to.faults = Faults(strikes=(Strike(Moment.SETUP_COMPLETE, acts),))
        client = guest(to, minted(to))
        client.until(1799.9)
        assert client.ending is None
        client.until(1800.1)
        assert client.ending == Close(1011, "auth token has expired")

    def test_that_nobody_minted_is_none(self) -> None:
        assert guest(service(), "auth_tokens/1").ending == Close(1007, "Missing or malformed auth token")

    def test_is_no_api_key(self) -> None:
        to = service()
        refused = to.connect(0.0, path=PATH, headers={"x-goog-api-key": minted(to)})
        assert isinstance(refused, Refusal)
        assert refused.status == 403


class TestALock:
    def test_on_the_model_leaves_the_rest_to_the_client(self) -> None:
        to = service()
        locked = {"bidiGenerateContentSetup": {"model": "models/gemini-3.8-live"}, "fieldMask": "model"}
        first = guest(to, minted(to, **locked), model="no-such-model")
        handle = first.answered_turn()
        assert first.connection.session is not None
        assert first.connection.session.setup.manual
        first.leave()
        assert guest(to, first.token, first.now, sessionResumption={"handle": handle}).ending is None
        assert len(to.sessions) == 1

    def test_on_a_field_further_in_replaces_only_that(self) -> None:
        to = service()
        held = {"generation_config": {"temperature": 0.5}, "realtimeInputConfig": {}}
        mask = "generationConfig.temperature,generation_config.top_p,realtimeInputConfig"
        token = minted(to, bidiGenerateContentSetup=held, fieldMask=mask)
        client = guest(to, token, generationConfig={"temperature": 1.5, "topP": 0.1, "responseModalities": ["AUDIO"]})
        assert client.connection.session is not None
        agreed = client.connection.session.setup
        assert agreed.fields["generationConfig"] == {"temperature": 0.5, "responseModalities": ["AUDIO"]}
        assert not agreed.manual, "the whole of realtimeInputConfig is locked, and empty"

    def test_on_everything_ignores_what_the_client_sends_its_handle_included(self) -> None:
        to = service()
        token = minted(to, uses=2, bidiGenerateContentSetup=setup())
        first = guest(to, token, model="no-such-model")
        handle = first.answered_turn()
        first.leave()
        assert guest(to, token, first.now, sessionResumption={"handle": handle}).ending is None
        assert len(to.sessions) == 2, "it was no resume"


class TestAnOwnersService:
    def test_hands_out_a_token_with_its_times(self) -> None:
        to = service()
        reply = post(to, "/token", WITH_CREDENTIAL)
        assert reply.status == 200
        assert reply.said["expireTime"] == "2026-11-21T20:30:00Z"
        assert reply.said["newSessionExpireTime"] == "2026-11-21T20:01:00Z"
        assert guest(to, str(reply.said["name"])).ending is None

    def test_keeps_to_its_terms(self) -> None:
        to = service()
        to.tokens.terms = Terms(uses=0, life_s=90.5, begin_within_s=30.0)
        assert post(to, "/token", WITH_CREDENTIAL).said["expireTime"] == "2026-11-21T20:01:30.500000Z"
        (token,) = to.tokens.minted
        assert (token.uses, token.expires_s, token.new_session_expires_s) == (0, 90.5, 30.0)

    @pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer wrong"}, {"authorization": "sesame"}, KEY])
    def test_asks_who_is_there(self, headers: dict[str, str]) -> None:
        to = service()
        assert post(to, "/token", headers).status == 401
        assert (to.tokens.minted, to.tokens.asked) == ([], 1)

    def test_can_be_unwell(self) -> None:
        to = service()
        to.tokens.sick = 503
        assert post(to, "/token", WITH_CREDENTIAL).status == 503

    def test_is_only_there_if_it_was_asked_for(self) -> None:
        assert post(StandIn(random.Random(1)), "/token", {"authorization": "Bearer "}).status == 404


class TestAPost:
    REQUEST = b'POST /token?a=b HTTP/1.1\r\nHost: x\r\nX-One:  two \r\nContent-Length: 7\r\n\r\n{"a":1}'

    @given(st.integers(0, len(REQUEST)))
    def test_is_answered_when_it_is_whole_and_not_before(self, length: int) -> None:
        asked: list[tuple[str, Mapping[str, str], bytes]] = []

        def answer(*request: Any) -> Reply:
            asked.append(request)
            return Reply(200, {})

        whole = length == len(self.REQUEST)
        assert (replied(self.REQUEST[:length], answer) is not None) == whole
        headers = {"host": "x", "x-one": "two", "content-length": "7"}
        assert asked == ([("/token?a=b", headers, b'{"a":1}')] if whole else [])

    @pytest.mark.parametrize(
        ("request_", "status"),
        [
            (b"PUT / HTTP/1.1\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
            (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
            (b"P", None),
            (b"POST /" + b"x" * LONGEST_BYTES, 413),
            (b"POST / HTTP/1.1\r\n\r\n", 200),
        ],
    )
    def test_of_another_kind_is_not_waited_for(self, request_: bytes, status: int | None) -> None:
        reply = replied(request_, lambda *_: Reply(200, {}))
        assert (reply and reply.status) == status
