"""Which turn a message belongs to: the orders that were seen on the wire (live-api.md 1.3)."""

import pytest

from daemon.live.turns import STALE_S, Rules, Turns
from daemon.live.wire import Audio, Downward, Generated, Handle, Idle, Interrupted, Said, TurnDone, UsageReport

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
