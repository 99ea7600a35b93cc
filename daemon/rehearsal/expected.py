"""What must be true at the end of a scenario. What is not asked for is not looked at."""

from __future__ import annotations

from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Field

from daemon.config.section import Section
from daemon.config.values import OneOf

Colour: TypeAlias = Literal["red", "amber", "green", "cyan", "blue", "violet", "rose", "white"]
FIGURES: Final = (
    "microphone_to_wire_median_ms",
    "microphone_to_wire_p99_ms",
    "wire_to_speaker_median_ms",
    "press_to_silence_without_card_p99_ms",
    "voice_to_silence_median_ms",
    "false_interruptions",
    "warm_look_to_picture_median_ms",
    "ring_late_ms",
    "peak_mib",
    "warm_ms",
)
"""What `figures.Figures.goals` measures."""


def _count() -> int | None:
    found: int | None = Field(default=None, ge=0, le=10_000)
    return found


class InJournal(Section):
    """Something that the journal tells, or must not tell."""

    event: str = ""
    times: int | None = Field(default=None, ge=0, le=10_000)
    """Exactly so often; 0 is never. None is once or more."""
    fields: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Only lines that have these fields count."""


class Expected(Section):
    """All of it. None: it may be as it likes."""

    answered: int | None = _count()
    """Turns whose answer was heard to its end."""
    interrupted: int | None = _count()
    """Turns whose answer was stopped."""
    first_audio_ms: float | None = Field(default=None, ge=0.0, le=600_000.0)
    """From the end of a question to the first sound of its answer, for every answer: at most."""
    underruns: int | None = _count()
    """How often answers ran dry: at most."""
    words_lost_ms: float | None = Field(default=None, ge=0.0, le=600_000.0)
    """How much of what was said into a microphone that was not muted never reached the service: at most."""
    muted_frames_sent: int | None = _count()
    """Frames captured while the device was muted that reached the service: at most."""
    alarms_rung: int | None = _count()
    pictures_sent: int | None = _count()
    ring: Annotated[tuple[Colour, ...], Field(strict=False, examples=[["cyan", "violet", "green"]])] = ()
    """Colours that were seen on the ring, in this order; others may come in between."""
    journal: Annotated[tuple[InJournal, ...], Field(strict=False)] = ()
    figures: dict[Annotated[str, OneOf(FIGURES)], float] = Field(default_factory=dict)
    """What a figure of the table is at most."""
