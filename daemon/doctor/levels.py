"""What the microphone hears in a second: clipping, silence, next to nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from hardware.pcm import SILENCE_DBFS, samples

from .finding import Finding, fine, note, to_do

AREA: Final = "levels"
SECONDS: Final = 1.0
_FULL_SCALE: Final = 32768.0
_CLIPPED: Final = 32_700
"""From here on a sample is taken to be at its end."""
_CLIPPED_SHARE: Final = 0.001
_FAINT_DBFS: Final = -80.0
"""A MEMS microphone in a quiet room is around it, without any gain; a voice is 40 dB above."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A short recording."""

    pcm: bytes
    """s16le, mono, 16 kHz, after `microphone.gain_db`."""
    gain_db: float
    channel: int


@dataclass(frozen=True, slots=True)
class Overheard:
    """What the running daemon measured itself within a second."""

    loudest_dbfs: float
    """After the echo control."""
    muted: bool


def findings(facts: Facts) -> Iterator[Finding]:
    """Say what it means."""
    heard = samples(facts.pcm).astype(np.float64)
    if not len(heard):
        yield to_do(AREA, "the microphone delivered nothing", "Unplug it and plug it in again")
        return
    heard -= heard.mean()
    if not heard.any():
        other = 1 if facts.channel == 0 else 0
        what = "the microphone delivers silence to the last bit"
        yield to_do(
            AREA,
            what,
            f"Try microphone.channel = {other}, or sudo vocative setup microphone, which listens to all channels;"
            " else check its own switch and its wires, SD and L/R above all",
        )
        return
    rms_dbfs, peak_dbfs = _dbfs(math.sqrt(float(np.mean(heard**2)))), _dbfs(float(np.abs(heard).max()))
    told = f"{rms_dbfs:.0f} dBFS on average, {peak_dbfs:.0f} dBFS at most"
    clipped = float(np.mean(np.abs(samples(facts.pcm).astype(np.int32)) >= _CLIPPED))
    if clipped > _CLIPPED_SHARE:
        lower = f"Lower microphone.gain_db from {facts.gain_db:g} to {facts.gain_db - 12:g}"
        remedy = lower if facts.gain_db > 0 else "Turn the card's own gain down with alsamixer"
        yield to_do(AREA, f"the microphone is overdriven: {clipped:.1%} of the samples are clipped", remedy)
    elif peak_dbfs < _FAINT_DBFS:
        remedy = f"Speak, and look again. If it stays so, raise microphone.gain_db from {facts.gain_db:g} by 20"
        yield note(AREA, f"the microphone hears next to nothing: {told}", remedy)
    else:
        yield fine(AREA, f"the microphone hears {told}")


def overheard(heard: Overheard) -> Iterator[Finding]:
    """Say what the running daemon's own measure means."""
    if heard.muted:
        yield note(AREA, "the microphone is muted: not measured")
    elif heard.loudest_dbfs <= SILENCE_DBFS:
        remedy = "Check the microphone's own switch and its wires, SD and L/R above all; then microphone.channel"
        yield to_do(AREA, "the running daemon hears silence to the last bit", remedy)
    else:
        told = f"{heard.loudest_dbfs:.0f} dBFS at most"
        yield fine(AREA, f"the microphone hears {told}, as the running daemon measures it")


def _dbfs(amplitude: float) -> float:
    return 20 * math.log10(max(amplitude, 0.1) / _FULL_SCALE)
