"""What can be made to go wrong with the stand-in service, and when."""

from __future__ import annotations

import json

import pytest

from daemon.rehearsal.stand_in import faults
from daemon.rehearsal.stand_in.faults import Act, Faults, GoAway, Handles, Moment, Silence, Strike
from daemon.rehearsal.stand_in.messages import Abort, Close, Out, Raw, Stall
from daemon.rehearsal.stand_in.service import Refusal
from hardware.pcm import UP
from tests.support.known_sound import known_sound
from tests.support.live_client import ANSWER, KEY, PATH, Client, service

SPEECH = known_sound(UP, 0.2)
BACKEND = Close(1011, "Internal error encountered.")


def struck(moment: Moment, *acts: Act, nth: int = 1, times: int | None = 1) -> Client:
    """Return a client after two turns on a service with one strike."""
    client = Client(service(faults=Faults(strikes=(Strike(moment, acts, nth, times),))))
    client.set_up()
    for _ in range(2):
        client.ask(SPEECH)
        client.wait(5.0)
    return client


class TestAtTheDoor:
    @pytest.mark.parametrize("status", [401, 403, 429, 503])
    def test_an_upgrade_is_refused_until_the_fault_is_gone(self, status: int) -> None:
        to = service(faults=Faults(refuse_upgrade=status))
        refused = to.connect(0.0, path=PATH, headers=KEY)
        assert isinstance(refused, Refusal)
        assert refused.status == status
        assert to.refusals == [refused]
        to.faults = Faults()
        assert not isinstance(to.connect(0.0, path=PATH, headers=KEY), Refusal)

    def test_setup_complete_comes_late(self) -> None:
        client = Client.ready(service(faults=Faults(setup_complete_after_s=12.0)))
        client.wait(11.9)
        assert client.kinds() == []
        client.wait(0.2)
        assert client.kinds() == ["setupComplete"]

    def test_setup_complete_never_comes(self) -> None:
        client = Client.ready(service(faults=Faults(setup_complete_after_s=None)))
        client.wait(500.0)
        assert client.kinds() == []

    def test_another_frame_comes_first(self) -> None:
        client = Client.ready(service(faults=Faults(strikes=(Strike(Moment.SETUP, ({"goAway": {}},)),))))
        assert client.kinds() == ["goAway", "setupComplete"]

    def test_what_comes_before_setup_complete_is_odd(self) -> None:
        client = Client.ready(service(faults=Faults(setup_complete_after_s=1.0)))
        client.start()
        assert client.service.sessions["s1"].oddities == {"before_setup_complete": 1}


class TestAStrike:
    @pytest.mark.parametrize(
        ("moment", "last"),
        [
            (Moment.SETUP, []),
            (Moment.SETUP_COMPLETE, ["setupComplete"]),
            (Moment.AUDIO, ["setupComplete"]),
            (Moment.ACTIVITY_START, ["setupComplete"]),
            (Moment.ACTIVITY_END, ["setupComplete"]),
            (Moment.ANSWER_CHUNK, ["setupComplete", "audio"]),
            (Moment.GENERATION_COMPLETE, ["setupComplete", "audio", "generated"]),
            (Moment.TURN_COMPLETE, ["setupComplete", "audio", "generated", "complete"]),
        ],
    )
    def test_closes_at_its_moment_and_nothing_follows(self, moment: Moment, last: list[str]) -> None:
        client = struck(moment, BACKEND)
        assert [kind for kind in client.kinds() if kind != "update"] == [*last, "close"]
        assert client.said[-1][1] == BACKEND
        assert client.connection.deadline() is None

    def test_at_an_interruption_comes_after_the_word(self) -> None:
        client = Client.ready(service(faults=Faults(strikes=(Strike(Moment.INTERRUPTED, (faults.ABORT,)),))))
        client.ask(SPEECH)
        client.wait(0.9)
        client.start()
        client.wait(5.0)
        assert client.kinds() == ["setupComplete", "audio", "interrupted", "abort"]

    def test_counts_its_moment_over_all_turns_and_connections(self) -> None:
        to = service(faults=Faults(strikes=(Strike(Moment.ACTIVITY_END, (BACKEND,), nth=3),)))
        for closes in (False, True):
            client = Client.ready(to)
            client.ask()
            client.ask()
            assert (client.ending is not None) is closes

    def test_can_come_several_times_or_for_ever(self) -> None:
        for times, expected in ((1, 1), (2, 2), (None, 4)):
            to = service(faults=Faults(strikes=(Strike(Moment.SETUP, (BACKEND,), times=times),)))
            assert sum(Client.ready(to).ending is not None for _ in range(4)) == expected

    def test_begins_to_count_anew_when_the_faults_are_set(self) -> None:
        strike = Faults(strikes=(Strike(Moment.SETUP, (BACKEND,)),))
        to = service(faults=strike)
        assert Client.ready(to).ending == BACKEND
        assert Client.ready(to).ending is None
        to.faults = strike
        assert Client.ready(to).ending == BACKEND

    def test_in_the_middle_of_an_answer_leaves_the_turn_answered_but_not_complete(self) -> None:
        client = struck(Moment.ANSWER_CHUNK, faults.ABORT, nth=2)
        [turn] = client.service.turns
        assert (turn.answered, turn.complete) == (True, False)
        assert 0 < turn.answer_bytes < len(ANSWER.pcm)

    @pytest.mark.parametrize(
        "frame",
        [
            faults.UNKNOWN_MESSAGE,
            faults.ERROR_FRAME,
            faults.SNAKE_CASE_MESSAGE,
            faults.MALFORMED_JSON,
            faults.EMPTY_FRAME,
            faults.huge_message(),
        ],
        ids=lambda frame: str(frame)[:20],
    )
    def test_says_what_it_should_not_say_and_goes_on(self, frame: Out) -> None:
        client = struck(Moment.ANSWER_CHUNK, frame)
        assert frame in [out for _, out in client.said]
        assert client.answer == ANSWER.pcm * 2

    def test_the_odd_frames_are_what_they_are_called(self) -> None:
        assert isinstance(faults.MALFORMED_JSON, Raw)
        with pytest.raises(ValueError, match="Expecting value"):
            json.loads(faults.MALFORMED_JSON.text)
        assert len(json.dumps(faults.huge_message())) > 1_000_000
        assert "code" not in faults.ERROR_FRAME


class TestSilence:
    def test_in_the_middle_of_an_answer_is_for_good(self) -> None:
        client = struck(Moment.ANSWER_CHUNK, Silence(), nth=2)
        assert client.kinds() == ["setupComplete", "audio"]
        assert len(client.times("audio")) == 2
        assert client.service.sessions["s1"].turns[1].heard_bytes == len(SPEECH)

    def test_does_not_outlive_the_connection(self) -> None:
        client = struck(Moment.SETUP_COMPLETE, Silence())
        client.until(1000.0)
        assert client.kinds() == ["setupComplete", "close"]

    def test_of_a_stall_is_deaf_as_well(self) -> None:
        client = struck(Moment.ANSWER_CHUNK, faults.STALL)
        assert client.said[-1][1] == Stall()
        assert len(client.service.sessions["s1"].turns) == 1
        assert client.service.sessions["s1"].open_connections == 1

    def test_of_one_that_does_not_answer_spares_what_comes_later(self) -> None:
        client = Client.ready(service(faults=Faults(answers=False)))
        client.ask()
        client.wait(60.0)
        assert client.kinds() == ["setupComplete"]
        client.service.faults = Faults()
        client.ask()
        client.wait(5.0)
        assert client.answer == ANSWER.pcm


class TestGoAway:
    def test_announces_the_end_and_keeps_its_word(self) -> None:
        client = struck(Moment.ANSWER_CHUNK, GoAway(2.0))
        assert {"goAway": {"timeLeft": "2s"}} in client.messages
        gone_s = client.times("goAway")[0]
        assert client.said[-1][0] == pytest.approx(gone_s + 2.0)
        assert client.said[-1][1] == client.ending
        assert isinstance(client.ending, Close)
        assert client.ending.code == 1008

    @pytest.mark.parametrize("then", [Close(1011, "Deadline expired before operation could complete."), Abort()])
    def test_ends_as_it_was_told(self, then: Close | Abort) -> None:
        assert struck(Moment.SETUP_COMPLETE, GoAway(0.5, then)).ending == then

    def test_may_be_followed_by_silence(self) -> None:
        client = struck(Moment.ANSWER_CHUNK, GoAway(5.0, silent=True))
        assert client.kinds() == ["setupComplete", "audio", "goAway", "close"]

    def test_may_never_come_true(self) -> None:
        client = struck(Moment.SETUP_COMPLETE, GoAway(0.0, then=None))
        client.until(3000.0)
        assert client.ending is None
        assert client.answer == ANSWER.pcm * 2

    @pytest.mark.parametrize(("left_s", "told"), [(50.0, "50s"), (0.0, "0s"), (1.5, "1.5s"), (300.0, "300s")])
    def test_tells_the_time_as_a_duration(self, left_s: float, told: str) -> None:
        client = struck(Moment.SETUP_COMPLETE, GoAway(left_s))
        assert client.messages[1] == {"goAway": {"timeLeft": told}}


class TestWhatIsMissing:
    def test_generation_complete(self) -> None:
        client = Client.ready(service(faults=Faults(generation_complete=False)))
        client.ask()
        client.wait(5.0)
        assert client.kinds() == ["setupComplete", "audio", "complete", "update"]

    def test_turn_complete(self) -> None:
        client = Client.ready(service(faults=Faults(turn_complete=False)))
        for _ in range(2):
            client.ask()
            client.wait(5.0)
        assert client.kinds() == ["setupComplete", "audio", "generated", "audio", "generated"]

    @pytest.mark.parametrize(
        ("handles", "update"),
        [
            (Handles.NONE, []),
            (Handles.EMPTY, [{"sessionResumptionUpdate": {}}]),
        ],
    )
    def test_the_handle(self, handles: Handles, update: list[object]) -> None:
        client = Client.ready(service(faults=Faults(handles=handles)))
        client.ask()
        client.wait(5.0)
        assert [message for message in client.messages if "sessionResumptionUpdate" in message] == update

    def test_half_of_the_handle(self) -> None:
        client = Client.ready(service(faults=Faults(handles=Handles.CUT)))
        client.ask()
        client.wait(5.0)
        client.leave()
        again = Client.ready(client.service, client.now, sessionResumption={"handle": client.handle})
        assert client.handle
        assert again.ending == Close(1008, "Requested entity was not found.")

    def test_the_handle_for_a_while(self) -> None:
        client = Client.ready(service(faults=Faults(handle_after_s=3.0)))
        client.ask()
        client.wait(10.0)
        assert client.times("update")[0] - client.times("complete")[0] == pytest.approx(3.0)
