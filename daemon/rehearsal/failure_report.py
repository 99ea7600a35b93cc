"""What went wrong in a rehearsal, for a terminal: when, and what happened around that moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from daemon.telling.sentences import sentence

from .evidence import moment
from .recording import Line, Recording
from .verdict import Failure

_AROUND: Final = 6
"""How many events are shown before the moment, and how many after it."""
_NO_FIELDS: Final = {"at_s", "event", "level", "session_id"}


def report(recording: Recording, failed: Sequence[Failure]) -> Iterator[str]:
    """Yield the lines of the report; none if nothing went wrong."""
    if failed:
        yield f"\nNot as the scenario expects ({recording.script}):"
    for failure in failed:
        yield ""
        yield f"  {_time(recording, failure.at_s)}  {failure.text}"
        yield from (f"  {line}" for line in _around(recording, failure.at_s))


def _around(recording: Recording, at_s: float) -> Iterator[str]:
    events = sorted(_events(recording))
    before = [one for one in events if one[0] <= at_s][-_AROUND:]
    after = [one for one in events if one[0] > at_s][:_AROUND]
    yield from (f"    {_time(recording, told_s)}  {what}" for told_s, what in before)
    yield f"  > {_time(recording, at_s)}"
    yield from (f"    {_time(recording, told_s)}  {what}" for told_s, what in after)


def _events(recording: Recording) -> Iterator[tuple[float, str]]:
    """Yield everything that is worth telling, with its time, and begun by who tells it."""
    yield recording.started_s, "the beginning"
    yield recording.ended_s, "the end"
    for at_s, down in recording.button:
        yield at_s, f"button   {'down' if down else 'up'}"
    for from_s, to_s in recording.voice:
        yield from_s, "voice    begins"
        yield to_s, "voice    ends"
    for at_s, what in recording.happened:
        yield at_s, f"events   {what}"
    for line in recording.journal:
        yield moment(line), f"journal  {_words(line)}"
    for line in recording.service:
        if line.get("kind") in {"close", "abort", "stall", "go_away", "turn_complete", "interrupted", "refused"}:
            yield moment(line), f"service  {line['kind']} {line.get('code') or ''}".rstrip()


def _words(line: Line) -> str:
    fields = {name: value for name, value in line.items() if isinstance(value, str | int | float)}
    told = " ".join(
        f"{name}={value}" for name, value in fields.items() if name not in _NO_FIELDS and value is not False
    )
    return f"{line['event']}: {sentence(str(line['event']), fields) or told}"


def _time(recording: Recording, at_s: float) -> str:
    return f"{at_s - recording.started_s:6.2f} s"
