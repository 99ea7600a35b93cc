"""The `[live]` section: the service, the model and how it is asked."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, Field

from .section import AbsolutePath, Section
from .values import (
    OneOf,
    Why,
    header_name,
    header_value,
    language,
    service_url,
    token_service_url,
    word,
    word_or_nothing,
)

DEFAULT_INSTRUCTION: Final = (
    "You are the voice of a small device that somebody talks to. Answer in the language in which you are spoken to,"
    " briefly, in plain sentences that are good to hear: no lists, no markup, no web addresses."
)
Languages: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(language)], ...], Field(strict=False, examples=[["de-DE", "en-US"]])
]
HeaderName: TypeAlias = Annotated[str, AfterValidator(header_name)]
HeaderValue: TypeAlias = Annotated[str, AfterValidator(header_value)]
Harm: TypeAlias = Annotated[str, OneOf(("harassment", "hate_speech", "sexually_explicit", "dangerous_content"))]
Threshold: TypeAlias = Annotated[
    str, OneOf(("block_low_and_above", "block_medium_and_above", "block_only_high", "block_none", "off"))
]


class LiveSection(Section):
    """The Live API: the model and how it is asked. What a model does not accept, `daemon.live.models` refuses."""

    model: Annotated[str, AfterValidator(word)] = "gemini-3.8-live"
    voice: Annotated[str, AfterValidator(word_or_nothing)] = "Puck"
    """Empty: the service's own choice."""
    language_hints: Languages = ()
    """BCP-47 tags for the transcription (live-api.md 1.4)."""
    system_instruction: str = DEFAULT_INSTRUCTION
    transcripts: Literal["off", "journal", "file"] = "off"
    """Of both sides, and only when the owner asks for them; "file": transcript.jsonl in `state.folder`."""
    thinking_level: Literal["minimal", "low", "medium", "high"] | None = None
    thinking_budget_tokens: Annotated[int | None, Field(ge=-1, le=24_576), Why("-1 lets the model choose")] = None
    proactive_audio: bool | None = None
    affective_dialog: bool | None = None
    media_resolution: Literal["low", "medium", "high"] | None = None
    temperature: Annotated[float | None, Field(ge=0.0, le=2.0)] = None
    top_p: Annotated[float | None, Field(ge=0.0, le=1.0)] = None
    max_output_tokens: Annotated[int | None, Field(ge=1, le=65_536)] = None
    compression_trigger_tokens: Annotated[int, Field(ge=5_000, le=128_000), Why("the service takes no others")] = 25_000
    """Context from which on the oldest turns are forgotten; all of it is billed with every turn (live-api.md 1.6)."""
    compression_target_tokens: Annotated[
        int, Field(ge=1_000, le=127_000), Why("it is what is kept, and must lie below compression_trigger_tokens")
    ] = 8_000
    memory_tokens: Annotated[
        int, Field(ge=0, le=8_000), Why("it is billed again with every turn, like everything that a session knows")
    ] = 1_000
    """What a new session is told of what was said; 0 for nothing. Above 0 both sides are transcribed."""
    start_sensitivity: Literal["low", "high"] | None = None
    end_sensitivity: Literal["low", "high"] | None = None
    prefix_padding_ms: Annotated[int | None, Field(ge=0, le=2_000)] = None
    silence_duration_ms: Annotated[int | None, Field(ge=100, le=2_000), Why("some models ignore more than 2000")] = None
    """How the service finds turns; only with `turn.taking = "server"` (live-api.md 1.3). None: its own default."""
    activity_handling: Literal["interrupt", "no_interruption"] = "interrupt"
    turn_coverage: Literal["only_activity", "all_input", "audio_activity_and_all_video"] | None = None
    """None: `daemon.live.setup` chooses by model, `turn.taking` and whether the model may look."""
    base_url: Annotated[str, AfterValidator(service_url)] = ""
    """Empty for Google's own."""
    api_version: Literal["v1", "v1alpha", "v1beta"] = "v1beta"
    """The SDK's own default is v1, which the Live documents do not name (live-api.md 0.1)."""
    ca_file: AbsolutePath = ""
    """PEM certificates to trust besides the system's."""
    api_key_file: AbsolutePath = ""
    token_url: Annotated[str, AfterValidator(token_service_url)] = ""
    """Empty: the API key is on this device. Else where tokens are fetched that stand in for it (live-api.md 1.10)."""
    token_credential_file: AbsolutePath = ""
    token_client_cert_file: AbsolutePath = ""
    token_client_key_file: AbsolutePath = ""
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict)
    safety: dict[Harm, Threshold] = Field(default_factory=dict)
