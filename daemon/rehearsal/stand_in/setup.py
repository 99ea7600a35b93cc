"""What was agreed in a setup: the checks by model, and the settings that the rest of the stand-in goes by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from .fields import Fields, group, groups, number, snake, text
from .messages import Rejected
from .models import MODELS, VOICES, History, Model, OptIn, Thinking

WINDOW_TOKENS: Final = 131_072
"""The context window of all Live models (live-api.md 1.6)."""


@dataclass(frozen=True, slots=True)
class Compression:
    """When the context is cut, and down to what."""

    trigger_tokens: int
    target_tokens: int


@dataclass(frozen=True, slots=True)
class Setup:
    """The agreed settings of one session.

    Attributes:
        handle: The resumption handle; empty where a new session is wanted.
        manual: The client says itself when the user speaks; the service's detection is off.
        interrupts: Whether the user's speech ends the model's answer.
        threshold_dbfs: From what level on the service's own detection takes a frame for speech.
        padding_s: How much audio from before the detection belongs to the turn.
        silence_s: How much silence ends the user's turn.
        behaviors: Function name to BLOCKING or NON_BLOCKING.
        announces_history: The first clientContent is history, and not answered.
        fields: The setup as it was sent, read.
    """

    model: Model
    handle: str
    resumable: bool
    manual: bool
    interrupts: bool
    threshold_dbfs: float
    padding_s: float
    silence_s: float
    transcribes_input: bool
    transcribes_output: bool
    compression: Compression | None
    behaviors: Mapping[str, str]
    announces_history: bool
    fields: Fields


def agreed(fields: Fields, api_version: str) -> Setup:
    """Return what a setup comes to.

    Args:
        fields: The setup message as `fields.read` returns it.
        api_version: "v1", "v1alpha" or "v1beta", from the path.

    Raises:
        Rejected: 1008 for an unknown model, 1007 with the field's name for what the model does not take.
    """
    model = _model(text(fields, "model"), api_version)
    generation = group(fields, "generationConfig")
    _check_thinking(group(generation, "thinkingConfig"), "thinkingConfig" in generation, model)
    _check_features(fields, generation, model, api_version)
    _check_generation(generation)
    activity = group(fields, "realtimeInputConfig", "automaticActivityDetection")
    realtime = group(fields, "realtimeInputConfig")
    return Setup(
        model=model,
        handle=text(group(fields, "sessionResumption"), "handle"),
        resumable="sessionResumption" in fields,
        manual=activity.get("disabled") is True,
        interrupts=text(realtime, "activityHandling") != "NO_INTERRUPTION",
        threshold_dbfs=-35.0 if text(activity, "startOfSpeechSensitivity") == "START_SENSITIVITY_LOW" else -42.0,
        padding_s=_within(activity, "prefixPaddingMs", 0, 60_000, _ACTIVITY, 20) / 1000,
        silence_s=_within(activity, "silenceDurationMs", 0, 60_000, _ACTIVITY, 800) / 1000,
        transcribes_input="inputAudioTranscription" in fields,
        transcribes_output="outputAudioTranscription" in fields or model.transcribes_unasked,
        compression=_compression(fields),
        behaviors=_behaviors(fields, model),
        announces_history=group(fields, "historyConfig").get("initialHistoryInClientContent") is True,
        fields=fields,
    )


_GENERATION: Final = "setup.generation_config"
_ACTIVITY: Final = "setup.realtime_input_config.automatic_activity_detection"
_COMPRESSION: Final = "setup.context_window_compression"


def _refuse(path: str, why: str) -> Rejected:
    return Rejected(1007, f"{path}: {why}")


def _model(name: str, api_version: str) -> Model:
    if not name:
        raise _refuse("setup.model", "is required.")
    known = MODELS.get(name.removeprefix("models/"))
    if known is None or not name.startswith("models/"):
        raise Rejected(
            1008, f"{name} is not found for API version {api_version}, or is not supported for bidiGenerateContent."
        )
    return known


def _check_thinking(config: Fields, present: bool, model: Model) -> None:
    path = f"{_GENERATION}.thinking_config"
    level = text(config, "thinkingLevel")
    match model.thinking:
        case Thinking.NONE if present:
            raise _refuse(path, "is not supported by this model.")
        case Thinking.LEVEL_REQUIRED if not level:
            raise _refuse(f"{path}.thinking_level", "is required by this model.")
        case Thinking.BUDGET if level:
            raise _refuse(f"{path}.thinking_level", "is not supported by this model.")
        case Thinking.LEVEL | Thinking.LEVEL_REQUIRED if "thinkingBudget" in config:
            raise _refuse(f"{path}.thinking_budget", "is not supported by this model.")
        case _ if level and level not in model.thinking_levels:
            raise _refuse(f"{path}.thinking_level", f"{level} is not supported by this model.")


def _check_features(fields: Fields, generation: Fields, model: Model, api_version: str) -> None:
    modalities = generation.get("responseModalities", ["AUDIO"])
    if modalities != ["AUDIO"]:
        raise _refuse(f"{_GENERATION}.response_modalities", "this model answers in AUDIO only.")
    proactive = group(fields, "proactivity").get("proactiveAudio")
    _check_opt_in(model.proactive_audio, proactive, "setup.proactivity.proactive_audio", api_version)
    affective = generation.get("enableAffectiveDialog")
    _check_opt_in(model.affective_dialog, affective, f"{_GENERATION}.enable_affective_dialog", api_version)
    for index, tool in enumerate(groups(fields, "tools")):
        for name in tool:
            if name not in {"functionDeclarations", "googleSearch", *model.tools}:
                raise _refuse(f"setup.tools[{index}].{snake(name)}", "is not supported by this model.")


def _check_opt_in(rule: OptIn, asked: object, path: str, api_version: str) -> None:
    match rule:
        case _ if asked is None:
            return
        case OptIn.REFUSED:
            raise _refuse(path, "is not supported by this model.")
        case OptIn.ALWAYS_ON if asked is False:
            raise _refuse(path, "cannot be switched off for this model.")
        case OptIn.V1ALPHA if api_version != "v1alpha":
            raise Rejected(1007, f'Invalid JSON payload received. Unknown name at "{path}": Cannot find field.')


def _check_generation(generation: Fields) -> None:
    for name, least, most in (("temperature", 0, 2), ("topP", 0, 1), ("topK", 1, 1000), ("maxOutputTokens", 1, 65_536)):
        _within(generation, name, least, most, _GENERATION, least)
    voice = text(group(generation, "speechConfig", "voiceConfig", "prebuiltVoiceConfig"), "voiceName")
    if voice and voice not in VOICES:
        path = f"{_GENERATION}.speech_config.voice_config.prebuilt_voice_config.voice_name"
        raise _refuse(path, f"Requested voice {voice} is not available.")


def _within(fields: Fields, name: str, least: float, most: float, path: str, default: float) -> float:
    value = number(fields, name)
    if value is None:
        return default
    if not least <= value <= most:
        raise _refuse(f"{path}.{snake(name)}", f"{value:g} is not between {least:g} and {most:g}.")
    return value


def _compression(fields: Fields) -> Compression | None:
    if "contextWindowCompression" not in fields:
        return None
    asked = group(fields, "contextWindowCompression")
    if "slidingWindow" not in asked:
        return None  # a trigger without a mechanism compresses nothing
    # The limits are Vertex AI's (live-api.md 1.6); the Developer API names none.
    trigger = _within(asked, "triggerTokens", 5_000, 128_000, _COMPRESSION, WINDOW_TOKENS * 0.8)
    target = _within(group(asked, "slidingWindow"), "targetTokens", 0, trigger, f"{_COMPRESSION}.sliding_window", 0)
    return Compression(int(trigger), int(target) or int(trigger) // 2)


def _behaviors(fields: Fields, model: Model) -> Mapping[str, str]:
    behaviors = {}
    for index, tool in enumerate(groups(fields, "tools")):
        for declaration in groups(tool, "functionDeclarations"):
            behavior = text(declaration, "behavior") or model.behaviors[0]
            if behavior not in model.behaviors:
                path = f"setup.tools[{index}].function_declarations.behavior"
                raise _refuse(path, f"{behavior} is not supported by this model.")
            behaviors[text(declaration, "name")] = behavior
    return behaviors


def check_history(setup: Setup, first: bool) -> None:
    """Refuse clientContent where the model takes it only as announced initial history (live-api.md 1.6).

    Raises:
        Rejected: 1007.
    """
    if setup.model.history is History.INITIAL and not (first and setup.announces_history):
        raise Rejected(1007, "Request contains an invalid argument.")
