"""The gate: which microphone frames leave the device, with what was said just before it opened, and when to close it.

    frames   . . . . . v v V V V V V . V V . . . . . . .      v: voice before the press, kept and sent first
                           |open                     |SPEECH_ENDED after the hangover
                   |<-pre-roll->|SPEECH_STARTED after the attack

All time here is audio: one frame is 20 ms, however late it comes. A slow processor does not end a sentence.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hardware.pcm import FRAME_MS, FRAME_S

_WINDOW: Final = 1.4
"""Voice is looked for within this many times the attack: speech has unvoiced frames in between."""


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How the gate listens. Times are audio."""

    pre_roll_ms: int = 500
    """What is kept from before the gate opens."""
    attack_ms: int = 100
    """How much voice makes speech."""
    hangover_ms: int = 700
    """How long nothing must be said for speech to be over."""
    no_speech_s: float = 8.0
    """How long speech is waited for."""
    longest_s: float = 60.0
    """How long the gate may be open."""


class Marker(Enum):
    """What the gate noticed. Each at most once per opening."""

    SPEECH_STARTED = "speech_started"
    SPEECH_ENDED = "speech_ended"
    """Only after SPEECH_STARTED."""
    NOTHING_SAID = "nothing_said"
    """Only instead of SPEECH_STARTED."""
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Passed:
    """What became of one frame."""

    frame: bytes | None
    """The frame itself if the gate is open."""
    marker: Marker | None = None


NOTHING: Final = Passed(None)


class Gate:
    """Opened and closed by its owner alone; its markers are advice.

    Every frame from the microphone is pushed exactly once, in order, whether the gate is open or not. None is passed
    twice: what an earlier opening passed is not in a later one's pre-roll.
    """

    def __init__(self, settings: GateSettings | None = None) -> None:
        self.settings: Final = settings or GateSettings()
        self._pre_roll: Final = deque[bytes](maxlen=_frames(self.settings.pre_roll_ms))
        self._attack_frames: Final = max(1, _frames(self.settings.attack_ms))
        self._window: Final = deque[bool](maxlen=round(self._attack_frames * _WINDOW))
        """Which of the newest frames held the user's voice; goes on while the gate is closed."""
        self._hangover_frames: Final = _frames(self.settings.hangover_ms)
        self._no_speech_frames: Final = round(self.settings.no_speech_s / FRAME_S)
        self._longest_frames: Final = round(self.settings.longest_s / FRAME_S)
        self._open = False
        self._endpointing = False
        self._told: Final[set[Marker]] = set()
        self._open_frames = 0
        self._unvoiced_frames = 0

    def __repr__(self) -> str:
        if not self._open:
            return f"<Gate closed, pre-roll of {len(self._pre_roll)} frames>"
        return f"<Gate open for {self._open_frames} frames, told {sorted(marker.value for marker in self._told)}>"

    @property
    def is_open(self) -> bool:
        """Whether frames pass."""
        return self._open

    def open(self, *, endpointing: bool) -> list[bytes]:
        """Open the gate and return the pre-roll, oldest first: it is to be sent before any frame that passes.

        Args:
            endpointing: Whether to look for the beginning and the end of speech. Without it only TOO_LONG can come.
                Speech that is going on at this moment counts: the user may have begun before the press.
        """
        pre_roll = list(self._pre_roll)
        self._pre_roll.clear()
        self._open = True
        self._endpointing = endpointing
        self._told.clear()
        self._open_frames = 0
        self._unvoiced_frames = 0
        return pre_roll

    def close(self) -> None:
        """Close the gate; a new pre-roll begins with the next frame."""
        self._open = False

    def forget(self) -> None:
        """Drop the pre-roll: what was heard until now will never be passed."""
        self._pre_roll.clear()
        self._window.clear()

    def push(self, pcm: bytes, *, voiced: bool, audible: bool) -> Passed:
        """Take the next frame.

        Args:
            pcm: 20 ms as the microphone delivered them.
            voiced: The voice detector's verdict on it.
            audible: Whether our own loudspeaker could be heard in it. Such a frame passes an open gate, but is never
                kept, nor is what came before it, and a voice in it is taken for ours.
        """
        users_voice = voiced and not audible
        self._window.append(users_voice)
        if self._open:
            self._open_frames += 1
            return Passed(pcm, self._marker(users_voice))
        if audible:
            self._pre_roll.clear()
        else:
            self._pre_roll.append(pcm)
        return NOTHING

    def lost(self, frames: int) -> Marker | None:
        """Let time pass for `frames` that were never heard, or must not be.

        They count towards NOTHING_SAID and TOO_LONG. Whether somebody spoke in them nobody knows, so they neither
        end speech nor prolong it.
        """
        if not self._open:
            return None
        self._open_frames += frames
        return self._overdue()

    def _marker(self, voiced: bool) -> Marker | None:
        if not self._endpointing:
            return self._overdue()
        voices = sum(self._window)
        if Marker.SPEECH_STARTED not in self._told:
            if voices >= self._attack_frames and Marker.NOTHING_SAID not in self._told:
                return self._tell(Marker.SPEECH_STARTED)
        elif not voiced:
            self._unvoiced_frames += 1
            if self._unvoiced_frames >= self._hangover_frames and Marker.SPEECH_ENDED not in self._told:
                return self._tell(Marker.SPEECH_ENDED)
        elif 2 * voices >= self._attack_frames:
            self._unvoiced_frames = 0  # fewer are a click or a cough, and do not prolong speech
        return self._overdue()

    def _overdue(self) -> Marker | None:
        """Return what has taken too long."""
        if self._open_frames >= self._longest_frames and Marker.TOO_LONG not in self._told:
            return self._tell(Marker.TOO_LONG)
        waited = self._endpointing and self._open_frames >= self._no_speech_frames
        if waited and not self._told & {Marker.SPEECH_STARTED, Marker.NOTHING_SAID}:
            return self._tell(Marker.NOTHING_SAID)
        return None

    def _tell(self, marker: Marker) -> Marker:
        self._told.add(marker)
        return marker


def _frames(duration_ms: int) -> int:
    return duration_ms // FRAME_MS
