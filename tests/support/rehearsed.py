"""Recordings of rehearsals that never took place, made of what a test says was seen and heard."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from daemon.rehearsal.evidence import digest
from daemon.rehearsal.recording import Line, Recording
from daemon.rehearsal.scenario import Scenario
from hardware.pcm import DOWN, FRAME_S, UP, Format
from tests.support.known_sound import known_sound

NOTHING = Recording(
    script="a test",
    scenario=Scenario(),
    started_s=100.0,
    ended_s=110.0,
    microphone=(),
    cleaned=(),
    speaker=(),
    ring=(),
    button=(),
    voice=(),
    happened=(),
    service=(),
    journal=(),
    cpu_s=1.0,
    peak_mib=50.0,
    warm_s=0.1,
)
"""Ten seconds in which nothing happened."""


def recording(
    *,
    microphone: Sequence[tuple[float, bytes]] = (),
    speaker: Sequence[tuple[float, bytes]] = (),
    service: Sequence[Line] = (),
    journal: Sequence[Line] = (),
    button: Sequence[tuple[float, bool]] = (),
    voice: Sequence[tuple[float, float]] = (),
) -> Recording:
    """Return `NOTHING` with this in it; the echo control leaves the microphone's frames as they are."""
    return replace(
        NOTHING,
        microphone=tuple(microphone),
        cleaned=tuple(microphone),
        speaker=tuple(speaker),
        service=tuple(service),
        journal=tuple(journal),
        button=tuple(button),
        voice=tuple(voice),
    )


def noise(audio: Format, seed: int) -> bytes:
    """Return one frame of sound that no other seed gives, without a single zero sample."""
    return known_sound(audio, FRAME_S, seed=seed)


def captured(count: int, first_s: float = 100.02) -> list[tuple[float, bytes]]:
    """Return so many different microphone frames; the last sample of the first was captured at `first_s`."""
    return [(first_s + number * FRAME_S, noise(UP, number)) for number in range(count)]


def sounded(from_s: float, to_s: float) -> list[tuple[float, bytes]]:
    """Return loudspeaker frames without a gap."""
    return [(float(at_s), noise(DOWN, number)) for number, at_s in enumerate(np.arange(from_s, to_s - 1e-9, FRAME_S))]


def up(t_s: float, *pcm: bytes, kind: str = "audio") -> Line:
    """Return the service's line of a message that came up; frames in it are joined."""
    line: Line = {"t_s": t_s, "way": "up", "kind": kind, "bytes": 1, "session": "s1"}
    joined = b"".join(pcm)
    return line | {"pcm_digest": [digest(joined)], "pcm_ms": UP.seconds(len(joined)) * 1000} if pcm else line


def down(t_s: float, kind: str = "audio", pcm_ms: float = 100.0) -> Line:
    """Return the service's line of a message that went down."""
    line: Line = {"t_s": t_s, "way": "down", "kind": kind, "bytes": 1, "session": "s1"}
    return line | {"pcm_digest": ["00"], "pcm_ms": pcm_ms} if kind == "audio" else line


def told(at_s: float, event: str, **fields: object) -> Line:
    """Return a line of the daemon's journal."""
    return {"at_s": at_s, "event": event, "level": "info", **fields}
