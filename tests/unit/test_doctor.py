"""What `vocative doctor` makes of what it has seen: facts in, findings out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from daemon.config import Config
from daemon.doctor import (
    board,
    boot,
    camera,
    clock,
    identity,
    key,
    levels,
    model,
    network,
    online,
    pins,
    ring,
    running,
    sound,
    unit,
    upkeep,
)
from daemon.doctor.finding import Finding, Verdict, fine, note, to_do
from daemon.doctor.machine import Node, Space
from daemon.doctor.sheet import Style, as_json, as_text
from daemon.errors import Deadline, LinkError, LinkTimeout
from daemon.keys.credentials import Secret
from hardware.gpio_lines import Line
from hardware.holder import Holder
from hardware.sound_devices import Direction

FINE, NOTE, TO_DO = Verdict
PI_3, PI_4, PI_5 = "Raspberry Pi 3 Model B Rev 1.2", "Raspberry Pi 4 Model B Rev 1.5", "Raspberry Pi 5 Model B Rev 1.0"


def told(findings: Iterable[Finding]) -> list[tuple[Verdict, str, str]]:
    return [(one.verdict, one.what, one.remedy) for one in findings]


def worst(findings: Iterable[Finding]) -> tuple[Verdict, str]:
    """Return the verdict that counts, and all that was said."""
    found = list(findings)
    text = "\n".join(f"{one.what} -> {one.remedy}" for one in found)
    return max((one.verdict for one in found), key=list(Verdict).index), text


def check(findings: Iterable[Finding], verdict: Verdict, words: str) -> None:
    worst_of_them, text = worst(findings)
    assert worst_of_them is verdict, text
    assert words in text


def test_what_is_to_be_done_always_says_what() -> None:
    with pytest.raises(AssertionError):
        to_do("sound", "silence", "")


BOARD = board.Facts(
    model=PI_5,
    system="Debian GNU/Linux 13 (trixie)",
    debian=13,
    raspberry_pi_os=True,
    kernel="6.12.47",
    bits=64,
    python="3.13.5",
)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, FINE, "trixie) (Raspberry Pi OS), kernel 6.12.47"),
        ({"model": ""}, NOTE, "no Raspberry Pi"),
        ({"model": "Radxa ROCK 5B"}, NOTE, "Radxa"),
        ({"debian": 11}, TO_DO, "Debian 12 or newer"),
        ({"debian": None, "system": "Ubuntu 24.04"}, FINE, "Ubuntu"),
        ({"bits": 32}, TO_DO, "64-bit"),
        ({"bits": None}, FINE, "Debian"),
        ({"python": "3.10.2"}, TO_DO, "3.11"),
    ],
)
def test_the_board(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    check(board.findings(replace(BOARD, **changes)), verdict, words)


@pytest.mark.parametrize(
    ("lines", "model_", "driver", "spi_there", "verdict", "words"),
    [
        ("dtparam=spi=on", PI_5, "apa102", False, FINE, "SPI is switched on"),
        ("dtparam=i2c_arm=on,spi=on  # both", PI_5, "apa102", False, FINE, "SPI is switched on"),
        ("dtparam=spi", PI_5, "apa102", False, FINE, "SPI is switched on"),
        ("", PI_5, "apa102", True, FINE, "SPI is switched on"),  # by whatever means
        ("#dtparam=spi=on", PI_5, "apa102", False, TO_DO, "Add dtparam=spi=on to /boot/firmware/config.txt"),
        ("dtparam=spi=on\ndtparam=spi=off", PI_5, "apa102", False, TO_DO, "dtparam=spi=on"),
        ("[pi4]\ndtparam=spi=on", PI_5, "apa102", False, TO_DO, "dtparam=spi=on"),
        ("[pi4]\nx=1\n[all]\ndtparam=spi=on", PI_5, "apa102", False, FINE, "SPI"),
        ("[pi5]\ndtparam=spi=on", PI_5, "apa102", False, FINE, "SPI"),
        ("[EDID=VSC-TD2220]\ndtparam=spi=on", PI_5, "apa102", False, TO_DO, "dtparam=spi=on"),
        ("dtparam=spi=on", PI_5, "ws2812_spi", False, FINE, "SPI"),
        ("dtparam=spi=on", PI_3, "ws2812_spi", False, TO_DO, "core_freq=250"),
        ("dtparam=spi=on", "Raspberry Pi Zero 2 W Rev 1.0", "ws2812_spi", False, TO_DO, "core_freq=250"),
        ("dtparam=spi=on\ncore_freq=250", PI_3, "ws2812_spi", False, FINE, "clock is fixed"),
        ("dtparam=spi=on\ncore_freq=500", PI_4, "ws2812_spi", False, TO_DO, "core_freq_min=500"),
        ("dtparam=spi=on", PI_3, "apa102", False, FINE, "SPI"),  # it has a clock of its own
    ],
)
def test_the_ring_and_config_txt(
    lines: str, model_: str, driver: str, spi_there: bool, verdict: Verdict, words: str
) -> None:
    facts = boot.Facts("/boot/firmware/config.txt", tuple(boot._in_force(lines, model_)))
    found = boot.findings(facts, model=model_, ring=driver, devices=("", ""), spi_there=spi_there)
    check(found, verdict, words)


def test_a_card_of_an_overlay_needs_the_overlay() -> None:
    def found(lines: str) -> Iterable[Finding]:
        facts = boot.Facts("/boot/firmware/config.txt", tuple(boot._in_force(lines, PI_5)))
        devices = ("hw:CARD=sndrpigooglevoi", "hw:CARD=sndrpigooglevoi")
        return boot.findings(facts, model=PI_5, ring="none", devices=devices, spi_there=False)

    check(found("dtoverlay=googlevoicehat-soundcard,x=1"), FINE, "is asked for")
    assert told(found("dtoverlay=hifiberry-dac")) == [
        (
            TO_DO,
            "the configured sound card needs an overlay that /boot/firmware/config.txt does not ask for",
            "Add dtoverlay=googlevoicehat-soundcard to /boot/firmware/config.txt and restart the Pi",
        )
    ]


def test_without_config_txt_there_is_nothing_to_say_of_overlays() -> None:
    check(
        boot.findings(boot.Facts("", ()), model="", ring="apa102", devices=("", ""), spi_there=False),
        NOTE,
        "not apply",
    )


def node(path: str, *, gid: int = 29, mode: int = 0o660) -> Node:
    return Node(path, 0, gid, mode, 0.0)


USER = identity.Facts(
    user="vocative",
    uid=993,
    gids=frozenset({985, 29, 986}),
    groups=frozenset({"vocative", "audio", "gpio"}),
    needs=(
        identity.Need("sound", "audio", (node("/dev/snd/pcmC0D0c"),)),
        identity.Need("button", "gpio", (node("/dev/gpiochip0", gid=986),)),
    ),
    installed=True,
)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, FINE, "the devices of: sound, button"),
        ({"uid": None}, TO_DO, "sudo systemd-sysusers"),
        ({"uid": None, "installed": False}, NOTE, "not installed"),
        ({"groups": frozenset({"gpio"})}, TO_DO, "sudo usermod -aG audio vocative"),
        (
            {"needs": (identity.Need("ring", "gpio", (node("/dev/spidev0.0", gid=0),)),)},
            TO_DO,
            "/dev/spidev0.0 (mode 0660)",
        ),
        ({"needs": (identity.Need("ring", "gpio", (node("/dev/x", mode=0o440),)),)}, TO_DO, "udevadm"),
        ({"needs": (identity.Need("ring", "gpio", (node("/dev/x", gid=0, mode=0o666),)),)}, FINE, "ring"),
        ({"needs": ()}, FINE, "in the groups audio, gpio"),
    ],
)
def test_the_services_user(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    check(identity.findings(replace(USER, **changes)), verdict, words)


def test_the_first_class_of_permissions_that_fits_counts() -> None:
    own = Node("/dev/x", 993, 29, 0o066, 0.0)
    assert not identity.usable(own, 993, frozenset({29}))
    assert identity.usable(own, 5, frozenset({29}))
    assert not identity.readable(own, 993, frozenset({29}))
    assert identity.readable(Node("/key", 0, 985, 0o640, 0.0), 993, frozenset({985}))
    assert identity.usable(own, 5, frozenset())
    assert identity.usable(Node("/dev/x", 0, 0, 0, 0.0), 0, frozenset())


NAME = "USB PnP Sound Device: Audio (hw:2,0)"
SOUND = sound.Facts(
    direction=Direction.CAPTURE,
    wanted="USB PnP",
    rate_hz=0,
    name=NAME,
    refused="",
    held=False,
    rates_hz=(16_000, 48_000),
    holders=(),
    running_hz=0,
    service_pid=0,
    made_up=False,
    works=False,
)
NONE_FITS = 'microphone: no device fits "X". There are: "Y". Plug it in, or set microphone.device to one of these.'


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, FINE, f'microphone: "{NAME}", 16000, 48000 Hz'),
        ({"rate_hz": 44_100}, TO_DO, "Set microphone.rate_hz to 0"),
        ({"rate_hz": 48_000}, FINE, "48000"),
        ({"rates_hz": ()}, TO_DO, "a PCM of type plug"),
        ({"refused": NONE_FITS}, TO_DO, "-> Plug it in, or set microphone.device to one of these"),
        ({"refused": NONE_FITS, "wanted": "hw:CARD=sndrpigooglevoi"}, TO_DO, "-> Have its overlay loaded"),
        ({"refused": NONE_FITS, "works": True}, NOTE, "the running daemon has one open"),
        ({"refused": NONE_FITS, "made_up": True}, NOTE, "PCM of ALSA's configuration"),
        ({"holders": (Holder(812, "arecord"),)}, TO_DO, "in use by arecord (process 812)"),
        ({"holders": (Holder(812, ""),)}, TO_DO, "in use by process 812"),
        (
            {"holders": (Holder(604, "vocative"),), "service_pid": 604, "rates_hz": None, "running_hz": 48_000},
            FINE,
            "open at 48000 Hz by the service",
        ),
        ({"holders": (Holder(604, "vocative"),), "service_pid": 99}, TO_DO, "in use by vocative"),
        ({"name": "", "wanted": "", "rates_hz": None}, FINE, "the system's default device is there"),
        ({"name": "", "wanted": "", "rates_hz": None, "none": True}, TO_DO, "there is no sound card that captures"),
        ({"refused": NONE_FITS, "none": True}, TO_DO, "-> Plug one in"),
        ({"name": "", "wanted": "", "rates_hz": None, "none": True, "works": True}, FINE, "is there"),
    ],
)
def test_a_card(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    check(sound.findings(replace(SOUND, **changes)), verdict, words)


def s16le(amplitude: float, *, offset: float = 0.0) -> bytes:
    wave = offset + amplitude * np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000)
    return np.clip(wave, -32_768, 32_767).astype("<i2").tobytes()


@pytest.mark.parametrize(
    ("pcm", "gain_db", "verdict", "words"),
    [
        (s16le(3000.0), 0.0, FINE, "-24 dBFS on average, -21 dBFS at most"),
        (s16le(3000.0, offset=2000.0), 0.0, FINE, "-24 dBFS on average"),
        (s16le(0.0), 0.0, TO_DO, "microphone.channel = 1"),
        (s16le(0.0, offset=-1.0), 0.0, TO_DO, "silence to the last bit"),
        (b"", 0.0, TO_DO, "nothing"),
        (s16le(60_000.0), 20.0, TO_DO, "Lower microphone.gain_db from 20 to 8"),
        (s16le(60_000.0), 0.0, TO_DO, "alsamixer"),
        (s16le(2.0), 0.0, NOTE, "raise microphone.gain_db from 0 by 20"),
    ],
)
def test_what_the_microphone_hears(pcm: bytes, gain_db: float, verdict: Verdict, words: str) -> None:
    check(levels.findings(levels.Facts(pcm, gain_db, channel=0)), verdict, words)


@pytest.mark.parametrize(
    ("heard", "verdict", "words"),
    [
        (levels.Overheard(-41.0, muted=False), FINE, "-41 dBFS at most, as the running daemon measures it"),
        (levels.Overheard(-96.0, muted=False), TO_DO, "silence to the last bit"),
        (levels.Overheard(-96.0, muted=True), NOTE, "muted: not measured"),
    ],
)
def test_what_the_running_daemon_hears(heard: levels.Overheard, verdict: Verdict, words: str) -> None:
    check(levels.overheard(heard), verdict, words)


FREE, OURS = Line("gpiochip0", "pinctrl-rp1", False, ""), Line("gpiochip0", "pinctrl-rp1", True, "lg")
PINS = pins.Facts(
    pins=(pins.Pin("button.pin", 17, FREE),),
    is_pi=True,
    chips=("/dev/gpiochip0",),
    denied=False,
    holders=(),
    service_pid=0,
    library=True,
    unit_environment="LG_WD=/run/vocative",
)


def button(line: Line, number: int = 17) -> dict[str, Any]:
    return {"pins": (pins.Pin("button.pin", number, line),)}


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, FINE, "GPIO17 (button.pin) is free on gpiochip0"),
        ({"pins": ()}, NOTE, "not apply"),
        ({"chips": ()}, TO_DO, "no GPIO chip"),
        ({"chips": (), "is_pi": False}, NOTE, 'set button.driver to "none"'),
        ({"library": False}, TO_DO, "apt install python3-lgpio"),
        ({"unit_environment": "X=1"}, TO_DO, "LG_WD"),
        ({"unit_environment": None}, FINE, "free"),
        ({"denied": True, "pins": (pins.Pin("button.pin", 17, None),)}, NOTE, "Look again with sudo"),
        (button(OURS) | {"holders": (Holder(604, "vocative"),), "service_pid": 604}, FINE, "held by the service"),
        (button(OURS) | {"service_pid": 604}, NOTE, "probably by the service"),
        (button(OURS) | {"holders": (Holder(9, "python3"),)}, TO_DO, "held by python3 (process 9)"),
        (button(OURS), TO_DO, "held by lg"),
        (button(Line("gpiochip0", "pinctrl-rp1", True, "spi0 CS0"), 8), TO_DO, "kernel's \"spi0 CS0\" (the SPI bus's)"),
        (button(Line("gpiochip0", "x", True, "i2s"), 18), TO_DO, "(the I2S sound card's)"),
    ],
)
def test_a_pin(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    check(pins.findings(replace(PINS, **changes)), verdict, words)


@pytest.mark.parametrize(
    ("driver", "there", "is_pi", "library", "verdict", "words"),
    [
        ("apa102", True, True, True, FINE, "/dev/spidev0.0 is there"),
        ("apa102", True, True, False, TO_DO, "python3-spidev"),
        ("ws2812_spi", False, True, True, TO_DO, "Switch SPI on"),
        ("apa102", False, False, False, NOTE, 'set leds.driver to "none"'),
        ("none", False, True, False, NOTE, "does not apply"),
    ],
)
def test_the_spi_bus(driver: str, there: bool, is_pi: bool, library: bool, verdict: Verdict, words: str) -> None:
    found = ring.findings(driver=driver, node="/dev/spidev0.0", there=there, is_pi=is_pi, library=library)
    check(found, verdict, words)


CAMERA = camera.Facts(
    driver="picamera2",
    looks=True,
    device="",
    is_pi=True,
    sensors=("imx708_wide",),
    cameras=("C920",),
    libraries=frozenset({"picamera2", "libcamera", "linuxpy"}),
    system_packages=True,
    installed=True,
)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, FINE, "imx708_wide"),
        ({"looks": False}, NOTE, 'camera.mode is "off"'),
        ({"driver": "none"}, NOTE, "does not apply"),
        (
            {"libraries": frozenset(), "installed": False},
            TO_DO,
            "apt install --no-install-recommends python3-picamera2",
        ),
        ({"libraries": frozenset(), "system_packages": False}, TO_DO, "include-system-site-packages = true"),
        ({"libraries": frozenset()}, TO_DO, "--reinstall"),
        ({"sensors": ()}, TO_DO, "camera_auto_detect=1"),
        ({"sensors": (), "is_pi": False}, NOTE, 'camera.driver to "usb"'),
        ({"driver": "usb"}, FINE, "USB camera: C920"),
        ({"driver": "usb", "device": "C270"}, TO_DO, 'no USB camera fits "C270"; there is C920'),
        ({"driver": "usb", "libraries": frozenset()}, TO_DO, "linuxpy"),
    ],
)
def test_the_camera(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    check(camera.findings(replace(CAMERA, **changes)), verdict, words)


@pytest.mark.parametrize(
    ("now_s", "synchronised", "verdict", "words"),
    [
        (1_795_320_000.0, True, FINE, "2026-11-22 04:00 UTC, set by the network"),
        (1_795_320_000.0, False, TO_DO, "set-ntp true"),
        (1_795_320_000.0, None, NOTE, "Compare"),
        (0.0, False, TO_DO, "the clock is wrong: 1970"),
        (1_700_000_000.0, True, TO_DO, "the clock is wrong: 2023"),
        (4_000_000_000.0, True, TO_DO, "2096"),
    ],
)
def test_the_clock(now_s: float, synchronised: bool | None, verdict: Verdict, words: str) -> None:
    check(clock.findings(now_s, synchronised), verdict, words)


@pytest.mark.parametrize(
    ("facts", "verdict", "words"),
    [
        (network.Facts(True, ("192.168.1.1",), None), FINE, "names are asked of 192.168.1.1"),
        (network.Facts(False, ("192.168.1.1",), None), TO_DO, "nmtui"),
        (network.Facts(True, (), None), TO_DO, "no name server"),
        (network.Facts(True, ("::1",), -55), FINE, "Wi-Fi at -55 dBm"),
        (network.Facts(True, ("::1",), -81), NOTE, "weak"),
    ],
)
def test_the_network_from_inside(facts: network.Facts, verdict: Verdict, words: str) -> None:
    check(network.findings(facts, online=True), verdict, words)


def test_without_online_it_says_that_nobody_was_asked() -> None:
    found = list(network.findings(network.Facts(True, ("::1",), None), online=False))
    assert found[-1].verdict is NOTE
    assert "--online" in found[-1].remedy


REACH = network.Reach("api.example", 443, addresses=("192.0.2.1",), took_ms=40.0)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, FINE, "api.example:443 is reached and trusted, in 40 ms"),
        ({"dns": "Name or service not known"}, TO_DO, "the network's name server"),
        ({"tcp": "Connection refused"}, TO_DO, "Connection refused"),
        ({"tls": "certificate is not yet valid"}, TO_DO, "Set the clock"),
        ({"tls": "certificate has expired"}, TO_DO, "Set the clock"),
        ({"tls": "self-signed certificate in certificate chain"}, TO_DO, "live.ca_file"),
        ({"tls": "the certificate file /x cannot be used (No such file)"}, TO_DO, "Correct live.ca_file"),
        ({"proxied": True}, NOTE, "a proxy"),
    ],
)
def test_the_services_door(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    check(network.reached(replace(REACH, **changes)), verdict, words)


@pytest.mark.parametrize(
    ("base_url", "place"),
    [
        ("", (network.GOOGLE, 443)),
        ("https://api.example", ("api.example", 443)),
        ("https://127.0.0.1:8443/x", ("127.0.0.1", 8443)),
        ("http://api.example", ("api.example", 80)),
    ],
)
def test_where_the_service_is(base_url: str, place: tuple[str, int]) -> None:
    assert network.place(base_url) == place


GOOD = Secret("AIza" + "k" * 35)
PLAIN = key.Facts(key.Place.PLAIN, key.PLAIN, Node(key.PLAIN, 0, 0, 0o600, 0.0), key=GOOD)


@pytest.mark.parametrize(
    ("facts", "as_root", "verdict", "words"),
    [
        (PLAIN, True, FINE, "it looks like a key"),
        (replace(PLAIN, node=Node(key.PLAIN, 0, 0, 0o640, 0.0)), True, TO_DO, "sudo chmod 600"),
        (replace(PLAIN, key=None), False, NOTE, "only root can read it"),
        (replace(PLAIN, key=None), True, TO_DO, "it cannot be read"),
        (replace(PLAIN, key=Secret("sk-xxxxxxxxxxxxxxxxxxxxxxxx")), True, TO_DO, "of another service"),
        (replace(PLAIN, key=Secret("AIzaShort")), True, TO_DO, "a part is missing"),
        (replace(PLAIN, place=key.Place.ENCRYPTED), True, FINE, "(encrypted)"),
        (
            replace(PLAIN, place=key.Place.ENCRYPTED, node=Node(key.ENCRYPTED, 0, 0, 0o644, 0.0)),
            True,
            FINE,
            "mode 0644",
        ),
        (replace(PLAIN, place=key.Place.ENCRYPTED, named=False), True, TO_DO, "the unit is not told of it"),
        (replace(PLAIN, place=key.Place.ENCRYPTED, key=None), True, TO_DO, "for another machine"),
        (replace(PLAIN, place=key.Place.FILE, refused="does not exist; make it"), True, TO_DO, "-> make it"),
        (key.Facts(key.Place.NOWHERE), True, TO_DO, "aistudio.google.com/apikey"),
        (key.Facts(key.Place.VARIABLE, "GEMINI_API_KEY", key=GOOD), True, TO_DO, "the service does not see it"),
        (key.Facts(key.Place.TOKENS), True, FINE, "live.token_url"),
        (key.Facts(key.Place.TOKENS, "/c", refused="is empty; write it"), True, TO_DO, "-> write it"),
    ],
)
def test_the_key(facts: key.Facts, as_root: bool, verdict: Verdict, words: str) -> None:
    check(key.findings(facts, as_root=as_root, installed=True, service_reads=True), verdict, words)


def test_a_key_file_of_the_owners_own_must_be_open_to_the_service() -> None:
    facts = key.Facts(key.Place.FILE, "/etc/key", Node("/etc/key", 0, 0, 0o600, 0.0), key=GOOD)
    check(key.findings(facts, as_root=True, installed=True, service_reads=False), TO_DO, "sudo chgrp vocative /etc/key")
    check(key.findings(facts, as_root=True, installed=False, service_reads=False), FINE, "it looks like a key")


def test_a_variable_does_where_there_is_no_service_and_is_never_shown() -> None:
    found = list(
        key.findings(
            key.Facts(key.Place.VARIABLE, "GEMINI_API_KEY", key=GOOD), as_root=True, installed=False, service_reads=True
        )
    )
    check(found, FINE, "for `vocative run` by hand")
    assert GOOD.reveal() not in as_json(found)


@pytest.mark.parametrize(
    ("name", "verdict", "words"),
    [
        ("gemini-3.8-live", FINE, "stable"),
        ("gemini-3.1-flash-live-preview", NOTE, "-> Choose gemini-3.8-live"),
        ("gemini-2.5-flash-native-audio-preview-12-2025", NOTE, "deprecated"),
        ("gemini-9-live", NOTE, "not among the models that this version knows"),
    ],
)
def test_the_model(name: str, verdict: Verdict, words: str) -> None:
    check(model.findings(Config.model_validate({"live": {"model": name}}).live), verdict, words)


@pytest.mark.parametrize(
    ("failure", "area", "words"),
    [
        (LinkError("API key not valid. Please pass a valid API key.", close_code=1007), "key", "refuses the key"),
        (LinkError("the upgrade was refused", http_status=403), "key", "make a new one"),
        (LinkError("You exceeded your current quota", close_code=1011), "quota", "plan and billing"),
        (LinkError("the upgrade was refused", http_status=429), "quota", "plan and billing"),
        (LinkError("models/x is not found for API version", close_code=1008), "model", "check live.model"),
        (LinkError("Unknown name at setup", close_code=1007), "model", "correct what was changed last"),
        (LinkError("the upgrade was refused", http_status=404), "network", "check live.base_url"),
        (LinkError("cannot reach the service: gaierror"), "network", "cannot be reached"),
        (LinkError("the certificate is not trusted: x"), "network", "check the device's clock"),
        (LinkError("", close_code=1011), "network", "in trouble itself"),
        (LinkError("the upgrade was refused", http_status=503), "network", "in trouble itself"),
        (LinkTimeout("no connection in time", deadline=Deadline.CONNECT), "network", "cannot be reached"),
        (LinkError("the token service answered without a token", http_status=200), "key", "live.token_url"),
        (LinkError("the token service refuses the credential", http_status=401), "key", "live.token_cred"),
    ],
)
def test_a_session_that_fails_tells_key_quota_model_and_network_apart(
    failure: LinkError, area: str, words: str
) -> None:
    found = list(online.findings(online.Trial("gemini-3.8-live", failure, 0.0)))
    assert [(one.area, one.verdict) for one in found] == [(area, TO_DO)], found
    assert words in f"{found[0].what} -> {found[0].remedy}"


def test_a_session_that_comes_up_is_good_news_of_all_three() -> None:
    found = list(online.findings(online.Trial("gemini-3.8-live", None, 210.0)))
    assert [(one.area, one.verdict) for one in found] == [("key", FINE), ("model", FINE), ("quota", FINE)]


UNIT = unit.Facts(
    systemd=True,
    properties={
        "LoadState": "loaded",
        "ActiveState": "active",
        "SubState": "running",
        "Result": "success",
        "UnitFileState": "enabled",
        "MainPID": "604",
        "ExecMainStartTimestamp": "@2000",
        "Environment": "LG_WD=/run/vocative",
    },
    last_error="",
    version="1.2.0",
    installed_s=1000.0,
)


@pytest.mark.parametrize(
    ("changes", "properties", "verdict", "words"),
    [
        ({}, {}, FINE, "version 1.2.0 is installed and runs"),
        ({"systemd": False}, {}, NOTE, "systemd does not answer"),
        ({}, {"LoadState": "not-found"}, NOTE, "sudo make install"),
        ({}, {"LoadState": "masked"}, TO_DO, "unmask"),
        ({}, {"ActiveState": "inactive"}, TO_DO, "sudo systemctl start vocative"),
        ({}, {"UnitFileState": "disabled"}, TO_DO, "sudo systemctl enable vocative"),
        ({}, {"NeedDaemonReload": "yes"}, TO_DO, "daemon-reload"),
        ({}, {"NRestarts": "7"}, NOTE, "restarted 7 times"),
        ({"last_error": "no such key"}, {"ActiveState": "failed", "ExecMainStatus": "78"}, TO_DO, "no such key"),
        ({}, {"ActiveState": "failed", "ExecMainStatus": "78"}, TO_DO, "vocative check"),
        ({}, {"SubState": "auto-restart", "ExecMainStatus": "69"}, TO_DO, "Mend the sound card"),
        ({}, {"ActiveState": "failed", "Result": "oom-kill"}, TO_DO, "oom-kill"),
        ({"installed_s": 3000.0}, {}, TO_DO, "the one before still runs"),
    ],
)
def test_the_service(changes: dict[str, Any], properties: dict[str, str], verdict: Verdict, words: str) -> None:
    check(unit.findings(replace(UNIT, **changes, properties=UNIT.properties | properties)), verdict, words)


def test_a_service_in_its_pause_does_not_run() -> None:
    pausing = replace(UNIT, properties=UNIT.properties | {"ActiveState": "activating", "SubState": "auto-restart"})
    assert UNIT.active
    assert not pausing.active


def test_a_configuration_that_the_service_may_not_read() -> None:
    path = "/etc/vocative/vocative.toml"
    assert not list(identity.shut_file("configuration", USER, Node(path, 0, 0, 0o644, 0.0)))
    (found,) = identity.shut_file("configuration", USER, Node(path, 0, 0, 0o600, 0.0))
    assert found.what == "the service's user vocative may not read /etc/vocative/vocative.toml (mode 0600)"
    assert found.remedy == f"sudo chgrp vocative {path} && sudo chmod 640 {path}"


BUSY = {"microphone": "microphone: it is in use. jack.service holds it: stop that."}


def changed(**changes: list[str]) -> running.Facts:
    """A daemon that goes by another configuration than is in the file."""
    return running.Facts({"meaning": "ready", "faults": [], "changes": changes})


@pytest.mark.parametrize(
    ("facts", "unit_active", "verdict", "words"),
    [
        (running.Facts({"meaning": "ready", "faults": []}), True, FINE, "ready"),
        (running.Facts({"faults": ["microphone"]}), True, TO_DO, "Plug the microphone in"),
        (running.Facts({"faults": ["microphone"], "wrong": BUSY}), True, TO_DO, "fault: microphone: it is in use"),
        (running.Facts({"faults": ["microphone"], "wrong": BUSY}), True, TO_DO, "jack.service holds it: stop that"),
        (running.Facts({"faults": ["key", "limit"]}), True, TO_DO, "--online"),
        (running.Facts({"faults": ["something newer"]}), True, TO_DO, "journalctl"),
        (running.Facts({"faults": [], "muted": True}), True, NOTE, "vocative unmute"),
        (changed(applied=["speaker.earcons"]), True, TO_DO, "sudo systemctl reload vocative"),
        (changed(applied=["speaker.earcons"]), True, TO_DO, "since the daemon read it: speaker.earcons"),
        (changed(applied=["speaker.earcons"], needs_restart=["leds.count"]), True, TO_DO, "systemctl restart vocative"),
        (changed(needs_restart=list("abcdef")), True, TO_DO, "a, b, c, d and 2 more"),
        (changed(faults=["vocative.toml:3: wrong."]), True, TO_DO, "cannot take the file: vocative.toml:3: wrong"),
        (changed(), True, FINE, "ready"),
        (running.Facts(None), True, TO_DO, "does not answer"),
        (running.Facts(None), False, NOTE, "does not run"),
        (running.Facts(None, denied=True), True, NOTE, "sudo"),
    ],
)
def test_the_running_daemon(facts: running.Facts, unit_active: bool, verdict: Verdict, words: str) -> None:
    check(running.findings(facts, unit_active=unit_active), verdict, words)


UPKEEP = upkeep.Facts(
    folder="/var/lib/vocative",
    space=Space(5 << 30, read_only=False),
    read_only=False,
    overlaid=False,
    under_voltage=False,
    power="",
    temperature_c=51.0,
    memory_limits=True,
    memory_kib=4_000_000,
    swap_kib=0,
)


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        ({}, FINE, "5120 MiB are free for /var/lib/vocative"),
        ({"space": Space(9 << 20, read_only=False)}, TO_DO, "hardly any room: 9 MiB"),
        ({"space": Space(5 << 30, read_only=True)}, TO_DO, "read-only"),
        ({"read_only": True}, TO_DO, "the card is failing"),
        ({"overlaid": True}, NOTE, "lost at the next start"),
        ({"folder": "", "space": None}, FINE, "51 °C"),
        ({"under_voltage": True}, TO_DO, "the supply's voltage is too low"),
        ({"power": "the power supply is too weak at this moment"}, TO_DO, "supply"),
        ({"power": "the power supply has been too weak at times since the start"}, NOTE, "at times"),
        ({"under_voltage": None}, FINE, "51"),
        ({"temperature_c": 74.0}, NOTE, "74 °C: warm"),
        ({"temperature_c": 85.0}, TO_DO, "too hot"),
        ({"memory_limits": False}, NOTE, "cgroup_enable=memory"),
        ({"memory_limits": None}, FINE, "51"),
        ({"memory_kib": 430_000}, NOTE, "no swap"),
        ({"memory_kib": 430_000, "swap_kib": 100_000}, FINE, "51"),
    ],
)
def test_what_it_needs_for_months(changes: dict[str, Any], verdict: Verdict, words: str) -> None:
    check(upkeep.findings(replace(UPKEEP, **changes), is_pi=True), verdict, words)


# --- the sheet -----------------------------------------------------------------------------------------

FINDINGS = [
    fine("board", "Raspberry Pi 5"),
    to_do("sound", "microphone: it is in use by arecord (process 812)", "Stop that, or choose another device"),
    note("sound", "the speaker sleeps"),
]


def test_the_sheet_groups_by_area_and_says_how_much_is_to_be_done() -> None:
    assert as_text(FINDINGS, Style(width=80)) == (
        "board          ✓ Raspberry Pi 5\n"
        "sound          ✗ microphone: it is in use by arecord (process 812)\n"
        "                 → Stop that, or choose another device\n"
        "               · the speaker sleeps\n"
        "\n"
        "1 thing to do.\n"
    )


def test_a_plain_terminal_gets_plain_marks_and_a_narrow_one_narrow_lines() -> None:
    text = as_text(FINDINGS, Style(width=60, plain=True))
    assert text.isascii()
    assert "!! microphone: it is in use by arecord" in text
    assert max(map(len, text.splitlines())) <= 60


def test_colours_change_nothing_but_colours() -> None:
    coloured = as_text(FINDINGS, Style(coloured=True))
    assert "\x1b[1;31m✗\x1b[0m" in coloured
    plain = coloured
    for code in ("1;31", "32", "33", "1", "2", "0"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert plain == as_text(FINDINGS, Style())


def test_programs_get_a_list() -> None:
    listed = json.loads(as_json(FINDINGS))
    assert listed[1] == {
        "area": "sound",
        "what": "microphone: it is in use by arecord (process 812)",
        "verdict": "to do",
        "remedy": "Stop that, or choose another device",
    }
    assert listed[0]["remedy"] is None


def test_nothing_to_do_is_said() -> None:
    assert as_text(FINDINGS[:1], Style()).endswith("Nothing is to be done.\n")
