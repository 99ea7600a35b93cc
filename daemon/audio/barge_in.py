"""Barge-in: does somebody talk over the answer? Judged on what the echo canceller leaves over.

A detector of voices alone is wrong there: it also hears one in the faint remains of our own (hardware.md section 2.4).
So what counts must be well above the noise of the room, too.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from daemon.audio.vad import Vad
from hardware.pcm import FRAME_S, level_dbfs

_ABOVE_FLOOR_DB: Final = 12.0
_AUDIBLE_DB: Final = -62.0
_RISE_DB: Final = 1.0 * FRAME_S
"""1 dB a second."""
_FALL: Final = FRAME_S / 0.4
_LOWEST_DB: Final = -74.0
_TALKING_FRAMES: Final = 6
"""120 ms …"""
_WINDOW_FRAMES: Final = 8
"""… within 160 ms: consonants are soft."""
_QUIET_FRAMES: Final = 50
GUARDED_S: Final = 3.0
"""Until then the canceller is still learning the room, and lets too much through. In the room of hardware.md section 2,
1.2 s were enough; in `hardware.simulated_room` a syllable came through after 2.2 s."""
PRIMED_S: Final = 2.0
"""The same where it learns from `whoosh`, whose second is included."""


class Floor:
    """The level of what is always there: rises by 1 dB a second, falls within 0.4 s (hardware.md section 2.4)."""

    def __init__(self) -> None:
        self.level_db = _LOWEST_DB

    def __repr__(self) -> str:
        return f"<Floor {self.level_db:.0f} dBFS>"

    def exceeded(self, level_db: float) -> bool:
        """Take the level of the next 20 ms in dBFS. Return whether it stands out, 12 dB above and more than -62."""
        stands_out = level_db > max(self.level_db + _ABOVE_FLOOR_DB, _AUDIBLE_DB)
        if level_db < self.level_db:
            self.level_db += _FALL * (level_db - self.level_db)
        else:
            self.level_db = min(level_db, self.level_db + _RISE_DB)
        self.level_db = max(_LOWEST_DB, self.level_db)
        return stands_out


class Insistence:
    """Counts talking frames while we are audible, and says once that they are enough: 120 ms within 160.

    It says so again after we were not audible, or after a second in which nobody talked.

    Args:
        guarded_s: How much of the first sound after the start does not count.
    """

    def __init__(self, *, guarded_s: float = 0.0) -> None:
        self._window: Final = deque[bool](maxlen=_WINDOW_FRAMES)
        self._guarded_frames = round(guarded_s / FRAME_S)
        self._quiet_frames = 0
        self._fired = False

    def __repr__(self) -> str:
        guarded = f", guarded for {self._guarded_frames} frames" if self._guarded_frames else ""
        return f"<Insistence {'fired' if self._fired else 'armed'}{guarded}>"

    def guard(self, guarded_s: float) -> None:
        """Let so much of the next sound not count: the canceller begins anew."""
        self._guarded_frames = max(self._guarded_frames, round(guarded_s / FRAME_S))

    def judged(self, *, talking: bool, audible: bool) -> bool:
        """Take the verdict on the next frame; return whether the user has just talked for long enough.

        Args:
            talking: Whether the frame holds a voice that stands out.
            audible: Whether our own loudspeaker may be heard in it.
        """
        if not audible:
            self._window.clear()
            self._fired = False
            return False
        if self._guarded_frames:
            self._guarded_frames -= 1
            return False
        self._window.append(talking)
        self._quiet_frames = 0 if talking else self._quiet_frames + 1
        if self._quiet_frames >= _QUIET_FRAMES:
            self._fired = False
        if self._fired or sum(self._window) < _TALKING_FRAMES:
            return False
        self._fired = True
        return True


class BargeIn:
    """The rule of hardware.md section 2.4: a voice, above the floor, for 120 ms.

    Args:
        detectors: A voice is what any of them takes for one. They are asked only while we are audible.
        guarded_s: As for `Insistence`.
    """

    def __init__(self, detectors: Sequence[Vad], *, guarded_s: float = 0.0) -> None:
        self._detectors: Final = tuple(detectors)
        self._floor: Final = Floor()
        self._insistence: Final = Insistence(guarded_s=guarded_s)

    def __repr__(self) -> str:
        return f"<BargeIn {self._insistence!r} {self._floor!r}>"

    def guard(self, guarded_s: float) -> None:
        """Let so much of the next sound not count: the canceller begins anew."""
        self._insistence.guard(guarded_s)

    def heard(self, pcm: bytes, *, audible: bool) -> bool:
        """Take every frame (640 bytes, s16le, mono, 16 kHz); return whether the user has talked for long enough."""
        stands_out = self._floor.exceeded(level_dbfs(pcm))
        verdicts = [detector.voiced(pcm) for detector in self._detectors] if audible else []  # each hears every frame
        return self._insistence.judged(talking=stands_out and any(verdicts), audible=audible)
