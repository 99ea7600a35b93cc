"""Which microphones or loudspeakers are worth trying."""

from __future__ import annotations

from hardware.interfaces import HardwareError
from hardware.inventory import Sound
from hardware.sound_devices import Direction

from ..devices import ability
from .walk import Walk

_MOST: int = 8
"""Nobody has more cards; ALSA's configuration may make up dozens of names."""


def candidates(walk: Walk, direction: Direction) -> list[Sound]:
    """Return those that can be tried, having said what there is and what cannot. Takes some seconds.

    Where there are cards, these; elsewhere, as with PulseAudio or PipeWire, what ALSA's configuration makes up.
    """
    part = direction.value
    walk.say("Looking for sound cards; this takes some seconds.")
    config = walk.config
    wanted = {Direction.CAPTURE: config.microphone.device, Direction.PLAYBACK: config.speaker.device}
    try:
        found = walk.bench.sounds(wanted)[direction]
    except HardwareError as error:
        walk.say(f"There is none to be had. {error}")
        return []
    cards = [sound for sound in found if sound.is_card]
    for sound in cards or found:
        name = "" if sound.name == sound.device else f"  {sound.name}"
        walk.say(f"  {sound.device}{name}{'' if sound.rates_hz else f': {ability(sound)}'}")
    usable = [sound for sound in cards or found if sound.rates_hz][:_MOST]
    if not usable:
        walk.say(f"There is no {part} that can be used. Plug one in, or load its overlay (docs/parts.md), then:")
        walk.say(f"  sudo vocative setup {part}")
    return usable
