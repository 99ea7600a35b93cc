"""What is wrong between keys that are right each for itself, or between a key and this device."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from .live_section import LiveSection
from .schema import Config
from .tools_section import McpSection

SOUND_PINS: Final = {18: "bit clock", 19: "word clock", 20: "input", 21: "output"}
"""I2S on the header (hardware.md section 4)."""
SPI0_PINS: Final = {7: "CE1", 8: "CE0", 9: "MISO", 10: "MOSI", 11: "SCLK"}
"""SPI0 on the header; dtparam=spi=on takes both chip selects, whichever the ring uses."""
_HOME_DOMAINS: Final = (".local", ".localhost", ".home.arpa", ".internal", ".lan")
"""No public names end in these (RFC 6762, 6761, 8375; .internal is reserved by ICANN, .lan is what routers use)."""
_CERTIFICATE: Final = re.compile(rb"-----BEGIN (X509 |TRUSTED )?CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Conflict:
    """Values that do not go together."""

    keys: tuple[str, ...]
    """Each as "section.key", or "tools.mcp.0.key"; any of them may be changed, the first one most likely."""
    reason: str
    """The end of a sentence that begins with one of the keys and its value."""


def conflicts(config: Config) -> tuple[Conflict, ...]:
    """Return every conflict in `config`. Looks at the disk for `live.ca_file` and nothing else."""
    return (
        *_pins(config),
        *_tokens(config),
        *_turns(config),
        *_prices(config),
        *_keys(config.live),
        *_camera(config),
        *_transcripts(config),
        *_servers(config.tools.mcp),
        *_ca_file(config.live.ca_file),
    )


def _tokens(config: Config) -> Iterator[Conflict]:
    live = config.live
    if live.compression_target_tokens >= live.compression_trigger_tokens:
        yield Conflict(
            ("live.compression_target_tokens", "live.compression_trigger_tokens"),
            f"compression_target_tokens ({live.compression_target_tokens}, what is kept) must be less than"
            f" compression_trigger_tokens ({live.compression_trigger_tokens}, what sets it off)",
        )
    if live.memory_tokens > live.compression_target_tokens:
        yield Conflict(
            ("live.memory_tokens", "live.compression_target_tokens"),
            f"memory_tokens ({live.memory_tokens}, what a new session is told) must not be more than"
            f" compression_target_tokens ({live.compression_target_tokens}, what a session keeps)",
        )


def _turns(config: Config) -> Iterator[Conflict]:
    turn = config.turn
    if turn.no_speech_s >= turn.longest_s:
        yield Conflict(
            ("turn.no_speech_s", "turn.longest_s"),
            f"no_speech_s ({turn.no_speech_s:g}) must be less than longest_s ({turn.longest_s:g}),"
            " or it would never be reached",
        )
    if not turn.shortest_hangover_ms <= turn.hangover_ms <= turn.longest_hangover_ms:
        yield Conflict(
            ("turn.hangover_ms", "turn.shortest_hangover_ms", "turn.longest_hangover_ms"),
            f"it must lie between shortest_hangover_ms ({turn.shortest_hangover_ms}) and longest_hangover_ms"
            f" ({turn.longest_hangover_ms}); set all three alike for a pause that never changes",
        )
    for key in ("start_sensitivity", "end_sensitivity", "prefix_padding_ms", "silence_duration_ms"):
        if getattr(config.live, key) is not None and turn.taking == "local":
            yield Conflict(
                (f"live.{key}", "turn.taking"), 'it is about the service\'s own detection: only with taking = "server"'
            )
    if config.echo.mode != "cancel":
        for key, off in (("noise_suppression", "off"), ("automatic_gain", False)):
            if getattr(config.echo, key) != off:
                yield Conflict((f"echo.{key}", "echo.mode"), 'it is a part of the canceller: only with mode = "cancel"')
    wakes_by_voice = turn.mode == "hands_free" and turn.wake == "voice"
    if config.button.driver == "none" and not config.control.socket and not wakes_by_voice:
        yield Conflict(
            ("button.driver", "control.socket"),
            "without a button and without a control socket nothing could ever begin a turn; give it one of them",
        )


def _camera(config: Config) -> Iterator[Conflict]:
    camera = config.camera
    if camera.mode != "off" and camera.driver == "none":
        yield Conflict(("camera.mode", "camera.driver"), 'with driver = "none" there is no camera that could look')
    if camera.device and camera.driver != "usb":
        yield Conflict(("camera.device", "camera.driver"), 'it says which USB camera it is: only with driver = "usb"')


def _transcripts(config: Config) -> Iterator[Conflict]:
    if config.live.transcripts == "file" and not config.state.folder:
        yield Conflict(
            ("live.transcripts", "state.folder"),
            "the file lies in the folder of [state], and none is set there; set one, or take another",
        )


def _servers(servers: Sequence[McpSection]) -> Iterator[Conflict]:
    names: set[str] = set()
    for index, server in enumerate(servers):
        at = f"tools.mcp.{index}"
        if not server.name:
            yield Conflict(
                (f"{at}.name",), 'each server needs one, such as name = "home"; its tools\' names begin with it'
            )
        elif server.name in names:
            yield Conflict(
                (f"{at}.name",), "a server above has this name already; the names of its tools begin with it"
            )
        names.add(server.name)
        if bool(server.command) == bool(server.url):
            what = "a server is either a program (command) or an address (url)"
            either = f"{what}; keep one of the two" if server.url else f"{what}; give one of the two"
            yield Conflict((f"{at}.command", f"{at}.url"), either)
        yield from _credential(at, server)


def _credential(at: str, server: McpSection) -> Iterator[Conflict]:
    if server.command and not server.url and server.credential_file:
        reason = "a program is shown no credential; only a server with a url is"
        yield Conflict((f"{at}.credential_file", f"{at}.command"), reason)
    if server.credential_file and not _protected(server.url):
        yield Conflict(
            (f"{at}.url", f"{at}.credential_file"),
            "over http, everybody on the way to that host could read the credential; write https, or the address that"
            " it has in your own network, such as 192.168.1.5 or homeassistant.local",
        )
    if server.header != "Authorization" and not server.credential_file:
        yield Conflict(
            (f"{at}.header", f"{at}.credential_file"),
            "it is what the credential is sent in, and credential_file names none",
        )


def _protected(url: str) -> bool:
    """Say whether what is sent to `url` is encrypted, or stays on this device or in its network."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    try:
        at_home = not ip_address(host).is_global
    except ValueError:
        at_home = "." not in host or host.endswith(_HOME_DOMAINS)
    return parts.scheme == "https" or at_home


def _prices(config: Config) -> Iterator[Conflict]:
    given = {key: getattr(config.prices, key) for key in ("input_per_million_tokens", "output_per_million_tokens")}
    for key, price in given.items():
        if not price and any(given.values()):
            yield Conflict(
                (f"prices.{key}",), "the other price is given, and an estimate of one half would mislead; give both"
            )


def _keys(live: LiveSection) -> Iterator[Conflict]:
    if not live.token_url:
        for key in ("token_credential_file", "token_client_cert_file", "token_client_key_file"):
            if getattr(live, key):
                yield Conflict(
                    (f"live.{key}", "live.token_url"), "it is for the service at token_url, which is not set"
                )
        return
    if bool(live.token_client_cert_file) != bool(live.token_client_key_file):
        yield Conflict(
            ("live.token_client_cert_file", "live.token_client_key_file"),
            "a certificate and its key are needed together: token_client_cert_file and token_client_key_file",
        )
    if live.api_key_file:
        yield Conflict(
            ("live.api_key_file", "live.token_url"),
            "with token_url the API key is not used; take it off this device, or do without token_url",
        )
    if live.api_version == "v1":
        yield Conflict(
            ("live.api_version", "live.token_url"),
            'version "v1" takes no tokens; with token_url it must be "v1beta" or "v1alpha"',
        )


def _pins(config: Config) -> Iterator[Conflict]:
    used: dict[int, str] = {}
    sound = "pyaudio" in (config.microphone.driver, config.speaker.driver)
    ring = config.leds.driver in ("apa102", "ws2812_spi")
    for key, pin in _own_pins(config):
        if pin in used:
            yield Conflict((key, used[pin]), f"{used[pin]} and {key} both use GPIO{pin}; each needs its own")
        elif sound and pin in SOUND_PINS:
            yield Conflict((key,), f"GPIO{pin} is the {SOUND_PINS[pin]} of the I2S sound (GPIO18 to 21); take another")
        elif ring and config.leds.spi_bus == 0 and pin in SPI0_PINS:
            yield Conflict(
                (key, "leds.driver"),
                f"GPIO{pin} is {SPI0_PINS[pin]} of the SPI bus that the ring is on (GPIO7 to 11); take another",
            )
        used.setdefault(pin, key)
    if ring and sound and config.leds.spi_bus == 1:
        yield Conflict(("leds.spi_bus",), "SPI bus 1 lies on GPIO18 to 21, which carry the I2S sound; use bus 0")


def _own_pins(config: Config) -> Iterator[tuple[str, int]]:
    if config.button.driver == "gpiozero":
        yield "button.pin", config.button.pin
    if config.mute.driver == "gpiozero":
        yield "mute.pin", config.mute.pin
    if config.leds.driver == "rgb_led":
        yield "leds.red_pin", config.leds.red_pin
        yield "leds.green_pin", config.leds.green_pin
        yield "leds.blue_pin", config.leds.blue_pin


def _ca_file(path: str) -> Iterator[Conflict]:
    if not path:
        return
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        yield Conflict(("live.ca_file",), f"the file cannot be read ({error.strerror}), so no connection could be made")
        return
    if not _CERTIFICATE.search(content):
        yield Conflict(("live.ca_file",), "the file holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")
