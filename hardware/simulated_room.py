"""What a microphone hears of the loudspeaker beside it: a small speaker, a room, a delay, and two clocks.

    24 kHz, by the time at which it sounds            16 kHz, by the microphone's own clock
    play ─► soft clipping ─► [ the newest 3 s ] ─► resampled at the delay ─► speaker's bass, room ─► hear

Numpy and the times that it is told, nothing else: it runs in real and virtual time, and without any loop.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from hardware.pcm import DOWN, FRAME_S, UP, gain_of_db, samples

LONGEST_DELAY_S: Final = 0.9
"""More has passed the memory by when a late microphone asks for it."""

_MEMORY: Final = 4 * DOWN.rate_hz
_VOLUME_M3: Final = 40.0
_ONE_HOUSING_M: Final = 0.2
"""Between the loudspeaker and the microphone of one device."""
_CRITICAL_M: Final = 0.057
"""Of a room of 1 m³ with an RT60 of 1 s: from so far away the direct sound and the walls' are equally loud (Sabine)."""
_TAIL_BEGINS_S: Final = 0.002
_BASS_HZ: Final = 250.0
"""Below it a loudspeaker of a few centimetres gives 12 dB an octave less."""
_FFT_STEP: Final = 960
"""Multiples of it are quick to transform."""

_HALF: Final = 32
"""Taps on either side of the resampling filter's middle, at 24 kHz: from 6.4 kHz on it falls, at 8 kHz by 70 dB."""
_CUTOFF_HZ: Final = 7_200
_PHASES: Final = 1024
"""Places between two samples at which the filter is tabled: 60 dB and more above what the nearest one misses."""


def impulse_response(rt60_s: float, seed: int, distance_m: float = _ONE_HOUSING_M) -> NDArray[np.float64]:
    """Return how a click sounds `distance_m` away, 16 kHz, beginning with the direct sound, with an energy of 1.

    Noise that decays by 60 dB in `rt60_s` follows the direct sound: the louder, the farther and the longer, as in a
    room of 40 m³. At 0 there is no room. No two seeds are alike.
    """
    length = round(rt60_s * UP.rate_hz)
    at_s = np.arange(length) / UP.rate_hz
    tail = np.random.default_rng(seed).normal(size=length) * 10.0 ** (-3.0 * at_s / max(rt60_s, FRAME_S))
    tail[: round(_TAIL_BEGINS_S * UP.rate_hz)] = 0.0
    response = np.zeros(max(length, round(FRAME_S * UP.rate_hz)))
    to_direct = (distance_m / _CRITICAL_M) ** 2 * rt60_s / _VOLUME_M3
    energy = float(tail @ tail)
    if energy:
        response[:length] = tail * np.sqrt(to_direct / energy)
    response[0] = 1.0
    return np.asarray(response / np.sqrt(1.0 + to_direct), dtype=np.float64)


class Room:
    """Between one loudspeaker and one microphone. Hands: `delay_s`, which may be changed at any time."""

    def __init__(
        self,
        seed: int = 1,
        *,
        rt60_s: float = 0.3,
        echo_db: float = -10.0,
        delay_s: float = 0.01,
        distortion: float = 1.0,
        drift_ppm: float = 0.0,
    ) -> None:
        """Furnish it.

        Args:
            seed: Of its walls.
            rt60_s: How long a sound takes to fall by 60 dB.
            echo_db: How loud what is played arrives, if it fills the band as noise does.
            delay_s: From a sample's `sounds_s` to its direct sound at the microphone, 0.002 to 0.9: what the drivers
                do not know of the cards' delays, and the way through the air.
            distortion: How softly the loudspeaker clips: the slope of the tanh's argument, 0 for not at all. At 1 a
                full-scale sample loses 2.4 dB, at 4 it loses 12 dB.
            drift_ppm: By how much a sample of the microphone lasts longer than 1/16000 s. What is played is on time.
        """
        self.delay_s = delay_s
        self.frame_s: Final = FRAME_S * (1.0 + drift_ppm * 1e-6)
        """How long the microphone takes for 320 samples."""
        self._distortion = distortion
        self._played = np.zeros(_MEMORY, np.float32)
        self._first = -_MEMORY
        """The number of the oldest sample in memory, on the clock that has 24,000 of them a second."""
        response = _without_bass(impulse_response(rt60_s, seed)) * gain_of_db(echo_db)
        self._fft = -(-(len(response) + UP.frame_samples) // _FFT_STEP) * _FFT_STEP
        self._spectrum = np.fft.rfft(response, self._fft)
        self._tail = np.zeros(self._fft)
        self._still = True

    def __repr__(self) -> str:
        return f"<Room {self.delay_s * 1000:.1f} ms, {self._fft} taps at most{', still' if self._still else ''}>"

    def play(self, pcm: bytes, sounds_s: float) -> None:
        """Let the loudspeaker play `pcm` (s16le, mono, 24 kHz, at most 1 s), its first sample at `sounds_s`.

        What was not played is silence. A piece must not begin before the one before it has ended.
        """
        sound = samples(pcm).astype(np.float32) / 32768
        if self._distortion:
            sound = np.tanh(sound * self._distortion) / self._distortion
        begin = self._remembering(round(sounds_s * DOWN.rate_hz), len(sound))
        self._played[begin : begin + len(sound)] = sound

    def hear(self, ends_s: float) -> bytes:
        """Return the microphone's next 20 ms: 640 bytes, s16le, mono, 16 kHz, whose last sample ends at `ends_s`.

        To be called for every frame, lost ones included, each `frame_s` after the one before. What has not been
        played by then is not in it.
        """
        sound = self._arriving(ends_s - self.frame_s)
        if self._still and not sound.any():
            return UP.silence
        size = UP.frame_samples
        self._tail[:-size] = self._tail[size:]
        self._tail[-size:] = 0.0
        self._tail += np.fft.irfft(np.fft.rfft(sound, self._fft) * self._spectrum, self._fft)
        heard = np.rint(self._tail[:size] * 32768)
        self._still = bool(np.abs(self._tail[size:]).max() < _INAUDIBLE)
        if self._still:
            self._tail[:] = 0.0
        return np.clip(heard, -32768, 32767).astype("<i2").tobytes()

    def _arriving(self, begins_s: float) -> NDArray[np.float32]:
        """Return what was played, resampled for the microphone's samples from `begins_s` on, as parts of full scale."""
        step = DOWN.rate_hz / UP.rate_hz * self.frame_s / FRAME_S
        place = (begins_s - self.delay_s) * DOWN.rate_hz + step * np.arange(UP.frame_samples)
        phase = np.rint(place * _PHASES).astype(np.int64)
        first = phase // _PHASES - _HALF + 1
        begin = self._remembering(int(first[0]), int(first[-1] - first[0]) + 2 * _HALF)
        windows = sliding_window_view(self._played, 2 * _HALF)[first - first[0] + begin]
        return np.asarray(np.einsum("ij,ij->i", windows, _KERNELS[phase % _PHASES]), dtype=np.float32)

    def _remembering(self, number: int, count: int) -> int:
        """Return where in memory the samples from `number` on are, after having made room for `count` of them."""
        beyond = number + count - self._first - _MEMORY
        if beyond > 0:
            gone = beyond + DOWN.rate_hz
            kept = self._played[gone:].copy()
            self._played[: len(kept)] = kept
            self._played[len(kept) :] = 0.0
            self._first += gone
        assert number >= self._first, f"{self!r} has forgotten what it is asked for"
        return number - self._first


def _without_bass(response: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return `response` through a second-order Butterworth high-pass, as a small loudspeaker is one."""
    size = 2 * len(response)
    # By the bilinear transformation, so that it is causal.
    ratio = 1j * np.tan(np.pi * np.fft.rfftfreq(size)) / np.tan(np.pi * _BASS_HZ / UP.rate_hz)
    high_pass = ratio**2 / (1.0 + np.sqrt(2.0) * ratio + ratio**2)
    return np.asarray(np.fft.irfft(np.fft.rfft(response, size) * high_pass, size)[: len(response)])


def _kernels() -> NDArray[np.float32]:
    """Return the low-pass for each place between two samples: windowed sincs, (phases, taps), with a gain of 1."""
    # Some at a time: what all of them at once need meanwhile, 3 MiB, would stay with the process.
    places = np.arange(_PHASES)[:, np.newaxis] / _PHASES
    return np.concatenate([_kernels_at(some) for some in np.split(places, 32)])


def _kernels_at(places: NDArray[np.float64]) -> NDArray[np.float32]:
    at = np.arange(2 * _HALF) - (_HALF - 1) - places
    width = 2 * _CUTOFF_HZ / DOWN.rate_hz
    window = np.i0(7.0 * np.sqrt(np.maximum(0.0, 1.0 - (at / _HALF) ** 2)))
    taps = np.sinc(width * at) * window
    return np.asarray(taps / taps.sum(axis=1, keepdims=True), dtype=np.float32)


_KERNELS: Final = _kernels()
_INAUDIBLE: Final = 0.25 / 32768
