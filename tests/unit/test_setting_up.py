"""`vocative setup`, with somebody who answers, over simulated boards: what is found, what is written, what is left."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from daemon.commands import setup as command
from daemon.config import Config, load
from daemon.errors import ConfigurationError
from daemon.setup.loudness import Heard, Verdict, best, best_channel, heard
from daemon.setup.pins import likely_pins, taken
from daemon.setup.profiles import PROFILES
from daemon.setup.question import Question, whole_number
from daemon.setup.service import Service
from daemon.setup.setting_up import STEPS, set_up
from daemon.setup.toml_text import difference, edited
from daemon.setup.walk import Bench, Left, Value
from hardware.channels import Channels, worth_hearing
from hardware.interfaces import Board, Frame
from hardware.inventory import Node, Sound
from hardware.pcm import FRAME_S, UP, gain_of_db, s16le
from hardware.settings import BoardSettings, MicrophoneSettings
from hardware.simulated import SimulatedBoard, SimulatedMicrophone
from hardware.sound_devices import Direction
from tests.support.virtual_time import run

ROOT = Path(__file__).resolve().parents[2]
KEY = "AIza" + "Sy0123456789-abcdefghijklmnop_QRSTU"
OWN = """\
# my own words

[microphone]
device = "old"  # the one on the desk
"""


def noise(level_dbfs: float, length_s: float) -> bytes:
    count = round(length_s * UP.rate_hz)
    return s16le(np.random.default_rng(1).normal(0.0, 32768.0 * gain_of_db(level_dbfs), count))


def a_sound(device: str, *, card: bool = True, busy: bool = False, channels: int = 1) -> Sound:
    name = f"{device} (hw:1,0)" if card else device
    return Sound(
        device, name, channels, () if busy else (48_000,), busy, ("arecord (process 7)",) if busy else (), False
    )


@dataclass
class SideBySide:
    """`Channels` of simulated microphones."""

    mics: Sequence[SimulatedMicrophone]

    async def read(self, channel: int) -> Frame:
        return await self.mics[channel].read()

    async def close(self) -> None:
        for mic in self.mics:
            await mic.close()


@dataclass
class Workshop:
    """Simulated boards, one for each channel of a microphone, for each loudspeaker and pin."""

    microphones: Sequence[Sound] = (a_sound("hw:CARD=Far"), a_sound("hw:CARD=Near"))
    speakers: Sequence[Sound] = (a_sound("hw:CARD=Hdmi"), a_sound("hw:CARD=Amp"))
    seen_cameras: Sequence[Node] = ()
    key: str = ""
    missing: set[str] = field(default_factory=set)
    boards: dict[str, SimulatedBoard] = field(default_factory=dict)

    def bench(self) -> Bench:
        found = {Direction.CAPTURE: list(self.microphones), Direction.PLAYBACK: list(self.speakers)}
        return Bench(
            self.open_board, self.open_channels, lambda _: found, lambda: list(self.seen_cameras), lambda: self.key
        )

    def open_board(self, settings: BoardSettings) -> Board:
        pins = f"{settings.button.pin}{f' {settings.mute.pin}' if settings.mute.driver == 'gpiozero' else ''}"
        return self.board(f"{settings.microphone.device} {settings.speaker.device} {pins}", settings)

    async def open_channels(self, settings: MicrophoneSettings, count: int) -> Channels:
        mics = [self.mic(settings.device, channel) for channel in range(count)]
        for mic in mics:
            mic.open()
        return SideBySide(mics)

    def mic(self, device: str, channel: int = 0) -> SimulatedMicrophone:
        return self.board(f"{device} channel {channel}").mic

    def board(self, name: str, settings: BoardSettings | None = None) -> SimulatedBoard:
        if name not in self.boards:
            self.boards[name] = SimulatedBoard(settings)
        return self.boards[name]


@dataclass
class Person:
    """Answers one question after the other; a callable among the answers does something and answers with Enter."""

    answers: list[str | Callable[[], None]]
    shown: list[str] = field(default_factory=list)
    when_told: dict[str, Callable[[], None]] = field(default_factory=dict)
    hidden: list[bool] = field(default_factory=list)

    def say(self, text: str = "") -> None:
        self.shown.append(text)
        for words, act in self.when_told.items():
            if words in text:
                act()

    async def line(self, prompt: str, *, hidden: bool = False) -> str:
        self.say(prompt)
        self.hidden.append(hidden)
        if not self.answers:
            raise Left
        answer = self.answers.pop(0)
        if callable(answer):
            answer()
            return ""
        return answer

    @property
    def text(self) -> str:
        return "\n".join(self.shown)


class NoService(Service):
    """A machine without systemd."""

    def __init__(self, tmp_path: Path) -> None:
        super().__init__(tmp_path / "nowhere")


def walked(
    path: Path, person: Person, steps: Sequence[str], workshop: Workshop | None = None, service: Service | None = None
) -> bool:
    """Go through `steps` in virtual time."""
    root = path.parent / "root"
    serving = service or NoService(path.parent)
    return run(set_up(path, person, (workshop or Workshop()).bench(), serving, steps, root))


@pytest.fixture
def own(tmp_path: Path) -> Path:
    path = tmp_path / "vocative.toml"
    path.write_text(OWN)
    path.chmod(0o640)
    return path


# --- questions -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("", 1), ("1", 0), ("3", 2), ("4", None), ("0", None), ("-1", None), ("gr", 1), ("RED", 0), ("b", 2), ("x", None)],
)
def test_a_numbered_answer_is_typed_by_number_or_by_its_beginning(typed: str, meant: int | None) -> None:
    question = Question("Which?", ("red", "green", "blue"), default=1)
    assert question.meant(typed) == meant
    assert question.shown().endswith("Number [2]: ")


@pytest.mark.parametrize(("typed", "meant"), [("", 0), ("y", 0), (" Yes ", 0), ("n", 1), ("no", 1), ("maybe", None)])
def test_yes_and_no(typed: str, meant: int | None) -> None:
    assert Question("Well?").meant(typed) == meant


@pytest.mark.parametrize(
    ("typed", "number"), [("", 12), ("3", 3), ("0", None), ("321", None), ("x", None), ("²", None)]
)
def test_a_number_is_from_its_range(typed: str, number: int | None) -> None:
    assert whole_number(typed, 12, 1, 320) == number


# --- what a microphone heard ---------------------------------------------------------------------------


def frames(pcm: bytes) -> list[Frame]:
    size = UP.frame_bytes
    return [Frame(pcm[at : at + size], at / size * FRAME_S) for at in range(0, len(pcm) - size + 1, size)]


@pytest.mark.parametrize(
    ("pcm", "verdict", "gain_db"),
    [
        (bytes(2 * UP.rate_hz), Verdict.DEAD, 0.0),
        (noise(-70.0, 3.0), Verdict.NO_VOICE, 0.0),
        (noise(-70.0, 1.0) + noise(-30.0, 2.0), Verdict.VOICE, 0.0),
        (noise(-85.0, 1.0) + noise(-60.0, 2.0), Verdict.VOICE, 20.0),
        (noise(-40.0, 1.0) + noise(0.0, 2.0), Verdict.CLIPPING, 0.0),
    ],
)
def test_a_microphone_is_judged_by_what_it_hears(pcm: bytes, verdict: Verdict, gain_db: float) -> None:
    one = heard(frames(pcm))
    assert one.verdict is verdict
    assert one.gain_db == gain_db


def test_the_loudest_is_offered_that_neither_clips_nor_is_dead() -> None:
    far, near = (Heard(Verdict.VOICE, level, -70.0) for level in (-50.0, -35.0))
    loud = Heard(Verdict.CLIPPING, -5.0, -40.0)
    assert best({"far": far, "near": near, "loud": loud, "dead": Heard(Verdict.DEAD, None, -96.0)}) == "near"
    assert best({"loud": loud}) is None


# --- the file ------------------------------------------------------------------------------------------


def test_comments_and_all_other_lines_stay() -> None:
    text = (ROOT / "config" / "vocative.toml").read_text()
    values: dict[tuple[str, str], Value] = {
        ("microphone", "device"): "hw:CARD=Near",
        ("leds", "count"): 3,
        ("turn", "mode"): "hold",
    }
    new = edited(text, Config(), values)
    changed = [line for line in difference(text, new).splitlines() if line.startswith(("+", "-"))]
    assert changed == ['-device = ""', '+device = "hw:CARD=Near"', "-count = 12", "+count = 3"]


def test_a_missing_section_is_added_and_what_is_so_already_is_not_written(own: Path) -> None:
    new = edited(OWN, load(own), {("speaker", "device"): "x", ("speaker", "volume_percent"): 70})
    assert new == OWN + '\n[speaker]\ndevice = "x"\n'


# --- the walk ------------------------------------------------------------------------------------------


def test_the_steps_that_can_be_named_are_those_that_there_are() -> None:
    assert tuple(STEPS) == command._STEPS


def test_the_microphone_that_hears_its_owner_is_offered_and_written_with_comments_kept(own: Path) -> None:
    workshop = Workshop()

    def speak() -> None:
        now_s = asyncio.get_running_loop().time()
        for name, level_dbfs in (("Far", -60.0), ("Near", -52.0)):
            mic = workshop.mic(f"hw:CARD={name}")
            mic.room_tone = noise(-80.0, 1.0)
            mic.say(noise(level_dbfs, 2.0), at_s=now_s + 2.0)

    person = Person([speak, "", "y"])
    assert walked(own, person, ["microphone"], workshop)
    assert own.read_text().startswith(
        '# my own words\n\n[microphone]\ndevice = "hw:CARD=Near"  # the one on the desk\n'
    )
    assert load(own).microphone.gain_db == 10.0
    assert own.stat().st_mode & 0o777 == 0o640
    assert own.with_name("vocative.toml.bak").read_text() == OWN
    assert '-device = "old"' in person.text
    assert not any(board.mic.is_open for board in workshop.boards.values())


def test_the_channel_that_hears_its_owner_is_offered_of_a_card_with_several(own: Path) -> None:
    """An I2S microphone whose L/R is tied to 3.3 V is the right one of two."""
    own.write_text('[microphone]\ndevice = "old"\nrate_hz = 44100  # of the old one\n')
    workshop = Workshop(microphones=(a_sound("hw:CARD=Stereo", channels=2), a_sound("hw:CARD=Plain")))

    def speak() -> None:
        right = workshop.mic("hw:CARD=Stereo", 1)
        right.room_tone = workshop.mic("hw:CARD=Plain").room_tone = noise(-80.0, 1.0)
        right.say(noise(-40.0, 2.0), at_s=asyncio.get_running_loop().time() + 2.0)

    person = Person([speak, "", "", "y"])
    assert walked(own, person, ["microphone"], workshop)
    assert "the first channel delivers nothing but silence\n    the second channel hears you, your" in person.text
    assert "Which channel of it?" in person.text
    microphone = load(own).microphone
    assert (microphone.device, microphone.channel, microphone.rate_hz) == ("hw:CARD=Stereo", 1, 0)
    assert "channel = 1" in own.read_text()
    assert "rate_hz = 0  # of the old one" in own.read_text()


def test_channels_that_hear_the_very_same_are_not_asked_about(own: Path) -> None:
    own.write_text('[microphone]\ndevice = "old"\nchannel = 3\n')
    workshop = Workshop(microphones=(a_sound("hw:CARD=Headset", channels=2),))
    for channel in (0, 1):
        workshop.mic("hw:CARD=Headset", channel).room_tone = noise(-60.0, 1.0)
    person = Person(["", "1", "y"])
    assert walked(own, person, ["microphone"], workshop)
    assert "  hw:CARD=Headset: hears the room, but no voice" in person.text
    assert load(own).microphone.channel == 0  # that of the old one means nothing here


def test_the_first_channel_is_taken_that_hears_the_voice_about_as_loud_as_any() -> None:
    def voice(dbfs: float) -> Heard:
        return Heard(Verdict.VOICE, dbfs, -70.0)

    dead, room = Heard(Verdict.DEAD, None, -96.0), Heard(Verdict.NO_VOICE, None, -70.0)
    assert best_channel([voice(-42.0), voice(-40.0), voice(-41.0), dead]) == 0
    assert best_channel([dead, voice(-50.0), voice(-40.0), room]) == 2
    assert best_channel([dead, room]) == 1
    assert best_channel([dead, dead]) == 0
    assert [worth_hearing(1, is_card=True), worth_hearing(6, is_card=True), worth_hearing(18, is_card=True)] == [
        1,
        6,
        8,
    ]
    assert [worth_hearing(64, is_card=False), worth_hearing(2, is_card=False)] == [1, 2]


def test_a_microphone_that_is_too_loud_is_not_offered_but_may_be_taken(own: Path) -> None:
    own.write_text("[microphone]\ngain_db = 20.0\n")
    workshop = Workshop(microphones=(a_sound("hw:CARD=Loud"),))

    def shout() -> None:
        mic = workshop.mic("hw:CARD=Loud")
        mic.room_tone = noise(-40.0, 1.0)
        mic.say(noise(0.0, 2.0), at_s=asyncio.get_running_loop().time() + 2.0)

    person = Person([shout, "", shout, "1", "y"])
    assert walked(own, person, ["microphone"], workshop)
    assert "hw:CARD=Loud: is too loud: it hears its own limit" in person.text
    assert person.text.count("terminal, alsamixer") == 2
    assert (load(own).microphone.device, load(own).microphone.gain_db) == ("hw:CARD=Loud", 0.0)


def test_nothing_is_heard_while_the_mute_switch_is_on(own: Path) -> None:
    own.write_text('[microphone]\ndevice = "old"\n[mute]\ndriver = "gpiozero"\n')
    workshop = Workshop()
    switch = workshop.board("old  17 26").slide
    switch.muted = True

    def move() -> None:
        assert not any(board.mic.captured for board in workshop.boards.values())
        switch.muted = False

    person = Person([move, "", "leave it"])
    assert not walked(own, person, ["microphone"], workshop)
    assert person.text.count("The mute switch shuts the microphones off") == 1
    assert workshop.mic("hw:CARD=Near").captured

    switch.muted = True
    assert not walked(own, Person(["leave it"]), ["microphone"], workshop)


def test_a_dead_or_busy_microphone_is_told_and_not_offered(own: Path) -> None:
    workshop = Workshop(microphones=(a_sound("hw:CARD=Dead"), a_sound("hw:CARD=Taken", busy=True)))
    person = Person(["", "3"])
    assert not walked(own, person, ["microphone"], workshop)
    assert "in use by arecord (process 7)" in person.text
    assert "hw:CARD=Dead: delivers nothing but silence" in person.text
    assert "None of them heard a voice." in person.text
    assert own.read_text() == OWN


def test_the_loudspeaker_that_was_heard_is_taken_at_the_volume_it_was_heard_at(own: Path) -> None:
    workshop = Workshop()
    person = Person(["no", "louder", "yes", ""])
    assert walked(own, person, ["speaker"], workshop)
    assert load(own).speaker.device == "hw:CARD=Amp"
    assert load(own).speaker.volume_percent == 80
    amp = workshop.board("old hw:CARD=Amp 17").loudspeaker
    assert sum(any(pcm) for _, pcm in amp.played) * FRAME_S > 0.5
    assert not amp.is_open


def test_the_button_is_found_by_pressing_it(own: Path) -> None:
    workshop = Workshop()

    def hang() -> None:
        workshop.board("old  6").push_button.press()  # or is no button at all

    def press() -> None:
        workshop.board("old  22").push_button.press()

    person = Person([hang, ""], when_told={"Press the button now": press})
    assert walked(own, person, ["button"], workshop)
    assert load(own).button.pin == 22
    assert "GPIO6 is closed all the time" in person.text


def test_a_button_that_nobody_presses_leaves_all_as_it_is(own: Path) -> None:
    person = Person(["", "3", "1"])
    assert not walked(own, person, ["button"])
    assert person.text.count("No press was seen.") == 2
    assert "try again: it connects its pin to ground" in person.text
    assert own.read_text() == OWN


@pytest.mark.parametrize("closed_when_off", [False, True])
def test_the_mute_switch_is_found_by_flipping_it(own: Path, closed_when_off: bool) -> None:
    workshop = Workshop()

    def put_off() -> None:
        workshop.board("old  17 24").slide.muted = True  # a contact that is closed all the time
        workshop.board("old  17 26").slide.muted = closed_when_off

    def flip() -> None:
        switch = workshop.board("old  17 26").slide
        asyncio.get_running_loop().call_later(3.0, switch.flip, not closed_when_off)

    person = Person(["y", put_off, "y"], when_told={"Now flip it": flip})
    assert walked(own, person, ["mute"], workshop)
    mute = load(own).mute
    assert (mute.driver, mute.pin, mute.pull_up) == ("gpiozero", 26, True)
    assert mute.muted_when == ("closed" if closed_when_off else "open")
    assert ("A wire that comes off would open the microphone" in person.text) is closed_when_off
    assert own.read_text().startswith(OWN)


def test_a_mute_switch_that_nobody_flips_leaves_all_as_it_is(own: Path) -> None:
    person = Person(["y", "", "3", "", "1"])
    assert not walked(own, person, ["mute"])
    assert person.text.count("Nothing has changed on any pin.") == 2
    assert "try again: it connects its pin to ground" in person.text
    assert own.read_text() == OWN


def test_one_switch_is_not_looked_for_on_the_pin_of_another_part(own: Path) -> None:
    assert taken(Config(), but="mute") == {17}
    assert taken(Config(), but="button") == set()
    person = Person(["y", ""])
    walked(own, person, ["mute"])
    assert "GPIO4, 5, 6, 12, 13, 16, 22" in person.text


def test_without_a_mute_switch_there_is_none(own: Path) -> None:
    own.write_text('[mute]\ndriver = "gpiozero"\n')
    assert walked(own, Person(["n", "y"]), ["mute"])
    assert load(own).mute.driver == "none"


def test_buttons_are_not_looked_for_where_sound_and_buses_are() -> None:
    assert {17, 22, 23, 27} <= set(likely_pins(())) <= set(range(2, 28)) - {2, 3, 10, 11, 18, 19, 20, 21}
    assert 13 not in likely_pins((5, 6, 13))


def test_the_ring_shows_three_colours_and_is_taken_if_they_were_right(own: Path) -> None:
    workshop = Workshop()
    person = Person(["2", "8", "no", "try again", "1", "3", "yes", ""])
    assert walked(own, person, ["ring"], workshop)
    assert (load(own).leds.driver, load(own).leds.count) == ("apa102", 3)
    lit = [pixels[0] for _, pixels in workshop.board("old  17").ring.shown]
    assert lit[:3] == [(255, 0, 0), (0, 255, 0), (0, 0, 255)]


def test_the_camera_takes_a_picture_and_says_how_it_is(own: Path) -> None:
    usb = Node("/dev/v4l/by-id/usb-046d_C920-video-index0", "C920", "", usable=True)
    person = Person(["", "2", ""])
    assert walked(own, person, ["camera"], Workshop(seen_cameras=(usb,)))
    camera = load(own).camera
    assert (camera.driver, camera.device, camera.mode) == ("usb", usb.path, "on_request")
    assert "It took a picture of" in person.text


def test_a_key_is_typed_unseen_and_kept_at_the_end(own: Path) -> None:
    person = Person(["sk-proj-0123456789abcdef0123", KEY, ""])
    assert walked(own, person, ["key"])
    assert person.hidden == [True, True, False]
    assert "another service" in person.text
    assert KEY not in person.text
    assert list((own.parent / "root/etc/vocative").glob("gemini-api-key*"))
    assert own.read_text() == OWN


def test_the_voice_the_mode_and_the_language_are_chosen(tmp_path: Path) -> None:
    path = tmp_path / "new" / "vocative.toml"
    assert walked(path, Person(["tap", "nobody", "kore", "German", ""]), ["talking"])
    config = load(path)
    assert (config.turn.mode, config.live.voice) == ("tap", "Kore")
    assert config.live.system_instruction.endswith("no web addresses. Always answer in German.")


@pytest.mark.parametrize("place", range(len(PROFILES)), ids=[profile.name.split()[0] for profile in PROFILES])
def test_each_known_combination_is_a_configuration(tmp_path: Path, place: int) -> None:
    path = tmp_path / "vocative.toml"
    assert walked(path, Person([str(place + 1), ""]), ["parts"])
    config = load(path)
    for name, value in PROFILES[place].values.items():
        section, key = name.split("__")
        assert getattr(getattr(config, section), key) == value


@pytest.mark.parametrize("answers", [[], ["1"], ["1", "no"]], ids=["at once", "before the end", "at the end"])
def test_who_leaves_changes_nothing(own: Path, answers: list[str | Callable[[], None]]) -> None:
    person = Person(answers)
    assert not walked(own, person, ["parts"])
    assert own.read_text() == OWN
    assert [path.name for path in own.parent.iterdir()] == ["vocative.toml"]
    assert "Nothing was changed." in person.text


def test_what_would_be_refused_is_not_written(own: Path) -> None:
    own.write_text("[button]\npin = 5\n")
    person = Person(["a single LED", "5", "6", "13", "yes"])
    assert not walked(own, person, ["ring"])
    assert "so it is not written" in person.text
    assert own.read_text() == "[button]\npin = 5\n"


def test_a_configuration_with_a_mistake_is_refused_before_anything_is_asked(own: Path) -> None:
    own.write_text("[microphone]\ndevise = 1\n")
    person = Person([])
    with pytest.raises(ConfigurationError):
        walked(own, person, ["parts"])
    assert person.shown == []


# --- the service ---------------------------------------------------------------------------------------


@dataclass
class Systemctl:
    """A service that runs or not."""

    runs: bool
    calls: list[str] = field(default_factory=list)

    def __call__(self, program: str, verb: str, *arguments: str) -> bytes:
        self.calls.append(verb)
        match verb:
            case "is-active" if not self.runs:
                raise OSError
            case "stop":
                self.runs = False
            case "start":
                self.runs = True
            case _:
                pass
        return b"inactive\n"


@pytest.fixture
def systemctl(tmp_path: Path) -> Systemctl:
    (tmp_path / "run/systemd/system").mkdir(parents=True)
    return Systemctl(runs=True)


def test_a_running_service_is_stopped_for_the_while_and_started_again(own: Path, systemctl: Systemctl) -> None:
    assert walked(own, Person(["", "1", "y"]), ["parts"], service=Service(own.parent, systemctl))
    assert [call for call in systemctl.calls if call in ("stop", "start")] == ["stop", "start"]


def test_it_is_started_again_for_who_leaves_too(own: Path, systemctl: Systemctl) -> None:
    assert not walked(own, Person(["", "1"]), ["parts"], service=Service(own.parent, systemctl))
    assert systemctl.runs


def test_it_is_left_alone_by_who_will_not_stop_it(own: Path, systemctl: Systemctl) -> None:
    assert not walked(own, Person(["n"]), ["parts"], service=Service(own.parent, systemctl))
    assert "stop" not in systemctl.calls


def test_one_that_does_not_run_is_started_if_it_is_wanted(own: Path, systemctl: Systemctl) -> None:
    systemctl.runs = False
    assert walked(own, Person(["1", "y", "y"]), ["parts"], service=Service(own.parent, systemctl))
    assert systemctl.runs


# --- the command ---------------------------------------------------------------------------------------


def test_without_a_terminal_it_says_what_to_do(capsys: pytest.CaptureFixture[str]) -> None:
    from daemon.cli import main

    assert main(["setup"]) == 1
    assert "run it in a terminal" in capsys.readouterr().err
    assert main(["setup", "colour"]) == 1
    assert "There is no step colour" in capsys.readouterr().err
