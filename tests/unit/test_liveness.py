"""What is owed, until when, and what it means when it does not come."""

from __future__ import annotations

import pytest

from daemon.live.downward import Audio, Busy, Downward, Generated, Handle, Heard, Interrupted, TurnDone
from daemon.live.liveness import Liveness
from daemon.live.upward import Taking

REPLY_S, STALL_S = 10.0, 5.0
AUDIO = Audio(b"\0\0")
DONE = TurnDone("")
HEARD = Heard("what time is it", finished=True)


def liveness(taking: Taking, *, ended_s: float | None = 0.0) -> Liveness:
    """One in a turn that went up whole at `ended_s`; None: that is still open."""
    found = Liveness(reply_timeout_s=REPLY_S, stall_timeout_s=STALL_S, taking=taking)
    found.turn_started()
    if ended_s is not None:
        found.turn_ended(ended_s)
    return found


def after(found: Liveness, now: float, *events: Downward) -> float | None:
    for event in events:
        found.received(event, now)
    return found.deadline_s


both = pytest.mark.parametrize("taking", Taking)


@both
def test_an_answer_is_owed_from_the_end_of_the_turn(taking: Taking) -> None:
    assert liveness(taking, ended_s=None).deadline_s is None
    assert liveness(taking, ended_s=3.0).deadline_s == 3.0 + REPLY_S


@both
def test_an_answer_that_has_begun_owes_its_rest(taking: Taking) -> None:
    found = liveness(taking)
    assert after(found, 1.0, AUDIO) == 1.0 + STALL_S
    assert after(found, 2.0, Handle("h", resumable=True)) == 2.0 + STALL_S
    assert not found.excused(awaited=False)
    assert after(found, 3.0, Generated()) is None
    assert after(found, 4.0, Busy()) == 4.0 + REPLY_S


@both
def test_a_word_in_place_of_an_answer_is_one(taking: Taking) -> None:
    assert after(liveness(taking), 1.0, TurnDone("RESPONSE_REJECTED")) is None


@both
def test_the_next_turn_asks_anew(taking: Taking) -> None:
    found = liveness(taking)
    after(found, 1.0, AUDIO, HEARD, Generated(), DONE)
    found.turn_started()
    assert found.deadline_s is None
    found.turn_ended(20.0)
    assert found.deadline_s == 20.0 + REPLY_S
    assert found.owed == "an answer"


def test_where_we_say_what_a_turn_is_nothing_excuses_silence() -> None:
    assert not liveness(Taking.LOCAL).excused(awaited=False)


# --- with the service's own detection -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("came", "deadline_s"),
    [((AUDIO,), 1.0 + STALL_S), ((AUDIO, Generated()), None), ((AUDIO, Generated(), DONE), None), ((DONE,), None)],
)
def test_who_was_answered_in_the_open_gate_is_owed_nothing_when_it_closes(
    came: tuple[Downward, ...], deadline_s: float | None
) -> None:
    found = liveness(Taking.SERVER, ended_s=None)
    after(found, 1.0, *came)
    found.turn_ended(2.0)
    assert found.deadline_s == deadline_s


def test_who_went_on_after_an_answer_had_begun_is_owed_another() -> None:
    found = liveness(Taking.SERVER, ended_s=None)
    assert after(found, 1.0, AUDIO, Interrupted(), DONE) is None
    found.turn_ended(3.0)
    assert found.deadline_s == 3.0 + REPLY_S
    assert after(found, 4.0, AUDIO, Interrupted(), DONE) == 4.0 + REPLY_S
    assert after(found, 5.0, AUDIO, Generated(), DONE) is None


def test_a_turn_in_which_nothing_was_heard_is_excused_once() -> None:
    found = liveness(Taking.SERVER)
    assert found.excused(awaited=True)
    assert found.deadline_s is None
    found.turn_started()
    found.turn_ended(20.0)
    assert not found.excused(awaited=True)
    assert found.deadline_s == 20.0 + REPLY_S


def test_any_sign_of_life_excuses_anew() -> None:
    found = liveness(Taking.SERVER)
    assert found.excused(awaited=True)
    found.received(Handle(None, resumable=False), 15.0)
    found.turn_started()
    found.turn_ended(20.0)
    assert found.excused(awaited=True)


def test_what_nobody_waits_for_is_excused_for_ever_and_proves_nothing() -> None:
    found = liveness(Taking.SERVER)
    for _ in range(3):
        assert found.excused(awaited=False)
        found.turn_started()
        found.turn_ended(0.0)
    assert found.excused(awaited=True)


def test_a_question_that_the_service_wrote_down_is_owed_an_answer() -> None:
    found = liveness(Taking.SERVER)
    assert after(found, 1.0, HEARD) == REPLY_S
    assert not found.excused(awaited=True)
    assert found.excused(awaited=False)


def test_the_transcript_of_another_turn_proves_nothing_of_this_one() -> None:
    found = liveness(Taking.SERVER)
    after(found, 1.0, HEARD, AUDIO, Generated(), DONE)
    found.turn_started()
    found.turn_ended(20.0)
    assert found.excused(awaited=True)
