"""Boards without a soldering iron: a laptop's terminal, or a page in its browser, in the place of button and ring."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from ..config import Config

BoardName: TypeAlias = Literal["laptop", "web"]
BOARDS: Final[tuple[BoardName, ...]] = ("laptop", "web")
"""What `vocative run --board` takes."""


def with_board(
    config: Config, name: BoardName, *, microphone: str | None = None, speaker: str | None = None, cameras: bool = False
) -> Config:
    """Return `config` with the drivers of the board `name` in place of its own.

    Args:
        config: What else the device goes by.
        name: The board.
        microphone: A WAV file that speaks in the place of the board's own microphone; "" is silence.
        speaker: A WAV file that takes what is said in the place of the board's own loudspeaker; "" is nobody.
        cameras: Whether this machine can have USB cameras.
    """
    drivers: dict[str, dict[str, object]] = {"mute": {"driver": "none"}}
    match name:
        case "laptop":
            drivers |= {part: {"driver": "terminal"} for part in ("button", "leds")}
            drivers |= {part: {"driver": "pyaudio"} for part in ("microphone", "speaker")}
            if config.camera.driver != "simulated":
                drivers["camera"] = {"driver": "usb"} if cameras else {"driver": "none", "mode": "off", "device": ""}
        case "web":
            drivers |= {part: {"driver": "web"} for part in ("button", "leds", "microphone", "camera")}
            # A page's sound need not rest. The browser takes it out of what its microphone hears.
            drivers |= {"speaker": {"driver": "web", "sleep_after_s": 0.0}, "echo": {"mode": "system"}}
            drivers["camera"]["device"] = ""  # which one, the browser asks
            if "mode" not in config.camera.model_fields_set:
                drivers["camera"]["mode"] = "on_request"  # nobody is looked at whom the browser has not asked
    for part, file in (("microphone", microphone), ("speaker", speaker)):
        if file is not None:
            drivers[part] = {"driver": "file", "file": file}
    return changed(config, drivers)


def beside(config: Config) -> Config:
    """Return `config` for a device that is not the service of this machine: it keeps nothing, and has no socket."""
    return changed(config, {"state": {"folder": ""}, "control": {"socket": ""}})


def changed(config: Config, values: dict[str, dict[str, object]]) -> Config:
    """Return `config` with other values, by section and key."""
    sections = {name: getattr(config, name).model_copy(update=update) for name, update in values.items()}
    return config.model_copy(update=sections)
