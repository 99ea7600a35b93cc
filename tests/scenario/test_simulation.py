"""Random conversations against the invariants, and the invariants against breaches that are planted."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest

from daemon.errors import LinkError
from daemon.live.upward import Speech, TurnStart
from hardware.pcm import UP
from tests.scenario import invariants
from tests.scenario.environment import drawn
from tests.scenario.invariants import violations
from tests.scenario.long_run import long_run
from tests.scenario.performance import LEVEL, STEP, Performance
from tests.scenario.simulation import simulate
from tests.scenario.story import running
from tests.scenario.trace import Trace
from tests.support.in_process import Attempt
from tests.support.virtual_time import run

SEEDS, AT_ONCE, SECONDS = 300, 10, 8.0
EVENTFUL = 2
"""A seed in whose conversation there is enough for every breach that is planted."""


@pytest.mark.parametrize("first", range(0, SEEDS, AT_ONCE))
def test_the_invariants_hold_over_many_seeds(first: int) -> None:
    """A seed that fails tells its trace; `python -m tests.scenario.simulation --seed N --seconds 8` tells it again."""
    results = [simulate(seed, SECONDS) for seed in range(first, first + AT_ONCE)]
    failed = "\n".join(str(result) for result in results if result.breaches)
    assert not failed, failed


def test_many_seeds_are_tried_by_a_command() -> None:
    command = [sys.executable, "-m", "tests.scenario.simulation", "--seeds", "6", "--seconds", "2", "--jobs", "1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "6 conversations" in done.stdout


def test_the_same_seed_is_the_same_conversation() -> None:
    assert str(drawn(7, 20.0)) == str(drawn(7, 20.0))
    first, second = conversation(EVENTFUL), conversation(EVENTFUL)
    assert first.journal == second.journal
    assert first.frames == second.frames
    assert violations(first) == []


def test_in_twenty_minutes_with_a_fault_in_each_nothing_grows() -> None:
    samples = long_run(1, 1200.0, samples=10)
    assert samples[-1].objects <= min(sample.objects for sample in samples) + 20


# --- would it notice? ------------------------------------------------------------------------------


def conversation(seed: int) -> Trace:
    async def converse() -> Trace:
        performance = Performance(drawn(seed, 20.0))
        async with running(performance.story, linked=False):
            await performance.play()
            return Trace(performance)

    return run(converse())


def said_with_the_gate_closed(trace: Trace) -> None:
    gate = trace.gates[0]
    link = trace.story.connector.links[0]
    link.sent.append((gate.to_s + 0.1, Speech(UP.silence, gate.to_s + 0.1)))


def a_start_in_an_open_window(trace: Trace) -> None:
    sent = trace.story.connector.links[0].sent
    sent.insert(1, (sent[0][0], TurnStart(99)))


def a_dark_ring(trace: Trace) -> None:
    gate = trace.gates[0]
    shown = trace.story.board.ring.shown
    shown.append(((gate.from_s + gate.to_s) / 2, ((0, 0, 0),) * 2))
    shown.sort(key=lambda each: each[0])


def a_ring_that_stays_cyan(trace: Trace) -> None:
    gate = trace.gates[-1]
    cyan = ((0, 225, 255),) * 2
    trace.story.board.ring.shown += [(gate.to_s + 0.1, cyan), (gate.to_s + 0.2, cyan)]


def a_turn_that_nobody_began(trace: Trace) -> None:
    gate = trace.gates[0]
    trace.gates.append(replace(gate, from_s=gate.from_s + 0.1))


def a_turn_that_silence_began(trace: Trace) -> None:
    trace.gates[-1] = replace(trace.gates[-1], from_s=trace.gates[-1].from_s - 0.1, begun="voice")


def an_old_answer(trace: Trace) -> None:
    number, turn_id = next(iter(trace.asked_by.items()))
    over_s = trace.outcomes[turn_id]["at_s"]
    old = np.full(480, LEVEL + number * STEP, "<i2").tobytes()
    trace.story.board.loudspeaker.played.append((over_s + 0.08, old))


def a_turn_without_an_end(trace: Trace) -> None:
    del trace.outcomes[trace.gates[0].turn_id]


def an_interruption_by_nobody(trace: Trace) -> None:
    turn_id = next(turn_id for turn_id, done in trace.outcomes.items() if done["outcome"] == "answered")
    trace.outcomes[turn_id] = {**trace.outcomes[turn_id], "outcome": "interrupted"}


def lost_words(trace: Trace) -> None:
    turn = next(turn for turn in trace.story.service.turns if turn.answered and len(turn.digests) > 30)
    del turn.digests[-20:-10]


def words_out_of_order(trace: Trace) -> None:
    next(turn for turn in trace.story.service.turns if len(turn.digests) > 30).digests.reverse()


def words_said_twice(trace: Trace) -> None:
    answered = [turn for turn in trace.story.service.turns if turn.answered]
    answered[-1].digests += answered[-1].digests


def a_refused_handle(trace: Trace) -> None:
    refused = LinkError("Requested entity was not found.", close_code=1008)
    attempts = trace.story.connector.attempts
    attempts += [Attempt(2000.0, "h", failure=refused), Attempt(2001.0, "h")]


def a_storm(trace: Trace) -> None:
    trace.story.connector.attempts += [Attempt(2000.0 + 0.1 * number, None) for number in range(8)]


def no_last_answer(trace: Trace) -> None:
    newest = max(trace.outcomes)
    trace.outcomes[newest] = {**trace.outcomes[newest], "outcome": "empty", "ending": "too_short"}


PLANTED: dict[Callable[[Trace], None], Callable[[Trace], Iterator[str]]] = {
    said_with_the_gate_closed: invariants.nothing_leaves_but_what_was_said_into_an_open_gate,
    a_start_in_an_open_window: invariants.windows_open_and_close_in_turn_on_every_link,
    a_dark_ring: invariants.the_ring_never_claims_less_than_the_microphone_does,
    a_ring_that_stays_cyan: invariants.the_ring_is_cyan_only_while_the_gate_is_open,
    a_turn_that_nobody_began: invariants.only_whoever_may_opens_the_gate,
    a_turn_that_silence_began: invariants.only_whoever_may_opens_the_gate,
    an_old_answer: invariants.nothing_sounds_of_a_turn_that_is_over,
    a_turn_without_an_end: invariants.every_turn_comes_to_an_end_that_is_told_and_true,
    an_interruption_by_nobody: invariants.every_turn_comes_to_an_end_that_is_told_and_true,
    lost_words: invariants.every_turn_comes_to_an_end_that_is_told_and_true,
    words_out_of_order: invariants.every_turn_is_heard_in_order,
    words_said_twice: invariants.no_word_of_an_answered_turn_is_said_again_to_its_session,
    a_refused_handle: invariants.a_refused_handle_is_never_used_again,
    a_storm: invariants.nobody_is_stormed,
    no_last_answer: invariants.in_the_end_all_is_well,
}


@pytest.mark.parametrize("plant", PLANTED, ids=lambda plant: plant.__name__)
def test_a_planted_breach_is_found(plant: Callable[[Trace], None]) -> None:
    trace = conversation(EVENTFUL)
    plant(trace)
    assert list(PLANTED[plant](trace))
