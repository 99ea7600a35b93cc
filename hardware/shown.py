"""What a board that has more than a ring to show things on can show: one moment of the device."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

Ask: TypeAlias = Callable[[tuple[str, ...]], Awaitable[Mapping[str, object]]]
"""Has something done, as through the control socket: ("mute",), ("volume", "60"). Raises `ValueError`, whose text says
why it cannot be done."""


@dataclass(frozen=True, slots=True)
class Words:
    """The newest thing that was said."""

    speaker: Literal["you", "device"]
    text: str


@dataclass(frozen=True, slots=True)
class News:
    """A line of the journal, in words."""

    at_s: float
    """Seconds since 1970."""
    text: str
    bad: bool
    """It is a warning, or worse."""


@dataclass(frozen=True, slots=True)
class Shown:
    """The device at one moment."""

    state: str = "ready"
    """One or two words, such as "listening"."""
    meaning: str = ""
    """The same as a sentence; see `daemon.panel.scene.meaning`."""
    turn: str = "idle"
    """Whose turn it is: a value of `TurnState`."""
    link: str = "down"
    """A value of `LinkState`."""
    mode: str = "hold"
    """How one takes turns: hold, tap or hands_free."""
    muted: bool = False
    gate_open: bool = False
    """What the microphone hears leaves the device, or is kept until it can."""
    microphone_level: float = 0.0
    """0 to 1, as `hardware.pcm.loudness` has it."""
    speaker_level: float = 0.0
    """The same of what sounds, before the volume."""
    volume_percent: int = 0
    words: Words | None = None
    last_turn: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    """The fields of the newest `turn.done`."""
    news: tuple[News, ...] = ()
    """The newest lines of the journal, oldest first; at most 20."""
    network: bool | None = None
    """Whether there is a network, if it can be cut here by ("network", "cut") and ("network", "restore"); else None."""


class Front(Protocol):
    """What a board has for people, beside its parts: it shows more than the ring, and takes more than presses."""

    @property
    def fills_terminal(self) -> bool:
        """Whether it draws in the terminal that this process was started from, so that nobody else may write there."""
        ...

    async def run(self, shown: Callable[[], Shown], ask: Ask) -> None:
        """Show what `shown` returns, and have `ask` do what somebody wants, until that is to leave, or cancelled."""
        ...
