"""What lies between a loudspeaker and the microphone beside it: how late, how loud and how long the echo is.

    played   ........|noise|.........|noise|.........|NOISE|......    seeded, so known to the sample
    heard    -----------|noise|~-----------|noise|~-----------|NOISE|~---
              floor  |->| delay   |->| tail              louder: is the echo louder by as much?

Each burst is looked for in what was heard by correlation with what was really played, its spectrum made even: 0.5 s of
noise are found 20 dB below the room's own. All levels are dBFS (`hardware.pcm.level_dbfs`), all times seconds of the
caller's clock unless their names say otherwise.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Final

import numpy as np

from daemon.audio.track import Track, Wave, captured, onsets, played, wave_of
from hardware.interfaces import Frame
from hardware.pcm import DOWN, FRAME_S, SILENCE_DBFS, UP, gain_of_db, s16le
from hardware.played import Piece

FLOOR_S: Final = 1.2
"""How long nothing is played before the first burst: the room's own noise."""
GAP_S: Final = 0.6
"""How long nothing is played after each burst, the last one included."""
BURST_S: Final = 0.5
SOFT_DB: Final = -26.0
"""Before the owner's volume; soft for an answer, and loud enough to prime a canceller (hardware.md section 2)."""
LOUD_DB: Final = -14.0
"""An answer's loud syllables."""
_LOWEST_HZ: Final = 150.0
"""Small loudspeakers give nothing below, and hum lies there."""
_HIGHEST_HZ: Final = 7000.0
_EDGE_S: Final = 0.005
_EARLIEST_S: Final = -0.05
_LATEST_S: Final = 0.5
"""How late what the driver says to sound at a moment is looked for. Wireless loudspeakers take 0.2 s."""
_PAD_S: Final = 0.02
_SURE: Final = 8.0
"""The largest of 9,000 values of noise is 4.2 times their deviation, and twice that is never noise."""
_MASKED_RATIO: Final = 1.26
"""1 dB above the floor and less, an echo's loudness cannot be told from the floor's own ups and downs."""
_LINGERS_RATIO: Final = 2.0
"""3 dB above the floor something of the echo is there still."""
_STEP_S: Final = 0.01
_VOICE_ABOVE_DB: Final = 6.0
_LEAST_VOICE_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Burst:
    """Pink noise from 150 Hz to 7 kHz, the same for the same seed."""

    seed: int
    level_db: float

    def pcm(self) -> bytes:
        """Return it as s16le, mono, 24 kHz: 25 frames."""
        count = round(BURST_S * DOWN.rate_hz)
        pitch_hz = np.fft.rfftfreq(count, 1.0 / DOWN.rate_hz)
        within = (pitch_hz >= _LOWEST_HZ) & (pitch_hz <= _HIGHEST_HZ)
        phases = np.random.default_rng(self.seed).uniform(0.0, 2.0 * np.pi, len(pitch_hz))
        spectrum = np.where(within, np.exp(1j * phases) / np.sqrt(np.maximum(pitch_hz, 1.0)), 0.0)
        wave = np.fft.irfft(spectrum, count)
        edge = np.minimum(1.0, (np.arange(count) + 0.5) / (_EDGE_S * DOWN.rate_hz))
        wave *= edge * edge[::-1]
        wave *= gain_of_db(self.level_db) * 32768.0 / math.sqrt(np.mean(wave**2))
        return s16le(wave)


BURSTS: Final = (*(Burst(seed, SOFT_DB) for seed in range(1, 7)), Burst(7, LOUD_DB), Burst(8, LOUD_DB))


@dataclass(frozen=True, slots=True)
class Recorded:
    """What was played and what was heard while `BURSTS` sounded one after the other."""

    pieces: Sequence[Piece]
    """All that the speaker handed to its device (`Speaker.reference`), after the owner's volume."""
    frames: Sequence[Frame]
    handed_s: Sequence[float]
    """When the speaker had taken the first frame of each burst (`Speaker.write` returned)."""


@dataclass(frozen=True, slots=True)
class Echo:
    """What came back of the bursts. Where it says "soft", the louder ones at the end are left out."""

    found: int
    """In how many of the bursts."""
    delay_ms: float
    """From handing a sample to the speaker until the microphone hears it: the median."""
    delay_spread_ms: float
    """From the shortest to the longest."""
    beyond_ms: float
    """The part of the delay that the drivers' own times do not explain: the median."""
    beyond_spread_ms: float
    level_dbfs: float
    """Of the soft bursts at the microphone, the room's own noise taken out."""
    coupling_db: float
    """`level_dbfs` less what was played, after the owner's volume."""
    masked: bool
    """It was found below the room's noise: level and coupling are at most this."""
    compression_db: float | None
    """How much less than the soft ones came back of the loud ones: 0 if all is linear. None if masked."""
    clipped_percent: float
    """Samples at full scale while the loud ones were heard."""
    tail_ms: float
    """From the end of a soft burst at the microphone until nothing but the room's own noise is heard."""
    drift_ppm: float
    """How much faster the microphone's clock runs than the loudspeaker's."""


@dataclass(frozen=True, slots=True)
class Room:
    """What was measured."""

    floor_dbfs: float
    """The room's own noise at the microphone; -96 for a microphone that hears nothing at all."""
    played_dbfs: float
    """Of the soft bursts, after the owner's volume."""
    echo: Echo | None
    """None: the microphone does not hear the loudspeaker."""


def room(recorded: Recorded) -> Room:
    """Return what `recorded` tells.

    Raises:
        ValueError: What was played is not `BURSTS`, or it was not heard to its end: something was too busy.
    """
    speaker, microphone = played(recorded.pieces), captured(recorded.frames)
    begins = onsets(speaker, GAP_S / 3)
    if len(begins) != len(BURSTS) or len(recorded.handed_s) != len(BURSTS):
        raise ValueError(f"{len(begins)} of {len(BURSTS)} bursts were played")
    begun = microphone.index(speaker.at_s(begins[0]))
    ended = microphone.index(speaker.at_s(begins[-1])) + round((BURST_S + GAP_S) * UP.rate_hz)
    if begun < FLOOR_S / 2 * UP.rate_hz or ended > len(microphone.wave) + round(GAP_S / 2 * UP.rate_hz):
        raise ValueError("the microphone was not read while all of it was played")
    floor = _floor(microphone.wave[:begun])
    sounded = [_Played.of(speaker, onset) for onset in begins]
    soft = [one.power for one, burst in zip(sounded, BURSTS, strict=True) if burst.level_db == SOFT_DB]
    lags = [_lag(one, microphone) for one in sounded]
    found = [lag is not None for lag in lags]
    echo = _echo(recorded, sounded, lags, microphone, floor) if sum(found) > len(found) / 2 else None
    return Room(_dbfs(floor), _dbfs(float(np.mean(soft))), echo)


def voice_dbfs(frames: Iterable[Frame], floor_dbfs: float) -> float | None:
    """Return how loud the frames of a voice are among `frames`; None if there is hardly one in the room's noise."""
    least = 10.0 ** ((floor_dbfs + _VOICE_ABOVE_DB) / 10.0)
    voiced = [power for frame in frames if (power := _power(wave_of(frame.pcm))) >= least]
    return _dbfs(float(np.mean(voiced))) if len(voiced) * FRAME_S >= _LEAST_VOICE_S else None


# --- one burst -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Played:
    """A burst as it was played."""

    onset: int
    """Its first sample of the speaker's."""
    starts_s: float
    """When that sounded, as the driver says."""
    wave: Wave
    """At the microphone's rate, beginning `_PAD_S` earlier."""
    power: float

    @classmethod
    def of(cls, speaker: Track, onset: int) -> _Played:
        """Cut it out and bring it to the microphone's rate, which loses nothing: it has nothing above 7 kHz."""
        pad, count = (round(seconds * DOWN.rate_hz) for seconds in (_PAD_S, BURST_S + 2 * _PAD_S))
        whole = speaker.wave[onset - pad : onset - pad + count]
        kept = count * UP.rate_hz // DOWN.rate_hz
        wave = np.fft.irfft(np.fft.rfft(whole)[: kept // 2 + 1], kept) * (kept / count)
        power = _power(wave) * (BURST_S + 2 * _PAD_S) / BURST_S
        return cls(onset, speaker.at_s(onset), wave, power)


def _lag(played: _Played, microphone: Track) -> int | None:
    """Return with which sample of the microphone's the burst's first one arrives; None if it is not to be found."""
    first = microphone.index(played.starts_s - _PAD_S + _EARLIEST_S)
    lags = round((_LATEST_S - _EARLIEST_S) * UP.rate_hz)
    heard = microphone.wave[first : first + len(played.wave) + lags]
    spectrum = np.fft.rfft(played.wave, len(played.wave) + lags)
    pitch_hz = np.fft.rfftfreq(len(played.wave) + lags, 1.0 / UP.rate_hz)
    within = (pitch_hz >= _LOWEST_HZ) & (pitch_hz <= _HIGHEST_HZ)
    evened = np.where(within, spectrum.conj() / np.maximum(np.abs(spectrum), 1e-12), 0.0)
    likeness = np.abs(np.fft.irfft(np.fft.rfft(heard, len(played.wave) + lags) * evened))[:lags]
    highest = float(np.max(likeness))
    if highest == 0.0 or highest < _SURE * float(np.median(likeness)) / 0.6745:  # the median of a normal magnitude
        return None
    # A wall may send back more than comes directly, but later.
    return first + int(np.argmax(likeness >= highest / 2)) + round(_PAD_S * UP.rate_hz)


# --- all of them ---------------------------------------------------------------------------------------


def _echo(
    recorded: Recorded, sounded: Sequence[_Played], lags: Sequence[int | None], microphone: Track, floor: float
) -> Echo:
    bursts = [*zip(BURSTS, sounded, lags, recorded.handed_s, strict=True)]
    found = [(burst, one, lag, handed_s) for burst, one, lag, handed_s in bursts if lag is not None]
    beyond_ms = [(microphone.at_s(lag) - one.starts_s) * 1000 for _, one, lag, _ in found]
    delays_ms = [(microphone.at_s(lag) - handed_s) * 1000 for _, _, lag, handed_s in found]
    soft = [(one, lag) for burst, one, lag, _ in found if burst.level_db == SOFT_DB]
    loud = [(one, lag) for burst, one, lag, _ in found if burst.level_db == LOUD_DB]
    heard = _heard_power(microphone.wave, soft)
    masked = heard < _MASKED_RATIO * floor
    level = floor if masked else heard - floor
    coupling_db = _db(level / float(np.mean([one.power for one, _ in soft])))
    compression_db = None
    if loud and not masked:
        loud_level = max(1e-12, _heard_power(microphone.wave, loud) - floor)
        loud_coupling_db = _db(loud_level / float(np.mean([one.power for one, _ in loud])))
        compression_db = round(coupling_db - loud_coupling_db, 1) + 0.0  # not -0.0
    return Echo(
        found=len(found),
        delay_ms=round(float(np.median(delays_ms)), 1),
        delay_spread_ms=round(max(delays_ms) - min(delays_ms), 1),
        beyond_ms=round(float(np.median(beyond_ms)), 1),
        beyond_spread_ms=round(max(beyond_ms) - min(beyond_ms), 1),
        level_dbfs=_dbfs(level),
        coupling_db=round(coupling_db, 1),
        masked=masked,
        compression_db=compression_db,
        clipped_percent=round(100.0 * _clipped(microphone.wave, loud), 2),
        tail_ms=round(1000.0 * _tail_s(microphone.wave, [lag for _, lag in soft], floor)),
        drift_ppm=round(_drift_ppm([(one.onset / DOWN.rate_hz, lag / UP.rate_hz) for _, one, lag, _ in found])),
    )


def _heard_power(wave: Wave, bursts: Sequence[tuple[_Played, int]]) -> float:
    """Return the mean power from when a burst has begun until it ends."""
    count = round(BURST_S * UP.rate_hz)
    return float(np.mean([_power(wave[lag : lag + count]) for _, lag in bursts]))


def _clipped(wave: Wave, bursts: Sequence[tuple[_Played, int]]) -> float:
    count = round(BURST_S * UP.rate_hz)
    if not bursts:
        return 0.0
    return float(np.mean([np.mean(np.abs(wave[lag : lag + count]) >= 32767 / 32768) for _, lag in bursts]))


def _tail_s(wave: Wave, lags: Sequence[int], floor: float) -> float:
    """Return how long after a burst more than the floor is heard, at most until the next one."""
    step, steps = round(_STEP_S * UP.rate_hz), round((GAP_S - 0.05) / _STEP_S)
    ends = [lag + round(BURST_S * UP.rate_hz) for lag in lags]
    powers = np.mean([[_power(wave[end + n * step : end + (n + 1) * step]) for n in range(steps)] for end in ends], 0)
    lingering = np.flatnonzero(powers > _LINGERS_RATIO * max(floor, 10.0 ** (SILENCE_DBFS / 10.0)))
    # A noise of the room's own in one gap is not the tail: that ends with the first pause of two steps.
    pauses = np.flatnonzero(np.diff(lingering, append=steps + 3) > 2)
    return float(lingering[pauses[0]] + 1) * _STEP_S if len(lingering) and lingering[0] <= 1 else 0.0


def _drift_ppm(seconds: Sequence[tuple[float, float]]) -> float:
    """Return the median slope over all pairs of bursts, seconds of the one clock against those of the other, in ppm."""
    slopes = [(d - b) / (c - a) for (a, b), (c, d) in combinations(seconds, 2)]
    return (float(np.median(slopes)) - 1.0) * 1e6


# --- levels --------------------------------------------------------------------------------------------


def _power(wave: Wave) -> float:
    return float(np.mean(wave**2)) if len(wave) else 0.0


def _floor(wave: Wave) -> float:
    """Return the power of the room's own noise: the median of its frames, which a click does not change."""
    frames = wave[-round(FLOOR_S * 0.8 * UP.rate_hz) :]
    frames = frames[: len(frames) - len(frames) % UP.frame_samples].reshape(-1, UP.frame_samples)
    return float(np.median(np.mean(frames**2, axis=1)))


def _db(ratio: float) -> float:
    return 10.0 * math.log10(max(ratio, 1e-12))


def _dbfs(power: float) -> float:
    return round(max(SILENCE_DBFS, _db(power)), 1)
