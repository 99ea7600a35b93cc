"""What came of a conversation that a fault struck: what the owner saw, how long it took, what was lost or twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from math import inf
from typing import Final

from daemon.rehearsal.stand_in.memory import Turn, digest
from hardware.pcm import FRAME_MS, FRAME_S
from tests.support.stage import Stage

SHORTEST_S: Final = 0.05
"""What the ring shows for less is not seen."""
WORDS: Final = {
    "Ready, nothing is sent.": "ready",
    "No connection to the service, the next attempt follows by itself.": "no connection",
    "Connecting to the service.": "connecting",
    "Listening, what the microphone hears is sent.": "listening",
    "Listening, what the microphone hears is kept until the service is reached.": "listening (kept)",
    "Waiting for the answer.": "waiting",
    "Waiting for the connection, what was said is kept.": "waiting for a connection",
    "Answering.": "answering",
    "The key is missing, refused, or out of quota.": "key refused",
    "The service refuses what the configuration asks for.": "setup refused",
}
"""The meaning of the ring, in short."""


@dataclass(frozen=True, slots=True)
class Account:
    """What came of it. Times are seconds, counted from the fault."""

    saw: str
    """What the ring meant, from the fault until the next answer sounded."""
    went_on_s: float
    """Until the first sample of the next answer sounded."""
    lost_ms: int
    """Of what the microphone captured while the gate was open, what is in no turn whose answer was heard."""
    unread_ms: int
    """Of it, what the microphone's driver had to drop because this machine stood still for more than half a second."""
    twice_frames: int
    """Frames said again to a session that knew them and had answered them."""
    attempts: int
    """To connect, after the fault, until the end of the conversation."""
    link: str
    """What the next answer came over: "the same", or a new link with the session "resumed" or a "new session"."""
    asked_again: int
    """How often the person had to ask again before an answer came."""
    errors: int
    """How often the sound of an error was heard after the fault."""


def account(stage: Stage) -> Account:
    """Return what came of the conversation on `stage`. It must have been struck, and have gone on."""
    faulted_s, next_s = stage.faulted_s, stage.next_answer_s
    assert faulted_s is not None
    assert next_s is not None
    attempts = [
        line
        for line in stage.journal.lines
        if line["event"] in ("link.up", "link.failed") and float(line["at_s"]) > faulted_s
    ]
    links = [line for line in attempts if line["event"] == "link.up" and float(line["at_s"]) < next_s]
    return Account(
        saw=" → ".join(_collapsed(_seen(stage.shown, faulted_s, next_s))),
        went_on_s=next_s - faulted_s,
        lost_ms=_lost_frames(stage) * FRAME_MS,
        unread_ms=sum(int(line["lost_ms"]) for line in stage.journal.told("microphone.overflow")),
        twice_frames=_twice(stage),
        attempts=len(attempts),
        link="the same" if not links else "resumed" if links[-1]["resumed"] else "new session",
        asked_again=stage.asked_again,
        errors=sum(at_s > faulted_s for at_s in stage.ear.errors_s),
    )


def _seen(shown: Sequence[tuple[float, str]], from_s: float, to_s: float) -> Iterator[str]:
    """Yield what was shown in that time for long enough to be seen, the answer at its end included."""
    changes = [*shown, (inf, "")]
    for (at_s, sentence), (until_s, _) in pairwise(changes):
        lasted_s = min(until_s, to_s) - max(at_s, from_s)
        if lasted_s >= SHORTEST_S:
            yield WORDS.get(sentence, sentence)
    yield "answering"


def _collapsed(words: Iterator[str]) -> list[str]:
    """Return the words without repetitions; what alternates is written once, with how often."""
    left = [word for word, _ in groupby(words)]
    told: list[str] = []
    while left:
        times = 1
        while len(left) >= 2 * times + 2 and left[2 * times : 2 * times + 2] == left[:2]:
            times += 1
        if times > 1:
            told.append(f"({left[0]} → {left[1]}) {times} times")
            left = left[2 * times :]
        else:
            told.append(left.pop(0))
    return told


def _lost_frames(stage: Stage) -> int:
    """Count the frames of open gates that are in no turn whose answer was heard.

    A frame that ends within 20 ms of the closing may rightly have come too late, and is not counted.
    """
    known = {name for turn in _heard_answers_to(stage) for name in turn.digests}
    spans = list(_gates(stage))
    return sum(
        digest(pcm) not in known
        for at_s, pcm in stage.board.mic.captured
        if any(from_s < at_s <= to_s - FRAME_S for from_s, to_s in spans)
    )


def _gates(stage: Stage) -> Iterator[tuple[float, float]]:
    """Yield when the gate was open."""
    changes = [line for line in stage.journal.lines if line["event"] in ("gate.opened", "gate.closed")]
    for opened, closed in zip(changes[::2], changes[1::2], strict=True):
        assert (opened["event"], closed["event"]) == ("gate.opened", "gate.closed")
        yield float(opened["at_s"]), float(closed["at_s"])


def _heard_answers_to(stage: Stage) -> Iterator[Turn]:
    """Yield each turn whose answer sounded, and each that was answered together with a later one of them."""
    stage.ear.listen()
    for number in stage.ear.first_heard_s:
        answered = stage.answered[number]
        turns = stage.service.sessions[answered.session_id].turns
        yield from (turn for turn in turns if turn.answered_in == answered.number)


def _twice(stage: Stage) -> int:
    """Count what a session was told again although it had answered it and was not taken back to before it."""
    return sum(
        times - 1
        for session in stage.service.sessions.values()
        for times in Counter(
            name for turn in session.turns if turn.answered and not turn.forgotten for name in turn.digests
        ).values()
    )
