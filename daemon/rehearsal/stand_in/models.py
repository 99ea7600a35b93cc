"""What each Live model accepts and does (live-api.md 1.9): the stand-in's own table, written from the descriptions."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Thinking(Enum):
    """Which part of `thinkingConfig` a model takes."""

    NONE = "none"
    """Any thinkingConfig at all is refused."""
    BUDGET = "budget"
    LEVEL = "level"
    LEVEL_REQUIRED = "level_required"


class OptIn(Enum):
    """What a model says to an optional feature."""

    REFUSED = "refused"
    ALWAYS_ON = "always_on"
    """Asking for it is harmless; asking for its absence is refused."""
    V1ALPHA = "v1alpha"
    """Taken, but only by that version of the API."""


class History(Enum):
    """When a model takes `clientContent`."""

    ANYTIME = "anytime"
    INITIAL = "initial"
    """Only as initial history, which `historyConfig` must announce."""


@dataclass(frozen=True, slots=True)
class Model:
    """One Live model.

    Attributes:
        thinking_levels: The levels it takes.
        behaviors: What a function declaration may say; the first is what is meant where it says nothing.
        tools: The tools it takes beside functions and Google Search.
        several_parts: Whether one message may carry several parts of audio.
        transcribes_unasked: Whether outputTranscription comes even where it was not asked for.
        reports_voice: Whether its voice detection is reported as `voiceActivity`.
        reports_interaction: Whether turnComplete carries an interactionStatus, and only IDLE ends the answer.
    """

    name: str
    thinking: Thinking
    thinking_levels: tuple[str, ...]
    proactive_audio: OptIn
    affective_dialog: OptIn
    history: History
    behaviors: tuple[str, ...]
    tools: tuple[str, ...] = ()
    several_parts: bool = True
    transcribes_unasked: bool = False
    reports_voice: bool = False
    reports_interaction: bool = False


_MODELS: Final = (
    Model(
        name="gemini-3.8-live",
        thinking=Thinking.NONE,
        thinking_levels=(),
        proactive_audio=OptIn.ALWAYS_ON,
        affective_dialog=OptIn.REFUSED,
        history=History.ANYTIME,
        behaviors=("NON_BLOCKING", "BLOCKING"),
        transcribes_unasked=True,
    ),
    Model(
        name="gemini-3.8-live-extended-thinking",
        thinking=Thinking.LEVEL_REQUIRED,
        thinking_levels=("LOW", "MEDIUM", "HIGH"),
        proactive_audio=OptIn.ALWAYS_ON,
        affective_dialog=OptIn.REFUSED,
        history=History.ANYTIME,
        behaviors=("NON_BLOCKING",),
        transcribes_unasked=True,
        reports_interaction=True,
    ),
    Model(
        name="gemini-3.1-flash-live-preview",
        thinking=Thinking.LEVEL,
        thinking_levels=("MINIMAL", "LOW", "MEDIUM", "HIGH"),
        proactive_audio=OptIn.REFUSED,
        affective_dialog=OptIn.REFUSED,
        history=History.INITIAL,
        behaviors=("BLOCKING",),
        reports_voice=True,
    ),
    Model(
        name="gemini-2.5-flash-native-audio-preview-12-2025",
        thinking=Thinking.BUDGET,
        thinking_levels=(),
        proactive_audio=OptIn.V1ALPHA,
        affective_dialog=OptIn.V1ALPHA,
        history=History.ANYTIME,
        behaviors=("BLOCKING", "NON_BLOCKING"),
        tools=("codeExecution", "urlContext"),
        several_parts=False,
    ),
)
MODELS: Final = {model.name: model for model in _MODELS}
"""The models that the stand-in knows, by their name without `models/`."""

VOICES: Final = frozenset(
    (  # noqa: SIM905  (thirty names are easier to compare with the vendor's list as prose)
        "Zephyr Puck Charon Kore Fenrir Leda Orus Aoede Callirrhoe Autonoe Enceladus Iapetus Umbriel Algieba Despina "
        "Erinome Algenib Rasalgethi Laomedeia Achernar Alnilam Schedar Gacrux Pulcherrima Achird Zubenelgenubi "
        "Vindemiatrix Sadachbia Sadaltager Sulafat"
    ).split()
)
"""The prebuilt voices (live-api.md 1.5)."""
