"""The service's own voice detection, in a simple and honest form: by level, timed in audio."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from hardware import pcm

ATTACK_S: Final = 0.12
"""Voice in a row that begins a turn. 100 ms of noise never did (live-api.md 1.3)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of one frame.

    Attributes:
        audio: What belongs to the user's turn, the padding included; may be empty.
        began: The turn begins with it.
        ended: The turn ends after it.
    """

    audio: bytes
    began: bool = False
    ended: bool = False


class Ears:
    """Tells the user's turns from the silence between them. Audio time only: without audio, time stands still."""

    def __init__(self, threshold_dbfs: float, padding_s: float, silence_s: float) -> None:
        self._threshold_dbfs: Final = threshold_dbfs
        self._attack: Final = round(ATTACK_S / pcm.FRAME_S)
        self._silence: Final = max(1, round(silence_s / pcm.FRAME_S))
        self._before: Final[deque[bytes]] = deque(maxlen=self._attack + round(padding_s / pcm.FRAME_S))
        self._rest = b""
        self._run = 0
        self._speaking = False
        self.heard_s = 0.0

    def __repr__(self) -> str:
        state = "speaking" if self._speaking else "quiet"
        return f"Ears({state}, run of {self._run} frames, {self.heard_s:.2f} s heard)"

    def hear(self, audio: bytes, rate_hz: int) -> list[Heard]:
        """Take in s16le mono audio of any length; return what belongs to turns, frame by frame."""
        size = pcm.Format(rate_hz).frame_bytes
        whole = self._rest + audio
        end = len(whole) - len(whole) % size
        self._rest = whole[end:]
        verdicts = (self._judge(whole[at : at + size]) for at in range(0, end, size))
        return [verdict for verdict in verdicts if verdict is not None]

    def stream_ended(self) -> bool:
        """Take audioStreamEnd: forget what is buffered; return whether a turn ends with it (live-api.md 1.3)."""
        ended, self._speaking = self._speaking, False
        self._before.clear()
        self._rest = b""
        self._run = 0
        return ended

    def _judge(self, frame: bytes) -> Heard | None:
        self.heard_s += pcm.FRAME_S
        voiced = pcm.level_dbfs(frame) >= self._threshold_dbfs
        if self._speaking:
            self._run = 0 if voiced else self._run + 1
            if self._run < self._silence:
                return Heard(frame)
            self._speaking, self._run = False, 0
            return Heard(frame, ended=True)
        self._before.append(frame)
        self._run = self._run + 1 if voiced else 0
        if self._run < self._attack:
            return None
        self._speaking, self._run = True, 0
        audio = b"".join(self._before)
        self._before.clear()
        return Heard(audio, began=True)
