"""What a rehearsal measured, as numbers with their units and targets, and as a table.

A median is the middle value, or the mean of the middle two. A 99th percentile is of the nearest rank: of fewer than
a hundred values it is the largest. What was not there to be measured is None, and "-" in the table.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.pcm import FRAME_MS, UP, level_dbfs

from .evidence import Passage, answers, deliveries, interruptions, opened_by_nobody, while_it_sounds
from .recording import Line, Recording
from .script import SCRIPTS

CARD_DELAY_MS: Final = 20.0
"""From the simulated card's taking of a frame to its sounding: what nobody can call back (`SimulatedSpeaker`)."""
BUFFERLESS_MS: Final = FRAME_MS / 2 + CARD_DELAY_MS
"""What a client without any buffer takes on that card on average: half a period until the card asks, and its delay."""

MICROPHONE_TARGET_MS: Final = (12.0, 25.0)
"""Median and 99th percentile."""
SPEAKER_TARGET_MS: Final = BUFFERLESS_MS + FRAME_MS
"""Median: one period more than without any buffer."""
SILENCE_TARGET_MS: Final = 40.0
"""99th percentile, without the card's delay."""
VOICE_TARGET_MS: Final = 300.0
"""Median."""
PEAK_TARGET_MIB: Final = 100.0
WARM_TARGET_MS: Final = 500.0


@dataclass(frozen=True, slots=True)
class Spread:
    """How something was distributed that was measured `count` times."""

    median: float
    p99: float
    max: float
    count: int

    @classmethod
    def of(cls, values: Sequence[float] | NDArray[np.float64]) -> Spread | None:
        """Return the spread of `values`, to one decimal; None if there are none."""
        if not len(values):
            return None
        ranked = np.sort(np.asarray(values, dtype=np.float64))
        nearest = ranked[math.ceil(0.99 * len(ranked)) - 1]
        median, p99, largest = (round(float(value), 1) for value in (np.median(ranked), nearest, ranked[-1]))
        return cls(median, p99, largest, len(ranked))


@dataclass(frozen=True, slots=True)
class Goal:
    """What a figure is to be at most."""

    figure: str
    reached: float | None
    most: float

    @property
    def met(self) -> bool | None:
        """Whether it is; None if it was not measured."""
        return None if self.reached is None else self.reached <= self.most


@dataclass(frozen=True, slots=True)
class Figures:
    """What one rehearsal measured."""

    script: str
    conversation_s: float
    microphone_to_wire_ms: Spread | None
    """From the capture of a sample to the service's having it, for each sample of the live frames. The samples of a
    frame are captured one after the other for 20 ms: if nothing but that took time, the median would be 10 ms."""
    live_frames: int
    """What the above is about: not what was said before the press, nor what waited for a link."""
    pre_roll_frames: int
    held_frames: int
    said_again_frames: int
    unrecognised_messages: int
    """What came up and is not what the microphone captured, such as frames joined across a loss."""
    wire_to_speaker_ms: Spread | None
    """From the first audio that the service sent of an answer to its first sound, for each answer. The card's delay is
    in it."""
    press_to_silence_ms: Spread | None
    """From a press while an answer sounded to the last sample of it that is not zero, for each such press. The card's
    delay is in it."""
    press_to_silence_without_card_ms: Spread | None
    """The same until that sample was handed to the card. The up to 20 ms until the card asks are in it."""
    voice_to_silence_ms: Spread | None
    """From the first sound of a voice at the microphone, while an answer sounded, to the last sample of the answer that
    is not zero, for each voice that stopped one without a press. The card's delay is in it."""
    false_interruptions: int
    """How often the gate opened although nobody had pressed or was speaking."""
    echo_dbfs: float | None
    """The median level at the microphone of the frames in which the loudspeaker sounded and nobody spoke."""
    residual_dbfs: float | None
    """The same of what the echo control left of them."""
    first_audio_ms: Spread | None
    """From the end of a question to the handing over of the first sound of its answer, for each turn, as the journal
    tells it. Most of it is the service's thinking."""
    connect_ms: Spread | None
    """From the beginning of an attempt to setupComplete, for each link, as the journal tells it."""
    turns: Mapping[str, int]
    """How many turns had which outcome."""
    answers_heard: int
    underruns: int | None
    """How often an answer ran dry and went on."""
    cpu_s_per_minute: float
    """Processor time of the daemon, simulated parts included."""
    peak_mib: float
    warm_ms: float
    """From the app's start to a warm microphone and a live button; Python's own start and the imports come before."""

    def as_dict(self) -> dict[str, object]:
        """Return everything for JSON, with `targets_met`: true, false, or null where nothing was measured."""
        return {**asdict(self), "targets_met": {goal.figure: goal.met for goal in self.goals()}}

    def goals(self) -> tuple[Goal, ...]:
        """Return the targets."""
        up, down, silence = self.microphone_to_wire_ms, self.wire_to_speaker_ms, self.press_to_silence_without_card_ms
        voice = self.voice_to_silence_ms
        return (
            Goal("microphone_to_wire_median_ms", up.median if up else None, MICROPHONE_TARGET_MS[0]),
            Goal("microphone_to_wire_p99_ms", up.p99 if up else None, MICROPHONE_TARGET_MS[1]),
            Goal("wire_to_speaker_median_ms", down.median if down else None, SPEAKER_TARGET_MS),
            Goal("press_to_silence_without_card_p99_ms", silence.p99 if silence else None, SILENCE_TARGET_MS),
            Goal("voice_to_silence_median_ms", voice.median if voice else None, VOICE_TARGET_MS),
            Goal("false_interruptions", self.false_interruptions, 0),
            Goal("peak_mib", self.peak_mib, PEAK_TARGET_MIB),
            Goal("warm_ms", self.warm_ms, WARM_TARGET_MS),
        )

    def table(self) -> str:
        """Return everything as a person reads it in a terminal of 110 columns."""
        up_median, up_p99, down, silence, voice, false, peak, warm = self.goals()
        rows = (
            ("", "median", "99 %", "max", "target", ""),
            _row("microphone to wire, each sample", self.microphone_to_wire_ms, up_median, up_p99),
            _row("wire to speaker, first sound of an answer", self.wire_to_speaker_ms, down),
            ("  a client without any buffer, same card", _ms(BUFFERLESS_MS), "", "", "", ""),
            _row("press to silence, talking over an answer", self.press_to_silence_ms),
            _row(f"  without the card's {CARD_DELAY_MS:g} ms", self.press_to_silence_without_card_ms, silence),
            *(self._echo_rows(voice, false) if self.echo_dbfs is not None else ()),
            _row("question to answer, thinking included", self.first_audio_ms),
            _row("connecting to the service", self.connect_ms),
            ("app to a warm microphone and a live button", _ms(self.warm_ms), "", "", _ms(warm.most), _verdict(warm)),
            ("memory", "", "", f"{self.peak_mib:.1f} MiB", f"{peak.most:g} MiB", _verdict(peak)),
            ("processor, for a minute of conversation", f"{self.cpu_s_per_minute:.2f} s", "", "", "", ""),
            ("times that an answer ran dry", "-" if self.underruns is None else str(self.underruns), "", "", "", ""),
        )
        return "\n".join([*_aligned(rows), "", *self._counts()])

    def _echo_rows(self, voice: Goal, false: Goal) -> Iterator[_Cells]:
        yield _row("voice to silence, without the button", self.voice_to_silence_ms, voice)
        yield (
            "answers that nobody interrupted, and stopped",
            str(self.false_interruptions),
            "",
            "",
            "0",
            _verdict(false),
        )
        yield "answer's level at the microphone", _dbfs(self.echo_dbfs), "", "", "", ""
        yield "  what was left of it", _dbfs(self.residual_dbfs), "", "", "", ""

    def _counts(self) -> Iterator[str]:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in self.turns.items()) or "none"
        yield f"  {self.conversation_s:.1f} s; turns: {outcomes}; answers heard: {self.answers_heard}"
        yield (
            f"  microphone frames: {self.live_frames} live, {self.pre_roll_frames} pre-roll, {self.held_frames} held "
            f"for a link, {self.said_again_frames} said again, {self.unrecognised_messages} messages not recognised"
        )


def measure(recording: Recording) -> Figures:
    """Measure everything."""
    up = deliveries(recording)
    passages = Counter(frame.passage for frame in up.frames)
    waits_s = [frame.arrived_s - frame.captured_s for frame in up.frames if frame.passage is Passage.LIVE]
    sounds_ms = [(one.sounded_s - one.arrived_s) * 1000 for one in answers(recording) if one.sounded_s is not None]
    stopped = interruptions(recording)
    silent_ms, hushed_ms = (
        np.array([(one.silent_s - one.begun_s) * 1000 for one in stopped if one.spoken == spoken])
        for spoken in (False, True)
    )
    script = SCRIPTS.get(recording.script)
    in_room = script is not None and script.room
    turns = [line for line in recording.journal if line["event"] == "turn.done"]
    links = [line for line in recording.journal if line["event"] == "link.up"]
    conversation_s = recording.ended_s - recording.started_s
    return Figures(
        script=recording.script,
        conversation_s=round(conversation_s, 2),
        microphone_to_wire_ms=Spread.of(_each_sample_ms(waits_s)),
        live_frames=passages[Passage.LIVE],
        pre_roll_frames=passages[Passage.PRE_ROLL],
        held_frames=passages[Passage.HELD],
        said_again_frames=up.said_again_frames,
        unrecognised_messages=up.unrecognised_messages,
        wire_to_speaker_ms=Spread.of(sounds_ms),
        press_to_silence_ms=Spread.of(silent_ms),
        press_to_silence_without_card_ms=Spread.of(silent_ms - CARD_DELAY_MS),
        voice_to_silence_ms=Spread.of(hushed_ms),
        false_interruptions=len(opened_by_nobody(recording)),
        echo_dbfs=_median_dbfs(while_it_sounds(recording, recording.microphone)) if in_room else None,
        residual_dbfs=_median_dbfs(while_it_sounds(recording, recording.cleaned)) if in_room else None,
        first_audio_ms=Spread.of(_numbers(turns, "first_audio_ms")),
        connect_ms=Spread.of(_numbers(links, "connect_ms")),
        turns=dict(Counter(str(line.get("outcome")) for line in turns)),
        answers_heard=sum(sounded_ms > 0 for sounded_ms in _numbers(turns, "sounded_ms")),
        underruns=int(sum(_numbers(turns, "underruns"))) if turns else None,
        cpu_s_per_minute=round(60 * recording.cpu_s / conversation_s, 3),
        peak_mib=round(recording.peak_mib, 1),
        warm_ms=round(recording.warm_s * 1000, 1),
    )


def _each_sample_ms(waits_s: Sequence[float]) -> NDArray[np.float64]:
    """Return the age of every sample on arrival, from the ages of the last ones of their frames."""
    earlier_s = np.arange(UP.frame_samples) / UP.rate_hz
    return np.add.outer(np.asarray(waits_s, dtype=np.float64), earlier_s).ravel() * 1000


def _median_dbfs(frames: Iterable[bytes]) -> float | None:
    levels = [level_dbfs(pcm) for pcm in frames]
    return round(float(np.median(levels)), 1) if levels else None


def _numbers(lines: Sequence[Line], key: str) -> list[float]:
    """Return the field's value from each line that has it."""
    return [float(value) for line in lines if isinstance(value := line.get(key), int | float)]


# --- the table -------------------------------------------------------------------------------------

_Cells = tuple[str, str, str, str, str, str]


def _row(name: str, spread: Spread | None, *goals: Goal) -> _Cells:
    """Return the cells of a spread in milliseconds."""
    target = " / ".join(f"{goal.most:g}" for goal in goals)
    values = (spread.median, spread.p99, spread.max) if spread else (None, None, None)
    median, p99, largest = map(_ms, values)
    return name, median, p99, largest, f"{target} ms" if target else "", _verdict(*goals)


def _ms(value_ms: float | None) -> str:
    return "-" if value_ms is None else f"{value_ms:.1f} ms"


def _dbfs(value_dbfs: float | None) -> str:
    return "-" if value_dbfs is None else f"{value_dbfs:.1f} dBFS"


def _verdict(*goals: Goal) -> str:
    if any(goal.met is False for goal in goals):
        return "missed"
    return "met" if goals and all(goal.met for goal in goals) else ""


def _aligned(rows: Sequence[_Cells]) -> Iterator[str]:
    """Yield the lines of a table, the first row underlined: names and verdicts to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, (name, *numbers, verdict) in enumerate(rows):
        cells = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
        yield "   ".join(["  " + name.ljust(widths[0]), *cells, verdict]).rstrip()
        if number == 0:
            yield "  " + "-" * (sum(widths) + 3 * (len(widths) - 1))
