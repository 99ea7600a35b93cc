"""A session as the text of a scenario's file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import pairwise
from typing import Final

from daemon.config.suggestions import toml
from daemon.history.entry import Entry
from daemon.telling.sentences import sentence

from .asked import PROMPT, Asked, asked
from .deeds import Deed, deeds, mode

PAUSE_S: Final = 300.0
"""Between two turns that are so far apart lies the end of a session."""
LONGEST_PAUSE_S: Final = 5.0
"""As long a pause is kept in which nothing happens: rehearsals take real time."""
LEAD_S: Final = 30.0
"""What happened so long before the first turn belongs to the session."""
_INFO: Final = 6
_MONOTONIC_S: Final = 1e9
"""What is less is no time of day."""
_UNKNOWN: Final = """
What the journal does not tell, and what stands here instead:
- what was said: recorded speech that is as long
- what the service answered, and how fast: the stand-in's sentence
- when the network really went: when that was noticed, or before the end of a question that was not answered over it
- double presses, pictures, and what tools did, but for timers
- how long somebody waited who asked again before an answer came: half a second
"""


def newest_session(entries: Sequence[Entry]) -> list[Entry]:
    """Return what was told of the newest session, without lines of level debug: up to a pause of 5 minutes."""
    told = sorted((one for one in entries if one.priority <= _INFO), key=lambda one: one.at_s)
    done_s = [one.at_s for one in told if one.event == "turn.done"]
    if not done_s:
        return []
    first_s = next(
        (later for earlier, later in reversed(list(pairwise(done_s))) if later - earlier > PAUSE_S), done_s[0]
    )
    begins_s = min((turn.from_s for turn in asked(one for one in told if one.at_s >= first_s)), default=first_s)
    return [one for one in told if one.at_s >= begins_s - LEAD_S]


def story(session: Sequence[Entry], zone: tzinfo | None) -> str:
    """Return the scenario of a session, as TOML.

    Args:
        session: What `newest_session` returns.
        zone: Of the times in the comment; None is the machine's own.
    """
    turns = list(asked(session))
    lines = [
        f"purpose = {toml(_purpose(session, turns, zone))}",
        *(f"# {line}".rstrip() for line in _UNKNOWN.strip().splitlines()),
        "",
        "steps = [",
        '  { until = "link" },',
        *(f"  {_inline(step)}," for step in _steps(deeds(session, turns))),
        "]",
        "",
        "[config.turn]",
        f"mode = {toml(mode(turns))}",
        *_service(session, turns),
        "",
        "[expect]",
        *_expected(session, turns),
    ]
    return "\n".join(lines) + "\n"


def _purpose(session: Sequence[Entry], turns: Sequence[Asked], zone: tzinfo | None) -> str:
    first_s = session[0].at_s
    when = (
        f"A session of {datetime.fromtimestamp(first_s, zone):%Y-%m-%d %H:%M}"
        if first_s > _MONOTONIC_S
        else "A session"
    )
    answered = sum(turn.outcome == "answered" for turn in turns)
    lost = sum(one.event == "link.lost" for one in session)
    links = f", {lost} {'link' if lost == 1 else 'links'} lost" if lost else ""
    return f"{when}: {len(turns)} {'turn' if len(turns) == 1 else 'turns'}, {answered} answered{links}."


def _steps(done: Sequence[Deed]) -> Iterator[Mapping[str, str | float | bool]]:
    """Yield the steps, each with how long one waits before it, unless it is a waiting itself."""
    before = None
    gone = False
    for deed in done:
        gap_s = deed.at_s - before.at_s if before is not None else 0.7
        if before is not None and before.waits and not gone:
            gap_s = min(gap_s, LONGEST_PAUSE_S)
        wait = {"after_s": round(gap_s, 2)} if gap_s >= 0.01 and not deed.waits else {}
        yield {**deed.step, **wait}
        gone = (gone or deed.step.get("network") == "cut") and deed.step.get("network") != "back"
        before = deed
    yield {"wait_s": 0.5}


def _service(session: Sequence[Entry], turns: Sequence[Asked]) -> Iterator[str]:
    """Yield what the service did: it set the timers that rang. One with a label is what is told of afterwards."""
    set_s = [one for one in session if one.event == "tool.called" and one.text("name") == "set_timer"]
    rung_s = [one.at_s for one in session if one.event == "alarm.rings"]
    # One after the other: the journal does not tell which was which.
    for call, at_s in zip(set_s, rung_s, strict=False):
        turn = next((turn for turn in turns if turn.from_s < call.at_s < turn.over_s), None)
        if turn is not None:
            yield f'\n[[service.calls]]\nanswer = {turn.answer}\nname = "set_timer"'
            label = ', label = "recorded"' if any(one.begun == PROMPT and one.over_s > at_s for one in turns) else ""
            yield f"arguments = {{ seconds = {max(1, round(at_s - call.at_s))}{label} }}"


def _expected(session: Sequence[Entry], turns: Sequence[Asked]) -> Iterator[str]:
    """Yield what happened, as what is to happen again."""
    count = {
        event: sum(one.event == event for one in session) for event in ("link.lost", "turn.given_up", "alarm.rings")
    }
    yield f"answered = {sum(turn.outcome == 'answered' for turn in turns)}"
    yield f"interrupted = {sum(turn.outcome == 'interrupted' for turn in turns)}"
    yield f"underruns = {sum(round(one.number('underruns') or 0) for one in session)}"
    if not any(one.number("dropped_ms") or one.event == "speech.dropped" for one in session):
        yield "words_lost_ms = 0"
    if any(one.event == "microphone.muted" for one in session):
        yield "muted_frames_sent = 0"
    if count["alarm.rings"]:
        yield f"alarms_rung = {count['alarm.rings']}"
    told = ("turn.given_up", "link.lost")
    yield "journal = ["
    yield from (f"  {{ event = {toml(event)}, times = {count[event]} }}, # {_about(event)}" for event in told)
    yield "]"


def _about(event: str) -> str:
    return (sentence(event, {}) or event).partition(":")[0]


def _inline(step: Mapping[str, str | float | bool]) -> str:
    return "{ " + ", ".join(f"{key} = {toml(value)}" for key, value in step.items()) + " }"
