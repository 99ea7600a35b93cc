"""The configuration is refused, not guessed at: every fault in one complete sentence, all at once."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from daemon.config import Config, LiveSection, Refusals, default_path, load
from daemon.config.diagnosis import diagnose
from daemon.config.loading import MOST_FAULTS
from daemon.errors import ConfigurationError
from daemon.keys.credentials import KEY_LIKE
from hardware.settings import BoardSettings, ButtonSettings, CameraSettings, LedSettings, MicrophoneSettings

KEY = "AIza" + "Sy0123456789-abcdefghijklmnop_QRSTU"
EXAMPLE = (Path(__file__).parents[2] / "config" / "vocative.toml").read_text()


@pytest.fixture
def faults(tmp_path: Path) -> Callable[..., list[str]]:
    """Load a text and return the sentences it is refused with; an empty list if it is taken."""

    def loaded(text: str | bytes, refusals: Refusals | None = None) -> list[str]:
        path = tmp_path / "vocative.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        try:
            load(path, refusals=refusals)
        except ConfigurationError as error:
            return list(error.faults)
        return []

    return loaded


# --- the file --------------------------------------------------------------------------------------


def test_a_missing_file_is_a_fault_that_says_how_to_make_one(tmp_path: Path) -> None:
    path = tmp_path / "none.toml"
    with pytest.raises(ConfigurationError, match="there is no such file") as refused:
        load(path)
    assert refused.value.faults[0].startswith(f"{path}: ")
    assert f"sudo install -D -m 644 config/vocative.toml {path}" in refused.value.faults[0]


def test_a_directory_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="this is a directory; name the file in it"):
        load(tmp_path)


def test_a_path_through_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot be read \(Not a directory\)"):
        load(tmp_path / "file" / "vocative.toml")


@pytest.mark.parametrize("content", [b"", b"\n \n", b"\0" * 4096, b"\r\n"])
def test_a_file_that_a_power_cut_emptied_is_not_taken_for_the_defaults(
    faults: Callable[..., list[str]], content: bytes
) -> None:
    (fault,) = faults(content)
    assert "the file is empty, as after a power cut" in fault


def test_a_comment_alone_means_the_defaults(tmp_path: Path) -> None:
    path = tmp_path / "vocative.toml"
    path.write_text("# all defaults\n")
    assert load(path) == Config()


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b'[live]\nvoice = "K\xf6re"', "vocative.toml:2: the file must be saved as UTF-8, and this is not (byte 0xf6)"),
        ("[live]".encode("utf-16"), "vocative.toml:1: the file must be saved as UTF-8, and this is not (UTF-16)"),
    ],
)
def test_another_encoding_is_a_fault(faults: Callable[..., list[str]], content: bytes, expected: str) -> None:
    assert faults(content) == [expected]


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "modle\n[turn]\nattack_ms = " + "9" * 5_000])
def test_what_makes_python_give_up_is_a_fault_and_no_crash(faults: Callable[..., list[str]], text: str) -> None:
    (fault,) = faults(text)
    assert "thousands of" in fault


def test_of_a_file_that_is_another_one_not_every_line_is_told(faults: Callable[..., list[str]]) -> None:
    told = faults("\n".join(f"key_{number} = 1" for number in range(300)))
    assert (len(told), told[-1]) == (MOST_FAULTS + 1, "vocative.toml: there are 250 more faults")


def test_line_ends_and_a_byte_order_mark_of_windows_are_taken(faults: Callable[..., list[str]]) -> None:
    assert faults(b"\xef\xbb\xbf[turn]\r\nmode = 'tap'\r\n") == []
    assert faults(b"\xef\xbb\xbf[turn]\r\n\r\nmode = 'tip'\r\n")[0].startswith("vocative.toml:3: turn.mode")


def test_the_default_path_is_where_the_unit_looks() -> None:
    assert default_path() == Path("/etc/vocative/vocative.toml")


# --- what does not go together -----------------------------------------------------------------------

CONFLICTS = [
    (
        "[live]\ncompression_trigger_tokens = 8000",
        "2: live.compression_trigger_tokens = 8000: compression_target_tokens (8000, what is kept) must be less than",
    ),
    (
        "[live]\ncompression_target_tokens = 30000",
        "2: live.compression_target_tokens = 30000: compression_target_tokens",
    ),
    (
        "[live]\nmemory_tokens = 8000\ncompression_target_tokens = 7999",
        "2: live.memory_tokens = 8000: memory_tokens (8000, what a new session is told) must not be more than",
    ),
    (
        "[prices]\noutput_per_million_tokens = 12",
        "1: prices.input_per_million_tokens is not set: the other price is given",
    ),
    (
        "[prices]\ninput_per_million_tokens = 3\noutput_per_million_tokens = 0",
        "3: prices.output_per_million_tokens = 0: the other price is given",
    ),
    ("[turn]\nlongest_s = 5", "2: turn.longest_s = 5: no_speech_s (8) must be less than longest_s (5)"),
    ("[button]\npin = 18", "2: button.pin = 18: GPIO18 is the bit clock of the I2S sound"),
    ("[button]\npin = 10", "2: button.pin = 10: GPIO10 is MOSI of the SPI bus that the ring is on"),
    ("[leds]\ndriver = 'rgb_led'\nred_pin = 17", "3: leds.red_pin = 17: button.pin and leds.red_pin both use GPIO17"),
    (
        "[button]\npin = 6\n[leds]\ndriver = 'rgb_led'",
        "2: button.pin = 6: button.pin and leds.green_pin both use GPIO6",
    ),
    ("[leds]\ndriver = 'rgb_led'\nblue_pin = 21", "3: leds.blue_pin = 21: GPIO21 is the output of the I2S sound"),
    (
        "[leds]\ndriver = 'rgb_led'\nblue_pin = 6",
        "3: leds.blue_pin = 6: leds.green_pin and leds.blue_pin both use GPIO6",
    ),
    ("[leds]\nspi_bus = 1", "2: leds.spi_bus = 1: SPI bus 1 lies on GPIO18 to 21"),
    (
        "[camera]\nmode = 'with_turn'\ndriver = 'none'",
        "2: camera.mode = 'with_turn': with driver = \"none\" there is no",
    ),
    (
        "[camera]\nmode = 'on_request'\ndriver = 'none'",
        "2: camera.mode = 'on_request': with driver = \"none\" there is no",
    ),
    ("[camera]\ndevice = 'C920'", "2: camera.device = 'C920': it says which USB camera it is: only with driver"),
    (
        "[live]\ntranscripts = 'file'\n[state]\nfolder = ''",
        "2: live.transcripts = 'file': the file lies in the folder of [state], and none is set there",
    ),
    ("[button]\ndriver = 'none'\n[control]\nsocket = ''", "2: button.driver = 'none': without a button"),
    ("[live]\nca_file = '/no/such.pem'", "2: live.ca_file = '/no/such.pem': the file cannot be read"),
]


@pytest.mark.parametrize(("text", "expected"), CONFLICTS)
def test_values_that_do_not_go_together_are_refused(faults: Callable[..., list[str]], text: str, expected: str) -> None:
    (fault,) = faults(text)
    assert expected in fault


@pytest.mark.parametrize(
    "text",
    [
        "[leds]\ndriver = 'rgb_led'\n[button]\npin = 10",
        "[leds]\ndriver = 'apa102'\nred_pin = 17",
        "[leds]\nspi_bus = 3\n[button]\npin = 10",
        "[button]\npin = 18\ndriver = 'none'",
        "[button]\npin = 18\n[microphone]\ndriver = 'simulated'\n[speaker]\ndriver = 'simulated'",
        "[control]\nsocket = ''",
        "[camera]\ndriver = 'none'",
        "[camera]\ndriver = 'usb'\ndevice = '/dev/video0'\nmode = 'on_request'",
        "[live]\ntranscripts = 'file'",
        "[live]\ntranscripts = 'journal'\n[state]\nfolder = ''",
        "[tools]\nlook = true\n[camera]\ndriver = 'none'",
        "[microphone]\nrate_hz = 22050",
        "[speaker]\nrate_hz = 44100",
        "[live]\nmemory_tokens = 8000",
        "[prices]\ninput_per_million_tokens = 3\noutput_per_million_tokens = 12",
        "[prices]\ncurrency = 'EUR'",
    ],
)
def test_pins_and_parts_that_are_not_used_do_not_conflict(faults: Callable[..., list[str]], text: str) -> None:
    assert faults(text) == []


def test_a_ca_file_must_hold_a_certificate(faults: Callable[..., list[str]], tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("-----BEGIN PRIVATE KEY-----\n")
    text = f'[live]\nca_file = "{ca_file}"'
    assert "holds no certificate in PEM form" in faults(text)[0]
    ca_file.write_text("-----BEGIN CERTIFICATE-----\n")
    assert faults(text) == []


def test_a_default_in_the_place_of_a_faulty_value_conflicts_with_nothing(faults: Callable[..., list[str]]) -> None:
    """Nothing is concluded from a value that is not known: one fault, not two."""
    for wrong in ('trigger_tokens = "50000"', "trigger_tokens = 50.000,0", "triger_tokens = 50000"):
        assert len(faults(f"[live]\ncompression_{wrong}\ncompression_target_tokens = 30000")) == 1


# --- what a model refuses ----------------------------------------------------------------------------


@dataclass
class Refused:
    """What a model does not accept."""

    key: str
    reason: str


def picky(live: LiveSection) -> list[Refused]:
    """A model that wants a thinking level and refuses temperatures."""
    found = [] if live.thinking_level else [Refused("live.thinking_level", f"{live.model} needs one.")]
    return found if live.temperature is None else [*found, Refused("live.temperature", "It takes none.")]


def test_what_the_model_refuses_has_its_line_too(faults: Callable[..., list[str]]) -> None:
    assert faults("[turn]\n[live]\ntemperature = 0.7", picky) == [
        "vocative.toml:2: live.thinking_level is not set: gemini-3.8-live needs one.",
        "vocative.toml:3: live.temperature = 0.7: It takes none.",
    ]
    assert faults("# nothing", picky) == ["vocative.toml: live.thinking_level is not set: gemini-3.8-live needs one."]
    assert faults("[live]\nthinking_level = 'low'", picky) == []


def test_the_model_is_not_asked_about_values_that_are_wrong_anyway(faults: Callable[..., list[str]]) -> None:
    assert len(faults("[live]\nthinking_level = 'lo'\ntemperature = 'x'", picky)) == 2
    assert len(faults("[live]\nmodel = ''", picky)) == 1


# --- all at once -------------------------------------------------------------------------------------


def test_all_faults_of_every_kind_come_at_once_in_the_order_of_their_lines(faults: Callable[..., list[str]]) -> None:
    text = """\
[live]
tempreature = 0.7
temperature = 5
compression_target_tokens = 100000
[turn]
mode = tap
hangover_ms = 20
mode = "hold"
attack_ms = 700ms
[turn]
nonsense = 1
[mic]
device = "x"
[button]
pin = 18
"""
    found = faults(text, picky)
    lines = [int(fault.split(":")[1]) for fault in found]
    assert lines == [1, 2, 3, 4, 6, 7, 9, 10, 12, 15]
    assert all(fault.startswith("vocative.toml:") and "\n" not in fault for fault in found)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_whatever_is_done_to_the_example_it_is_taken_or_refused_in_sentences(data: st.DataObject) -> None:
    """Cut, double and swap pieces, and put a key in: no other exception, no empty refusal, no key in any sentence."""
    text = EXAMPLE
    for _ in range(data.draw(st.integers(1, 4))):
        start = data.draw(st.integers(0, len(text)))
        end = min(len(text), start + data.draw(st.integers(0, 40)))
        piece = data.draw(
            st.sampled_from(["", "\n", '"', "[", "]", "{", "=", "x", "\0", '"""', text[start:end] * 2, KEY])
        )
        text = text[:start] + piece + text[end:]
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "vocative.toml"
        path.write_text(text)
        try:
            load(path)
            found: tuple[str, ...] = ()
        except ConfigurationError as error:
            found = error.faults
    diagnosed = diagnose(text, None)
    assert found == tuple(fault.sentence("vocative.toml") for fault in diagnosed)
    assert all(1 <= (fault.line or 1) <= text.count("\n") + 1 for fault in diagnosed)
    assert not any("\n" in sentence or KEY_LIKE.search(sentence) for sentence in found)


def test_a_right_file_costs_neither_the_sentences_nor_anything_large() -> None:
    """Start-up pays for pydantic and the schema, and for nothing that only refusals need."""
    path = Path(__file__).parents[2]
    script = "import sys; from daemon.config import load; from pathlib import Path; load(Path('config/vocative.toml'));"
    run = subprocess.run(
        [sys.executable, "-c", script + "print(*sys.modules)"], cwd=path, capture_output=True, text=True, check=True
    )
    loaded = set(run.stdout.split())
    assert "daemon.config.schema" in loaded
    assert not loaded & {"asyncio", "difflib", "numpy", "google.genai", "gpiozero", "daemon.config.diagnosis"}


# --- what is taken -----------------------------------------------------------------------------------


def test_an_accepted_configuration_is_frozen() -> None:
    config = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.turn.mode = "tap"


def test_whole_numbers_are_taken_for_seconds(tmp_path: Path) -> None:
    path = tmp_path / "vocative.toml"
    path.write_text("[network]\nsend_timeout_s = 4\n")
    assert load(path).network.send_timeout_s == 4.0


@pytest.mark.parametrize("key", ["idle_hangup_s", "session_max_minutes", "turns_per_hour", "daily_tokens"])
def test_every_limit_can_be_switched_off(faults: Callable[..., list[str]], key: str) -> None:
    assert faults(f"[limits]\n{key} = 0") == []
    assert "; 0 means " in faults(f"[limits]\n{key} = -1")[0]


def test_the_board_is_told_what_the_sections_say(tmp_path: Path) -> None:
    assert Config().board() == BoardSettings()
    path = tmp_path / "vocative.toml"
    path.write_text(
        "[microphone]\ndevice = 'USB'\ngain_db = 3.5\n[button]\npin = 4\npull_up = false\ndebounce_ms = 50\n"
        "[leds]\ndriver = 'rgb_led'\nred_pin = 22\nmax_current_ma = 60\n"
        "[camera]\ndriver = 'usb'\ndevice = 'C920'\nwidth_px = 640\nquality_percent = 50\n"
    )
    assert load(path).board() == BoardSettings(
        microphone=MicrophoneSettings(device="USB", gain_db=3.5),
        button=ButtonSettings(pin=4, pull_up=False, debounce_ms=50),
        leds=LedSettings(driver="rgb_led", red_pin=22, max_current_ma=60),
        camera=CameraSettings("usb", width_px=640, quality_percent=50, device="C920"),
    )
