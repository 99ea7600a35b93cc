"""Configuration and model in, the SDK's `LiveConnectConfig` out, and the fingerprint that a handle is kept under.

Only what the model takes is sent (live-api.md 1.9); what decides about a turn is always said, never left to a default
that differs between models (live-api.md 6.1). google-genai is imported on first use: it takes a second on a Pi.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final, assert_never

from .live_keys import LiveKeys
from .models import Behavior, Capabilities, Proactivity, ToolRules, capabilities
from .upward import Taking

if TYPE_CHECKING:
    from google.genai import types

_ACTIVITY_HANDLING: Final = {"interrupt": "START_OF_ACTIVITY_INTERRUPTS", "no_interruption": "NO_INTERRUPTION"}
_COVERAGE_IF_KNOWN: Final = "only_activity"
"""What is outside a turn is neither wanted nor worth its tokens; the newer models would count every camera frame
(live-api.md 1.2). A model that we do not know is left its own default.

With `Taking.SERVER` the models keep their defaults: what the service takes for silence is not worth its tokens, but a
picture is sent when the gate opens, before there is any activity that it could be a part of. So do they where the model
may ask for a picture: it comes outside any turn."""


def live_config(
    live: LiveKeys,
    *,
    handle: str | None,
    transcripts: bool,
    taking: Taking = Taking.LOCAL,
    system_instruction: str | None = None,
    tools: Sequence[types.Tool] = (),
    glances: bool = False,
) -> types.LiveConnectConfig:
    """Return a new configuration for one connection; the SDK changes it while connecting, so it is used once.

    Args:
        live: What `models.refusals` finds nothing wrong with.
        handle: The session to resume; None begins a new one.
        transcripts: Whether both sides are to be transcribed. They are billed as text (live-api.md 1.4).
        taking: Who finds the ends of turns.
        system_instruction: Takes the place of `live.system_instruction`, for a new session that must be told what
            was said in the lost one.
        tools: Function declarations that state no behaviour are made to state the model's default.
        glances: Whether a picture may be sent outside any turn, because the model asked for it.

    Raises:
        ValueError: A declaration states a behaviour that the model refuses.
    """
    from google.genai import types

    can = capabilities(live.model)
    return types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        speech_config=_speech(live),
        temperature=live.temperature,
        top_p=live.top_p,
        max_output_tokens=live.max_output_tokens,
        media_resolution=_media_resolution(live),
        thinking_config=_thinking(live, can),
        enable_affective_dialog=True if live.affective_dialog and can.affective_dialog else None,
        proactivity=_proactivity(live, can),
        system_instruction=(live.system_instruction if system_instruction is None else system_instruction) or None,
        tools=[_stated(tool, can.tools) for tool in tools] or None,
        session_resumption=types.SessionResumptionConfig(handle=handle),
        input_audio_transcription=_heard(live, can) if transcripts else None,
        output_audio_transcription=types.AudioTranscriptionConfig() if transcripts else None,
        realtime_input_config=_realtime(live, can, taking, glances=glances),
        # Never without resumption: it may hand the session over with a close 1000 in mid-answer (field-notes.md).
        context_window_compression=types.ContextWindowCompressionConfig(
            trigger_tokens=live.compression_trigger_tokens,
            sliding_window=types.SlidingWindow(target_tokens=live.compression_target_tokens),
        ),
        safety_settings=_safety(live),
    )


def reading_config(live: LiveKeys, instruction: str) -> types.LiveConnectConfig:
    """Return the configuration of a connection over which texts are read aloud, in the voice of the answers.

    No tools, nothing to resume, no memory: what is said on it is not part of the conversation.
    """
    from google.genai import types

    can = capabilities(live.model)
    return types.LiveConnectConfig(
        response_modalities=[types.Modality.AUDIO],
        speech_config=_speech(live),
        thinking_config=_thinking(live, can),
        system_instruction=instruction,
        output_audio_transcription=types.AudioTranscriptionConfig(),
        realtime_input_config=_realtime(live, can, Taking.LOCAL, glances=False),
        safety_settings=_safety(live),
    )


def fingerprint(
    live: LiveKeys,
    *,
    transcripts: bool,
    taking: Taking = Taking.LOCAL,
    tools: Sequence[types.Tool] = (),
    glances: bool = False,
) -> str:
    """Return 16 hexadecimal digits that change with anything a resumed session would keep as it was.

    A resumed session keeps its first model, instruction, tools, voice and activity mode whatever its new setup
    says (live-api.md 0.10), so a handle is only good for a setup with the same fingerprint. The summary that a new
    session may be told is no part of it: that session goes on being the owner's.
    """
    setup = live_config(
        live, handle=None, transcripts=transcripts, taking=taking, tools=tools, glances=glances
    ).model_dump(mode="json", exclude_none=True)
    whole = json.dumps([live.model, live.base_url, live.api_version, setup], sort_keys=True)
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def tools_of(declarations: Sequence[Mapping[str, object]], *, google_search: bool) -> list[types.Tool]:
    """Return the tools of a session: functions, each as JSON in the service's words, and the search if wanted."""
    from google.genai import types

    tools = []
    if declarations:
        functions = [types.FunctionDeclaration.model_validate(one) for one in declarations]
        tools.append(types.Tool(function_declarations=functions))
    if google_search:
        tools.append(types.Tool(google_search=types.GoogleSearch()))
    return tools


def _speech(live: LiveKeys) -> types.SpeechConfig | None:
    from google.genai import types

    if not live.voice:
        return None
    prebuilt = types.PrebuiltVoiceConfig(voice_name=live.voice)
    return types.SpeechConfig(voice_config=types.VoiceConfig(prebuilt_voice_config=prebuilt))


def _media_resolution(live: LiveKeys) -> types.MediaResolution | None:
    from google.genai import types

    if live.media_resolution is None:
        return None
    return types.MediaResolution[f"MEDIA_RESOLUTION_{live.media_resolution.upper()}"]


def _thinking(live: LiveKeys, can: Capabilities) -> types.ThinkingConfig | None:
    from google.genai import types

    level = live.thinking_level if can.thinking_levels else None
    budget_tokens = live.thinking_budget_tokens if can.thinking_budget else None
    if level is None and budget_tokens is None:
        return None
    return types.ThinkingConfig(
        thinking_level=None if level is None else types.ThinkingLevel[level.upper()], thinking_budget=budget_tokens
    )


def _proactivity(live: LiveKeys, can: Capabilities) -> types.ProactivityConfig | None:
    from google.genai import types

    # Off is what an opt-in is without the field, which v1beta does not know (live-api.md 1.9).
    if not live.proactive_audio or can.proactive_audio is not Proactivity.OPT_IN:
        return None
    return types.ProactivityConfig(proactive_audio=True)


def _heard(live: LiveKeys, can: Capabilities) -> types.AudioTranscriptionConfig:
    from google.genai import types

    codes = list(live.language_hints) if can.transcription_languages else []
    return types.AudioTranscriptionConfig(language_codes=codes or None)


def _realtime(live: LiveKeys, can: Capabilities, taking: Taking, *, glances: bool) -> types.RealtimeInputConfig:
    from google.genai import types

    coverage = live.turn_coverage or (_coverage(can, taking, glances=glances) if can.known else None)
    return types.RealtimeInputConfig(
        automatic_activity_detection=_detection(live, taking),
        activity_handling=types.ActivityHandling[_ACTIVITY_HANDLING[live.activity_handling]],
        turn_coverage=None if coverage is None else types.TurnCoverage[f"TURN_INCLUDES_{coverage.upper()}"],
    )


def _coverage(can: Capabilities, taking: Taking, *, glances: bool) -> str:
    match taking:
        case Taking.LOCAL if not glances:
            return _COVERAGE_IF_KNOWN
        case Taking.LOCAL | Taking.SERVER:
            return can.turn_coverage_default or _COVERAGE_IF_KNOWN
        case _:
            assert_never(taking)


def _detection(live: LiveKeys, taking: Taking) -> types.AutomaticActivityDetection:
    from google.genai import types

    match taking:
        case Taking.LOCAL:
            # The gate decides when a turn begins and ends; the service's own detection is slow (live-api.md 1.3).
            return types.AutomaticActivityDetection(disabled=True)
        case Taking.SERVER:
            start, end = live.start_sensitivity, live.end_sensitivity
            return types.AutomaticActivityDetection(
                disabled=False,
                start_of_speech_sensitivity=(
                    None if start is None else types.StartSensitivity[f"START_SENSITIVITY_{start.upper()}"]
                ),
                end_of_speech_sensitivity=(
                    None if end is None else types.EndSensitivity[f"END_SENSITIVITY_{end.upper()}"]
                ),
                prefix_padding_ms=live.prefix_padding_ms,
                silence_duration_ms=live.silence_duration_ms,
            )
        case _:
            assert_never(taking)


def _safety(live: LiveKeys) -> list[types.SafetySetting] | None:
    from google.genai import types

    return [
        types.SafetySetting(
            category=types.HarmCategory[f"HARM_CATEGORY_{category.upper()}"],
            threshold=types.HarmBlockThreshold[threshold.upper()],
        )
        for category, threshold in sorted(live.safety.items())
    ] or None


def _stated(tool: types.Tool, rules: ToolRules) -> types.Tool:
    from google.genai import types

    declarations = []
    for declaration in tool.function_declarations or ():
        behavior = rules.default if declaration.behavior is None else Behavior(declaration.behavior.value)
        if behavior not in rules.allowed:
            raise ValueError(f"{declaration.name}: the model takes no {behavior.value} tools")
        stated = types.Behavior[behavior.value] if rules.stated else declaration.behavior
        declarations.append(declaration.model_copy(update={"behavior": stated}))
    return tool.model_copy(update={"function_declarations": declarations or None})
