"""One answer on its way to the owner's ears: its buffer, and the account of what of it has sounded."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from daemon.audio.cushion import Missed
from daemon.audio.jitter import JitterBuffer
from daemon.audio.lateness import Lateness
from hardware.pcm import DOWN, FRAME_S


@dataclass(frozen=True, slots=True)
class Heard:
    """What became of the answer to one turn. Times are seconds of the loop's clock, None for what never happened."""

    turn_id: int
    sounded_s: float = 0.0
    """How much of it was handed to the converter."""
    dropped_s: float = 0.0
    """How much of it arrived and will not sound."""
    underruns: int = 0
    """How often it went on after it had run dry: the network was late."""
    underrun_s: float = 0.0
    """How long the gaps of the underruns were together."""
    stutters: int = 0
    """How often silence sounded in it although its next frame was there: we were late."""
    stutter_s: float = 0.0
    """How long those gaps were together."""
    xruns: int = 0
    """How often the device ran dry itself while it sounded: its own thread was late."""
    first_chunk_s: float | None = None
    first_sound_s: float | None = None
    """When its first sample was handed to the converter."""


class Refusal(Enum):
    """Why a chunk was dropped on arrival."""

    ENDED = "ended"
    """It came after what was said to be the end."""
    FULL = "full"
    """More is held already than anybody would listen to."""


class Answer:
    """The answer to one turn. Every `now` is a time of the loop's clock, in seconds."""

    def __init__(self, turn_id: int, lateness: Lateness) -> None:
        self.turn_id: Final = turn_id
        self.buffer: Final = JitterBuffer(lateness)
        self.ended = False
        """All of it has arrived."""
        self.dropped = False
        """Nothing more of it will sound."""
        self.announced = False
        """That all of it has sounded is known, or is known to come at `sounds_until_s`."""
        self.first_sound_s: float | None = None
        self.sounds_until_s = 0.0
        """When the last frame that was handed over will have sounded."""
        self._first_chunk_s: float | None = None
        self._sounded_s = 0.0
        self._sounding: Final[deque[tuple[float, float]]] = deque()
        """What was handed over and may not have sounded: when its first sample sounds, and how long it is."""
        self._stutters = 0
        self._stutter_s = 0.0
        self._xruns = 0
        self._too_late_bytes = 0
        """What arrived when all had been dropped, or had arrived."""
        self._refused = False

    def __repr__(self) -> str:
        state = "dropped" if self.dropped else "ended" if self.ended else "arriving"
        return f"<Answer {self.turn_id} {state} {self.buffer!r}>"

    @classmethod
    def none(cls, lateness: Lateness) -> Answer:
        """Return what stands in the place of an answer before the first one."""
        answer = cls(0, lateness)
        answer.drop(0.0)
        return answer

    @property
    def handed_out(self) -> bool:
        """True when nothing of it is held and nothing more will come."""
        return self.ended and (self.dropped or self.buffer.finished)

    def arrived(self, pcm: bytes, now: float) -> Refusal | None:
        """Take a chunk. Return why it was dropped, but only for the first one with such a fate."""
        if self._first_chunk_s is None:
            self._first_chunk_s = now
        refusal = None
        if self.ended:
            refusal = Refusal.ENDED
            self._too_late_bytes += len(pcm)
        elif self.dropped:
            self._too_late_bytes += len(pcm)
        elif self.buffer.push(pcm, now):
            refusal = Refusal.FULL
        if self._refused:
            return None
        self._refused = refusal is not None
        return refusal

    def end(self) -> None:
        """Note that all of it has arrived."""
        self.ended = True
        self.buffer.end()

    def handed_over(self, starts_s: float, length_s: float, now: float) -> None:
        """Note that a frame with `length_s` of it was handed to the speaker and sounds from `starts_s` on."""
        if self.first_sound_s is None:
            self.first_sound_s = starts_s
        self.sounds_until_s = starts_s + FRAME_S
        while self._sounding and self._sounding[0][0] + FRAME_S <= now:
            self._sounded_s += self._sounding.popleft()[1]
        self._sounding.append((starts_s, length_s))

    def missed(self, missed: Missed, now: float) -> None:
        """Note what the device has missed since the newest frame, which was not meant to be followed by a gap."""
        self._stutters += missed.silent_s > 0.0
        self._stutter_s += missed.silent_s
        if self.first_sound_s is not None and self.first_sound_s <= now:
            self._xruns += missed.xruns

    def drop(self, now: float) -> None:
        """Drop all that has not sounded, and all that is to come."""
        self._sounded_s = self._sounded_by(now)
        self._sounding.clear()
        self.buffer.flush()
        self.dropped = True

    def heard(self, now: float) -> Heard:
        """Return what became of it until `now`."""
        tally = self.buffer.tally
        sounded_s = self._sounded_by(now)
        not_to_sound_s = DOWN.seconds(tally.received_bytes) - sounded_s if self.dropped else 0.0
        return Heard(
            turn_id=self.turn_id,
            sounded_s=sounded_s,
            dropped_s=max(not_to_sound_s, DOWN.seconds(tally.dropped_bytes)) + DOWN.seconds(self._too_late_bytes),
            underruns=tally.underruns,
            underrun_s=tally.waited_s,
            stutters=self._stutters,
            stutter_s=self._stutter_s,
            xruns=self._xruns,
            first_chunk_s=self._first_chunk_s,
            first_sound_s=self.first_sound_s,
        )

    def _sounded_by(self, now: float) -> float:
        return self._sounded_s + sum(min(length_s, max(0.0, now - starts_s)) for starts_s, length_s in self._sounding)
