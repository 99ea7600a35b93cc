"""When something that was said and not answered is given up."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.events import TurnGivenUp
from daemon.live.replay import Replay
from daemon.live.unanswered import KEEP_TURN_S, UNANSWERED_TRIES, Unanswered
from daemon.live.upward import Speech

OVERDUE = LinkTimeout("an answer is overdue", deadline=Deadline.REPLY)


@dataclass
class Bench:
    """A turn that went up whole, its last word captured at `last_word_s`; whoever gives it up forgets it."""

    last_word_s: float = 10.0
    ended: bool = True
    replay: Replay = field(default_factory=lambda: Replay(60.0, 30.0))
    told: list[dict[str, Any]] = field(default_factory=list)
    given_up: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.unanswered = Unanswered(self.replay, tell=self._tell, dispatch=self._dispatch)
        self.replay.begin(1)
        self.replay.say(Speech(bytes(640), self.last_word_s))
        if self.ended:
            self.replay.end(1)

    def _tell(self, event: str, **fields: Any) -> None:
        assert event == "turn.given_up"
        self.told.append({name: value for name, value in fields.items() if name != "level"})

    def _dispatch(self, event: TurnGivenUp) -> None:
        self.given_up.append(event.turn_id)
        self.replay.answered(event.turn_id)


def test_a_turn_that_is_overdue_again_and_again_is_given_up() -> None:
    b = Bench()
    for _ in range(UNANSWERED_TRIES):
        assert b.given_up == []
        b.unanswered.failed(OVERDUE)
    assert b.given_up == [1]
    assert b.told == [{"turn_id": 1, "tries": UNANSWERED_TRIES}]


@pytest.mark.parametrize("failure", [LinkError("", close_code=1006), LinkTimeout("", deadline=Deadline.SEND)])
def test_a_link_that_fails_is_not_the_turns_fault(failure: LinkError) -> None:
    b = Bench()
    for _ in range(20):
        b.unanswered.failed(failure)
    assert b.given_up == []


def test_an_answer_begins_the_count_anew() -> None:
    b = Bench()
    for _ in range(UNANSWERED_TRIES - 1):
        b.unanswered.failed(OVERDUE)
    b.unanswered.answered()
    for _ in range(UNANSWERED_TRIES - 1):
        b.unanswered.failed(OVERDUE)
    assert b.given_up == []


def test_what_the_service_did_not_hear_is_given_up_at_once() -> None:
    b = Bench()
    b.unanswered.unheard()
    assert b.told == [{"turn_id": 1, "tries": 1}]
    b.unanswered.unheard()
    assert b.given_up == [1], "nothing is held any more"


@pytest.mark.parametrize("last_word_s", [10.0, 0.1, 1e6 + 0.3])
def test_what_has_waited_too_long_is_given_up_just_then(last_word_s: float) -> None:
    b = Bench(last_word_s)
    then_s = b.unanswered.late_s(last_word_s + 5.0)
    b.unanswered.late(then_s - 0.01)
    assert b.given_up == []
    b.unanswered.late(then_s)
    assert b.told == [{"turn_id": 1, "waited_s": round(KEEP_TURN_S)}]


def test_what_is_still_being_said_has_all_its_time_before_it() -> None:
    b = Bench(ended=False)
    assert b.unanswered.late_s(500.0) == 500.0 + KEEP_TURN_S
    b.unanswered.late(500.0)
    assert b.given_up == []
