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
from .section import AbsolutePath, DeviceName, Percent, Section
from .tools_section import ToolsSection
from .values import Why, camera_device, currency_code, nothing_or_from, sample_rate, socket_path

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

Pin: TypeAlias = Annotated[
    int, Field(ge=2, le=27), Why("GPIO numbers are meant, not those on the header; 0 and 1 belong to the HAT's memory")
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


class MicrophoneSection(Section):
    """The microphone."""

    driver: Literal["pyaudio", "file", "web", "simulated"] = "pyaudio"
    device: DeviceName = ""
    gain_db: Annotated[
        float, Field(ge=-20.0, le=40.0), Why("more only makes noise loud; a microphone that needs it is broken")
    ] = 0.0
    rate_hz: Annotated[int, AfterValidator(sample_rate(50))] = 0
    """It is read 20 ms at a time."""
    channel: Annotated[int, Field(ge=0, le=7), Why("0 is the first, which is left")] = 0
    file: AbsolutePath = ""
    """Of "file" only."""


class SpeakerSection(Section):
    """The loudspeaker."""

    driver: Literal["pyaudio", "file", "web", "simulated"] = "pyaudio"
    device: DeviceName = ""
    rate_hz: Annotated[int, AfterValidator(sample_rate(100))] = 0
    """It is filled 10 ms at a time."""
    file: AbsolutePath = ""
    """Of "file" only."""
    volume_percent: Percent = 70
    earcons: bool = True
    sleep_after_s: Annotated[
        float, Field(ge=0.0, le=86_400.0), AfterValidator(nothing_or_from(10.0)), Why("0 means never")
    ] = 60.0
    """Without a sound for so long, the card is closed; the next press wakes it."""


class EchoSection(Section):
    """What is done about the loudspeaker being heard by the microphone (hardware.md section 2)."""

    mode: Literal["cancel", "half_duplex", "level", "system", "off"] = "cancel"
    hangover_ms: Annotated[int, Field(ge=0, le=2_000)] = 300
    """How long the room goes on sounding when the loudspeaker has stopped."""
    noise_suppression: Literal["off", "low", "moderate", "high", "very_high"] = "off"
    automatic_gain: bool = False


class ButtonSection(Section):
    """The button."""

    driver: Literal["gpiozero", "terminal", "web", "simulated", "none"] = "gpiozero"
    pin: Pin = 17
    pull_up: bool = True
    debounce_ms: Annotated[
        int, Field(ge=5, le=200), Why("contacts bounce for some milliseconds, and people tap in 100")
    ] = 30


class MuteSection(Section):
    """The switch that shuts the microphone off."""

    driver: Literal["gpiozero", "simulated", "none"] = "none"
    pin: Pin = 26
    pull_up: bool = True
    muted_when: Literal["closed", "open"] = "open"


class LedsSection(Section):
    """The ring of pixels, or the single LED."""

    driver: Literal["apa102", "ws2812_spi", "rgb_led", "terminal", "web", "simulated", "none"] = "apa102"
    count: Annotated[int, Field(ge=1, le=320), Why("more pixels do not fit into one transfer over SPI")] = 12
    """4096 bytes, less the WS2812's pauses, at 12 bytes a pixel (hardware.md section 4)."""
    brightness_percent: Annotated[
        int, Field(ge=1, le=100), Why("the ring must say when the device listens; without a ring, driver is none")
    ] = 40
    spi_bus: Annotated[int, Field(ge=0, le=6), Why("a Pi has no others")] = 0
    spi_device: Annotated[int, Field(ge=0, le=2), Why("a bus has at most three chip selects")] = 0
    max_current_ma: Annotated[
        int, Field(ge=20, le=5_000), Why("one pixel needs about 20 to be seen, and a Pi's 5 V pins give less than 5000")
    ] = 400
    red_pin: Pin = 5
    green_pin: Pin = 6
    blue_pin: Pin = 13


class CameraSection(Section):
    """The camera."""

    driver: Literal["picamera2", "usb", "web", "simulated", "none"] = "picamera2"
    device: Annotated[str, AfterValidator(camera_device)] = ""
    """Of "usb" only."""
    mode: Literal["off", "on_request", "with_turn"] = "off"
    """"on_request": when the button is pressed twice, or when the model asks and `tools.look` lets it."""
    width_px: Annotated[
        int,
        Field(ge=160, le=1_536, multiple_of=2),
        Why("the service looks at about 768, and cameras deliver even sizes"),
    ] = 768
    quality_percent: Annotated[
        int, Field(ge=30, le=95), Why("below it faces turn into squares, above it only the bytes grow")
    ] = 75
    interval_s: Annotated[float, Field(ge=1.0, le=60.0), Why("the service takes at most one picture a second")] = 1.0
    """(live-api.md 1.2)"""


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
