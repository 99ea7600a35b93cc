"""What is done about the loudspeaker being heard by the microphone: one Protocol, and its simplest form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Protocol

from hardware.interfaces import Frame


@dataclass(frozen=True, slots=True)
class Cleaned:
    """One frame of the microphone, as far as it is the user's."""

    pcm: bytes
    """640 bytes, s16le, mono, 16 kHz: what is judged, kept and sent in place of what was captured."""
    kept: bool
    """Whether it may be in a pre-roll. If not, our own loudspeaker may be heard in it."""
    users: bool
    """Whether a voice in it is the user's. If not, it may be our own."""
    barged_in: bool = False
    """The user has been talking over the answer for long enough to be sure: true in one frame each time."""


class EchoControl(Protocol):
    """Takes every frame of the microphone that is not muted, in order, between capture and gate."""

    @property
    def mode(self) -> str:
        """What it does, in the words of `echo.mode`: what is in force, whatever was asked for."""
        ...

    def heard(self, frame: Frame, *, audible: bool) -> Cleaned:
        """Take the next frame; `audible` tells whether our loudspeaker may be heard in it, the room's tail included."""
        ...


class HalfDuplex:
    """While we are audible, nobody is heard: what the microphone hears then counts as ours."""

    mode: Final = "half_duplex"

    def __repr__(self) -> str:
        return "<HalfDuplex>"

    def heard(self, frame: Frame, *, audible: bool) -> Cleaned:
        """Take the next frame; see `EchoControl.heard`."""
        return Cleaned(frame.pcm, kept=not audible, users=not audible)
