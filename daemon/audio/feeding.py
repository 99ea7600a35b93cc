"""Feeding the speaker: one part after the other, and what is known of those that it has."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from daemon.audio.answer import Answer
from daemon.audio.cushion import Cushion, Missed
from daemon.audio.mix import Part
from daemon.audio.sounding import Sounding
from hardware.interfaces import DeviceLost, Speaker
from hardware.played import Piece


class Feeding:
    """Hands parts over to the speaker of the moment. Nothing but `until_over` ever waits.

    Args:
        tail_s: How long the room goes on sounding when the loudspeaker is silent.
    """

    def __init__(self, tail_s: float) -> None:
        self.sounds: Final = Sounding(tail_s)
        self._speaker: Speaker | None = None
        self._cushion: Cushion | None = None
        """Of that speaker."""
        self._part: Part | None = None
        """What is being handed over; None again as soon as it must not sound."""

    def __repr__(self) -> str:
        return f"<Feeding {self._speaker!r} {self.sounds!r}>"

    @property
    def has_speaker(self) -> bool:
        """Whether there is one that is open."""
        return self._speaker is not None

    def is_handing_over(self, answer: Answer) -> bool:
        """Tell whether a part of `answer` waits for room, or for a speaker that is back."""
        return self._part is not None and self._part.answer is answer

    def reference(self) -> list[Piece]:
        """Return what the speaker handed to its device since the last call."""
        return self._speaker.reference.take() if self._speaker is not None else []

    def missed(self) -> Missed:
        """Return what the device has missed since the last part was handed over, or since the last call."""
        return self._cushion.missed() if self._cushion is not None else Missed()

    def drop(self) -> None:
        """Let the part not sound that is being handed over."""
        self._part = None

    def silence(self, now: float) -> None:
        """Let nothing sound any more, what the speaker holds included."""
        self.drop()
        self.sounds.silenced(now)
        if self._speaker is not None:
            self._speaker.flush()

    async def until_over(
        self,
        speaker: Speaker,
        next_part: Callable[[], Awaitable[Part | None]],
        handed_over: Callable[[Part, float, Missed], None],
    ) -> DeviceLost | None:
        """Feed `speaker` until it is lost, and return how, or until there is no next part. It is not closed.

        Args:
            speaker: Just opened.
            next_part: Waits for what sounds next. A part that a lost speaker had not taken comes first.
            handed_over: Told of each part when its first sample will sound, and what was missed since the one before.
        """
        loop = asyncio.get_running_loop()
        self._speaker, self._cushion = speaker, Cushion(speaker)
        try:
            while True:
                part = self._part = self._part or await next_part()
                if part is None:
                    return None
                if part.level is not None:
                    self.sounds.handing_over(loop.time())
                starts_s = await speaker.write(part.pcm)
                if self._part is part:  # otherwise it was silenced while it waited, and the speaker dropped it
                    self._part = None
                    self.sounds.handed_over(starts_s, part.level, loop.time())
                    handed_over(part, starts_s, self._cushion.missed())
        except DeviceLost as lost:
            return lost  # the part, if any, is what the answer goes on with
        finally:
            self._speaker = self._cushion = None
            self.sounds.device_lost(loop.time())
