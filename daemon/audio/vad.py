"""Voice detection: does this one frame hold a voice? What follows from it is the gate's business."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final, Literal, Protocol, assert_never

from daemon.audio.silero import LOUDER, SileroVad
from hardware.pcm import FRAME_MS, UP, scaled

_CONTEXT_FRAMES: Final = 600 // FRAME_MS
"""What Silero is told of the time before it was woken. With 160 ms it took one burst of music in three for a voice."""
_AWAKE_FRAMES: Final = 300 // FRAME_MS
"""How long Silero is still asked when WebRTC's detector hears nothing any more."""


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


class BothVad:
    """Silero, woken by WebRTC's detector: it costs next to nothing in a quiet room, and judges as Silero does alone.

    `python -m tests.bench.endpointing` compares all three. By that it was chosen:

    - Silero's verdict alone counts while it is awake. If both must agree, a quiet voice loses three times as much.
    - Woken, Silero begins anew and is told 0.6 s from before. Its memory of the last time it was awake is no
      substitute: after some bursts of noise it missed a fifth of a quiet voice. The price is that it is sure of the
      quietest voices, -62 dBFS, 60 ms later than Silero alone, and of one in ten more than 0.5 s later.
    - Waking up takes the time of 18 chunks at once, 2 ms where the others were measured.

    Args:
        first: Decides cheaply whether it is worth asking; hears everything louder.
        second: Decides. It is asked while `first` hears something and for some time afterwards, and is told first what
            was just before.
    """

    def __init__(self, first: Vad, second: SileroVad) -> None:
        self._first: Final = first
        self._second: Final = second
        self._context: Final = deque[bytes](maxlen=_CONTEXT_FRAMES)
        """The newest frames while `second` sleeps."""
        self._awake_frames = 0
        """How long `second` stays awake from now."""

    def __repr__(self) -> str:
        return f"<BothVad {self._first!r} {self._second if self.awake else 'asleep'}>"

    @property
    def awake(self) -> bool:
        """Whether Silero is being asked."""
        return self._awake_frames > 0

    def voiced(self, pcm: bytes) -> bool:
        """Tell whether one frame (640 bytes, s16le, mono, 16 kHz) holds a voice."""
        heard = self._first.voiced(scaled(pcm, LOUDER))
        if heard and not self.awake:
            self._wake()
        self._awake_frames = _AWAKE_FRAMES if heard else max(0, self._awake_frames - 1)
        if self.awake:
            return self._second.voiced(pcm)
        self._context.append(pcm)
        return False

    def _wake(self) -> None:
        if len(self._context) == self._context.maxlen:  # else it slept so shortly that it missed nothing
            self._second.forget()
        for before in self._context:
            self._second.voiced(before)
        self._context.clear()


class LateVad:
    """A detector that is asked only while anything follows from a voice, and not loaded before: Silero takes 4 MiB.

    Args:
        load: Returns the detector. What it raises comes out of the first `voiced` that needs it.
        wanted: Whether anything follows from a voice at this moment.
    """

    def __init__(self, load: Callable[[], Vad], wanted: Callable[[], bool]) -> None:
        self._load: Final = load
        self._wanted: Final = wanted
        self._vad: Vad | None = None

    def __repr__(self) -> str:
        return f"<LateVad {self._vad or 'not loaded'}>"

    def load(self) -> Vad:
        """Load the detector, unless that was done, and return it."""
        if self._vad is None:
            self._vad = self._load()
        return self._vad

    def voiced(self, pcm: bytes) -> bool:
        """Tell whether one frame (640 bytes, s16le, mono, 16 kHz) holds a voice that matters."""
        return self._wanted() and self.load().voiced(pcm)


Name = Literal["both", "webrtc", "silero"]


def detector(name: Name, aggressiveness: int) -> Vad:
    """Return the voice detector that the configuration names in `turn.vad`.

    Args:
        name: Which one.
        aggressiveness: Of WebRTC's detector, 0 to 3.

    Raises:
        ConfigurationError: Silero is needed and cannot be loaded.
        ValueError: `aggressiveness` is something else.
    """
    match name:
        case "both":
            return BothVad(WebRtcVad(aggressiveness), SileroVad())
        case "webrtc":
            return WebRtcVad(aggressiveness)
        case "silero":
            return SileroVad()
        case _:
            assert_never(name)
