"""The stand-in service's function calls (live-api.md 1.8)."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.rehearsal.server import answerer
from daemon.rehearsal.stand_in.answer import Answer, Call
from daemon.rehearsal.stand_in.conduct import Manners
from tests.support.live_client import ANSWER, Client, service

CALLING = Answer(ANSWER.pcm, ANSWER.transcript, (Call("set_volume", {"percent": 40}),))


def client(behavior: str | None = "BLOCKING", **manners: Any) -> Client:
    """Return a client whose first turn makes the model call a function, and no later one."""
    to = service(manners=Manners(**manners))
    to.conduct.answer = lambda turn: CALLING if turn == 1 else ANSWER
    declaration = {"name": "set_volume"} | ({"behavior": behavior} if behavior else {})
    return Client.ready(to, tools=[{"functionDeclarations": [declaration]}])


def calls(client: Client) -> list[dict[str, Any]]:
    return [
        call for message in client.messages if "toolCall" in message for call in message["toolCall"]["functionCalls"]
    ]


def respond(client: Client, call_id: str, **fields: Any) -> None:
    response = {"id": call_id, "name": "set_volume", "response": {"status": "ok"}, **fields}
    client.send({"toolResponse": {"functionResponses": [response]}})


class TestABlockingCall:
    def test_holds_the_answer_back(self) -> None:
        asked = client()
        asked.ask()
        asked.wait(60.0)
        assert asked.kinds() == ["setupComplete", "toolCall"]
        [call] = calls(asked)
        assert (call["name"], call["args"]) == ("set_volume", {"percent": 40})
        respond(asked, call["id"])
        asked.wait(10.0)
        assert asked.answer == ANSWER.pcm
        assert asked.kinds()[2:] == ["audio", "generated", "complete", "update"]

    def test_that_the_user_talks_over_is_made_again_under_a_new_id(self) -> None:
        asked = client()
        asked.ask()
        asked.wait(1.0)
        asked.ask()
        ended_s = asked.now
        asked.wait(10.0)
        first, second = calls(asked)
        assert first["id"] != second["id"]
        assert (first["name"], first["args"]) == (second["name"], second["args"])
        assert 2.6 <= asked.times("toolCall")[1] - ended_s <= 3.6
        assert "toolCallCancellation" not in asked.kinds()
        respond(asked, first["id"])
        asked.wait(10.0)
        assert asked.answer == b""
        assert asked.service.sessions["s1"].oddities == {"response_to_no_call": 1}
        respond(asked, second["id"])
        asked.wait(10.0)
        assert asked.answer == ANSWER.pcm

    def test_may_be_cancelled_in_so_many_words(self) -> None:
        asked = client(cancels_calls=True)
        asked.ask()
        asked.wait(1.0)
        asked.start()
        [call] = calls(asked)
        assert {"toolCallCancellation": {"ids": [call["id"]]}} in asked.messages


class TestAnAsynchronousCall:
    """It is the default of gemini-3.8-live."""

    def called(self) -> tuple[Client, str]:
        asked = client(behavior=None)
        asked.ask()
        asked.wait(5.0)
        assert asked.kinds()[1:] == ["toolCall", "generated", "complete", "update"]
        return asked, calls(asked)[0]["id"]

    def test_ends_the_turn_and_is_answered_later(self) -> None:
        asked, call_id = self.called()
        respond(asked, call_id)
        asked.wait(10.0)
        assert asked.answer == ANSWER.pcm

    @pytest.mark.parametrize("told", [{"scheduling": "SILENT"}, {"response": {"scheduling": "SILENT"}}])
    def test_is_not_spoken_of_if_that_was_the_wish(self, told: dict[str, Any]) -> None:
        asked, call_id = self.called()
        respond(asked, call_id, **told)
        asked.wait(10.0)
        assert asked.answer == b""
        assert not asked.service.sessions["s1"].oddities

    @pytest.mark.parametrize("scheduling", ["WHEN_IDLE", "INTERRUPT"])
    def test_waits_for_the_answer_under_way_or_interrupts_it(self, scheduling: str) -> None:
        asked, call_id = self.called()
        asked.ask()
        asked.wait(1.0)
        respond(asked, call_id, scheduling=scheduling)
        since_s = asked.now
        asked.wait(20.0)
        kinds = asked.kinds(since=since_s)
        assert ("interrupted" in kinds) is (scheduling == "INTERRUPT")
        assert kinds.count("complete") == 2
        assert kinds[-4:] == ["audio", "generated", "complete", "update"]
        assert asked.answer[-len(ANSWER.pcm) :] == ANSWER.pcm


def test_what_is_called_for_counts_from_the_first_answer_of_all_sessions() -> None:
    calls = [Call("get_time"), Call("set_volume", {"percent": 40}), Call("get_volume")]
    answer = answerer(ANSWER.pcm, [(2, calls[0]), (3, calls[1]), (2, calls[2])])
    assert [answer(turn).calls for turn in (1, 1, 2, 7)] == [(), (calls[0], calls[2]), (calls[1],), ()]
    assert answer(1).pcm == ANSWER.pcm


def test_a_response_that_nobody_asked_for_is_odd() -> None:
    asked = Client.ready(service())
    respond(asked, "function-call-1")
    assert asked.ending is None
    assert asked.service.sessions["s1"].oddities == {"response_to_no_call": 1}
