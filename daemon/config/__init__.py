"""The configuration: one TOML file, refused with all its faults at once or taken whole."""

from __future__ import annotations

from .loading import default_path, load
from .schema import (
    ButtonSection,
    CameraSection,
    Config,
    ControlSection,
    LedsSection,
    LimitsSection,
    LiveSection,
    MicrophoneSection,
    NetworkSection,
    PricesSection,
    Refusal,
    Refusals,
    SpeakerSection,
    StateSection,
    TurnSection,
)

__all__ = [
    "ButtonSection",
    "CameraSection",
    "Config",
    "ControlSection",
    "LedsSection",
    "LimitsSection",
    "LiveSection",
    "MicrophoneSection",
    "NetworkSection",
    "PricesSection",
    "Refusal",
    "Refusals",
    "SpeakerSection",
    "StateSection",
    "TurnSection",
    "default_path",
    "load",
]
