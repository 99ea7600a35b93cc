"""The loudspeaker: each plays, until its owner has heard one."""

from __future__ import annotations

import asyncio
from typing import Final

from hardware.interfaces import HardwareError
from hardware.pcm import DOWN
from hardware.sound_devices import Direction

from ..audio.earcon import Earcon, sound
from ..audio.volume import Volume
from .sound import candidates
from .walk import Value, Walk, kept_rate_hz

LOUDER_PERCENT: Final = 10
_SILENCE_FRAMES: Final = 25
"""Half a second: amplifiers and USB cards take as long to wake up."""


async def speaker(walk: Walk) -> None:
    """Settle `speaker.device` and `speaker.volume_percent`."""
    volume_percent = walk.config.speaker.volume_percent
    names = [one.device for one in candidates(walk, Direction.PLAYBACK)]
    # What the microphone is on has often the loudspeaker, too.
    names.sort(key=lambda name: name != walk.config.microphone.device)
    for name in names:
        again = True
        while again:
            walk.say(f"{name} plays, at volume {volume_percent} %.")
            try:
                await _play(walk, name, volume_percent)
            except HardwareError as error:
                walk.say(f"  It cannot: {error}")
                break
            match await walk.ask("Did you hear three notes?", "yes", "no", "again", "louder", "softer"):
                case 0:
                    walk.put(**_meaning(walk, name), speaker__volume_percent=volume_percent)
                    return
                case 1:
                    again = False
                case 3:
                    volume_percent = min(100, volume_percent + LOUDER_PERCENT)
                case 4:
                    volume_percent = max(LOUDER_PERCENT, volume_percent - LOUDER_PERCENT)
                case _:
                    pass
    if names:
        walk.say("None of them was heard, so it is left as it is. Look at the wires and the amplifier's supply.")


def _meaning(walk: Walk, name: str) -> dict[str, Value]:
    """Return the keys by which the configuration means that loudspeaker."""
    rate_hz = kept_rate_hz(walk.config.speaker, name)
    return {"speaker__driver": "pyaudio", "speaker__device": name, "speaker__rate_hz": rate_hz}


async def _play(walk: Walk, name: str, volume_percent: int) -> None:
    """Play, and return when it has sounded. Raises `HardwareError`."""
    opened = await walk.board(**_meaning(walk, name)).speaker()
    try:
        pcm = bytes(_SILENCE_FRAMES * DOWN.frame_bytes) + sound(Earcon.RING) + DOWN.silence
        volume = Volume(volume_percent)
        sounds_s = 0.0
        for start in range(0, len(pcm), DOWN.frame_bytes):
            sounds_s = await opened.write(volume.applied(pcm[start : start + DOWN.frame_bytes]))
        await asyncio.sleep(sounds_s - asyncio.get_running_loop().time())
    finally:
        await opened.close()
