"""Which turn a message belongs to: the orders that were seen on the wire (live-api.md 1.3)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.live.downward import Audio, Downward, Generated, Handle, Idle, Interrupted, Said, TurnDone, UsageReport
from daemon.live.turns import STALE_S, UNHEARD_STALE_S, Rules, Turns
from daemon.live.upward import Taking

AUDIO = Audio(b"\0\0")
DONE = TurnDone("")


def turns_at(now: float, *, ended: bool = True) -> Turns:
    """Turn 1 sent whole, its answer under way; turn 2 started at `now`."""
    turns = Turns()
    turns.started(1, 0.0)
    turns.ended()
    assert turns.attribute(AUDIO, 0.5) == 1
    turns.started(2, now)
    if ended:
        turns.ended()
    return turns


def attributed(turns: Turns, now: float, *events: Downward) -> list[int | None]:
    return [turns.attribute(event, now) for event in events]


def test_one_turn_after_the_other() -> None:
    turns = Turns()
    for turn_id in (1, 2):
        turns.started(turn_id, turn_id * 10.0)
        turns.ended()
        assert turns.awaiting_reply
        expected = [turn_id] * 4
        assert attributed(turns, turn_id * 10.0 + 1, AUDIO, Said("x"), Generated(), DONE) == expected
        assert turns.between_turns


def test_an_interrupted_answer_ends_as_the_old_turn() -> None:
    turns = turns_at(1.0)
    assert attributed(turns, 1.2, AUDIO, Interrupted(), DONE) == [None, 1, 1]
    assert attributed(turns, 2.0, AUDIO, Generated(), DONE) == [2, 2, 2]


def test_the_spurious_pair_after_the_old_turn_was_generated() -> None:
    turns = Turns()
    turns.started(1, 0.0)
    turns.ended()
    attributed(turns, 0.5, AUDIO, Generated())
    turns.started(2, 3.0)
    turns.ended()
    assert attributed(turns, 3.2, Interrupted(), DONE) == [1, 1]
    assert attributed(turns, 4.0, AUDIO, DONE) == [2, 2]


def test_audio_while_the_user_speaks_is_stale() -> None:
    turns = turns_at(1.0, ended=False)
    assert attributed(turns, 5.0, AUDIO, Interrupted(), DONE, AUDIO) == [None, 1, 1, None]


@pytest.mark.parametrize(("after_s", "expected"), [(STALE_S - 0.1, None), (STALE_S + 0.1, 2)])
def test_a_service_that_never_says_interrupted_is_heard_all_the_same(after_s: float, expected: int | None) -> None:
    assert turns_at(1.0).attribute(AUDIO, 1.0 + after_s) == expected


def test_the_first_new_audio_ends_an_old_turn_that_was_never_completed() -> None:
    turns = turns_at(1.0)
    assert attributed(turns, 1.2, Interrupted(), AUDIO, DONE) == [1, 2, 2]
    assert turns.between_turns


def test_what_was_added_to_an_answer_after_its_end_and_cut_is_not_the_new_turns_end() -> None:
    turns = Turns()
    turns.started(1, 0.0)
    turns.ended()
    assert attributed(turns, 1.0, AUDIO, Generated(), DONE) == [1, 1, 1]  # what follows of it is of a tool's result
    turns.started(2, 3.0)
    turns.ended()
    assert attributed(turns, 3.7, Interrupted(), DONE) == [1, 1]
    assert turns.awaiting_reply
    assert attributed(turns, 4.0, AUDIO, Generated(), DONE) == [2, 2, 2]
    assert turns.between_turns


def test_what_is_added_to_an_answer_while_the_user_speaks_is_not_the_new_turns() -> None:
    turns = Turns()
    turns.started(1, 0.0)
    turns.ended()
    attributed(turns, 1.0, AUDIO, Generated(), DONE)
    turns.started(2, 3.0)
    assert attributed(turns, 3.2, AUDIO) == [None]
    turns.ended()
    assert attributed(turns, 3.5, AUDIO, Interrupted(), DONE) == [None, 1, 1]
    assert attributed(turns, 4.0, AUDIO, Generated(), DONE) == [2, 2, 2]


def test_what_belongs_to_no_turn_goes_to_the_current_one() -> None:
    assert attributed(turns_at(1.0), 1.1, Handle("h", resumable=True)) == [2]


def test_a_fresh_link_is_between_turns() -> None:
    turns = Turns()
    assert turns.between_turns
    assert not turns.awaiting_reply
    turns.started(1, 0.0)
    assert not turns.between_turns
    assert not turns.awaiting_reply


def test_the_tokens_of_an_old_turn_are_the_old_turns() -> None:
    turns = turns_at(1.0)
    usage = UsageReport(1, 2, 0, 0, 3, (), ())
    assert attributed(turns, 1.2, Interrupted(), usage, DONE, usage) == [1, 1, 1, 2]


def test_where_speaking_does_not_interrupt_the_old_answer_is_stale_to_its_end() -> None:
    turns = Turns(Rules(interrupts=False))
    turns.started(1, 0.0)
    turns.ended()
    turns.attribute(AUDIO, 0.5)
    turns.started(2, 1.0)
    turns.ended()
    assert attributed(turns, 20.0, AUDIO, Generated(), DONE, AUDIO) == [None, 1, 1, 2]


def test_where_only_idle_ends_a_turn_its_other_ends_mean_nothing() -> None:
    rules = Rules(ends_on_idle=True)
    assert [rules.settled(event) for event in (AUDIO, Generated(), DONE, Idle())] == [AUDIO, None, None, DONE]
    assert [Rules().settled(event) for event in (AUDIO, Generated(), DONE)] == [AUDIO, Generated(), DONE]


# --- with the service's own detection -----------------------------------------------------------------

DETECTING = Rules(taking=Taking.SERVER)
BREAK = (Interrupted(), DONE)


def detecting(rules: Rules = DETECTING, *, opened_s: float = 10.0, heard: bool = True, ended: bool = True) -> Turns:
    """Turn 1 sent whole at 0 s, some of its answer come if `heard`; turn 2 begun at `opened_s`."""
    turns = Turns(rules)
    turns.started(1, 0.0)
    turns.ended()
    if heard:
        assert turns.attribute(AUDIO, opened_s - 0.1) == 1
    turns.started(2, opened_s)
    if ended:
        turns.ended()
    return turns


def test_an_answer_may_begin_while_the_gate_is_open() -> None:
    turns = Turns(DETECTING)
    turns.started(1, 0.0)
    assert attributed(turns, 2.0, AUDIO, Said("x")) == [1, 1]
    assert turns.awaiting_reply
    assert not turns.between_turns
    turns.ended()
    assert attributed(turns, 2.2, AUDIO, Generated(), DONE) == [1, 1, 1]
    assert turns.between_turns


@pytest.mark.parametrize("ended", [False, True], ids=["open", "closed"])
@pytest.mark.parametrize("after_s", [0.1, 2.9, 30.0])
def test_an_old_answer_is_old_until_the_service_says_that_it_has_ended(after_s: float, ended: bool) -> None:
    """Nothing but a voice ends it, and perhaps there was none: no time makes it the new turn's."""
    for last in (Interrupted(), Generated(), DONE):
        turns = detecting(ended=ended)
        assert attributed(turns, 10.0 + after_s, AUDIO, last, AUDIO) == [None, 1, 2]


def test_the_pair_after_a_barge_in_is_the_old_turns() -> None:
    turns = detecting(ended=False)
    assert attributed(turns, 10.6, AUDIO, *BREAK) == [None, 1, 1]
    turns.ended()
    assert attributed(turns, 13.0, AUDIO, Generated(), DONE) == [2, 2, 2]
    assert turns.between_turns


@pytest.mark.parametrize(
    ("ended", "after_s", "expected"),
    [
        (True, UNHEARD_STALE_S - 0.1, None),
        (True, UNHEARD_STALE_S + 0.1, 2),
        (False, STALE_S - 0.1, None),
        (False, STALE_S + 0.1, 2),
    ],
)
def test_an_old_turn_without_an_answer_is_waited_for_while_it_may_be_answered(
    ended: bool, after_s: float, expected: int | None
) -> None:
    assert detecting(heard=False, ended=ended).attribute(AUDIO, 10.0 + after_s) == expected


def test_an_old_answer_that_begins_late_is_old_to_its_end() -> None:
    turns = detecting(heard=False, ended=False)
    assert attributed(turns, 10.5, AUDIO) == [None]
    turns.ended()
    assert attributed(turns, 14.0, AUDIO, *BREAK, AUDIO) == [None, 1, 1, 2]


def completing(*, ended: bool = False) -> Turns:
    """Turn 1 sent whole at 0 s and not answered; turn 2 begun at 10 s to complete it."""
    turns = Turns(DETECTING)
    turns.started(1, 0.0)
    turns.ended()
    turns.started(2, 10.0, completes=True)
    if ended:
        turns.ended()
    return turns


def test_an_answer_to_what_is_being_completed_is_dropped_if_it_was_interrupted() -> None:
    turns = completing()
    assert attributed(turns, 10.5, AUDIO, Said("old"), *BREAK) == [None, None, 1, 1]
    turns.ended()
    assert attributed(turns, 13.0, AUDIO, Generated(), DONE) == [2, 2, 2]
    assert turns.released() == []


@pytest.mark.parametrize("last", [Generated(), DONE])
@pytest.mark.parametrize("ended", [False, True], ids=["open", "closed"])
def test_an_answer_to_what_was_to_be_completed_is_the_answer_if_nothing_more_was_heard(
    last: Downward, ended: bool
) -> None:
    turns = completing(ended=ended)
    first, second = Audio(b"1"), Audio(b"2")
    assert attributed(turns, 10.5, first, Said("x"), second) == [None] * 3
    assert turns.released() == []
    assert turns.attribute(last, 10.9) == 2
    assert turns.released() == [first, Said("x"), second]
    assert turns.released() == []
    turns.ended()
    assert attributed(turns, 11.0, DONE) == [2]
    assert turns.between_turns


def test_an_answer_that_was_in_doubt_and_is_interrupted_late_is_dropped() -> None:
    turns = completing()
    assert turns.attribute(Audio(b"1"), 10.5) is None
    assert attributed(turns, 10.0 + STALE_S, Handle("h", resumable=True), *BREAK) == [2, None, None]
    assert attributed(turns, 15.0, AUDIO, Generated(), DONE) == [2, 2, 2]
    assert turns.released() == []


def test_an_answer_is_kept_back_no_longer_than_it_may_be_interrupted() -> None:
    turns = completing()
    early, late = Audio(b"1"), Audio(b"2")
    assert turns.attribute(early, 10.5) is None
    assert turns.attribute(late, 10.0 + STALE_S) == 2
    assert turns.released() == [early]


def test_an_answer_that_was_heard_in_part_is_not_kept_for_later() -> None:
    """Its turn was stopped, not completed; that an older one is still held changes nothing."""
    turns = Turns(DETECTING)
    turns.started(1, 0.0)
    turns.ended()
    turns.attribute(AUDIO, 9.0)
    turns.started(2, 10.0, completes=True)
    assert attributed(turns, 10.5, AUDIO, Generated(), DONE) == [None, 1, 1]
    assert turns.released() == []


def test_an_old_turn_that_was_interrupted_unheard_is_out_of_the_way() -> None:
    turns = detecting(heard=False, ended=False)
    assert attributed(turns, 10.5, *BREAK, AUDIO) == [1, 1, 2]


def test_who_goes_on_before_an_answer_has_come_is_told_nothing() -> None:
    """The service took a pause for the end, and heard that it was none."""
    for when_ended in ("before", "between", "after"):
        turns = Turns(DETECTING)
        turns.started(1, 0.0)
        if when_ended == "before":
            turns.ended()
        assert attributed(turns, 2.0, Interrupted()) == [None]
        if when_ended == "between":
            turns.ended()
        assert attributed(turns, 2.0, DONE) == [None]
        turns.ended()
        assert not turns.between_turns
        assert attributed(turns, 4.0, AUDIO, Generated(), DONE) == [1, 1, 1]
        assert turns.between_turns


def test_who_goes_on_when_an_answer_has_come_is_answered_again_in_the_same_turn() -> None:
    turns = Turns(DETECTING)
    turns.started(1, 0.0)
    assert attributed(turns, 2.0, AUDIO, *BREAK) == [1, 1, 1]
    turns.ended()
    assert turns.awaiting_reply
    assert not turns.between_turns
    assert attributed(turns, 4.0, AUDIO, Generated(), DONE) == [1, 1, 1]
    assert turns.between_turns


def test_an_answer_without_a_sound_ends_its_turn() -> None:
    """Such as one that the service refused to give (live-api.md 1.7)."""
    turns = Turns(DETECTING)
    turns.started(1, 0.0)
    turns.ended()
    assert attributed(turns, 1.0, TurnDone("RESPONSE_REJECTED")) == [1]
    assert turns.between_turns


def test_a_turn_that_is_given_up_is_over() -> None:
    turns = Turns(DETECTING)
    turns.started(1, 0.0)
    turns.ended()
    turns.given_up()
    assert turns.between_turns
    assert not turns.awaiting_reply
    turns.started(2, 10.0)
    assert attributed(turns, 11.0, AUDIO) == [2]


def test_a_service_that_is_not_to_be_interrupted_goes_on_to_its_end() -> None:
    turns = detecting(Rules(taking=Taking.SERVER, interrupts=False))
    assert attributed(turns, 30.0, AUDIO, Generated(), DONE, AUDIO) == [None, 1, 1, 2]


@given(st.lists(st.sampled_from(["open", "close", "voice", "end", "pause"]), max_size=60))
def test_no_answer_is_ever_taken_for_a_later_one(steps: list[str]) -> None:
    """A service that always says how an answer ended, at whatever time, and answers nothing but the newest turn."""
    turns = Turns(DETECTING)
    now, newest, open_, answering = 0.0, 0, False, 0
    for step in steps:
        match step:
            case "pause":
                now += STALE_S + 1.0
            case "open" if not open_:
                newest, open_ = newest + 1, True
                turns.started(newest, now)
            case "close" if open_:
                open_ = False
                turns.ended()
            case "voice" if newest and not answering:
                answering = newest
                now += STALE_S + 1.0  # later than an older turn's answer could have begun
                assert turns.attribute(AUDIO, now) == newest
            case "voice" if answering:
                assert turns.attribute(AUDIO, now) == (answering if answering == newest else None)
            case "end" if answering:
                turns.attribute(Interrupted() if answering != newest else Generated(), now)
                turns.attribute(DONE, now)
                answering = 0
            case _:
                pass
