"""What sounds next: the answer's next frame or else a phrase of our own, an earcon over it, at the owner's volume."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daemon.audio.answer import Answer
from daemon.audio.volume import Volume
from hardware.pcm import DOWN, level_dbfs, loudness, mixed


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One frame on its way to the speaker."""

    pcm: bytes
    level: float | None
    """How loud it is before the owner's volume, 0 to 1; None if it cannot be heard after it."""
    answer: Answer | None
    """Whose frame it is; None for an earcon or a phrase."""
    length_s: float
    """How much of the answer is in it."""
    goes_on: bool
    """It was there in time, to follow the frame of the answer before it without a gap."""


class Mix:
    """Makes the frames. Earcons are never queued behind speech, and what is too loud together is clipped."""

    def __init__(self, volume_percent: int) -> None:
        self.volume: Final = Volume(volume_percent)
        self._earcon = b""
        self._phrase = b""

    def __repr__(self) -> str:
        earcon, phrase = " and an earcon" if self._earcon else "", " and a phrase" if self._phrase else ""
        return f"<Mix {self.volume!r}{earcon}{phrase}>"

    def add_earcon(self, pcm: bytes) -> None:
        """Mix `pcm` (s16le, mono, 24 kHz) into the frames to come, the next one first."""
        frames = -(-max(len(pcm), len(self._earcon)) // DOWN.frame_bytes)
        size = frames * DOWN.frame_bytes
        self._earcon = mixed(self._earcon.ljust(size, b"\0"), pcm.ljust(size, b"\0"))

    def set_phrase(self, pcm: bytes) -> None:
        """Have `pcm` (s16le, mono, 24 kHz) said once the earcon of the moment is over, in place of any other phrase.

        It gives way for good to the first frame of an answer.
        """
        whole = pcm + b"\0" * (-len(pcm) % DOWN.frame_bytes)
        self._phrase = b"\0" * len(self._earcon) + whole

    def drop_phrase(self) -> bool:
        """Let nothing more of a phrase sound; return whether there was anything left of one."""
        dropped, self._phrase = bool(self._phrase), b""
        return dropped

    def drop_all(self) -> None:
        """Let nothing more of an earcon or a phrase sound."""
        self._earcon = self._phrase = b""

    def next_part(self, answer: Answer, hand_over_s: float, *, awaited: bool = False) -> Part | None:
        """Return the next frame of the answer and the earcon together, or None if there is neither.

        `hand_over_s` is when it must be handed over at the latest; see `JitterBuffer.pull`. `awaited` says that the
        network was waited for in the middle of the answer: what is missing before this frame is not our doing.
        """
        goes_on = answer.buffer.primed and not awaited
        before_s = answer.buffer.played_s
        frame = answer.buffer.pull(hand_over_s)
        if frame is not None:
            self._phrase = b""
        if frame is None and not self._earcon and not self._phrase:
            return None
        sound = frame or self._phrase[: DOWN.frame_bytes] or DOWN.silence
        self._phrase = self._phrase[DOWN.frame_bytes :]
        if self._earcon:
            sound = mixed(sound, self._earcon[: DOWN.frame_bytes])
            self._earcon = self._earcon[DOWN.frame_bytes :]
        length_s = answer.buffer.played_s - before_s
        level = loudness(level_dbfs(sound))
        pcm = self.volume.applied(sound)
        return Part(pcm, None if pcm == DOWN.silence else level, answer if frame else None, length_s, goes_on)
