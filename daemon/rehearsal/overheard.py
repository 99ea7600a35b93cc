"""What the daemon made of the microphone: the frames that it judged, kept and sent."""

from __future__ import annotations

from daemon.audio.vad import Vad


class Overheard:
    """A `Vad` that remembers what it is asked for: each frame as the echo control left it, in order."""

    def __init__(self, vad: Vad) -> None:
        """Leave the judging to `vad`."""
        self.frames: list[bytes] = []
        """All that was judged: 640 bytes each, s16le, mono, 16 kHz."""
        self._vad = vad

    def __repr__(self) -> str:
        return f"<Overheard {len(self.frames)} frames {self._vad!r}>"

    def voiced(self, pcm: bytes) -> bool:
        """Tell whether the frame holds a voice; see `Vad.voiced`."""
        self.frames.append(pcm)
        return self._vad.voiced(pcm)
