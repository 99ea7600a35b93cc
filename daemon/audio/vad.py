"""Voice detection: does this one frame hold a voice? What follows from it is the gate's business."""

from __future__ import annotations

from typing import Protocol

from hardware.pcm import UP


class Vad(Protocol):
    """Judges frames one by one, in order."""

    def voiced(self, pcm: bytes) -> bool:
        """Tell whether one frame (640 bytes, s16le, mono, 16 kHz) holds a voice."""
        ...


class WebRtcVad:
    """The detector of WebRTC, 4 us a frame; no noise but stationary noise is told from voice (hardware.md section 1).

    The package is `webrtcvad-wheels`: the one called `webrtcvad` does not import on Python 3.12 and later.

    Args:
        aggressiveness: 0 to 3; the higher, the more is taken for noise.

    Raises:
        ValueError: `aggressiveness` is not one of these.
    """

    def __init__(self, aggressiveness: int) -> None:
        import webrtcvad

        if not 0 <= aggressiveness <= 3:  # the library turns a negative one into a SystemError
            raise ValueError(f"aggressiveness is 0 to 3, not {aggressiveness}")
        self._aggressiveness = aggressiveness
        self._vad = webrtcvad.Vad(aggressiveness)

    def __repr__(self) -> str:
        return f"<WebRtcVad {self._aggressiveness}>"

    def voiced(self, pcm: bytes) -> bool:
        """Tell whether one frame (640 bytes, s16le, mono, 16 kHz) holds a voice."""
        assert len(pcm) == UP.frame_bytes, f"not one frame: {len(pcm)} bytes"
        return bool(self._vad.is_speech(pcm, UP.rate_hz))
