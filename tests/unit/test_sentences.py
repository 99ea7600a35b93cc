"""The sentences of the journal: every event has one, and it reads well whatever its fields are."""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daemon.telling.sentences import SENTENCES, sentence
from daemon.telling.wording import Value, worded
from tests.unit.test_journal_table import in_the_readme

NUMBERS = st.one_of(st.integers(0, 10**9), st.floats(0, 1e6, allow_nan=False))
WORDS = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters="[]{}()_,.:;"), min_size=1)
CHOICES: Mapping[str, st.SearchStrategy[Value]] = {
    "outcome": st.sampled_from(["answered", "interrupted", "superseded", "unanswered", "empty", "cut"]),
    "begun": st.sampled_from(["button", "voice", "barge_in", "prompt"]),
    "ending": st.sampled_from(["released", "silence", "too_long", "nothing_said", "said_again", "answered"]),
    "status": st.sampled_from(["ok", "error", "timed_out", "busy", "cancelled"]),
    "kind": st.sampled_from(["timer", "alarm", "reminder"]),
    "by": st.sampled_from(["owner", "switch"]),
    **dict.fromkeys(("underruns", "stutters", "xruns"), st.integers(0, 9)),
    "missing": st.integers(0, 9),
    "fetched": st.integers(0, 9),
    **{name: st.booleans() for name in ("resumed", "waits", "under_voltage")},
}
NUMERIC = re.compile(r"_(ms|s|c|mib|percent|tokens|per_s|id|estimate)$|^(percent|tries|tools)$")


def held(name: str) -> st.SearchStrategy[Value]:
    if name in CHOICES:
        return CHOICES[name]
    return NUMBERS if NUMERIC.search(name) and name not in {"session_id", "alarm_id"} else WORDS


@st.composite
def happenings(draw: st.DrawFn) -> tuple[str, dict[str, Value]]:
    """Draw an event with any of the fields that the table says it may have."""
    event = draw(st.sampled_from(sorted(SENTENCES)))
    possible = in_the_readme().get(event)
    names = sorted(possible.fields) if possible else []
    return event, {name: draw(held(name)) for name in names if draw(st.booleans())}


def test_every_event_at_info_or_above_has_a_sentence() -> None:
    matter = {event for event, told in in_the_readme().items() if told.levels - {"debug"}}
    assert sorted(matter - SENTENCES.keys()) == [], "write them into daemon/telling/sentences.py"


def test_there_is_no_sentence_for_what_does_not_happen() -> None:
    assert sorted(SENTENCES.keys() - in_the_readme().keys()) == []


def test_no_sentence_speaks_of_a_field_that_its_event_has_not() -> None:
    said = in_the_readme()
    patterns = {event: words for event, words in SENTENCES.items() if isinstance(words, str)}
    strange = {
        event: names
        for event, words in patterns.items()
        if (names := set(re.findall(r"\{(\w+)", words)) - said[event].fields)
    }
    assert strange == {}


@given(happenings())
def test_a_sentence_reads_well_whichever_fields_there_are(happened: tuple[str, dict[str, Value]]) -> None:
    said = sentence(*happened)
    assert said is not None
    assert said.isprintable()
    assert said == said.strip()
    assert "  " not in said
    assert said[0].isupper() or has_own_name(happened[1])
    assert not re.search(r"None|True|False|[\[\]{}]|\(\)|\( | \)|[,;:]\)|[,;:(]$| [,;:.]|[,;:]{2}", said)
    assert not re.search(r"\b(after|in|for|of|to|at|by|with|from)( once| not|[,;:.)]|$)", without_values(*happened))


def has_own_name(fields: Mapping[str, Value]) -> bool:
    """A sentence may begin with a name, as its owner writes it."""
    return bool(fields.keys() & {"logger", "name"})


def without_values(event: str, fields: dict[str, Value]) -> str:
    """Return the sentence with an X for each text, so that only our own words are judged."""
    words = {name: "X" if isinstance(value, str) and name not in CHOICES else value for name, value in fields.items()}
    return sentence(event, words) or ""


@given(st.sampled_from(sorted(SENTENCES)), st.text())
def test_no_text_breaks_out_of_its_sentence(event: str, text: str) -> None:
    names = in_the_readme()[event].fields
    said = sentence(event, dict.fromkeys(names, text))
    assert said is not None
    assert said.isprintable()


TURN: Mapping[str, Value] = {
    "turn_id": 3,
    "outcome": "answered",
    "begun": "button",
    "ending": "released",
    "listened_ms": 2140,
    "first_audio_ms": 412,
    "sounded_ms": 6300,
    "underruns": 0,
    "total_tokens": 1234,
}


@pytest.mark.parametrize(
    ("event", "fields", "said"),
    [
        ("turn.done", TURN, "Answered after 412 ms (turn 3, 2.1 s asked, 6.3 s spoken, 1234 tokens)"),
        (
            "turn.done",
            {**TURN, "begun": "barge_in", "underruns": 1, "cost_estimate": 0.0021, "currency": "USD"},
            "Answered after 412 ms (turn 3, begun by talking over the answer, 2.1 s asked, 6.3 s spoken, ran dry once,"
            " 1234 tokens, about 0.0021 USD)",
        ),
        (
            "turn.done",
            {**TURN, "underruns": 2, "stutters": 1, "stutter_ms": 30, "xruns": 1},
            "Answered after 412 ms (turn 3, 2.1 s asked, 6.3 s spoken, ran dry 2 times, stuttered once, card ran dry"
            " once, 1234 tokens)",
        ),
        (
            "turn.done",
            {"turn_id": 4, "outcome": "empty", "ending": "nothing_said", "listened_ms": 8000, "sounded_ms": 0},
            "Nothing was said (turn 4, 8 s asked, no voice was heard)",
        ),
        (
            "link.lost",
            {"reason": "close 1006.", "again_s": 2.0},
            "Lost the connection: close 1006; trying again in 2 s",
        ),
        (
            "link.failed",
            {"reason": "close 1008", "again_s": 900.0, "remedy": "The key is refused: make a new one."},
            "No connection: close 1008; trying again in 15 min. The key is refused: make a new one",
        ),
        ("link.up", {"resumed": True, "connect_ms": 50, "held_ms": 2600}, "Connected again after 50 ms; saying now what"
         " was said meanwhile (2.6 s)"),
        ("device.missing", {"reason": "microphone: none"}, "A part is missing: microphone: none"),
        ("device.lost", {"part": "microphone", "reason": "unplugged"}, "Lost the microphone: unplugged"),
        ("device.back", {"part": "speaker", "outage_s": 4.0}, "The speaker works again after 4 s"),
        ("alarm.rings", {"kind": "alarm", "alarm_id": "a1"}, "An alarm rings"),
        ("device.health", {"memory_mib": 81.24, "temperature_c": 54.0}, "Health: 54 °C, 81.2 MiB of memory"),
        ("tool.called", {"name": "set_volume", "status": "ok", "duration_ms": 0.4}, "Did set_volume (0.4 ms)"),
        ("limit.reached", {"limit": "daily_tokens", "remedy": "Too many.", "resets_in_s": 9},
         "A limit is reached (daily_tokens). Too many"),
    ],
)  # fmt: skip
def test_what_an_owner_reads(event: str, fields: dict[str, Value], said: str) -> None:
    assert sentence(event, fields) == said


def test_what_has_no_words_has_no_sentence() -> None:
    assert sentence("gate.opened", {"turn_id": 1}) is None


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"wait_s": 119.94}, "119.9 s"),
        ({"wait_s": 120}, "2 min"),
        ({"wait_s": 7200}, "2 h"),
        ({"wait_s": 200_000}, "2.3 days"),
        ({"wait_ms": 0.44}, "0.4 ms"),
        ({"wait_ms": 183.5}, "184 ms"),
        ({"wait_ms": 1000}, "1 s"),
        ({}, "a while"),
    ],
)
def test_a_time_has_the_unit_that_suits_it(fields: dict[str, Value], said: str) -> None:
    (name,) = fields or ("wait_s",)
    assert worded(f"{{{name}|a while}}", fields) == said
