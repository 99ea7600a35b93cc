"""Mode "cancel": the answer is taken out of what the microphone hears, so that one can talk over it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daemon.audio.alignment import Alignment
from daemon.audio.barge_in import GUARDED_S, BargeIn
from daemon.audio.canceller import Canceller, Finish
from daemon.audio.echo import Cleaned
from hardware.interfaces import Frame
from hardware.pcm import FRAME_S
from hardware.played import Piece

_TAIL_FRAMES: Final = round(1.0 / FRAME_S)
"""The canceller works for so long after us: the next answer, or the rest of this room, may be near."""
_MOVED_S: Final = 0.002
"""A move by more lets too much through until it is learned, for a second at most …"""
_MOVED_FAR_S: Final = 0.03
"""… and one by more than this is learned sooner from the beginning (hardware.md section 2)."""
_WOKEN_S: Final = 0.5
"""When the loudspeaker was asleep, what was learned of the room is still true, unless the card came back with another
delay than it says. In 32 simulated answers after a sleep none was taken for a voice, even without this."""


class EchoCancelling:
    """An `EchoControl`: microphone and reference through a canceller, the barge-in rule on what is left.

    What it hands out is 8 ms later than the microphone (with noise suppression 14 ms), always by as much.

    Args:
        reference: Returns what was played since it was called last.
        barge_in: What notices a user who talks over us; None if nobody wants to know.
        canceller: Takes the echo out.
        finish: What is done to that afterwards. The barge-in rule does not see it: it is about levels.
    """

    mode: Final = "cancel"

    def __init__(
        self, reference: Callable[[], list[Piece]], barge_in: BargeIn | None, canceller: Canceller, finish: Finish
    ) -> None:
        self._reference: Final = reference
        self._barge_in: Final = barge_in
        self._canceller: Final = canceller
        self._finish: Final = finish
        self.alignment: Final = Alignment()
        self._tail_frames = 0
        self._talked_over = False

    def __repr__(self) -> str:
        return f"<EchoCancelling {self._canceller!r} {self._finish!r} {self.alignment!r} {self._barge_in!r}>"

    def heard(self, frame: Frame, *, audible: bool) -> Cleaned:
        """Take the next frame; see `EchoControl.heard`."""
        aligned = self.alignment.align(frame, self._reference())
        if self._barge_in is not None and abs(aligned.moved_s) > _MOVED_S:
            self._barge_in.guard(GUARDED_S)
        elif self._barge_in is not None and aligned.begun:
            self._barge_in.guard(_WOKEN_S)
        if abs(aligned.moved_s) > _MOVED_FAR_S:
            self._canceller.reset()
        self._tail_frames = _TAIL_FRAMES if audible else max(0, self._tail_frames - 1)
        pcm = self._canceller.cleaned(frame.pcm, aligned.pcm, needed=self._tail_frames > 0)
        barged_in = self._barge_in is not None and self._barge_in.heard(pcm, audible=audible)
        self._talked_over = audible and (self._talked_over or barged_in)
        users = not audible or self._talked_over
        return Cleaned(self._finish.finished(pcm), kept=True, users=users, barged_in=barged_in)
