"""Boards in the place of the configured parts."""

from __future__ import annotations

import pytest

from daemon.config import Config
from daemon.config.conflicts import conflicts
from daemon.desk.boards import BOARDS, BoardName, beside, with_board


@pytest.mark.parametrize("name", BOARDS)
@pytest.mark.parametrize("cameras", [False, True])
@pytest.mark.parametrize("file", [None, "", "/tmp/sound.wav"])  # noqa: S108 - nothing is written there
def test_what_comes_out_is_a_configuration_that_would_be_accepted(
    name: BoardName, cameras: bool, file: str | None
) -> None:
    before = Config.model_validate({"camera": {"driver": "usb", "device": "C920", "mode": "on_request"}})
    config = with_board(before, name, microphone=file, speaker=file, cameras=cameras)
    assert Config.model_validate(config.model_dump()) == config
    assert conflicts(config) == ()


def test_only_the_parts_are_others() -> None:
    before = Config.model_validate({"turn": {"mode": "tap"}, "leds": {"count": 24}, "mute": {"driver": "gpiozero"}})
    config = with_board(before, "laptop")
    assert (config.turn, config.live, config.limits) == (before.turn, before.live, before.limits)
    assert config.leds.count == 24
    drivers = [config.button.driver, config.leds.driver, config.microphone.driver, config.mute.driver]
    assert drivers == ["terminal", "terminal", "pyaudio", "none"]


def test_a_page_looks_only_when_it_is_asked_to_and_leaves_the_echo_to_the_browser() -> None:
    config = with_board(Config(), "web")
    assert (config.camera.driver, config.camera.mode, config.echo.mode) == ("web", "on_request", "system")
    assert config.speaker.sleep_after_s == 0.0
    off = with_board(Config.model_validate({"camera": {"mode": "off"}}), "web")
    assert off.camera.mode == "off", "its owner has said so"


def test_files_take_the_place_of_microphone_and_loudspeaker() -> None:
    config = with_board(Config(), "laptop", microphone="/talk.wav", speaker="")
    assert (config.microphone.driver, config.microphone.file) == ("file", "/talk.wav")
    assert (config.speaker.driver, config.speaker.file) == ("file", "")


def test_a_device_beside_the_service_does_not_touch_what_is_the_services() -> None:
    config = beside(Config())
    assert (config.state.folder, config.control.socket) == ("", "")
