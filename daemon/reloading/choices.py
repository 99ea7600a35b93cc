"""From the owner's words in the configuration to what the rooms go by."""

from __future__ import annotations

from ..config import Config
from ..keeping.budget import Limits, Prices
from ..ways import AnswerCut, Mode, Ways


def looks(config: Config) -> bool:
    """Return whether there is a camera that may look."""
    return config.camera.driver != "none" and config.camera.mode != "off"


def blindness(config: Config) -> str:
    """Return why the model cannot be shown a picture when nobody speaks; empty if it can."""
    if config.camera.driver == "none":
        return 'there is no camera (driver = "none" in [camera])'
    if config.camera.mode == "off":
        return 'the camera is off: set mode = "on_request" in [camera] and restart the service'
    if not config.tools.look:
        return "look in [tools] is false: pictures are only shown while somebody speaks"
    return ""


def ways(config: Config) -> Ways:
    """Return how the owner wants to talk to the device."""
    turn = config.turn
    return Ways(
        mode=Mode(turn.mode),
        wakes=turn.wake == "voice",
        follow_up_s=turn.follow_up_s,
        barges_in=turn.barge_in == "voice",
        served=turn.taking == "server",
        looks=looks(config),
        answer_cut=AnswerCut(config.network.answer_cut),
        chimes=config.speaker.earcons and config.sounds.listening,
    )


def limits(config: Config) -> Limits:
    """Return what the device may cost."""
    return Limits(**config.limits.model_dump())


def prices(config: Config) -> Prices:
    """Return what tokens cost."""
    return Prices(**config.prices.model_dump())
