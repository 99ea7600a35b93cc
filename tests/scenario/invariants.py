"""What must hold of every conversation, whatever happens to it: each rule looks at the trace of one that is over."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from math import inf
from typing import Any

import numpy as np

from daemon.live.upward import Speech, ToolAnswer, TurnEnd, TurnStart
from daemon.panel.lights import lights
from daemon.rehearsal.stand_in.memory import Session, Turn, digest
from daemon.status import LinkState, Status, TurnState
from hardware.interfaces import Rgb
from hardware.pcm import FRAME_S, UP
from tests.scenario.performance import LEVEL, STEP
from tests.scenario.story import SILENT_AFTER_S
from tests.scenario.trace import EPSILON_S, Gate, Trace
from tests.support.in_process import InProcessLink

CYAN = 35
"""By so much green and blue stand out above red where a pixel is cyan."""
Rule = Callable[[Trace], Iterator[str]]


def violations(trace: Trace) -> list[str]:
    """Return every breach of a rule, in words."""
    return [f"{rule.__name__}: {breach}" for rule in RULES for breach in rule(trace)]


# --- what leaves the device ------------------------------------------------------------------------


def nothing_leaves_but_what_was_said_into_an_open_gate(trace: Trace) -> Iterator[str]:
    for link in trace.story.connector.links:
        for at_s, item in link.sent:
            if not isinstance(item, Speech):
                continue
            heard_s = [item.captured_s, *_captured_s(trace, item)]
            for moment_s in heard_s:
                if not any(trace.takes(gate, moment_s) for gate in trace.gates):
                    yield f"captured at {moment_s:.3f}, outside every gate"
                if any(from_s + EPSILON_S < moment_s <= to_s - EPSILON_S for from_s, to_s in trace.muted):
                    yield f"captured at {moment_s:.3f}, while muted"
            if not _may_be_sent(trace, link, at_s, item.captured_s):
                yield f"sent at {at_s:.3f} what was captured at {item.captured_s:.3f}, with the gate closed"


def nothing_leaves_while_the_switch_is_muted(trace: Trace) -> Iterator[str]:
    """Whatever software says, and whatever it believes: the switch itself remembers where it stood."""
    slide = trace.story.board.slide
    off = [*slide.muted_spans(), *slide.lost_spans()]
    for link in trace.story.connector.links:
        for _, item in link.sent:
            if isinstance(item, Speech):
                for moment_s in (item.captured_s, *_captured_s(trace, item)):
                    if any(from_s + EPSILON_S < moment_s <= to_s - EPSILON_S for from_s, to_s in off):
                        yield f"captured at {moment_s:.3f}, while the switch was muted"


def _captured_s(trace: Trace, item: Speech) -> list[float]:
    size = UP.frame_bytes
    names = (digest(item.pcm[at : at + size]) for at in range(0, len(item.pcm), size))
    return [trace.captured_s[name] for name in names if name in trace.captured_s]


def _may_be_sent(trace: Trace, link: InProcessLink, at_s: float, captured_s: float) -> bool:
    """Whether the gate is open, or this is said (again) because it could not be sent when it was spoken."""
    if any(gate.from_s <= at_s <= gate.to_s for gate in trace.gates):
        return True
    held_up = any(from_s <= at_s and captured_s <= to_s + 0.1 for from_s, to_s in trace.spell("congestion"))
    held_up |= any(from_s <= at_s <= to_s + 0.1 and captured_s <= to_s for from_s, to_s in trace.tools_awaited)
    gates = [gate for gate in trace.gates if trace.takes(gate, captured_s)]
    return held_up or any(link.up_s is not None and link.up_s >= gate.from_s for gate in gates)


def windows_open_and_close_in_turn_on_every_link(trace: Trace) -> Iterator[str]:
    for number, link in enumerate(trace.story.connector.links, 1):
        is_open: int | None = None
        for at_s, item in link.sent:
            match item:
                case TurnStart(turn_id):
                    if is_open is not None:
                        yield f"link {number}, {at_s:.3f}: start {turn_id} inside {is_open}"
                    is_open = turn_id
                case TurnEnd(turn_id):
                    if is_open != turn_id:
                        yield f"link {number}, {at_s:.3f}: end {turn_id} of {is_open}"
                    is_open = None
                case ToolAnswer():
                    pass
                case _:
                    if is_open is None:
                        yield f"link {number}, {at_s:.3f}: speech outside a window"
    for session in trace.story.service.sessions.values():
        # A call that the user talks over is dropped without a word: nobody can know that its result is odd.
        oddities = {name: times for name, times in session.oddities.items() if name != "response_to_no_call"}
        if oddities:
            yield f"session {session.id}: {oddities}"


def the_ring_never_claims_less_than_the_microphone_does(trace: Trace) -> Iterator[str]:
    ring = trace.story.board.ring
    without = [(from_s, to_s + 35.0) for from_s, to_s in trace.spell("ring lost")]
    times_s = [at_s for at_s, _ in ring.shown]
    for gate in trace.gates:
        if gate.to_s <= gate.from_s or any(a <= gate.to_s and gate.from_s <= b for a, b in without):
            continue
        first = max(0, bisect_left(times_s, gate.from_s + EPSILON_S) - 1)
        for at_s, pixels in ring.shown[first : bisect_left(times_s, gate.to_s - EPSILON_S)]:
            if not any(_shows_listening(pixels, at_s, seeing=seeing) for seeing in (False, True)):
                yield f"at {at_s:.3f}, in turn {gate.turn_id}, the pixels are {pixels}"


def _shows_listening(pixels: Sequence[Rgb], at_s: float, *, seeing: bool) -> bool:
    status = Status(LinkState.UP, TurnState.LISTENING, seeing=seeing)
    quiet, loud = (lights(status, at_s, len(pixels), level=level) for level in (0.0, 1.0))
    return all(
        a <= b <= c
        for pixel, low, high in zip(pixels, quiet, loud, strict=True)
        for a, b, c in zip(low, pixel, high, strict=True)
    )


def the_ring_is_cyan_only_while_the_gate_is_open(trace: Trace) -> Iterator[str]:
    shown = trace.story.board.ring.shown
    lost = trace.spell("ring lost")
    for (at_s, pixels), (until_s, _) in itertools.pairwise(shown):
        if any(a <= until_s and at_s <= b for a, b in lost):
            continue
        if any(min(green, blue) - red >= CYAN for red, green, blue in pixels):
            open_s = at_s
            for gate in trace.gates:  # one may be opened in the instant in which the one before is closed
                if gate.from_s <= open_s + EPSILON_S:
                    open_s = max(open_s, gate.to_s)
            if open_s + EPSILON_S < until_s:
                yield f"from {at_s:.3f} to {until_s:.3f}"


def only_whoever_may_opens_the_gate(trace: Trace) -> Iterator[str]:
    """A press opens it, or a voice where the owner allows it: in each state another."""
    turn = trace.story.config.turn
    for gate in trace.gates:
        match gate.begun:
            case "button":
                if not trace.pressed_at(gate.from_s):
                    yield f"turn {gate.turn_id} began at {gate.from_s:.3f}, and nobody pressed"
            case voice:
                if not trace.voice_at(gate.from_s, voice):
                    yield f"turn {gate.turn_id} began at {gate.from_s:.3f}, and nobody spoke"
                if turn.mode == "hold" or (turn.barge_in == "button" and not _follows(trace, gate)):
                    yield f"turn {gate.turn_id} began with a {voice} in mode {turn.mode}"


def _follows(trace: Trace, gate: Gate) -> bool:
    """Whether a voice may begin a turn when nobody's turn it is: at any time, or soon after an answer."""
    turn = trace.story.config.turn
    if turn.mode != "hands_free" or gate.begun != "voice":
        return False
    before = trace.outcomes.get(gate.turn_id - 1)
    answered_s = before["at_s"] if before is not None and before["outcome"] in {"answered", "empty"} else -inf
    lost_s = sum(to_s - from_s for from_s, to_s in trace.spell("mic lost")) + 1.0  # the window is measured in audio
    return turn.wake == "voice" or gate.from_s - answered_s <= turn.follow_up_s + lost_s


def a_device_that_cannot_hear_does_not_listen(trace: Trace) -> Iterator[str]:
    for line in trace.journal:
        if line["event"] == "device.lost" and line["part"] == "microphone":
            for gate in trace.gates:
                if gate.from_s <= line["at_s"] < gate.to_s:
                    yield f"turn {gate.turn_id} went on after the microphone was lost at {line['at_s']:.3f}"


# --- what sounds -----------------------------------------------------------------------------------


def nothing_sounds_of_a_turn_that_is_over(trace: Trace) -> Iterator[str]:
    over_s = sorted((line["at_s"], turn_id) for turn_id, line in trace.outcomes.items())
    times_s = [at_s for at_s, _ in over_s]
    newest = list(itertools.accumulate((turn_id for _, turn_id in over_s), max))
    for starts_s, pcm in trace.story.board.loudspeaker.played:
        turn_id = _whose(trace, pcm)
        if turn_id in trace.spoken_of_later:
            continue  # the service does not say which turn a result belongs to
        over = bisect_left(times_s, starts_s - SILENT_AFTER_S - EPSILON_S)
        if turn_id is not None and over and turn_id <= newest[over - 1]:
            yield f"at {starts_s:.3f} turn {turn_id} sounds, and {newest[over - 1]} was over at {times_s[over - 1]:.3f}"


def _whose(trace: Trace, pcm: bytes) -> int | None:
    """The turn whose answer this frame is of; None if it holds nothing but a part of a fade."""
    number, rest = divmod(int(np.frombuffer(pcm, "<i2").max()) - LEVEL, STEP)
    return trace.asked_by.get(number) if not rest else None


# --- what becomes of what was said -----------------------------------------------------------------


def every_turn_comes_to_an_end_that_is_told_and_true(trace: Trace) -> Iterator[str]:
    for gate in trace.gates:
        if gate.turn_id not in trace.outcomes:
            yield f"turn {gate.turn_id} was never over"
    for turn_id, done in trace.outcomes.items():
        if not TRUE[done["outcome"]](trace, turn_id, done):
            yield f"turn {turn_id} cannot have been {done['outcome']} at {done['at_s']:.3f}"
        if done["outcome"] == "answered":
            yield from _unheard(trace, turn_id)


def _answered(trace: Trace, turn_id: int, done: dict[str, Any]) -> bool:
    return bool(done["sounded_ms"])


def _interrupted(trace: Trace, turn_id: int, done: dict[str, Any]) -> bool:
    return trace.pressed_at(done["at_s"]) or trace.voice_at(done["at_s"], "barge_in")


def _gone_on_from(trace: Trace, turn_id: int, done: dict[str, Any]) -> bool:
    return trace.pressed_at(done["at_s"]) or trace.voice_at(done["at_s"], "voice")


def _unanswered(trace: Trace, turn_id: int, done: dict[str, Any]) -> bool:
    """The service had nothing to say; the turn was given up; its answer was cut once too often; or could not sound."""
    given_up = {line["turn_id"] for line in trace.story.told("turn.given_up")} | trace.empty
    before = trace.outcomes.get(turn_id - 1)
    cut = before is not None and before["outcome"] == "cut"
    mute = any(from_s <= done["at_s"] <= to_s + 15.0 for from_s, to_s in trace.spell("loudspeaker lost"))
    return turn_id in given_up or cut or mute


def _cut(trace: Trace, turn_id: int, done: dict[str, Any]) -> bool:
    parted_s = [line["at_s"] for line in trace.journal if line["event"] in {"link.lost", "link.left"}]
    return any(abs(done["at_s"] - at_s) < 0.001 for at_s in parted_s)


def _empty(trace: Trace, turn_id: int, done: dict[str, Any]) -> bool:
    """Whoever pressed so briefly, or for so long that it meant something else, has asked nothing."""
    meant_otherwise = done["ending"] == "too_short" or (done["ending"] == "muted" and done["listened_ms"] <= 1100)
    return meant_otherwise or len(trace.said_in(turn_id)) * FRAME_S < 1.0


TRUE: dict[str, Callable[[Trace, int, dict[str, Any]], bool]] = {
    "answered": _answered,
    "interrupted": _interrupted,
    "superseded": _gone_on_from,
    "unanswered": _unanswered,
    "cut": _cut,
    "empty": _empty,
}


def _unheard(trace: Trace, turn_id: int) -> Iterator[str]:
    """What of an answered turn, and of those that it completes, its service did not know when it answered."""
    if any(done.get("dropped_ms") for done in trace.outcomes.values()):
        return
    answered = trace.turn_of(turn_id)
    if answered is None:
        yield f"turn {turn_id} sounded, and the service answered none like it"
        return
    known = set(_context(trace, *answered))
    asked = turn_id
    while asked:
        missing = [name for name in trace.said_in(asked) if name not in known]
        if missing:
            yield f"turn {turn_id} was answered without {len(missing)} frames of turn {asked}"
        asked = asked - 1 if _completes(trace, asked) else 0


def _completes(trace: Trace, turn_id: int) -> bool:
    """Whether the answer to this turn is to the one before as well: the user went on from it, or its answer was cut."""
    before = trace.outcomes.get(turn_id - 1)
    if before is None:
        return False
    if before["outcome"] == "superseded":
        began = any(gate.turn_id == turn_id and abs(gate.from_s - before["at_s"]) < EPSILON_S for gate in trace.gates)
        return began and before.get("thought_ms") is None  # an answer that was there is one, though nobody heard it
    return str(before["outcome"]) == "cut"


def _context(trace: Trace, link: InProcessLink, turn: Turn) -> Iterator[str]:
    session = trace.story.service.sessions[turn.session_id]
    for each in session.turns[: turn.number]:
        if not each.forgotten or each is turn or each in link.turns.values():
            yield from each.digests


def no_word_of_an_answered_turn_is_said_again_to_its_session(trace: Trace) -> Iterator[str]:
    """Those of a turn that the user went on from may be: which of them a handle knows, it does not tell.

    Nor can we know where the service says nothing of such turns, as is its manner, or because several of them reached
    it in one instant: what it then says may be of the next one or of them, and is not believed.
    """
    if not trace.plan.manners.ends_unheard_turns or trace.spell("congestion"):
        return
    answered = {turn_id for turn_id, done in trace.outcomes.items() if done["outcome"] in {"answered", "interrupted"}}
    once = {name for turn_id in answered for name in trace.said_in(turn_id)}
    for session in trace.story.service.sessions.values():
        twice = [name for name, times in _known(session).items() if times > 1 and name in once]
        if twice:
            moments = sorted(trace.captured_s[name] for name in twice)
            yield f"session {session.id}: {len(twice)} frames, from {moments[0]:.3f} to {moments[-1]:.3f}"


def _known(session: Session) -> Counter[str]:
    return Counter(name for turn in session.turns if turn.answered and not turn.forgotten for name in turn.digests)


def every_turn_is_heard_in_order(trace: Trace) -> Iterator[str]:
    for turn in trace.story.service.turns:
        moments_s = [trace.captured_s[name] for name in turn.digests if name in trace.captured_s]
        if moments_s != sorted(moments_s):
            yield f"turn {turn.number} of session {turn.session_id}"


# --- the link --------------------------------------------------------------------------------------


def a_refused_handle_is_never_used_again(trace: Trace) -> Iterator[str]:
    refused: set[str] = set()
    for attempt in trace.story.connector.attempts:
        if attempt.handle in refused:
            yield f"at {attempt.at_s:.3f}"
        failure = attempt.failure
        if (
            attempt.handle
            and failure is not None
            and failure.close_code in {1007, 1008}
            and "aborted" not in str(failure)
        ):
            refused.add(attempt.handle)


def nobody_is_stormed(trace: Trace) -> Iterator[str]:
    times_s = [attempt.at_s for attempt in trace.story.connector.attempts]
    for many, within_s in ((5, 1.0), (12, 10.0), (30, 60.0)):
        for first_s, last_s in zip(times_s, times_s[many:], strict=False):
            if last_s - first_s < within_s:
                yield f"{many + 1} attempts from {first_s:.3f} to {last_s:.3f}"
                break


def in_the_end_all_is_well(trace: Trace) -> Iterator[str]:
    if not trace.outcomes or trace.outcomes[max(trace.outcomes)]["outcome"] != "answered":
        yield f"the last question, in a perfect world, was not answered; {trace.story.app!r}"


RULES: tuple[Rule, ...] = (
    nothing_leaves_but_what_was_said_into_an_open_gate,
    nothing_leaves_while_the_switch_is_muted,
    windows_open_and_close_in_turn_on_every_link,
    the_ring_never_claims_less_than_the_microphone_does,
    the_ring_is_cyan_only_while_the_gate_is_open,
    only_whoever_may_opens_the_gate,
    a_device_that_cannot_hear_does_not_listen,
    nothing_sounds_of_a_turn_that_is_over,
    every_turn_comes_to_an_end_that_is_told_and_true,
    no_word_of_an_answered_turn_is_said_again_to_its_session,
    every_turn_is_heard_in_order,
    a_refused_handle_is_never_used_again,
    nobody_is_stormed,
    in_the_end_all_is_well,
)
