"""What goes up to the Live API, as small frozen records: the link turns them into the SDK's calls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class TurnStart:
    """The user begins to speak: activityStart. Audio outside a turn is ignored by the service (live-api.md 1.3)."""

    turn_id: int


@dataclass(frozen=True, slots=True)
class Speech:
    """One 20 ms frame, or a few that were waiting together: s16le, mono, 16 kHz, 640 bytes for each 20 ms."""

    pcm: bytes
    captured_s: float
    """When its last sample had been captured; the loop's clock."""


@dataclass(frozen=True, slots=True)
class Image:
    """One JPEG of what the camera sees, inside a turn; at most one a second (live-api.md 1.2)."""

    jpeg: bytes


@dataclass(frozen=True, slots=True)
class TurnEnd:
    """The user has finished: activityEnd. Owed for every `TurnStart`: an open window wedges the service."""

    turn_id: int


Upward: TypeAlias = TurnStart | Speech | Image | TurnEnd
