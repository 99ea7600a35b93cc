"""Mode "level": what is clearly louder than our own sound can be is a voice. For glasses and headsets.

    microphone, dBFS  >  reference, dBFS (its decaying maximum)  +  coupling (learned)  +  margin

A loudspeaker in a room drowns most voices, and with them this rule (hardware.md section 2, "No AEC library").
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Final

import numpy as np

from daemon.audio.alignment import Alignment
from daemon.audio.barge_in import Floor, Insistence
from daemon.audio.echo import Cleaned
from hardware.interfaces import Frame
from hardware.pcm import FRAME_S, SILENCE_DBFS, level_dbfs
from hardware.played import Piece

_MARGIN_DB: Final = 6.0
_DECAY_DB: Final = 8.7 * FRAME_S / 0.3
"""300 ms: what sounds on in the room must not count as a voice."""
_PLAYING_DB: Final = -50.0
"""Less than this tells nothing about the coupling, and hardly comes back."""
_LEARNED_FRAMES: Final = round(4.0 / FRAME_S)
_ENOUGH_FRAMES: Final = round(1.0 / FRAME_S)
_SYLLABLE_DB: Final = 6.0
"""The coupling shows where the reference is hardly below its envelope. In its pauses it is the room that one hears."""
_PERCENTILE: Final = 50
"""hardware.md section 2 takes the 95th of an echo alone. Here the soft syllables of a user who talks over us are among
the frames, and would raise it. Of voices 12 dB above the echo 45 % were noticed with the 95th and all with the median,
6 dB above it 20 and 94 %; no answer was taken for a voice in 7 minutes either way (`make bench`, barge_in)."""
_UNBELIEVABLE_FRAMES: Final = round(3.0 / FRAME_S)
"""Nobody talks for so long without a breath: the coupling has changed. It is learned anew."""
_HELD_FRAMES: Final = round(0.2 / FRAME_S)


class EchoLevel:
    """How loud our own sound can be in the microphone, learned from what is played; 4 s of it are kept."""

    def __init__(self) -> None:
        self._floor: Final = Floor()
        self._envelope_db = SILENCE_DBFS
        self._echoes_db: Final = deque[float](maxlen=_LEARNED_FRAMES)
        """How much louder the microphone was than the envelope, in syllables of ours that nobody talked over."""
        self._exceeding_frames = 0
        self.coupling_db = 0.0
        """How loud an echo mostly is, compared to what is played. If noise drowns it, the noise."""

    def __repr__(self) -> str:
        known = f"{self.coupling_db:.0f} dB" if self._known else "learning"
        return f"<EchoLevel {known} {self._floor!r}>"

    @property
    def _known(self) -> bool:
        return len(self._echoes_db) >= _ENOUGH_FRAMES

    def exceeded(self, microphone_db: float, reference_db: float) -> bool:
        """Take the levels of the next 20 ms, in dBFS. Return whether the microphone hears more than our own sound.

        Never in the first second of syllables, in which the coupling is learned.
        """
        self._envelope_db = max(reference_db, self._envelope_db - _DECAY_DB)
        stands_out = self._floor.exceeded(microphone_db)
        if self._envelope_db < _PLAYING_DB:
            return stands_out
        echo_db = microphone_db - self._envelope_db
        exceeded = self._known and stands_out and echo_db > self.coupling_db + _MARGIN_DB
        self._exceeding_frames = self._exceeding_frames + 1 if exceeded else 0
        if self._exceeding_frames >= _UNBELIEVABLE_FRAMES:
            self._echoes_db.clear()
            self._exceeding_frames = 0
        if not exceeded and reference_db > self._envelope_db - _SYLLABLE_DB:
            self._echoes_db.append(echo_db)
            self.coupling_db = float(np.percentile(self._echoes_db, _PERCENTILE))
        return exceeded


class LevelGated:
    """An `EchoControl`: while we are audible, frames that are louder than our own sound can be are the user's.

    The sound is the microphone's, unchanged.

    Args:
        reference: Returns what was played since it was called last.
        barge_in: Whether anybody wants to know of users who talk over us.
    """

    mode: Final = "level"

    def __init__(self, reference: Callable[[], list[Piece]], *, barge_in: bool) -> None:
        self._reference: Final = reference
        self._barge_in: Final = barge_in
        self._alignment: Final = Alignment()
        self._level: Final = EchoLevel()
        self._insistence: Final = Insistence()
        self._held_frames = 0
        self._talked_over = False

    def __repr__(self) -> str:
        return f"<LevelGated {self._level!r} {self._insistence!r}>"

    def heard(self, frame: Frame, *, audible: bool) -> Cleaned:
        """Take the next frame; see `EchoControl.heard`."""
        aligned = self._alignment.align(frame, self._reference())
        loud = self._level.exceeded(level_dbfs(frame.pcm), level_dbfs(aligned.pcm))
        barged_in = self._barge_in and self._insistence.judged(talking=loud, audible=audible)
        self._talked_over = audible and (self._talked_over or barged_in)
        self._held_frames = _HELD_FRAMES if loud else max(0, self._held_frames - 1)
        users = not audible or self._talked_over
        return Cleaned(frame.pcm, kept=users or self._held_frames > 0, users=users, barged_in=barged_in)
