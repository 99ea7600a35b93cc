"""The setup as it really goes over the wire: through the SDK's own conversion, against Google's own protobuf."""

from __future__ import annotations

import copy
import functools
import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from google.ai.generativelanguage_v1beta.types import generative_service
from google.genai import Client, _common, _live_converters, types
from google.protobuf import json_format
from hypothesis import given, settings
from hypothesis import strategies as st

from daemon.config.schema import LiveSection
from daemon.live.models import MODELS, refusals
from daemon.live.setup import fingerprint, live_config, reading_config
from daemon.live.upward import Taking
from daemon.rehearsal.stand_in import fields as stand_in_fields
from daemon.rehearsal.stand_in import models as stand_in
from daemon.rehearsal.stand_in import setup as stand_in_setup

EXTENDED = "gemini-3.8-live-extended-thinking"
NATIVE = "gemini-2.5-flash-native-audio-preview-12-2025"
FLASH = "gemini-3.1-flash-live-preview"

GAPS = (
    ("generationConfig", "enableAffectiveDialog"),
    ("generationConfig", "thinkingConfig", "thinking_level"),
    ("inputAudioTranscription", "language_codes"),
    ("proactivity",),
    ("safetySettings",),
)
"""What the service takes and google-ai-generativelanguage 0.12.1 does not know (live-api.md section 3)."""


@functools.cache
def client() -> Client:
    """The SDK's client, which the conversion asks which API is meant. It connects to nothing."""
    return Client(api_key="x")


def frame(config: types.LiveConnectConfig, model: str = "gemini-3.8-live") -> dict[str, Any]:
    """The setup frame, made from `config` in the steps of `google.genai.live.AsyncLive.connect`."""
    request = _common.convert_to_dict(
        _live_converters._LiveConnectParameters_to_mldev(
            api_client=client()._api_client,
            from_object=types.LiveConnectParameters(model=f"models/{model}", config=config).model_dump(
                exclude_none=True
            ),
        )
    )
    assert isinstance(request, dict)
    del request["config"]
    request["setup"]["model"] = f"models/{model}"
    parsed = json.loads(json.dumps(_common.encode_unserializable_types(request)))
    assert isinstance(parsed, dict)
    return parsed


def setup_of(
    *,
    handle: str | None = None,
    transcripts: bool = False,
    taking: Taking = Taking.LOCAL,
    tools: Sequence[types.Tool] = (),
    **keys: Any,
) -> dict[str, Any]:
    """The inside of the setup frame for [live] with `keys`."""
    live = LiveSection(**keys)
    config = live_config(live, handle=handle, transcripts=transcripts, taking=taking, tools=tools)
    found = frame(config, live.model)["setup"]
    assert isinstance(found, dict)
    return found


def without_gaps(setup: dict[str, Any]) -> dict[str, Any]:
    """`setup` as far as the protobuf knows it."""
    known = copy.deepcopy(setup)
    for *way, last in GAPS:
        place: Any = known
        for name in way:
            place = place.get(name, {})
        place.pop(last, None)
    realtime = known["realtimeInputConfig"]
    if realtime.get("turn_coverage") == "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO":
        del realtime["turn_coverage"]
    return known


def parse(setup: dict[str, Any]) -> Any:
    """Read `setup` as Google's protobuf does. Raises `json_format.ParseError`."""
    message = generative_service.BidiGenerateContentClientMessage
    return json_format.ParseDict({"setup": setup}, message.pb(message()))


def declared(behavior: types.Behavior | None = None) -> types.Tool:
    """One function of a tool."""
    return types.Tool(
        function_declarations=[types.FunctionDeclaration(name="set_volume", description="d", behavior=behavior)]
    )


def full_configurations() -> list[tuple[str, dict[str, Any]]]:
    """The name of every model, and a full configuration for it."""
    common = {
        "language_hints": ("de-DE", "en-GB"),
        "media_resolution": "low",
        "temperature": 0.5,
        "top_p": 0.9,
        "max_output_tokens": 1000,
        "turn_coverage": "all_input",
        "activity_handling": "no_interruption",
        "safety": {"harassment": "block_only_high", "hate_speech": "off"},
    }
    own: dict[str, dict[str, Any]] = {
        EXTENDED: {"thinking_level": "high"},
        FLASH: {"thinking_level": "minimal"},
        NATIVE: {
            "thinking_budget_tokens": 512,
            "proactive_audio": True,
            "affective_dialog": True,
            "api_version": "v1alpha",
        },
    }
    models = (*MODELS, "gemini-5-live")
    return [(model, {"model": model, **common, **own.get(model, {})}) for model in models]


@pytest.mark.parametrize(("model", "full"), full_configurations())
def test_the_protobuf_reads_everything_but_its_gaps(model: str, full: dict[str, Any]) -> None:
    assert refusals(LiveSection(**full)) == []
    setup = setup_of(handle="h", transcripts=True, tools=(declared(),), **full)
    read = parse(without_gaps(setup)).setup
    assert read.model == f"models/{model}"
    assert read.generation_config.speech_config.voice_config.prebuilt_voice_config.voice_name == "Puck"
    assert read.realtime_input_config.automatic_activity_detection.disabled
    assert read.context_window_compression.trigger_tokens == 25_000
    assert read.context_window_compression.sliding_window.target_tokens == 8_000
    assert read.session_resumption.handle == "h"
    assert read.generation_config.max_output_tokens == 1000


@pytest.mark.parametrize("gap", GAPS, ids=".".join)
def test_each_gap_is_one(gap: tuple[str, ...]) -> None:
    """When the protobuf learns a field, its gap must go from the list."""
    for _, full in full_configurations():
        setup = setup_of(transcripts=True, **full)
        place = setup
        for name in gap[:-1]:
            place = place.get(name, {})
        if gap[-1] in place:
            alone = without_gaps(setup)
            inner = alone
            for name in gap[:-1]:
                inner = inner.setdefault(name, {})
            inner[gap[-1]] = place[gap[-1]]
            with pytest.raises(json_format.ParseError):
                parse(alone)
            return
    pytest.fail("no model is sent this field")


def test_the_default_setup_is_exactly_this() -> None:
    """Nothing optional is sent that nobody asked for, and nothing about a turn is left to a default."""
    setup = setup_of(system_instruction="Be kind.")
    assert setup == {
        "model": "models/gemini-3.8-live",
        "generationConfig": {
            "responseModalities": ["AUDIO"],
            "speechConfig": {"voice_config": {"prebuilt_voice_config": {"voice_name": "Puck"}}},
        },
        "systemInstruction": {"parts": [{"text": "Be kind."}], "role": "user"},
        "sessionResumption": {},
        "realtimeInputConfig": {
            "automatic_activity_detection": {"disabled": True},
            "activity_handling": "START_OF_ACTIVITY_INTERRUPTS",
            "turn_coverage": "TURN_INCLUDES_ONLY_ACTIVITY",
        },
        "contextWindowCompression": {"trigger_tokens": 25_000, "sliding_window": {"target_tokens": 8_000}},
    }


def realtime(**keys: Any) -> dict[str, Any]:
    """What is said of realtime input where the service finds the ends of turns."""
    found = setup_of(taking=Taking.SERVER, **keys)["realtimeInputConfig"]
    assert isinstance(found, dict)
    return found


def test_the_services_own_detection_is_on_and_has_its_own_defaults() -> None:
    assert realtime()["automatic_activity_detection"] == {"disabled": False}
    assert realtime()["activity_handling"] == "START_OF_ACTIVITY_INTERRUPTS"


def test_the_owner_says_how_the_service_finds_turns() -> None:
    keys: dict[str, Any] = {
        "start_sensitivity": "low",
        "end_sensitivity": "high",
        "prefix_padding_ms": 0,
        "silence_duration_ms": 500,
    }
    assert realtime(**keys)["automatic_activity_detection"] == {
        "disabled": False,
        "start_of_speech_sensitivity": "START_SENSITIVITY_LOW",
        "end_of_speech_sensitivity": "END_SENSITIVITY_HIGH",
        "prefix_padding_ms": 0,
        "silence_duration_ms": 500,
    }
    local = setup_of(**keys)["realtimeInputConfig"]["automatic_activity_detection"]
    assert local == {"disabled": True}


@pytest.mark.parametrize("model", [*MODELS, "gemini-5-live"])
def test_every_model_takes_a_setup_with_its_own_detection(model: str) -> None:
    """Read by Google's protobuf, and by the stand-in, whose rules are written by themselves."""
    own: dict[str, Any] = {"thinking_level": "low"} if MODELS.get(model, MODELS[FLASH]).thinking_level_required else {}
    setup = setup_of(
        model=model,
        taking=Taking.SERVER,
        start_sensitivity="high",
        end_sensitivity="low",
        prefix_padding_ms=100,
        silence_duration_ms=600,
        **own,
    )
    read = parse(without_gaps(setup)).setup.realtime_input_config.automatic_activity_detection
    assert not read.disabled
    assert read.silence_duration_ms == 600
    if model in stand_in.MODELS:
        agreed = stand_in_setup.agreed(
            stand_in_fields.group(stand_in_fields.read(json.dumps({"setup": setup})), "setup"), "v1beta"
        )
        assert (agreed.manual, agreed.padding_s, agreed.silence_s) == (False, 0.1, 0.6)


@pytest.mark.parametrize(
    ("model", "coverage"),
    [
        ("gemini-3.8-live", "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"),
        (FLASH, "TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO"),
        (NATIVE, "TURN_INCLUDES_ONLY_ACTIVITY"),
        ("gemini-5-live", None),
    ],
)
def test_a_picture_from_before_the_speech_counts_where_the_service_finds_the_speech(
    model: str, coverage: str | None
) -> None:
    assert realtime(model=model).get("turn_coverage") == coverage
    assert realtime(model=model, turn_coverage="all_input")["turn_coverage"] == "TURN_INCLUDES_ALL_INPUT"


live_sections = st.builds(
    LiveSection,
    model=st.sampled_from(sorted(MODELS)),
    thinking_level=st.sampled_from([None, "minimal", "low", "medium", "high"]),
    thinking_budget_tokens=st.sampled_from([None, -1, 0, 512]),
    proactive_audio=st.sampled_from([None, True, False]),
    affective_dialog=st.sampled_from([None, True, False]),
    api_version=st.sampled_from(["v1alpha", "v1beta"]),
    turn_coverage=st.sampled_from([None, "only_activity", "all_input", "audio_activity_and_all_video"]),
    language_hints=st.sampled_from([(), ("de-DE",)]),
)


@settings(max_examples=150, deadline=None)
@given(live=live_sections)
def test_what_a_model_refuses_is_never_sent(live: LiveSection) -> None:
    """Not even for a configuration that should not have come so far (live-api.md 1.9, read again by hand)."""
    setup = frame(live_config(live, handle=None, transcripts=True), live.model)["setup"]
    generation = setup["generationConfig"]
    thinking = generation.get("thinkingConfig", {})
    assert generation["responseModalities"] == ["AUDIO"]
    assert setup.get("proactivity") in (None, {"proactive_audio": True})
    match live.model:
        case "gemini-3.8-live":
            assert "thinkingConfig" not in generation
            assert "proactivity" not in setup
            assert "enableAffectiveDialog" not in generation
        case "gemini-3.8-live-extended-thinking" | "gemini-3.1-flash-live-preview":
            assert thinking.keys() <= {"thinking_level"}
            assert "proactivity" not in setup
            assert "enableAffectiveDialog" not in generation
        case _:
            assert thinking.keys() <= {"thinking_budget"}
            if refusals(live) == [] and live.api_version == "v1beta":
                assert "proactivity" not in setup
                assert "enableAffectiveDialog" not in generation


def test_an_unknown_model_keeps_its_own_turn_coverage() -> None:
    assert "turn_coverage" not in setup_of(model="gemini-5-live")["realtimeInputConfig"]


def test_transcripts_are_asked_for_only_when_wanted() -> None:
    """They are billed as text (live-api.md 1.4)."""
    wanted = setup_of(transcripts=True, language_hints=("de-DE",))
    assert wanted["inputAudioTranscription"] == {"language_codes": ["de-DE"]}
    assert wanted["outputAudioTranscription"] == {}
    assert setup_of(transcripts=True)["inputAudioTranscription"] == {}
    assert not {"inputAudioTranscription", "outputAudioTranscription"} & setup_of(language_hints=("de-DE",)).keys()


@pytest.mark.parametrize(("model", "full"), full_configurations())
def test_every_model_takes_a_setup_for_reading_aloud_and_it_is_no_conversation(
    model: str, full: dict[str, Any]
) -> None:
    setup = frame(reading_config(LiveSection(**full), "Read."), model)["setup"]
    parse(without_gaps(setup))
    if model in stand_in.MODELS:
        agreed = stand_in_setup.agreed(
            stand_in_fields.group(stand_in_fields.read(json.dumps({"setup": setup})), "setup"), "v1beta"
        )
        assert agreed.transcribes_output
    assert not {"tools", "sessionResumption", "inputAudioTranscription", "contextWindowCompression"} & setup.keys()
    assert setup["systemInstruction"]["parts"] == [{"text": "Read."}]


def test_a_summary_takes_the_place_of_the_instruction() -> None:
    live = LiveSection(system_instruction="Be kind.")
    told = live_config(live, handle=None, transcripts=False, system_instruction="Be kind. They spoke of cats.")
    assert frame(told)["setup"]["systemInstruction"]["parts"] == [{"text": "Be kind. They spoke of cats."}]
    assert "systemInstruction" not in setup_of(system_instruction="")


@pytest.mark.parametrize(
    ("model", "stated", "sent"),
    [
        ("gemini-3.8-live", None, "NON_BLOCKING"),
        ("gemini-3.8-live", types.Behavior.BLOCKING, "BLOCKING"),
        (EXTENDED, None, "NON_BLOCKING"),
        (NATIVE, None, "BLOCKING"),
        (NATIVE, types.Behavior.NON_BLOCKING, "NON_BLOCKING"),
        (FLASH, None, None),
        ("gemini-5-live", None, None),
        ("gemini-5-live", types.Behavior.BLOCKING, "BLOCKING"),
    ],
)
def test_tools_state_their_behaviour_where_they_may(
    model: str, stated: types.Behavior | None, sent: str | None
) -> None:
    declaration = setup_of(model=model, tools=(declared(stated),))["tools"][0]["functionDeclarations"][0]
    assert declaration.get("behavior") == sent


@pytest.mark.parametrize(
    ("model", "behavior"), [(EXTENDED, types.Behavior.BLOCKING), (FLASH, types.Behavior.NON_BLOCKING)]
)
def test_a_behaviour_that_the_model_refuses_is_an_error(model: str, behavior: types.Behavior) -> None:
    with pytest.raises(ValueError, match="set_volume"):
        setup_of(model=model, tools=(declared(behavior),))


def test_tools_are_not_changed_in_place() -> None:
    tool = declared()
    setup_of(tools=(tool, types.Tool(google_search=types.GoogleSearch())))
    assert tool == declared()


def test_a_fingerprint_changes_with_what_a_resumed_session_keeps() -> None:
    """live-api.md 0.10: a resumed session goes on with its first configuration, whatever the new setup says."""
    changes: list[dict[str, Any]] = [
        {"model": FLASH},
        {"voice": "Kore"},
        {"system_instruction": "Be brief."},
        {"temperature": 0.1},
        {"activity_handling": "no_interruption"},
        {"turn_coverage": "all_input"},
        {"media_resolution": "low"},
        {"compression_target_tokens": 9_000},
        {"base_url": "https://example.org"},
        {"api_version": "v1alpha"},
        {"safety": {"harassment": "off"}},
    ]
    prints = [fingerprint(LiveSection(**change), transcripts=False) for change in changes]
    prints.append(fingerprint(LiveSection(), transcripts=False))
    prints.append(fingerprint(LiveSection(), transcripts=True))
    prints.append(fingerprint(LiveSection(), transcripts=False, tools=(declared(),)))
    prints.append(fingerprint(LiveSection(), transcripts=False, tools=(declared(types.Behavior.BLOCKING),)))
    assert len(set(prints)) == len(prints)
    assert all(len(one) == 16 for one in prints)


def test_a_fingerprint_changes_with_who_takes_turns_and_how() -> None:
    """A resumed session keeps its first activity mode, and would close the link at the other's signals."""
    changes: list[dict[str, Any]] = [
        {},
        {"start_sensitivity": "low"},
        {"end_sensitivity": "low"},
        {"prefix_padding_ms": 100},
        {"silence_duration_ms": 600},
    ]
    prints = [fingerprint(LiveSection(**change), transcripts=False, taking=Taking.SERVER) for change in changes]
    prints.append(fingerprint(LiveSection(), transcripts=False))
    assert len(set(prints)) == len(prints)


def test_a_fingerprint_is_the_same_for_the_same_configuration() -> None:
    first = fingerprint(LiveSection(safety={"harassment": "off", "hate_speech": "off"}), transcripts=True)
    again = fingerprint(LiveSection(safety={"hate_speech": "off", "harassment": "off"}), transcripts=True)
    assert first == fingerprint(
        LiveSection(safety={"harassment": "off", "hate_speech": "off"}, api_key_file="/etc/key"), transcripts=True
    )
    assert first == again


def test_the_sdk_is_imported_on_first_use_only() -> None:
    """Its import takes a second on a Pi; `vocative check` must not pay for it."""
    rooms = "import sys, daemon.live.setup, daemon.live.wire, daemon.live.models; "
    subprocess.run([sys.executable, "-c", rooms + "sys.exit('google.genai' in sys.modules)"], check=True, timeout=30)
