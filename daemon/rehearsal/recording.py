"""Everything that was to be seen and heard from outside while a rehearsal ran, on one clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from hardware.interfaces import Rgb

from .scenario import Scenario

Line: TypeAlias = dict[str, object]
"""One line of the service's log or of the journal."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One rehearsal. All times are seconds of the same monotonic clock; the service's log uses it too."""

    script: str
    """The scenario's name."""
    scenario: Scenario
    started_s: float
    ended_s: float
    microphone: tuple[tuple[float, bytes], ...]
    """Each 20 ms frame (s16le, mono, 16 kHz) with the time at which its last sample had been captured."""
    cleaned: tuple[tuple[float, bytes], ...]
    """The same frames as the echo control left them: what was judged, kept and sent. One for one, up to the last that
    was read."""
    speaker: tuple[tuple[float, bytes], ...]
    """Each 20 ms frame (s16le, mono, 24 kHz) that held sound, with the time at which its first sample sounded."""
    ring: tuple[tuple[float, tuple[Rgb, ...]], ...]
    """Each change of the ring."""
    button: tuple[tuple[float, bool], ...]
    """Each change of the button; true is down."""
    voice: tuple[tuple[float, float], ...]
    """From when to when somebody spoke in front of the microphone, from the first sound to the last."""
    happened: tuple[tuple[float, str], ...]
    """What befell the device, in a few words each."""
    service: tuple[Line, ...]
    """The stand-in's log: `t_s`, `way` ("up", "down"), `kind`, `bytes`; for audio also `pcm_digest`, `pcm_ms`."""
    journal: tuple[Line, ...]
    """The daemon's journal: `at_s`, `event`, `level`, and the event's fields."""
    cpu_s: float
    """Processor time of the daemon's process between `started_s` and `ended_s`, simulated parts included."""
    peak_mib: float
    """The largest resident size of the daemon's process."""
    warm_s: float
    """From the start of the app to a warm microphone and a live button."""
    stuck: tuple[float, str] | None = None
    """When a step took longer than patience allows, and which; the rest of the scenario was not rehearsed then."""
