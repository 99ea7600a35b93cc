"""What each Live model accepts, as one table (live-api.md 1.9), and what of a configuration it would refuse.

A field that a model does not know is no trifle: the service answers the whole setup with close 1007. So the
configuration is held against this table before anything is sent.

An unknown model may be newer than this table. Nothing optional is sent to it that the owner did not ask for, and
everything that he did ask for is sent.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from .live_keys import LiveKeys


class Behavior(Enum):
    """Whether the model waits for a tool's answer before it goes on (live-api.md 1.8)."""

    BLOCKING = "BLOCKING"
    NON_BLOCKING = "NON_BLOCKING"


class Proactivity(Enum):
    """Whether the model may decide by itself that it need not answer."""

    ABSENT = "absent"
    OPT_IN = "opt-in"
    ALWAYS = "always"
    """It cannot be turned off: `false` is an error, and nothing need be sent for `true`."""


class ClientContent(Enum):
    """When the model takes clientContent (text with roles, beside the realtime input)."""

    ANY_TIME = "any time"
    """The whole session; `turnComplete: true` interrupts the answer under way."""
    INITIAL_HISTORY = "initial history"
    """Only as history before the first turn, and only with `historyConfig`; later it closes 1007 (live-api.md 1.6)."""


class EndOfTurn(Enum):
    """Which message says that nothing more of an answer will come."""

    TURN_COMPLETE = "turnComplete"
    IDLE = "interactionStatus IDLE"
    """One question may be answered by several turnCompletes; only IDLE ends it (live-api.md 1.7)."""


@dataclass(frozen=True, slots=True)
class ToolRules:
    """How the model calls tools."""

    default: Behavior
    """What a declaration that states no behaviour gets."""
    allowed: frozenset[Behavior] = frozenset(Behavior)
    stated: bool = True
    """Whether a declaration may state a behaviour; where it may, it should (live-api.md 1.8)."""
    scheduling: bool = True
    """Whether an answer may say when it is to be spoken of (INTERRUPT, WHEN_IDLE, SILENT)."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """One column of live-api.md 1.9. What a row of the table below leaves out, the model refuses."""

    model: str
    """Without `models/`."""
    status: str
    """One line for the owner."""
    tools: ToolRules
    proactive_audio: Proactivity
    client_content: ClientContent
    turn_ends: EndOfTurn = EndOfTurn.TURN_COMPLETE
    known: bool = True
    stable: bool = False
    thinking_levels: tuple[str, ...] = ()
    """The values that thinkingLevel takes; empty where the field is refused."""
    thinking_level_required: bool = False
    thinking_budget: bool = False
    affective_dialog: bool = False
    alpha_only: bool = False
    """Proactive audio and affective dialog are there on `v1alpha` only."""
    turn_coverage_default: str | None = None
    """What the service assumes when the setup does not say; None where no document tells."""
    transcription_languages: bool = False
    """Whether inputAudioTranscription is known to take languageCodes (live-api.md 1.4)."""


_ONLY_BLOCKING: Final = ToolRules(
    Behavior.BLOCKING, allowed=frozenset({Behavior.BLOCKING}), stated=False, scheduling=False
)
_ONLY_NON_BLOCKING: Final = ToolRules(
    Behavior.NON_BLOCKING, allowed=frozenset({Behavior.NON_BLOCKING}), scheduling=False
)

_NATIVE_2_5: Final = Capabilities(
    model="gemini-2.5-flash-native-audio-preview-12-2025",
    status="deprecated, and open to past users only since 2026-09-18",
    tools=ToolRules(Behavior.BLOCKING),
    proactive_audio=Proactivity.OPT_IN,
    client_content=ClientContent.ANY_TIME,
    thinking_budget=True,
    affective_dialog=True,
    alpha_only=True,
    turn_coverage_default="only_activity",
)
_FLASH_3_1: Final = Capabilities(
    model="gemini-3.1-flash-live-preview",
    status="a preview that newer models have replaced",
    tools=_ONLY_BLOCKING,
    proactive_audio=Proactivity.ABSENT,
    client_content=ClientContent.INITIAL_HISTORY,
    thinking_levels=("minimal", "low", "medium", "high"),
    turn_coverage_default="audio_activity_and_all_video",
)
_LIVE_3_8: Final = Capabilities(
    model="gemini-3.8-live",
    status="stable since 2026-09-15",
    stable=True,
    tools=ToolRules(Behavior.NON_BLOCKING),
    proactive_audio=Proactivity.ALWAYS,
    client_content=ClientContent.ANY_TIME,
    turn_coverage_default="audio_activity_and_all_video",
    transcription_languages=True,
)
_EXTENDED_3_8: Final = Capabilities(
    model="gemini-3.8-live-extended-thinking",
    status="stable",
    stable=True,
    tools=_ONLY_NON_BLOCKING,
    proactive_audio=Proactivity.ALWAYS,
    client_content=ClientContent.ANY_TIME,
    turn_ends=EndOfTurn.IDLE,
    thinking_levels=("low", "medium", "high"),
    thinking_level_required=True,
)
_UNKNOWN: Final = Capabilities(
    model="",
    status="not among the models that this version knows",
    known=False,
    tools=ToolRules(Behavior.BLOCKING, stated=False, scheduling=False),
    proactive_audio=Proactivity.OPT_IN,
    client_content=ClientContent.INITIAL_HISTORY,
    thinking_levels=("minimal", "low", "medium", "high"),
    thinking_budget=True,
    affective_dialog=True,
)
_OTHER_2_5: Final = replace(_NATIVE_2_5, model="gemini-2.5-flash-native-audio-latest")

MODELS: Final[Mapping[str, Capabilities]] = {
    can.model: can for can in (_LIVE_3_8, _EXTENDED_3_8, _FLASH_3_1, _NATIVE_2_5, _OTHER_2_5)
}
"""Every model that this version knows, by its name."""

# fmt: off
VOICES: Final = frozenset({
    "Zephyr", "Puck", "Charon", "Kore", "Fenrir", "Leda", "Orus", "Aoede", "Callirrhoe", "Autonoe", "Enceladus",
    "Iapetus", "Umbriel", "Algieba", "Despina", "Erinome", "Algenib", "Rasalgethi", "Laomedeia", "Achernar", "Alnilam",
    "Schedar", "Gacrux", "Pulcherrima", "Achird", "Zubenelgenubi", "Vindemiatrix", "Sadachbia", "Sadaltager", "Sulafat",
})
# fmt: on
"""The prebuilt voices (live-api.md 1.5). Newer ones may exist, so another name is a warning and no refusal."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A key of the configuration with which the service would not set the session up."""

    key: str
    """With its table, such as `live.thinking_level`."""
    reason: str
    """Why, and what to do about it, in whole sentences."""


def capabilities(model: str) -> Capabilities:
    """Return what `model` accepts; the name may begin with `models/`, as the API writes it."""
    name = model.removeprefix("models/")
    return MODELS.get(name) or replace(_UNKNOWN, model=name)


def refusals(live: LiveKeys) -> list[Refusal]:
    """Return every key that the chosen model would answer with close 1007."""
    can = capabilities(live.model)
    return [*_thinking(live, can), *_character(live, can)]


def warnings(live: LiveKeys) -> list[str]:
    """Return what is allowed and still worth knowing, each in whole sentences that begin with the key."""
    can = capabilities(live.model)
    found = []
    if not can.known:
        guess = _nearest(can.model, MODELS)
        found.append(f"live.model: {can.model} is {can.status}{guess}. Only what you configured is sent to it.")
    elif not can.stable:
        found.append(f"live.model: {can.model} is {can.status}. Choose {_LIVE_3_8.model} unless you need this one.")
    if live.voice and live.voice not in VOICES:
        guess = _nearest(live.voice, VOICES)
        found.append(f'live.voice: "{live.voice}" is not among the voices that this version knows{guess}.')
    if live.language_hints and live.transcripts == "off":
        found.append("live.language_hints: They help the transcripts only, and live.transcripts is off.")
    elif live.language_hints and not can.transcription_languages:
        found.append(f"live.language_hints: {can.model} is not known to take them, so they are not sent.")
    if live.api_version == "v1":
        found.append("live.api_version: No document names v1 for the Live API. Choose v1beta unless you know better.")
    return found


def _nearest(name: str, names: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, sorted(names), n=1)
    return f' (did you mean "{close[0]}"?)' if close else ""


def _thinking(live: LiveKeys, can: Capabilities) -> Iterator[Refusal]:
    levels = " or ".join(f'"{level}"' for level in can.thinking_levels)
    level_key, budget_key = "live.thinking_level", "live.thinking_budget_tokens"
    otherwise = f"Remove it, or choose {_EXTENDED_3_8.model} and set {level_key}."
    if live.thinking_level is None:
        if can.thinking_level_required:
            yield Refusal(level_key, f"{can.model} must be told how much to think. Set it to {levels}.")
    elif not levels:
        instead = f"Set {budget_key} instead." if can.thinking_budget else otherwise
        yield Refusal(level_key, f"{can.model} takes no thinking level. {instead}")
    elif live.thinking_level not in can.thinking_levels:
        yield Refusal(level_key, f'{can.model} knows no level "{live.thinking_level}". Set it to {levels}.')
    if live.thinking_budget_tokens is not None and not can.thinking_budget:
        instead = f"Set {level_key} instead." if levels else otherwise
        yield Refusal(budget_key, f"{can.model} takes no thinking budget. {instead}")


def _character(live: LiveKeys, can: Capabilities) -> Iterator[Refusal]:
    if live.proactive_audio is False and can.proactive_audio is Proactivity.ALWAYS:
        yield Refusal(
            "live.proactive_audio", f"{can.model} is always proactive and refuses to be told not to. Remove it."
        )
    asked = (
        ("live.proactive_audio", live.proactive_audio, can.proactive_audio is not Proactivity.ABSENT),
        ("live.affective_dialog", live.affective_dialog, can.affective_dialog),
    )
    for key, wanted, offered in asked:
        if wanted and not offered:
            yield Refusal(key, f"{can.model} does not offer it. Remove it.")
        elif wanted and can.alpha_only and live.api_version != "v1alpha":
            reason = f'{can.model} offers it on v1alpha only. Set live.api_version to "v1alpha", or remove it.'
            yield Refusal(key, reason)
