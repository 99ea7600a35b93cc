"""What a recording shows of looks, tools and timers: how soon, and whether an answer suffered from what went on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import inf
from typing import Final

from .evidence import holds_sound, moment
from .recording import Recording

DOUBLE_S: Final = 0.5
"""Two presses that begin within this time are a double press."""


@dataclass(frozen=True, slots=True)
class Look:
    """A double press, and the picture that it brought."""

    pressed_s: float
    """When the button went down for the second time."""
    arrived_s: float
    """When the service had the whole picture."""
    warm: bool
    """Whether the camera had delivered a picture before."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer that was heard to its end, and what went on beside it."""

    pictures: int
    """How many went up between the beginning of the question and the end of the answer."""
    tools: tuple[str, ...]
    """What was carried out in that time."""
    chunk_to_sound_ms: float
    """From the first chunk of it to its first sound, as the journal tells it."""
    underruns: int
    """How often it ran dry and went on."""


def looks(recording: Recording) -> Iterator[Look]:
    """Yield every double press that brought a picture, in order."""
    pressed_s = [at_s for at_s, down in recording.button if down]
    pictures_s = _pictures_s(recording)
    for (first_s, second_s), next_s in zip(pairwise(pressed_s), [*pressed_s[2:], inf], strict=False):
        arrived_s = min((at_s for at_s in pictures_s if second_s < at_s < next_s), default=None)
        if second_s - first_s < DOUBLE_S and arrived_s is not None:
            yield Look(second_s, arrived_s, warm=any(at_s < second_s for at_s in pictures_s))


def replies(recording: Recording) -> Iterator[Reply]:
    """Yield every answer that was heard to its end, in order."""
    opened_s: dict[object, float] = {}  # by turn; a device that is switched on again counts from 1
    for line in sorted(recording.journal, key=moment):
        if line["event"] == "gate.opened":
            opened_s[line.get("turn_id")] = moment(line)
        if line["event"] != "turn.done" or line.get("outcome") != "answered":
            continue
        from_s, to_s = opened_s.pop(line.get("turn_id"), inf), moment(line)
        waited_ms, underruns = line.get("chunk_to_sound_ms"), line.get("underruns")
        if from_s < to_s and isinstance(waited_ms, int | float) and isinstance(underruns, int):
            yield Reply(
                sum(from_s < at_s < to_s for at_s in _pictures_s(recording)),
                tuple(str(name) for at_s, name in _tools(recording) if from_s < at_s < to_s),
                float(waited_ms),
                underruns,
            )


def ring_late_s(recording: Recording, timer_s: float) -> float | None:
    """Return how much later than it was due the first timer was heard to ring; None if it was not set, or not heard.

    Args:
        recording: What is looked at.
        timer_s: For how long it was set.
    """
    called = (line for line in recording.journal if line["event"] == "tool.called" and line.get("name") == "set_timer")
    line = min(called, key=moment, default=None)
    rang_s = min((moment(line) for line in recording.journal if line["event"] == "alarm.rings"), default=inf)
    sounded_s = next((at_s for at_s, pcm in recording.speaker if at_s >= rang_s and holds_sound(pcm)), None)
    if line is None or sounded_s is None:
        return None
    took_ms = line.get("duration_ms")
    assert isinstance(took_ms, int | float)  # as every tool.called
    return sounded_s - (moment(line) - took_ms / 1000 + timer_s)


def _pictures_s(recording: Recording) -> list[float]:
    return [moment(line) for line in recording.service if (line.get("way"), line.get("kind")) == ("up", "video")]


def _tools(recording: Recording) -> Iterator[tuple[float, object]]:
    return ((moment(line), line.get("name")) for line in recording.journal if line["event"] == "tool.called")
