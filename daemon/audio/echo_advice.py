"""What a calibration means for its owner: whether a voice can stop an answer here, and what to set."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from daemon.audio.calibration import SOFT_DB, Echo, Room
from hardware.pcm import SILENCE_DBFS

ANSWER_DB: Final = -20.0
"""Speech of an answer before the owner's volume, its pauses left out: assumed, and a little louder than the shipped
recording, which is -23 dBFS with its pauses."""
TYPICAL_VOICE_DBFS: Final = -60.0
"""60 dB SPL, a talker at 1 m, at a digital MEMS microphone of -26 dBFS for 94 dB SPL, before `microphone.gain_db`."""
_AT_ONCE_DB: Final = 0.0
"""A voice as loud as the echo was found in 0.15 s every time, behind a canceller (hardware.md section 2.4)."""
_LATE_DB: Final = -10.0
"""10 dB softer than the echo it took 0.5 s. Nothing was measured below."""
_WITHOUT_CANCELLER_DB: Final = 12.0
"""From here on a comparison of levels is as good: 0.15 s (hardware.md section 2.4, no AEC library)."""
_SPARE_MS: Final = 50.0
_ROUND_MS: Final = 50
_LEAST_HANGOVER_MS: Final = 100
_LONGEST_HANGOVER_MS: Final = 2000
_DISTORTED_DB: Final = 2.0
_WANDERS_MS: Final = 20.0
_DRIFTS_PPM: Final = 100.0
"""A canceller lost 4 dB of 46 at 100 ppm, 8 at 300 (hardware.md section 2)."""
_MASKED_VOICE_DB: Final = 10.0


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was measured of one pair of devices where they stood, and how they were set."""

    room: Room
    voice_dbfs: float | None
    """The owner's at the microphone; None if nobody spoke."""
    volume_percent: int
    gain_db: float
    microphone: str
    """As `microphone.device` named it; empty for the default."""
    speaker: str
    measured_wall_s: float
    """Seconds since 1970 by the device's clock."""


@dataclass(frozen=True, slots=True)
class Advice:
    """What follows from a calibration."""

    voice_to_echo_db: float | None
    """How much louder the owner's voice is at the microphone than an answer; None without an echo."""
    mode: Literal["cancel", "off"]
    """For `[echo]`."""
    hangover_ms: int
    """For `[echo]`."""
    barge_in: Literal["voice", "button"]
    """For `[turn]`; "voice", the default, as long as the owner's voice was not measured."""
    sentences: tuple[str, ...]
    """In plain words; the first one says whether a voice can stop an answer."""

    def toml(self) -> str:
        """Return the lines for the configuration."""
        return (
            f'[echo]\nmode = "{self.mode}"\nhangover_ms = {self.hangover_ms}\n\n[turn]\nbarge_in = "{self.barge_in}"\n'
        )


def advice(calibration: Calibration) -> Advice:
    """Return what follows from `calibration`."""
    echo = calibration.room.echo
    if echo is None:
        return _without_echo(calibration.room)
    voice_dbfs = calibration.voice_dbfs
    if voice_dbfs is None:
        voice_dbfs = TYPICAL_VOICE_DBFS + calibration.gain_db
    answer_dbfs = echo.level_dbfs + ANSWER_DB - SOFT_DB
    voice_to_echo_db = round(voice_dbfs - answer_dbfs, 1)
    assumed = calibration.voice_dbfs is None
    sentences = (
        _verdict(voice_to_echo_db, assumed=assumed),
        *_reasons(calibration, echo, voice_dbfs, answer_dbfs),
        *_doubts(echo),
    )
    return Advice(
        voice_to_echo_db,
        "cancel",
        _hangover_ms(echo),
        "voice" if assumed or voice_to_echo_db >= _LATE_DB else "button",
        sentences,
    )


def _without_echo(room: Room) -> Advice:
    if room.floor_dbfs <= SILENCE_DBFS:
        said = (
            "The microphone hears nothing at all, not even noise: is it the right one, and is it connected?"
            " Nothing can be said about barge-in before it works."
        )
        return Advice(None, "cancel", 300, "voice", (said,))
    said = (
        "The microphone does not hear the loudspeaker, so a voice can stop an answer with nothing done about an echo."
    )
    warning = (
        "That is so with a headset. If it is not one, you should have heard eight short bursts of noise: if you did"
        " not, look at speaker.device and speaker.volume_percent, then calibrate again."
    )
    return Advice(None, "off", 0, "voice", (said, warning))


def _verdict(voice_to_echo_db: float, *, assumed: bool) -> str:
    known = "Your voice was not measured. If it is as loud as assumed: barge-in" if assumed else "Barge-in"
    if voice_to_echo_db >= _AT_ONCE_DB:
        return f"{known} by voice should work well here: the canceller finds such a voice in about 0.2 s."
    if voice_to_echo_db >= _LATE_DB:
        return f"{known} by voice should work here, but late: it takes up to half a second of talking over an answer."
    return f"{known} by voice will not work reliably here: the answers drown the voice. The button stops them."


def _reasons(calibration: Calibration, echo: Echo, voice_dbfs: float, answer_dbfs: float) -> Iterator[str]:
    assumed = calibration.voice_dbfs is None
    voice = "A talker at 1 m is assumed to be, at a digital MEMS microphone," if assumed else "Your voice is"
    at_most = " at most" if echo.masked else ""
    yield (
        f"{voice} {voice_dbfs:.0f} dBFS, and the echo of an answer at volume {calibration.volume_percent} %"
        f"{at_most} {answer_dbfs:.0f} dBFS: the voice is {abs(voice_dbfs - answer_dbfs):.0f} dB"
        f" {'louder' if voice_dbfs >= answer_dbfs else 'softer'}."
    )
    lacking_db = _LATE_DB - (voice_dbfs - answer_dbfs)
    if lacking_db > 0.0:
        yield (
            f"At least {lacking_db:.0f} dB are lacking: lower speaker.volume_percent (half a decibel for 1 %), come"
            " closer, or turn the loudspeaker away from the microphone."
        )
    elif voice_dbfs - answer_dbfs >= _WITHOUT_CANCELLER_DB:
        yield 'The echo is so soft that echo.mode = "level", which costs no processor time, would do as well.'
    if voice_dbfs - calibration.room.floor_dbfs < _MASKED_VOICE_DB:
        yield "The voice is hardly louder than the room's own noise: nothing that listens here can be good."


def _doubts(echo: Echo) -> Iterator[str]:
    """Yield what is wrong with the devices themselves."""
    if echo.masked:
        yield "The echo was found below the room's noise, so it is softer than the figures say."
    if echo.clipped_percent > 0.1:
        yield "The microphone is at its limit while loud answers sound: lower microphone.gain_db or the volume."
    if echo.compression_db is not None and echo.compression_db >= _DISTORTED_DB:
        yield (
            f"Loud sounds come back {echo.compression_db:.0f} dB softer than soft ones: the loudspeaker or its"
            " amplifier distorts, and no canceller takes that out. Lower speaker.volume_percent."
        )
    if echo.beyond_spread_ms > _WANDERS_MS:
        yield (
            f"The delay wanders by {echo.beyond_spread_ms:.0f} ms, which costs a canceller a second each time. A sound"
            " server in between, or a wireless loudspeaker, does that."
        )
    if abs(echo.drift_ppm) > _DRIFTS_PPM:
        yield f"The two devices' clocks drift apart by {echo.drift_ppm:.0f} ppm; one sound card for both would not."


def _hangover_ms(echo: Echo) -> int:
    """Return how long after the last sound, by the drivers' times, an echo must be expected."""
    lasts_ms = max(0.0, echo.beyond_ms) + echo.tail_ms + _SPARE_MS
    rounded_ms = math.ceil(lasts_ms / _ROUND_MS) * _ROUND_MS
    return min(_LONGEST_HANGOVER_MS, max(_LEAST_HANGOVER_MS, rounded_ms))
