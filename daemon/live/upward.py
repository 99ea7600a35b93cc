"""What goes up to the Live API, as small frozen records: the link turns them into the SDK's calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias


class Taking(Enum):
    """Who tells the service where the user's turns begin and end (live-api.md 1.3). For a session, once and for all."""

    LOCAL = "local"
    """We do: activityStart and activityEnd around each turn."""
    SERVER = "server"
    """It finds out by itself in what it hears. The microphone's pauses are all it is told: audioStreamEnd."""


@dataclass(frozen=True, slots=True)
class TurnStart:
    """The user may speak: activityStart, without which the service ignores audio (live-api.md 1.3).

    `Taking.SERVER`: nothing is said of it; the audio that follows is what opens the stream again.
    """

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
    """The user has finished: activityEnd. Owed for every `TurnStart`: an open window wedges the service.

    `Taking.SERVER`: audioStreamEnd, so that the service does not wait for more of the last word.
    """

    turn_id: int


@dataclass(frozen=True, slots=True)
class Prompt:
    """A whole turn in writing, outside any window: inside one it gets no answer (live-api.md 1.3)."""

    turn_id: int
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Glance:
    """One JPEG outside any turn, because the model asked for it; at most one a second (live-api.md 1.2)."""

    jpeg: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ToolAnswer:
    """What came of something that the model wanted done (live-api.md 1.8)."""

    call_id: str
    name: str
    response: Mapping[str, object] = field(repr=False)
    """JSON."""
    scheduling: str
    """INTERRUPT, WHEN_IDLE or SILENT: when the model is to speak of it."""


Aside: TypeAlias = ToolAnswer | Glance
"""What belongs to one link and to no turn of the user's: it goes ahead of speech, and is never sent again."""
Upward: TypeAlias = TurnStart | Speech | Image | TurnEnd | Prompt | Aside
