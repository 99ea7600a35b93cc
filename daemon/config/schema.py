"""The configuration as data: its sections, every key with its unit, its range and its default.

Types are strict (`"17"` is no number, `1` is no boolean) and unknown keys are errors: the configuration is refused,
not guessed at. `config/vocative.toml` says the same in the owner's words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Literal, Protocol, TypeAlias

from pydantic import AfterValidator, Field

from hardware.settings import (
    BoardSettings,
    ButtonSettings,
    CameraSettings,
    LedSettings,
    MicrophoneSettings,
    MuteSettings,
    SpeakerSettings,
)

from .live_section import LiveSection
from .part_sections import ButtonSection, CameraSection, LedsSection, MicrophoneSection, MuteSection, SpeakerSection
from .section import AbsolutePath, Section
from .tools_section import ToolsSection
from .values import Why, currency_code, nothing_or_from, socket_path

__all__ = [
    "ButtonSection",
    "CameraSection",
    "Config",
    "ControlSection",
    "EchoSection",
    "LedsSection",
    "LimitsSection",
    "LiveSection",
    "MicrophoneSection",
    "MuteSection",
    "NetworkSection",
    "PricesSection",
    "Refusal",
    "Refusals",
    "Section",
    "SoundsSection",
    "SpeakerSection",
    "StateSection",
    "ToolsSection",
    "TurnSection",
]

Price: TypeAlias = Annotated[
    float, Field(ge=0.0, le=10_000.0), Why("a price is for a million tokens; 0 means that there is no estimate")
]


class TurnSection(Section):
    """Taking turns. All times are measured in audio."""

    mode: Literal["hold", "tap", "hands_free"] = "hold"
    wake: Literal["voice", "button"] = "voice"
    """What begins a conversation in mode hands_free."""
    follow_up_s: Annotated[float, Field(ge=0.0, le=60.0), Why("0 means that there is none")] = 8.0
    """After an answer, in mode hands_free: how long a voice goes on with the conversation."""
    barge_in: Literal["voice", "button"] = "voice"
    """What stops an answer in the modes tap and hands_free; in mode hold the button alone opens the gate."""
    taking: Literal["local", "server"] = "local"
    """Who finds the ends of turns; "server": its automatic activity detection (live-api.md 1.3)."""
    vad: Literal["both", "webrtc", "silero"] = "both"
    vad_aggressiveness: Annotated[int, Field(ge=0, le=3), Why("webrtcvad knows these four")] = 2
    pre_roll_ms: Annotated[
        int,
        Field(ge=500, le=2_000),
        Why("the service hears nothing from before a turn, so less would clip first words"),
    ] = 500
    attack_ms: Annotated[
        int, Field(ge=20, le=500), Why("it must be shorter than the pre-roll, and a frame has 20 ms")
    ] = 100
    hangover_ms: Annotated[
        int,
        Field(ge=500, le=3_000),
        Why("the service acts at once on the end of a turn, so shorter pauses would cut sentences"),
    ] = 700
    shortest_hangover_ms: Annotated[int, Field(ge=500, le=3_000)] = 500
    longest_hangover_ms: Annotated[int, Field(ge=500, le=3_000)] = 1_200
    """Between these the hangover follows the pauses of whoever speaks."""
    no_speech_s: Annotated[float, Field(ge=2.0, le=60.0)] = 8.0
    longest_s: Annotated[float, Field(ge=5.0, le=300.0)] = 60.0


class EchoSection(Section):
    """What is done about the loudspeaker being heard by the microphone (hardware.md section 2)."""

    mode: Literal["cancel", "half_duplex", "level", "system", "off"] = "cancel"
    hangover_ms: Annotated[int, Field(ge=0, le=2_000)] = 300
    """How long the room goes on sounding when the loudspeaker has stopped."""
    noise_suppression: Literal["off", "low", "moderate", "high", "very_high"] = "off"
    automatic_gain: bool = False


class SoundsSection(Section):
    """Which of the short sounds are made, and which faults are spoken. `speaker.earcons` switches all of them off."""

    start: bool = True
    listening: bool = False
    """Off, because it sounds just when the user begins to speak (field-notes.md row 2)."""
    done: bool = True
    error: bool = True
    muted: bool = True
    """And unmuted."""
    no_network: bool = True
    key_refused: bool = True
    daily_limit: bool = True
    """And the limit of turns in an hour."""


class NetworkSection(Section):
    """How long the network may take."""

    connect_timeout_s: Annotated[float, Field(ge=1.0, le=60.0)] = 10.0
    setup_timeout_s: Annotated[float, Field(ge=1.0, le=60.0)] = 10.0
    send_timeout_s: Annotated[float, Field(ge=0.5, le=30.0)] = 3.0
    reply_timeout_s: Annotated[float, Field(ge=2.0, le=120.0)] = 10.0
    offline_buffer_s: Annotated[
        float,
        Field(ge=5.0, le=120.0),
        Why("what is said while the link is down must not be lost, nor answered much later"),
    ] = 30.0
    answer_cut: Literal["auto", "again", "never"] = "auto"
    """What becomes of an answer whose link broke; "auto": the turn is said again if less than half was heard."""


class LimitsSection(Section):
    """The fuses against cost, and when a link or a session is ended. 0 switches each off."""

    idle_hangup_s: Annotated[
        float, Field(ge=0.0, le=86_400.0), AfterValidator(nothing_or_from(30.0)), Why("0 means never")
    ] = 300.0
    session_max_minutes: Annotated[int, Field(ge=0, le=1_440), Why("0 means never")] = 60
    """The whole context is billed again with every turn (live-api.md 0.15)."""
    turns_per_hour: Annotated[int, Field(ge=0, le=1_000), Why("0 means no limit")] = 120
    daily_tokens: Annotated[int, Field(ge=0, le=1_000_000_000), Why("0 means no limit")] = 2_000_000


class PricesSection(Section):
    """What tokens cost, for the estimate in the journal."""

    input_per_million_tokens: Price = 0.0
    output_per_million_tokens: Price = 0.0
    currency: Annotated[str, AfterValidator(currency_code)] = "USD"


class StateSection(Section):
    """What survives a restart."""

    folder: AbsolutePath = "/var/lib/vocative"
    """Empty: nothing is kept. The default is what the unit's StateDirectory= makes."""


class ControlSection(Section):
    """The Unix socket that the command `vocative` speaks to."""

    socket: Annotated[str, AfterValidator(socket_path)] = "/run/vocative/control.sock"
    """Empty for none."""


class Config(Section):
    """The whole configuration, checked; see `load`. Every key has a default, so `Config()` is a device too."""

    live: LiveSection = Field(default_factory=LiveSection)
    turn: TurnSection = Field(default_factory=TurnSection)
    microphone: MicrophoneSection = Field(default_factory=MicrophoneSection)
    speaker: SpeakerSection = Field(default_factory=SpeakerSection)
    echo: EchoSection = Field(default_factory=EchoSection)
    button: ButtonSection = Field(default_factory=ButtonSection)
    mute: MuteSection = Field(default_factory=MuteSection)
    leds: LedsSection = Field(default_factory=LedsSection)
    camera: CameraSection = Field(default_factory=CameraSection)
    sounds: SoundsSection = Field(default_factory=SoundsSection)
    tools: ToolsSection = Field(default_factory=ToolsSection)
    network: NetworkSection = Field(default_factory=NetworkSection)
    limits: LimitsSection = Field(default_factory=LimitsSection)
    prices: PricesSection = Field(default_factory=PricesSection)
    state: StateSection = Field(default_factory=StateSection)
    control: ControlSection = Field(default_factory=ControlSection)

    def board(self) -> BoardSettings:
        """Return what the parts must be told to be opened."""
        microphone, speaker, button, leds, camera = self.microphone, self.speaker, self.button, self.leds, self.camera
        return BoardSettings(
            microphone=MicrophoneSettings(
                microphone.driver,
                microphone.device,
                microphone.gain_db,
                microphone.rate_hz,
                microphone.channel,
                microphone.file,
            ),
            speaker=SpeakerSettings(speaker.driver, speaker.device, speaker.rate_hz, speaker.file),
            button=ButtonSettings(button.driver, button.pin, button.pull_up, button.debounce_ms),
            leds=LedSettings(**leds.model_dump()),
            camera=CameraSettings(camera.driver, camera.width_px, camera.quality_percent, camera.device),
            mute=MuteSettings(**self.mute.model_dump()),
        )


class Refusal(Protocol):
    """A key of `[live]` that the chosen model does not accept."""

    @property
    def key(self) -> str:
        """The key with its section, such as "live.thinking_level"."""
        ...

    @property
    def reason(self) -> str:
        """What is wrong with it and what to do; it is said behind the key and its value."""
        ...


Refusals: TypeAlias = Callable[[LiveSection], Sequence[Refusal]]
"""Says what the chosen model does not accept; passed to `load` by whoever knows the models."""
