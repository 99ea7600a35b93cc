"""The capability table: what each model takes, and what of a configuration is refused before it is sent."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from daemon.config.schema import LiveSection
from daemon.live.live_keys import LiveKeys
from daemon.live.models import (
    MODELS,
    VOICES,
    Behavior,
    ClientContent,
    EndOfTurn,
    Proactivity,
    capabilities,
    refusals,
    warnings,
)

NATIVE = "gemini-2.5-flash-native-audio-preview-12-2025"
FLASH = "gemini-3.1-flash-live-preview"
LIVE = "gemini-3.8-live"
EXTENDED = "gemini-3.8-live-extended-thinking"
NEWER = "gemini-5-live"


def live(**keys: Any) -> LiveKeys:
    """The [live] table with `keys` set; that it is a `LiveKeys` is what mypy checks here."""
    return LiveSection(**keys)


def refused(**keys: Any) -> list[str]:
    """The keys refused."""
    return [refusal.key for refusal in refusals(live(**keys))]


def test_the_default_configuration_is_neither_refused_nor_warned_of() -> None:
    """Whoever changes nothing gets a stable model that takes everything."""
    assert refusals(live()) == []
    assert warnings(live()) == []


@pytest.mark.parametrize(
    ("model", "keys", "expected"),
    [
        # thinking (live-api.md 1.9)
        (LIVE, {"thinking_level": "low"}, ["live.thinking_level"]),
        (LIVE, {"thinking_budget_tokens": 0}, ["live.thinking_budget_tokens"]),
        (EXTENDED, {}, ["live.thinking_level"]),
        (EXTENDED, {"thinking_level": "minimal"}, ["live.thinking_level"]),
        (EXTENDED, {"thinking_level": "low"}, []),
        (EXTENDED, {"thinking_level": "high"}, []),
        (EXTENDED, {"thinking_level": "medium", "thinking_budget_tokens": 100}, ["live.thinking_budget_tokens"]),
        (EXTENDED, {"thinking_budget_tokens": 100}, ["live.thinking_level", "live.thinking_budget_tokens"]),
        (FLASH, {"thinking_level": "minimal"}, []),
        (FLASH, {"thinking_budget_tokens": 100}, ["live.thinking_budget_tokens"]),
        (NATIVE, {"thinking_level": "low"}, ["live.thinking_level"]),
        (NATIVE, {"thinking_budget_tokens": 100}, []),
        # proactive audio
        (LIVE, {"proactive_audio": False}, ["live.proactive_audio"]),
        (LIVE, {"proactive_audio": True}, []),
        (EXTENDED, {"thinking_level": "low", "proactive_audio": False}, ["live.proactive_audio"]),
        (FLASH, {"proactive_audio": True}, ["live.proactive_audio"]),
        (FLASH, {"proactive_audio": False}, []),
        (NATIVE, {"proactive_audio": True}, ["live.proactive_audio"]),
        (NATIVE, {"proactive_audio": False}, []),
        (NATIVE, {"proactive_audio": True, "api_version": "v1alpha"}, []),
        # affective dialog
        (LIVE, {"affective_dialog": True}, ["live.affective_dialog"]),
        (LIVE, {"affective_dialog": False}, []),
        (FLASH, {"affective_dialog": True}, ["live.affective_dialog"]),
        (NATIVE, {"affective_dialog": True}, ["live.affective_dialog"]),
        (NATIVE, {"affective_dialog": True, "api_version": "v1alpha"}, []),
        # a model that may be newer than this table is given what it is asked for
        (NEWER, {"thinking_level": "minimal", "proactive_audio": True, "affective_dialog": True}, []),
        (NEWER, {"thinking_budget_tokens": -1, "proactive_audio": False}, []),
    ],
)
def test_what_the_service_would_close_with_1007_is_refused(
    model: str, keys: dict[str, Any], expected: list[str]
) -> None:
    assert refused(model=model, **keys) == expected


def test_every_refusal_says_which_model_and_what_to_do() -> None:
    found = [
        *refusals(live(thinking_level="low", thinking_budget_tokens=5, proactive_audio=False, affective_dialog=True)),
        *refusals(live(model=EXTENDED)),
        *refusals(live(model=NATIVE, thinking_level="low", proactive_audio=True)),
        *refusals(live(model=FLASH, thinking_budget_tokens=5, proactive_audio=True)),
    ]
    assert len(found) == 9
    for refusal in found:
        assert refusal.reason.startswith("gemini-")
        assert any(word in refusal.reason for word in ("Remove it", "Set "))
        assert refusal.reason.endswith(".")


def test_advice_leads_to_something_that_is_accepted() -> None:
    """A 2.5 owner is sent to the budget, a 3.1 owner to the level, a 3.8 owner to the model that thinks."""
    assert "live.thinking_budget_tokens instead" in refusals(live(model=NATIVE, thinking_level="low"))[0].reason
    assert "live.thinking_level instead" in refusals(live(model=FLASH, thinking_budget_tokens=5))[0].reason
    assert EXTENDED in refusals(live(thinking_level="low"))[0].reason


def test_the_prefix_of_the_api_makes_no_difference() -> None:
    assert capabilities("models/gemini-3.8-live") == capabilities("gemini-3.8-live")
    assert refused(model="models/gemini-3.8-live", thinking_level="low") == ["live.thinking_level"]


def test_an_unknown_model_is_named_and_unknown() -> None:
    can = capabilities("models/gemini-5-live")
    assert (can.model, can.known, can.stable) == ("gemini-5-live", False, False)


def test_the_table_says_what_the_document_says() -> None:
    """live-api.md 1.9, line by line, for the columns in which the models differ."""
    rows = {name: MODELS[name] for name in (NATIVE, FLASH, LIVE, EXTENDED)}
    assert [can.stable for can in rows.values()] == [False, False, True, True]
    assert [can.turn_ends for can in rows.values()] == [
        EndOfTurn.TURN_COMPLETE,
        EndOfTurn.TURN_COMPLETE,
        EndOfTurn.TURN_COMPLETE,
        EndOfTurn.IDLE,
    ]
    assert [can.client_content is ClientContent.INITIAL_HISTORY for can in rows.values()] == [False, True, False, False]
    assert [can.tools.default for can in rows.values()] == [
        Behavior.BLOCKING,
        Behavior.BLOCKING,
        Behavior.NON_BLOCKING,
        Behavior.NON_BLOCKING,
    ]
    assert [len(can.tools.allowed) for can in rows.values()] == [2, 1, 2, 1]
    assert [can.tools.scheduling for can in rows.values()] == [True, False, True, False]
    assert [can.proactive_audio for can in rows.values()] == [
        Proactivity.OPT_IN,
        Proactivity.ABSENT,
        Proactivity.ALWAYS,
        Proactivity.ALWAYS,
    ]
    assert [can.turn_coverage_default for can in rows.values()] == [
        "only_activity",
        "audio_activity_and_all_video",
        "audio_activity_and_all_video",
        None,
    ]


@pytest.mark.parametrize("name", MODELS)
def test_every_row_is_coherent(name: str) -> None:
    can = MODELS[name]
    assert can.known
    assert can.tools.default in can.tools.allowed
    assert can.thinking_levels or not can.thinking_level_required


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"model": NEWER}, ["live.model"]),
        ({"model": NATIVE}, ["live.model"]),
        ({"model": FLASH}, ["live.model"]),
        ({"model": EXTENDED, "thinking_level": "low"}, []),
        ({"voice": "Pukc"}, ["live.voice"]),
        ({"voice": "Sulafat"}, []),
        ({"language_hints": ("de-DE",)}, ["live.language_hints"]),
        ({"language_hints": ("de-DE",), "transcripts": "journal"}, []),
        (
            {"language_hints": ("de-DE",), "transcripts": "journal", "model": FLASH},
            ["live.model", "live.language_hints"],
        ),
        ({"api_version": "v1"}, ["live.api_version"]),
    ],
)
def test_what_is_worth_knowing_is_said(keys: dict[str, Any], expected: list[str]) -> None:
    assert [warning.split(":")[0] for warning in warnings(live(**keys))] == expected


def test_a_slip_of_the_pen_is_guessed_at() -> None:
    assert "gemini-3.8-live" in warnings(live(model="gemini-3.8-liev"))[0]
    assert '"Puck"' in warnings(live(voice="Pukc"))[0]


def test_there_are_thirty_voices() -> None:
    """live-api.md 1.5."""
    assert len(VOICES) == 30


@pytest.mark.parametrize("model", [LIVE, FLASH, NATIVE, NEWER])
def test_no_model_refuses_to_be_told_how_to_find_turns(model: str) -> None:
    """live-api.md 1.3 names none; what some ignore, a pause of more than 2 s, the configuration does not take."""
    keys = {
        "start_sensitivity": "low",
        "end_sensitivity": "low",
        "prefix_padding_ms": 2000,
        "silence_duration_ms": 2000,
    }
    assert refused(model=model, **keys) == []
    with pytest.raises(ValidationError):
        live(silence_duration_ms=2001)
