"""WebRTC's echo canceller, noise suppression and gain control: the one room that knows pywebrtc_audio.

    microphone ─┬─► canceller (AEC3, its own high pass, 8 ms late) ──┐
                │                                                   ├─ crossed over in one frame ─► finish ─►
                └─► the same high pass ─► 8 ms of delay ────────────┘

Where nothing was played for a while the canceller only costs (150 us of a frame's 20 ms on the machine of hardware.md
section 2, the high pass 17), so it rests. With a silent reference the two branches are equal to a sample's last bit
(measured: -70 dB), so that changing over neither clicks nor loses nor repeats a sample.
"""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from hardware.pcm import UP, samples

Suppression: TypeAlias = Literal["off", "low", "moderate", "high", "very_high"]

_LEVELS: Final[dict[Suppression, int]] = {"low": 0, "moderate": 1, "high": 2, "very_high": 3}
_LAG_SAMPLES: Final = 128
"""By which AEC3 at 16 kHz is late: 8 ms (hardware.md section 2; equal to the sample for version 0.2.0)."""
_WARM_UP_FRAMES: Final = 2
"""After a rest its high pass and its windows hold something old; two frames are 20 times the filter's memory."""
_RISE: Final = np.linspace(0.0, 1.0, UP.frame_samples, endpoint=False, dtype=np.float32)


class Canceller:
    """Takes the echo of a reference out of the microphone, 8 ms late, always by exactly as much.

    Raises:
        ImportError: The library is not installed.
    """

    def __init__(self) -> None:
        import pywebrtc_audio

        self._canceller: Final = pywebrtc_audio.EchoCanceller(sample_rate=UP.rate_hz, num_channels=1)
        self._high_pass: Final = pywebrtc_audio.AudioProcessor(sample_rate=UP.rate_hz, high_pass_filter=True)
        self._late = np.zeros(_LAG_SAMPLES, np.int16)
        self._warm_frames = 0
        """Frames that the canceller has had without a rest."""
        self._share = 0.0
        """How much of the canceller's branch was in the last sample: 0 or 1."""

    def __repr__(self) -> str:
        return f"<Canceller {'at work' if self.working else 'resting'}>"

    @property
    def working(self) -> bool:
        """Whether what it handed out last was the canceller's."""
        return self._share > 0.0

    def cleaned(self, pcm: bytes, reference: bytes, *, needed: bool) -> bytes:
        """Return the next 20 ms, given and returned as 640 bytes of s16le, mono, 16 kHz.

        Args:
            pcm: What the microphone heard.
            reference: What the loudspeaker played, at least 20 ms before its echo is in `pcm`.
            needed: Whether an echo may be in it. What it needs to begin with is two frames from then on, so say so
                before the first sound is out; what it rests from, it does at once.
        """
        near = samples(pcm)
        passed = np.asarray(self._high_pass.process(near), np.int16)
        resting = np.concatenate((self._late, passed[:-_LAG_SAMPLES]))
        self._late = passed[-_LAG_SAMPLES:]
        if not needed and not self.working:
            self._warm_frames = 0
            return resting.tobytes()
        working = np.asarray(self._canceller.process(near, samples(reference)), np.int16)
        self._warm_frames += 1
        before, self._share = self._share, float(needed and self._warm_frames > _WARM_UP_FRAMES)
        if before == self._share:
            return (working if before else resting).tobytes()
        rising = _RISE if self._share else 1.0 - _RISE
        mixed = resting + rising * (working.astype(np.float32) - resting)
        return np.rint(mixed).astype("<i2").tobytes()

    def reset(self) -> None:
        """Forget the room: the reference is another one from here on, or moved by much."""
        self._canceller.reset()


class Finish:
    """Noise suppression (6 ms late) and automatic gain, for what has no echo any more. It never rests.

    Raises:
        ImportError: The library is not installed.
    """

    def __init__(self, suppression: Suppression, *, automatic_gain: bool) -> None:
        import pywebrtc_audio

        level = _LEVELS.get(suppression)
        self._suppressor: Final = (
            pywebrtc_audio.NoiseSuppressor(sample_rate=UP.rate_hz, num_channels=1, level=level)
            if level is not None
            else None
        )
        self._gain: Final = (
            pywebrtc_audio.GainController(sample_rate=UP.rate_hz, num_channels=1) if automatic_gain else None
        )

    def __repr__(self) -> str:
        parts = [name for name, part in (("suppression", self._suppressor), ("gain", self._gain)) if part is not None]
        return f"<Finish {' and '.join(parts) or 'as it is'}>"

    def finished(self, pcm: bytes) -> bytes:
        """Return the next 20 ms, given and returned as 640 bytes of s16le, mono, 16 kHz."""
        if self._suppressor is None and self._gain is None:
            return pcm
        values: NDArray[np.int16] = samples(pcm)
        if self._suppressor is not None:
            values = np.asarray(self._suppressor.process(values), np.int16)
        if self._gain is not None:
            values = np.asarray(self._gain.process(values), np.int16)
        return values.tobytes()
