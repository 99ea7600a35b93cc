"""What is left of a conversation that is over: what was planned, heard, sent, told, shown and played, and when."""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from math import inf
from typing import Any

from daemon.rehearsal.stand_in.memory import Turn, digest
from hardware.pcm import FRAME_S, UP
from tests.scenario.performance import Performance
from tests.support.in_process import InProcessLink
from tests.support.virtual_time import START_S

PRE_ROLL_FRAMES = 25
SURE_FRAMES = 15
"""Where a voice opened the gate: so much more, for it had to be sure of it."""
VOICE_S = 1.0
VOICE_FRAMES = 5
"""The least that opens the gate, and the most time that it takes."""
DEBOUNCE_S = 0.031
EPSILON_S = 1e-6
SILENCE = digest(UP.silence)


@dataclass(frozen=True, slots=True)
class Gate:
    """One opening of the gate."""

    turn_id: int
    from_s: float
    to_s: float
    begun: str


class Trace:
    """A conversation that is over."""

    def __init__(self, performance: Performance) -> None:
        self.plan = performance.plan
        self.story = performance.story
        self.asked_by = performance.asked_by
        self.empty = performance.empty
        self.spoken_of_later = performance.spoken_of_later
        self.pressed_s = performance.pressed_s

    @cached_property
    def journal(self) -> list[dict[str, Any]]:
        return list(self.story.journal.lines)

    @cached_property
    def gates(self) -> list[Gate]:
        """Every opening, in order; `inf` where it was still open at the end."""
        closed_s = {line["turn_id"]: line["at_s"] for line in self.story.told("gate.closed")}
        opened = self.story.told("gate.opened")
        return [
            Gate(line["turn_id"], line["at_s"], closed_s.get(line["turn_id"], inf), line["begun"]) for line in opened
        ]

    @cached_property
    def muted(self) -> list[tuple[float, float]]:
        spans: list[tuple[float, float]] = []
        since_s: float | None = None
        for line in self.journal:
            if line["event"] == "microphone.muted":
                since_s = line["at_s"]
            elif line["event"] == "microphone.unmuted" and since_s is not None:
                spans.append((since_s, line["at_s"]))
                since_s = None
        return [*spans, (since_s, inf)] if since_s is not None else spans

    @cached_property
    def captured_s(self) -> dict[str, float]:
        """When each frame that was not silent was captured, by its digest."""
        return {name: at_s for at_s, name in self.frames}

    @cached_property
    def frames(self) -> list[tuple[float, str]]:
        """Every frame that was not silent, as the microphone captured it."""
        named = ((at_s, digest(pcm)) for at_s, pcm in self.story.board.mic.captured)
        return [(at_s, name) for at_s, name in named if name != SILENCE]

    @cached_property
    def outcomes(self) -> dict[int, dict[str, Any]]:
        """The `turn.done` of each turn."""
        return {line["turn_id"]: line for line in self.story.told("turn.done")}

    def takes(self, gate: Gate, moment_s: float) -> bool:
        """Whether a frame captured at that moment may pass the gate: while it is open, or in the pre-roll.

        That is half a second of audio, and reaches further back where the microphone had lost some.
        """
        frames = PRE_ROLL_FRAMES + (0 if gate.begun == "button" else SURE_FRAMES)
        first = bisect_left(self._captured_s, gate.from_s + EPSILON_S) - frames
        return self._captured_s[max(0, first)] - EPSILON_S <= moment_s <= gate.to_s + EPSILON_S

    @cached_property
    def _captured_s(self) -> list[float]:
        return [at_s for at_s, _ in self.story.board.mic.captured]

    def pressed_at(self, moment_s: float) -> bool:
        """Whether a press can have been told of then: at once, or when the debouncing was over."""
        reopened = any(from_s <= moment_s <= to_s + 35.0 for from_s, to_s in self.spell("push_button lost"))
        return reopened or any(0.0 <= moment_s - pressed_s <= DEBOUNCE_S for pressed_s in self.pressed_s)

    def voice_at(self, moment_s: float, begun: str) -> bool:
        """Whether a voice opened the gate then, in the way that is named; and there was one, of whatever loudness."""
        opened = any(gate.begun == begun and abs(gate.from_s - moment_s) < EPSILON_S for gate in self.gates)
        first = bisect_left(self.frames, (moment_s - VOICE_S, ""))
        return opened and bisect_left(self.frames, (moment_s + EPSILON_S, "")) - first >= VOICE_FRAMES

    def spell(self, name: str) -> list[tuple[float, float]]:
        """When something that was planned went on, from when to when; it may have begun again before it ended."""
        begun = sorted(START_S + each.at_s for each in self.plan.happenings if each.what.startswith(name))
        ends = sorted(
            START_S + each.at_s for each in self.plan.happenings if each.what.startswith(f"no longer: {name}")
        )
        return list(zip_longest(begun, ends, fillvalue=inf))

    @cached_property
    def tools_awaited(self) -> list[tuple[float, float]]:
        """When the model may have waited for a tool, from when to when."""
        return [(line["at_s"] - line["duration_ms"] / 1000, line["at_s"]) for line in self.story.told("tool.called")]

    def said_in(self, turn_id: int) -> list[str]:
        """The frames that the user finished turn `turn_id` with: from the press to its end."""
        gate = next((gate for gate in self.gates if gate.turn_id == turn_id), None)
        if gate is None:
            return []
        first = bisect_left(self.frames, (gate.from_s + EPSILON_S, ""))
        last = bisect_left(self.frames, (gate.to_s - FRAME_S, ""))
        return [name for _, name in self.frames[first:last]]

    def turn_of(self, turn_id: int) -> tuple[InProcessLink, Turn] | None:
        """The service's turn that was answered as our turn `turn_id`."""
        for link in reversed(self.story.connector.links):
            turn = link.turns.get(turn_id)
            if turn is not None and turn.answered:
                return link, turn
        return None
