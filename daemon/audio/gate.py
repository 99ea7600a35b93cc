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

from daemon.audio.patience import Patience
from daemon.audio.watch import WINDOW, Watch
from hardware.pcm import FRAME_MS, FRAME_S


@dataclass(frozen=True, slots=True)
class GateSettings:
    """How the gate listens. Times are audio."""

    pre_roll_ms: int = 500
    """What is kept from before the gate opens."""
    attack_ms: int = 100
    """How much voice makes speech."""
    sure_ms: int = 300
    """How much voice it takes at most to be sure of one while the gate is closed. If the gate is opened because of a
    voice, so much more than the pre-roll is kept from before: the pre-roll is then what was before the voice."""
    hangover_ms: int = 700
    """How long nothing must be said for speech to be over, to begin with."""
    shortest_hangover_ms: int = 500
    longest_hangover_ms: int = 1200
    """Between these it follows the pauses of whoever speaks."""
    no_speech_s: float = 8.0
    """How long speech is waited for, if no voice has opened the gate."""
    longest_s: float = 60.0
    """How long the gate may be open."""

    @property
    def kept_frames(self) -> int:
        """How many frames are kept at most while the gate is closed."""
        return _frames(self.pre_roll_ms) + _frames(self.sure_ms)


class Marker(Enum):
    """What the gate noticed: the first four while it is open, each at most once per opening; the others while not."""

    SPEECH_STARTED = "speech_started"
    SPEECH_ENDED = "speech_ended"
    """Only after SPEECH_STARTED."""
    NOTHING_SAID = "nothing_said"
    """Only instead of SPEECH_STARTED."""
    TOO_LONG = "too_long"
    VOICE = "voice"
    """Somebody speaks; at most once for each `watch`."""
    WATCH_OVER = "watch_over"
    """The time of the `watch` has passed; at most once for each."""


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
        self._pre_roll = deque[bytes]()
        self._window = deque[bool]()
        """Which of the newest frames held the user's voice; goes on while the gate is closed."""
        self._go_by(settings or GateSettings())
        self.patience = _patience(self.settings)
        self._no_speech_frames = 0
        """How long speech is waited for in this opening."""
        self._open = False
        self._endpointing = False
        self._told: Final[set[Marker]] = set()
        self._open_frames = 0
        self._unvoiced_frames = 0
        self._watch: Watch | None = None
        self._since_end_frames: int | None = None
        """How long ago the end of speech was told; None if that is known to have been one, or not."""

    def __repr__(self) -> str:
        if not self._open:
            return f"<Gate closed, pre-roll of {len(self._pre_roll)} frames>"
        return f"<Gate open for {self._open_frames} frames, told {sorted(marker.value for marker in self._told)}>"

    @property
    def is_open(self) -> bool:
        """Whether frames pass."""
        return self._open

    def open(self, *, endpointing: bool, to_voice: bool = False) -> list[bytes]:
        """Open the gate and return the pre-roll, oldest first: it is to be sent before any frame that passes.

        Args:
            endpointing: Whether to look for the beginning and the end of speech. Without it only TOO_LONG can come.
                Speech that is going on at this moment counts: the user may have begun before the press.
            to_voice: Whether a voice is the reason: then it has been going on for some time. If it was none after
                all, that is known after a pause that would have ended speech: nobody is waited for.
        """
        self._take_it_as_ended()
        self._watch = None
        pre_roll = list(self._pre_roll) if to_voice else list(self._pre_roll)[-self._pre_roll_frames :]
        self._pre_roll.clear()
        self._open = True
        self._endpointing = endpointing
        self._told.clear()
        self._open_frames = 0
        self._unvoiced_frames = 0
        patient_frames = round(self.settings.no_speech_s / FRAME_S)
        self._no_speech_frames = self.patience.hangover_frames if to_voice else patient_frames
        return pre_roll

    def close(self) -> None:
        """Close the gate; a new pre-roll begins with the next frame. Nobody is watched for until `watch`."""
        if self._open and Marker.SPEECH_ENDED in self._told:
            self._since_end_frames = 0
        self._open = False

    def go_by(self, settings: GateSettings) -> None:
        """Listen as `settings` say from now on. What was heard is kept, and what was learned of pauses if it still may.

        The gate must be closed.
        """
        assert not self._open, "what is being said is heard to its end as it began"
        old = self.settings
        self._go_by(settings)
        if _hangovers(old) != _hangovers(settings):
            self.patience = _patience(settings)

    def watch(self, attack_ms: int | None, for_s: float | None = None) -> None:
        """Look for a voice before the closed gate, from now on and until the gate is opened.

        If it is told as soon as the gate was closed by the end of speech, a voice is taken for the same one, which had
        only paused.

        Args:
            attack_ms: How much voice is one; None looks for none any more.
            for_s: How long to look for it, in seconds of audio; None for ever.
        """
        assert not self._open, "an open gate finds voices by itself"
        if self._since_end_frames:
            self._take_it_as_ended()
        for_frames = None if for_s is None else round(for_s / FRAME_S)
        self._watch = None if attack_ms is None else Watch(_frames(attack_ms), for_frames)

    @property
    def watches(self) -> bool:
        """Whether a voice is looked for before the closed gate."""
        return self._watch is not None

    @property
    def watch_left(self) -> float:
        """How much is left of the time of the watch, 0 to 1."""
        return self._watch.left if self._watch is not None else 0.0

    def forget(self) -> None:
        """Drop the pre-roll: what was heard until now will never be passed, and is no voice."""
        self._pre_roll.clear()
        self._window.clear()
        if self._watch is not None:
            self._watch.forget()

    def push(self, pcm: bytes, *, voiced: bool, kept: bool) -> Passed:
        """Take the next frame.

        Args:
            pcm: 20 ms, as far as they are the user's.
            voiced: Whether there is a voice in it, and that the user's.
            kept: Whether it may be in a pre-roll. If not, neither may what came before it: with a hole in it two
                sentences would be glued together. An open gate passes it all the same.
        """
        self._window.append(voiced)
        if self._open:
            self._open_frames += 1
            return Passed(pcm, self._marker(voiced))
        if kept:
            self._pre_roll.append(pcm)
        else:
            self._pre_roll.clear()
        marker = self._watched(voiced)
        return NOTHING if marker is None else Passed(None, marker)

    def lost(self, frames: int) -> Marker | None:
        """Let time pass for `frames` that were never heard, or must not be.

        They count towards NOTHING_SAID, TOO_LONG and WATCH_OVER. Whether somebody spoke in them nobody knows, so they
        neither end speech nor prolong it.
        """
        if self._open:
            self._open_frames += frames
            return self._overdue()
        if self._watch is not None:
            self._watch.lost(frames)
        return self._watch_over()

    def _go_by(self, settings: GateSettings) -> None:
        self.settings = settings
        self._pre_roll_frames = _frames(settings.pre_roll_ms)
        self._pre_roll = deque(self._pre_roll, maxlen=settings.kept_frames)
        self._attack_frames = max(1, _frames(settings.attack_ms))
        self._window = deque(self._window, maxlen=round(self._attack_frames * WINDOW))
        self._longest_frames = round(settings.longest_s / FRAME_S)

    def _marker(self, voiced: bool) -> Marker | None:
        if not self._endpointing:
            return self._overdue()
        voices = sum(self._window)
        if Marker.SPEECH_STARTED not in self._told:
            if voices >= self._attack_frames and Marker.NOTHING_SAID not in self._told:
                return self._tell(Marker.SPEECH_STARTED)
        elif not voiced:
            self._unvoiced_frames += 1
            if self._unvoiced_frames >= self.patience.hangover_frames and Marker.SPEECH_ENDED not in self._told:
                return self._tell(Marker.SPEECH_ENDED)
        elif 2 * voices >= self._attack_frames:  # fewer are a click or a cough, and do not prolong speech
            self.patience.paused(self._unvoiced_frames)
            self._unvoiced_frames = 0
        return self._overdue()

    def _watched(self, voiced: bool) -> Marker | None:
        """Look at a frame that came while the gate is closed."""
        if self._since_end_frames is not None:
            self._since_end_frames += 1
        if self._watch is None:
            return None
        if not self._watch.heard(voiced):
            return self._watch_over()
        if self._since_end_frames is not None:
            self.patience.went_on(max(0, self._since_end_frames - self._watch.attack_frames))
            self._since_end_frames = None
        return Marker.VOICE

    def _watch_over(self) -> Marker | None:
        if self._watch is None or not self._watch.over:
            return None
        self._watch = None
        return Marker.WATCH_OVER

    def _take_it_as_ended(self) -> None:
        """Nobody went on from where speech ended: that was the end."""
        if self._since_end_frames is not None:
            self.patience.ended()
            self._since_end_frames = None

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


def _hangovers(settings: GateSettings) -> tuple[int, int, int]:
    return settings.hangover_ms, settings.shortest_hangover_ms, settings.longest_hangover_ms


def _patience(settings: GateSettings) -> Patience:
    return Patience(*_hangovers(settings))


def _frames(duration_ms: int) -> int:
    return duration_ms // FRAME_MS
