"""The stand-in service's memory: context, resumption, and the end of connections and sessions."""

from __future__ import annotations

from typing import Any

import pytest

from daemon.rehearsal.stand_in.conduct import Manners
from daemon.rehearsal.stand_in.messages import Close
from hardware.pcm import UP
from tests.support.known_sound import known_sound
from tests.support.live_client import Client, service

SPEECH = known_sound(UP, 0.5)


class TestTheContext:
    def usages(self, client: Client) -> list[dict[str, Any]]:
        return [message["usageMetadata"] for message in client.messages if "usageMetadata" in message]

    def test_grows_and_is_billed_with_every_turn(self) -> None:
        client = Client.ready(service())
        for _ in range(2):
            client.ask(known_sound(UP, 2.0))
            client.wait(5.0)
        first, second = self.usages(client)
        assert (first["promptTokenCount"], first["responseTokenCount"], first["totalTokenCount"]) == (50, 50, 100)
        assert (second["promptTokenCount"], second["responseTokenCount"]) == (150, 50)

    def test_is_compressed_when_that_was_agreed(self) -> None:
        compression = {"triggerTokens": 5000, "slidingWindow": {"targetTokens": 2000}}
        client = Client.ready(service(), contextWindowCompression=compression)
        for _ in range(30):
            client.realtime(video={"data": "/9g=", "mimeType": "image/jpeg"})
        client.ask()
        client.wait(5.0)
        assert client.service.sessions["s1"].context_tokens.total() == pytest.approx(2000, abs=3)

    def test_that_overflows_ends_the_connection(self) -> None:
        client = Client.ready(service(), contextWindowCompression=None)
        for _ in range(131_072 // 258 + 1):
            client.realtime(video={"data": "/9g=", "mimeType": "image/jpeg"})
        client.ask()
        assert client.ending == Close(1007, "Request contains an invalid argument.")


class TestResumption:
    def talked(self) -> Client:
        client = Client.ready(service())
        client.ask(SPEECH)
        client.wait(5.0)
        assert client.handle
        return client

    def resume(self, client: Client, **fields: Any) -> Client:
        fields.setdefault("sessionResumption", {"handle": client.handle})
        return Client.ready(client.service, client.now, **fields)

    def test_goes_on_with_the_same_session_once_the_old_connection_is_closed(self) -> None:
        old = self.talked()
        old.leave()
        new = self.resume(old)
        assert new.kinds() == ["setupComplete"]
        new.ask(SPEECH)
        new.wait(5.0)
        [session] = old.service.sessions.values()
        assert (session.connections, len(session.turns)) == (2, 2)
        assert new.handle not in ("", old.handle)

    def test_is_refused_while_the_old_connection_is_open(self) -> None:
        old = self.talked()
        new = self.resume(old)
        assert isinstance(new.ending, Close)
        assert new.ending.code == 1011
        old.leave()
        assert self.resume(old).ending is None

    def test_keeps_the_original_configuration(self) -> None:
        old = self.talked()
        old.leave()
        self.resume(old, systemInstruction={"parts": [{"text": "another"}]}, inputAudioTranscription={})
        [session] = old.service.sessions.values()
        assert not session.setup.transcribes_input
        assert "systemInstruction" not in session.setup.fields

    def test_with_another_model_is_refused(self) -> None:
        old = self.talked()
        old.leave()
        new = self.resume(old, model="gemini-3.1-flash-live-preview")
        assert isinstance(new.ending, Close)
        assert new.ending.code == 1007

    @pytest.mark.parametrize(("after_s", "code"), [(7199.0, None), (7201.0, 1008)])
    def test_is_possible_for_two_hours_after_the_last_connection(self, after_s: float, code: int | None) -> None:
        old = self.talked()
        old.leave()
        old.now += after_s
        new = self.resume(old)
        assert (new.ending.code if isinstance(new.ending, Close) else None) == code

    def test_with_a_handle_that_nobody_gave_out_is_refused(self) -> None:
        client = Client(service())
        client.set_up(sessionResumption={"handle": "Cih0"})
        assert client.ending == Close(1008, "Requested entity was not found.")

    def test_with_an_older_handle_forgets_what_came_after(self) -> None:
        old = self.talked()
        first = old.handle
        old.ask(SPEECH)
        old.wait(5.0)
        old.leave()
        self.resume(old, sessionResumption={"handle": first})
        assert [turn.forgotten for turn in old.service.turns] == [False, True]

    def test_forgets_the_turn_in_which_the_connection_died(self) -> None:
        old = self.talked()
        old.start()
        old.speak(SPEECH)
        old.leave()
        self.resume(old)
        first, second = old.service.turns
        assert (first.forgotten, second.forgotten, second.ended_s, second.answered) == (False, True, None, False)

    def test_that_was_not_asked_for_is_reported_without_a_handle(self) -> None:
        client = Client.ready(service(), sessionResumption=None)
        client.ask()
        client.wait(5.0)
        assert client.messages[-1] == {"sessionResumptionUpdate": {"resumable": True}}


class TestTheEnd:
    def test_of_a_connection_is_announced_and_then_comes(self) -> None:
        client = Client.ready(service())
        client.until(700.0)
        assert client.kinds() == ["setupComplete", "goAway", "close"]
        assert client.times("goAway") == [550.0]
        assert client.messages[-1] == {"goAway": {"timeLeft": "50s"}}
        assert client.said[-1][0] == 600.0
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1008
        assert len(client.ending.reason.encode()) <= 123

    @pytest.mark.parametrize(("seen", "ends_s"), [(False, 900.0), (True, 120.0)])
    def test_of_a_session_without_compression_comes_sooner_with_pictures(self, seen: bool, ends_s: float) -> None:
        client = Client.ready(service(manners=Manners(connection_s=None)), contextWindowCompression=None)
        client.wait(30.0)
        if seen:
            client.realtime(video={"data": "/9g=", "mimeType": "image/jpeg"})
        client.until(2000.0)
        assert client.said[-1] == (ends_s, client.ending)

    def test_is_not_set_where_nothing_ends_it(self) -> None:
        client = Client.ready(service(manners=Manners(connection_s=None)))
        assert client.connection.deadline() is None
