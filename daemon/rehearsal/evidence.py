"""What a recording shows: which microphone frame reached the service when, which answer sounded when, what was stopped.

Nothing here is told by the daemon about itself except when its gate was open and when it had a link.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b
from itertools import pairwise
from math import inf
from typing import Final, TypeAlias

import numpy as np

from daemon.live.replay import JOINED_FRAMES
from hardware.pcm import DOWN, FRAME_S, SILENCE_DBFS, level_dbfs, samples

from .recording import Line, Recording

Span: TypeAlias = tuple[float, float]
"""From when to when; `inf` where the recording does not say until when."""

GOING_ON_S: Final = 0.06
"""Sound that was heard so shortly before a press is what the press is meant to stop."""
LATE_S: Final = 0.5
"""So long after a press or a voice, what follows may still be because of it."""


class Passage(Enum):
    """How a microphone frame came to the service."""

    LIVE = "live"
    PRE_ROLL = "pre_roll"
    """Captured before the gate was opened: kept on purpose, so its age says nothing."""
    HELD = "held"
    """There was no link for some of the time between its capture and its arrival."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A microphone frame's first arrival at the service."""

    captured_s: float
    """When its last sample had been captured."""
    arrived_s: float
    """When the service had the whole message that it came in."""
    passage: Passage


@dataclass(frozen=True, slots=True)
class Deliveries:
    """All that came up."""

    frames: tuple[Delivery, ...]
    said_again_frames: int
    """Arrivals of frames that had arrived before: what a new link is told again."""
    unrecognised_messages: int
    """Audio messages that are not made of one to five consecutive microphone frames."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of the service."""

    arrived_s: float
    """When the service sent its first audio."""
    sounded_s: float | None
    """When the first frame after that which held sound began to sound; None if none did before the next answer."""


@dataclass(frozen=True, slots=True)
class Interruption:
    """A press of the button, or a voice, that stopped what was sounding."""

    begun_s: float
    """When the button was pressed, or the voice first sounded."""
    silent_s: float
    """When the last sample sounded that was not zero and belonged to what was to be stopped."""
    spoken: bool = False
    """Whether it was a voice, without a press."""


def digest(pcm: bytes) -> str:
    """Return what the service's log calls `pcm_digest`: BLAKE2b of 8 bytes, in hexadecimal."""
    return blake2b(pcm, digest_size=8).hexdigest()


def holds_sound(pcm: bytes) -> bool:
    """Say whether s16le audio is louder than digital silence."""
    return level_dbfs(pcm) > SILENCE_DBFS


def openings(journal: Sequence[Line]) -> tuple[Span, ...]:
    """Return when the gate was open."""
    opened_s: float | None = None
    spans = []
    for at_s, event in _events(journal):
        if event == "gate.opened" and opened_s is None:
            opened_s = at_s
        elif event == "gate.closed" and opened_s is not None:
            spans.append((opened_s, at_s))
            opened_s = None
    return (*spans, (opened_s, inf)) if opened_s is not None else tuple(spans)


def outages(journal: Sequence[Line]) -> tuple[Span, ...]:
    """Return when there was no link, the time before the first one included; nothing if no link is spoken of."""
    about_links = ((at_s, event) for at_s, event in _events(journal) if event.startswith("link."))
    changes = [(at_s, event == "link.up") for at_s, event in about_links if event != "link.go_away"]
    if not changes:
        return ()
    changes = [(-inf, False), *changes, (inf, True)]
    return tuple((from_s, to_s) for (from_s, up), (to_s, _) in pairwise(changes) if not up)


def muted(journal: Sequence[Line]) -> tuple[Span, ...]:
    """Return when the device was muted."""
    told = ((at_s, event) for at_s, event in _events(journal) if event in {"microphone.muted", "microphone.unmuted"})
    changes = [*((at_s, event == "microphone.muted") for at_s, event in told), (inf, False)]
    return tuple((from_s, to_s) for (from_s, shut), (to_s, _) in pairwise(changes) if shut)


def deliveries(recording: Recording) -> Deliveries:
    """Find every microphone frame that came up, by the digest of its samples after the echo control.

    Frames with the same samples cannot be told apart: the one that follows the frame before is preferred, then the
    newest that had been captured. Frames come up in the order in which they were captured.
    """
    known = _digests(recording.cleaned)
    opened, without_link = openings(recording.journal), outages(recording.journal)
    found: list[Delivery] = []
    seen: set[int] = set()
    said_again = unrecognised = 0
    following = 0
    for line in _messages(recording.service, "up", "audio"):
        arrived_s = moment(line)
        for name in _named(line):
            run = _chosen(known.get(name, ()), recording.cleaned, arrived_s, following)
            unrecognised += not run
            for number in run:
                captured_s = recording.cleaned[number][0]
                if number in seen:
                    said_again += 1
                else:
                    found.append(Delivery(captured_s, arrived_s, _passage(captured_s, arrived_s, opened, without_link)))
            seen.update(run)
            following = run.stop if run else following
    return Deliveries(tuple(found), said_again, unrecognised)


def answers(recording: Recording) -> tuple[Answer, ...]:
    """Return every answer, in order.

    An answer begins with the first audio after an activityEnd, after the end of an earlier answer, or on a new link.
    An earcon that sounds just then cannot be told from it.
    """
    begun_s: list[float] = []
    awaited = True
    for line in sorted(recording.service, key=moment):  # a line is written when its message is through
        match line.get("way"), line.get("kind"):
            case "down", "audio" if awaited:
                begun_s.append(moment(line))
                awaited = False
            case ("up", "activity_end") | ("down", "turn_complete" | "interrupted" | "setup_complete"):
                awaited = True
            case _:
                pass
    sounding_s = [starts_s for starts_s, pcm in recording.speaker if holds_sound(pcm)]
    return tuple(Answer(from_s, _first_between(sounding_s, from_s, to_s)) for from_s, to_s in pairwise([*begun_s, inf]))


def interruptions(recording: Recording) -> tuple[Interruption, ...]:
    """Return every press that stopped sound, and every voice that did so by itself, in order.

    What sounds between the press or the voice's first sound and the moment at which the user has finished belongs to
    what was to be stopped. A voice to which the gate is open already has nothing to stop.
    """
    opened = openings(recording.journal)
    begun = [(at_s, False) for at_s, down in recording.button if down]
    begun += [(at_s, True) for at_s, _ in recording.voice if not _within(at_s, opened)]
    sounding = [(starts_s, pcm) for starts_s, pcm in recording.speaker if holds_sound(pcm)]
    found = []
    for begun_s, spoken in sorted(begun):
        finished_s = min((to_s for _, to_s in opened if to_s > begun_s), default=inf)
        old = [one for one in sounding if begun_s - GOING_ON_S < one[0] + FRAME_S and one[0] < finished_s]
        if not old or old[0][0] > begun_s:
            continue
        silent_s = max(starts_s + _sound_s(pcm) for starts_s, pcm in old)
        if silent_s > begun_s:
            found.append(Interruption(begun_s, silent_s, spoken))
    return tuple(found)


def opened_by_nobody(recording: Recording) -> tuple[float, ...]:
    """Return when the gate opened although nobody had pressed the button or was speaking."""
    pressed = [(at_s, at_s + LATE_S) for at_s, down in recording.button if down]
    spoken = [(from_s, to_s + LATE_S) for from_s, to_s in recording.voice]
    return tuple(from_s for from_s, _ in openings(recording.journal) if not _within(from_s, (*pressed, *spoken)))


def while_it_sounds(recording: Recording, frames: Sequence[tuple[float, bytes]]) -> Iterator[bytes]:
    """Yield the frames of the microphone, as captured or cleaned, in which the loudspeaker is heard and nobody else."""
    sounding_s = [starts_s for starts_s, pcm in recording.speaker if holds_sound(pcm)]
    spoken = [(from_s - GOING_ON_S, to_s + LATE_S) for from_s, to_s in recording.voice]
    for captured_s, pcm in frames:
        at = bisect_right(sounding_s, captured_s - FRAME_S)
        if at and captured_s - sounding_s[at - 1] < 2 * FRAME_S and not _within(captured_s, spoken):
            yield pcm


def moment(line: Line) -> float:
    """Return when a line of the service's log or of the journal was written."""
    at_s = line["t_s"] if "t_s" in line else line["at_s"]
    assert isinstance(at_s, float | int)
    return float(at_s)


def _within(at_s: float, spans: Sequence[Span]) -> bool:
    return any(from_s <= at_s <= to_s for from_s, to_s in spans)


def _events(journal: Sequence[Line]) -> Iterator[tuple[float, str]]:
    return ((moment(line), str(line["event"])) for line in journal)


def _messages(service: Sequence[Line], way: str, kind: str) -> Iterator[Line]:
    return (line for line in service if (line.get("way"), line.get("kind")) == (way, kind))


def _named(line: Line) -> tuple[str, ...]:
    """Return the digests that an audio message is logged with: one, or one for each of its parts."""
    named = line.get("pcm_digest")
    return tuple(map(str, named)) if isinstance(named, list | tuple) else (str(named),)


def _digests(microphone: Sequence[tuple[float, bytes]]) -> dict[str, list[range]]:
    """Return which consecutive frames have which digest, for one to five frames joined, oldest first."""
    known: dict[str, list[range]] = {}
    for first in range(len(microphone)):
        joined = b""
        for last in range(first, min(first + JOINED_FRAMES, len(microphone))):
            joined += microphone[last][1]
            known.setdefault(digest(joined), []).append(range(first, last + 1))
    return known


def _chosen(
    runs: Sequence[range], microphone: Sequence[tuple[float, bytes]], arrived_s: float, following: int
) -> range:
    """Return which of the runs of frames arrived: the one that goes on from the frame before, or the newest."""
    captured = [run for run in runs if microphone[run[-1]][0] <= arrived_s]
    if not captured:
        return range(0)
    return next((run for run in captured if run.start == following), captured[-1])


def _passage(captured_s: float, arrived_s: float, opened: Sequence[Span], without_link: Sequence[Span]) -> Passage:
    if any(from_s < arrived_s and captured_s < to_s for from_s, to_s in without_link):
        return Passage.HELD
    return Passage.LIVE if any(from_s < captured_s <= to_s for from_s, to_s in opened) else Passage.PRE_ROLL


def _first_between(times_s: Sequence[float], from_s: float, to_s: float) -> float | None:
    at = bisect_right(times_s, from_s)
    return times_s[at] if at < len(times_s) and times_s[at] < to_s else None


def _sound_s(pcm: bytes) -> float:
    """Return how far into a frame its last sample that is not zero lasts."""
    return (int(np.flatnonzero(samples(pcm))[-1]) + 1) / DOWN.rate_hz
