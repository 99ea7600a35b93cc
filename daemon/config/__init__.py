"""The configuration: one TOML file, refused with all its faults at once or taken whole."""

from __future__ import annotations

from .live_section import LiveSection
from .loading import default_path, load
from .schema import (
    ButtonSection,
    CameraSection,
    Config,
    ControlSection,
    EchoSection,
    LedsSection,
    LimitsSection,
    MicrophoneSection,
    NetworkSection,
    PricesSection,
    Refusal,
    Refusals,
    SpeakerSection,
    StateSection,
    TurnSection,
)
from .tools_section import McpSection, ToolsSection

__all__ = [
    "ButtonSection",
    "CameraSection",
    "Config",
    "ControlSection",
    "EchoSection",
    "LedsSection",
    "LimitsSection",
    "LiveSection",
    "McpSection",
    "MicrophoneSection",
    "NetworkSection",
    "PricesSection",
    "Refusal",
    "Refusals",
    "SpeakerSection",
    "StateSection",
    "ToolsSection",
    "TurnSection",
    "default_path",
    "load",
]
