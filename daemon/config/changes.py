"""What becomes of a key that is changed while the daemon runs: it acts at once, with a new link, or after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from .conflicts import conflicts
from .schema import Config, Refusals


def _of(section: str, keys: str) -> frozenset[str]:
    return frozenset(f"{section}.{key}" for key in keys.split())


AT_ONCE: Final = (
    _of("turn", "mode wake follow_up_s barge_in pre_roll_ms attack_ms no_speech_s")
    | _of("turn", "hangover_ms shortest_hangover_ms longest_hangover_ms")
    | _of("speaker", "volume_percent earcons")
    | _of("echo", "mode noise_suppression automatic_gain")
    | _of("camera", "interval_s")
    | _of("sounds", "listening done error muted no_network key_refused daily_limit")
    | _of("network", "answer_cut")
    | _of("limits", "turns_per_hour daily_tokens")
    | _of("prices", "input_per_million_tokens output_per_million_tokens currency")
    | _of("tools", "tell_content")
)
"""Acts as soon as nobody's turn is under way."""
NEXT_LINK: Final = (
    _of("live", "voice language_hints system_instruction thinking_level thinking_budget_tokens proactive_audio")
    | _of("live", "affective_dialog media_resolution temperature top_p max_output_tokens turn_coverage safety")
    | _of("live", "compression_trigger_tokens compression_target_tokens")
    | _of("live", "start_sensitivity end_sensitivity prefix_padding_ms silence_duration_ms")
    | _of("camera", "mode")
    | _of("network", "reply_timeout_s")
    | _of("limits", "idle_hangup_s session_max_minutes")
    | _of("tools", "google_search volume timers look device allow deny")
)
"""Acts then, too, but over a new link: a session keeps what it was set up with (live-api.md 0.10)."""
AT_START: Final = (
    _of("live", "model transcripts memory_tokens activity_handling base_url api_version ca_file headers")
    | _of("live", "api_key_file token_url token_credential_file token_client_cert_file token_client_key_file")
    | _of("turn", "taking vad vad_aggressiveness longest_s")
    | _of("microphone", "driver device gain_db rate_hz channel file")
    | _of("speaker", "driver device rate_hz sleep_after_s file")
    | _of("echo", "hangover_ms")
    | _of("button", "driver pin pull_up debounce_ms")
    | _of("mute", "driver pin pull_up muted_when")
    | _of("leds", "driver count brightness_percent spi_bus spi_device max_current_ma red_pin green_pin blue_pin")
    | _of("camera", "driver device width_px quality_percent")
    | _of("network", "connect_timeout_s setup_timeout_s send_timeout_s offline_buffer_s")
    | _of("tools", "folder mcp")
    | _of("sounds", "start")
    | _of("state", "folder")
    | _of("control", "socket")
)
"""Acts when the daemon is started again: a part, a thread or a file was opened with it."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What a new configuration changes in the one that the daemon goes by."""

    config: Config
    """What to go by from now on: the old one, with the new values of `live`."""
    live: tuple[str, ...]
    """The keys that act without a restart, each as "section.key", in the order of the schema."""
    restart: tuple[str, ...]
    """The keys that have other values in the new one, and keep the old ones until a restart."""

    @property
    def need_link(self) -> bool:
        """Whether a new link is needed."""
        return not NEXT_LINK.isdisjoint(self.live)


def changes(running: Config, wanted: Config, refusals: Refusals) -> Changes:
    """Return what `wanted` changes in `running`; both are accepted configurations.

    If the values that can be changed do not go together with those that cannot, nothing changes before a restart.
    """
    keys = tuple(_different(running, wanted))
    live = tuple(key for key in keys if key in AT_ONCE | NEXT_LINK)
    restart = tuple(key for key in keys if key not in live)
    mixed = _mixed(running, wanted, live)
    if restart and (conflicts(mixed) or refusals(mixed.live)):
        return Changes(running, (), keys)
    return Changes(mixed, live, restart)


def _different(running: Config, wanted: Config) -> Iterator[str]:
    for section in Config.model_fields:
        old, new = getattr(running, section), getattr(wanted, section)
        for key in type(old).model_fields:
            if getattr(old, key) != getattr(new, key):
                yield f"{section}.{key}"


def _mixed(running: Config, wanted: Config, keys: tuple[str, ...]) -> Config:
    """Return `running` with the values of `wanted` for `keys`."""
    updates: dict[str, dict[str, object]] = {}
    for name in keys:
        section, key = name.split(".")
        updates.setdefault(section, {})[key] = getattr(getattr(wanted, section), key)
    sections = {name: getattr(running, name).model_copy(update=update) for name, update in updates.items()}
    return running.model_copy(update=sections)
