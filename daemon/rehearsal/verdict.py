"""Whether a rehearsal was what its scenario expects; and if not, when it went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from hardware.pcm import FRAME_MS, FRAME_S

from .colours import colours
from .evidence import Span, deliveries, holds_sound, moment, muted
from .expected import Expected, InJournal
from .figures import Figures
from .recording import Line, Recording


@dataclass(frozen=True, slots=True)
class Failure:
    """Something that is not as it should be."""

    at_s: float
    """When that was to be seen first, on the recording's clock; its end where something never came."""
    text: str
    """One sentence: what was expected, and what was there."""


def failures(recording: Recording, figures: Figures) -> tuple[Failure, ...]:
    """Return everything that is not as the scenario expects, the earliest first.

    What was to come after a step that was never over cannot be judged: that is the only failure then.
    """
    if recording.stuck is not None:
        return (Failure(*recording.stuck),)
    expected = recording.scenario.expect
    found = (
        *_turns(recording, expected),
        *_sounds(recording, expected),
        *_words(recording, expected),
        *_counted(recording, expected),
        *_ring(recording, expected),
        *(one for line in expected.journal for one in _told(recording, line)),
        *_figures(recording, figures, expected),
    )
    return tuple(sorted(found, key=lambda failure: failure.at_s))


def _turns(recording: Recording, expected: Expected) -> Iterator[Failure]:
    done = _lines(recording, "turn.done")
    for outcome, wanted in (("answered", expected.answered), ("interrupted", expected.interrupted)):
        these = [line for line in done if line.get("outcome") == outcome]
        if wanted is None or len(these) == wanted:
            continue
        others = [line for line in done if line.get("outcome") != outcome] if len(these) < wanted else these[wanted:]
        became = ", ".join(str(line.get("outcome")) for line in done) or "no turn was over"
        at_s = moment(others[0]) if others else recording.ended_s
        yield Failure(at_s, f"{_count(wanted, 'turn')} {outcome} expected, and there {_were(len(these))}: {became}")


def _sounds(recording: Recording, expected: Expected) -> Iterator[Failure]:
    done, dry = _lines(recording, "turn.done"), 0
    for line in done:
        waited_ms, underruns = line.get("first_audio_ms"), line.get("underruns")
        late = isinstance(waited_ms, int | float) and waited_ms > (expected.first_audio_ms or inf)
        if expected.first_audio_ms is not None and late:
            text = f"the first sound of an answer was expected within {expected.first_audio_ms:g} ms, and came after"
            yield Failure(moment(line), f"{text} {waited_ms} ms")
        before, dry = dry, dry + (underruns if isinstance(underruns, int) else 0)
        if expected.underruns is not None and before <= expected.underruns < dry:
            yield Failure(moment(line), f"answers ran dry {dry} times, and at most {expected.underruns} were expected")


def _words(recording: Recording, expected: Expected) -> Iterator[Failure]:
    if expected.words_lost_ms is None and expected.muted_frames_sent is None:
        return
    arrived = {frame.captured_s for frame in deliveries(recording).frames}
    shut = muted(recording.journal)
    lost = [
        at_s
        for at_s, pcm in recording.microphone
        if at_s not in arrived
        and holds_sound(pcm)
        and _inside(at_s - FRAME_S, at_s, recording.voice)
        and not _touches(at_s - FRAME_S, at_s, shut)
    ]
    most_ms = expected.words_lost_ms
    if most_ms is not None and len(lost) * FRAME_MS > most_ms:
        at_most = f"at most {most_ms:g} ms of words were to be lost" if most_ms else "no word was to be lost"
        yield Failure(lost[0], f"{at_most}, and {len(lost) * FRAME_MS:g} ms never reached the service")
    leaked = sorted(at_s for at_s in arrived if _inside(at_s - FRAME_S, at_s, shut))
    most = expected.muted_frames_sent
    if most is not None and len(leaked) > most:
        yield Failure(leaked[0], f"{_count(len(leaked), 'frame')} went up that were captured while it was muted")


def _counted(recording: Recording, expected: Expected) -> Iterator[Failure]:
    pictures = [line for line in recording.service if (line.get("way"), line.get("kind")) == ("up", "video")]
    for wanted, lines, noun in (
        (expected.alarms_rung, _lines(recording, "alarm.rings"), "ringing"),
        (expected.pictures_sent, sorted(pictures, key=moment), "picture"),
    ):
        if wanted is not None and len(lines) != wanted:
            at_s = moment(lines[wanted]) if len(lines) > wanted else recording.ended_s
            yield Failure(at_s, f"{_count(wanted, noun)} expected, and there {_were(len(lines))}")


def _ring(recording: Recording, expected: Expected) -> Iterator[Failure]:
    """Yield the first colour that did not follow the one before."""
    wanted = list(expected.ring)
    seen_s = recording.started_s
    for at_s, pixels in recording.ring:
        if wanted and recording.started_s <= at_s <= recording.ended_s and wanted[0] in colours(pixels):
            wanted.pop(0)
            seen_s = at_s
    if wanted:
        before = expected.ring[len(expected.ring) - len(wanted) - 1] if len(wanted) < len(expected.ring) else ""
        yield Failure(seen_s, f"the ring was to be {wanted[0]}{f' after {before}' * bool(before)}, and was not")


def _told(recording: Recording, wanted: InJournal) -> Iterator[Failure]:
    """Yield that the journal tells something too often, or not often enough."""
    lines = [
        line
        for line in _lines(recording, wanted.event)
        if all(name in line and _same(line[name], value) for name, value in wanted.fields.items())
    ]
    fitting = f"{wanted.event}{''.join(f' {name}={value}' for name, value in wanted.fields.items())}"
    if wanted.times is None:
        if not lines:
            yield Failure(recording.ended_s, f"the journal was to tell of {fitting}, and does not")
    elif len(lines) != wanted.times:
        at_s = moment(lines[wanted.times]) if len(lines) > wanted.times else recording.ended_s
        yield Failure(
            at_s, f"the journal was to tell of {fitting} {wanted.times} times, and does so {len(lines)} times"
        )


def _figures(recording: Recording, figures: Figures, expected: Expected) -> Iterator[Failure]:
    reached = {goal.figure: goal.reached for goal in figures.goals()}
    for name, most in expected.figures.items():
        value = reached[name]
        if value is None or value > most:
            was = "was not measured" if value is None else f"is {value:g}"
            yield Failure(recording.ended_s, f"{name} was to be at most {most:g}, and {was}")


def _same(told: object, wanted: object) -> bool:
    """Say whether a field has a value; a text is found in a longer one, for reasons hold more than their code."""
    return wanted in told if isinstance(told, str) and isinstance(wanted, str) else told == wanted


def _lines(recording: Recording, event: str) -> list[Line]:
    """Return the lines of an event in the order of their times."""
    return sorted((line for line in recording.journal if line["event"] == event), key=moment)


def _inside(from_s: float, to_s: float, spans: Sequence[Span]) -> bool:
    return any(begin_s <= from_s and to_s <= end_s for begin_s, end_s in spans)


def _touches(from_s: float, to_s: float, spans: Sequence[Span]) -> bool:
    return any(from_s < end_s and begin_s < to_s for begin_s, end_s in spans)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"


def _were(number: int) -> str:
    return f"{'was' if number == 1 else 'were'} {number or 'none'}"
