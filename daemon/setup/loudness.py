"""What a microphone heard while its owner spoke, and which of several to take. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from hardware.interfaces import Frame
from hardware.pcm import SILENCE_DBFS, samples

from ..audio.calibration import voice_dbfs

WANTED_DBFS: Final = -40.0
"""About how loud a voice should be at least: as a digital microphone delivers it with the gain of speaker.toml."""
GAIN_STEP_DB: Final = 5.0
MOST_GAIN_DB: Final = 40.0
_LIMIT: Final = 32_700
_MOST_AT_LIMIT: Final = 0.001
"""Share of the samples; a shout may touch the limit, speech must not."""
_AS_LOUD_DB: Final = 3.0
"""Within so much of the loudest channel the first one is taken: an array gives the voice that it has made of all of
them there."""
_QUIET: Final = 0.1
"""Share of the frames that are taken for the room without the voice."""


class Verdict(Enum):
    """What is to be thought of a microphone; the value is what its owner is told."""

    VOICE = "hears you"
    NO_VOICE = "hears the room, but no voice"
    CLIPPING = "is too loud: it hears its own limit"
    DEAD = "delivers nothing but silence"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one microphone heard, without any gain of ours."""

    verdict: Verdict
    voice_dbfs: float | None
    """None if there was no voice."""
    floor_dbfs: float

    @property
    def gain_db(self) -> float:
        """What `microphone.gain_db` should be for such a voice."""
        if self.voice_dbfs is None:
            return 0.0
        steps = round((WANTED_DBFS - self.voice_dbfs) / GAIN_STEP_DB)
        return min(MOST_GAIN_DB, max(0.0, steps * GAIN_STEP_DB))

    def __str__(self) -> str:
        voice = "" if self.voice_dbfs is None else f", your voice at {self.voice_dbfs:.0f} dBFS"
        room = "" if self.verdict is Verdict.DEAD else f", the room at {self.floor_dbfs:.0f} dBFS"
        return f"{self.verdict.value}{voice}{room}"


def heard(frames: Sequence[Frame]) -> Heard:
    """Return what is in `frames`, at least one, captured without gain."""
    waves = [samples(frame.pcm).astype(float) for frame in frames]
    powers = [float(np.mean(wave**2)) / 32768.0**2 for wave in waves]
    floor_dbfs = max(SILENCE_DBFS, 10.0 * float(np.log10(np.quantile(powers, _QUIET) + 1e-12)))
    if max(powers) <= 10.0 ** (SILENCE_DBFS / 10.0):
        return Heard(Verdict.DEAD, None, floor_dbfs)
    voice = voice_dbfs(frames, floor_dbfs)
    if float(np.mean(np.abs(np.concatenate(waves)) >= _LIMIT)) > _MOST_AT_LIMIT:
        return Heard(Verdict.CLIPPING, voice, floor_dbfs)
    return Heard(Verdict.NO_VOICE if voice is None else Verdict.VOICE, voice, floor_dbfs)


def best(all_heard: Mapping[str, Heard]) -> str | None:
    """Return the name of the one in which the voice is loudest, of those that are well; None if there is none."""
    well = {name: one.voice_dbfs for name, one in all_heard.items() if one.verdict is Verdict.VOICE}
    return max(well, key=lambda name: well[name] or SILENCE_DBFS) if well else None


def best_channel(channels: Sequence[Heard]) -> int:
    """Return the place of the channel to take of a microphone's: the first that hears a voice about as loud as any.

    If none is well, the first one that hears anything at all.
    """
    voices = {place: one.voice_dbfs for place, one in enumerate(channels) if one.verdict is Verdict.VOICE}
    levels = {place: level_dbfs for place, level_dbfs in voices.items() if level_dbfs is not None}
    if levels:
        least_dbfs = max(levels.values()) - _AS_LOUD_DB
        return next(place for place, level_dbfs in levels.items() if level_dbfs >= least_dbfs)
    return next((place for place, one in enumerate(channels) if one.verdict is not Verdict.DEAD), 0)
