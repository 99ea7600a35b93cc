"""What a rehearsal measured, as numbers with their units and targets, and as a table.

A median is the middle value, or the mean of the middle two. A 99th percentile is of the nearest rank: of fewer than
a hundred values it is the largest. What was not there to be measured is None, and "-" in the table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.pcm import FRAME_MS, UP, level_dbfs

from .doings import Reply, looks, replies, ring_late_s
from .evidence import Passage, answers, deliveries, interruptions, opened_by_nobody, while_it_sounds
from .figures_table import Cells, Goal, Spread, aligned, dbfs, ms, row, verdict
from .recording import Line, Recording

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
PICTURE_TARGET_MS: Final = 300.0
"""Median, with a camera that is awake."""
RING_TARGET_MS: Final = 100.0
PEAK_TARGET_MIB: Final = 100.0
WARM_TARGET_MS: Final = 500.0


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
    look_to_picture_ms: Spread | None
    """From the second press of a double press to the service's having the picture, for each such press. A camera that
    sleeps has to wake up first."""
    warm_look_to_picture_ms: Spread | None
    """The same for a camera that is awake."""
    ring_late_ms: float | None
    """From the moment at which a timer was due to the first sound of its ringing. The card's delay is in it."""
    replies: tuple[Reply, ...]
    """Every answer that was heard to its end, with what went on beside it."""
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
            Goal(
                "warm_look_to_picture_median_ms",
                self.warm_look_to_picture_ms.median if self.warm_look_to_picture_ms else None,
                PICTURE_TARGET_MS,
            ),
            Goal("ring_late_ms", self.ring_late_ms, RING_TARGET_MS),
            Goal("peak_mib", self.peak_mib, PEAK_TARGET_MIB),
            Goal("warm_ms", self.warm_ms, WARM_TARGET_MS),
        )

    def table(self) -> str:
        """Return everything as a person reads it in a terminal of 110 columns."""
        up_median, up_p99, down, silence, voice, false, picture, ring, peak, warm = self.goals()
        rows = (
            ("", "median", "99 %", "max", "target", ""),
            row("microphone to wire, each sample", self.microphone_to_wire_ms, up_median, up_p99),
            row("wire to speaker, first sound of an answer", self.wire_to_speaker_ms, down),
            ("  a client without any buffer, same card", ms(BUFFERLESS_MS), "", "", "", ""),
            row("press to silence, talking over an answer", self.press_to_silence_ms),
            row(f"  without the card's {CARD_DELAY_MS:g} ms", self.press_to_silence_without_card_ms, silence),
            *(self._echo_rows(voice, false) if self.echo_dbfs is not None else ()),
            *self._doing_rows(picture, ring),
            row("question to answer, thinking included", self.first_audio_ms),
            row("connecting to the service", self.connect_ms),
            ("app to a warm microphone and a live button", ms(self.warm_ms), "", "", ms(warm.most), verdict(warm)),
            ("memory", "", "", f"{self.peak_mib:.1f} MiB", f"{peak.most:g} MiB", verdict(peak)),
            ("processor, for a minute of conversation", f"{self.cpu_s_per_minute:.2f} s", "", "", "", ""),
            ("times that an answer ran dry", "-" if self.underruns is None else str(self.underruns), "", "", "", ""),
        )
        return "\n".join([*aligned(rows), "", *self._counts()])

    def _echo_rows(self, voice: Goal, false: Goal) -> Iterator[Cells]:
        yield row("voice to silence, without the button", self.voice_to_silence_ms, voice)
        yield (
            "answers that nobody interrupted, and stopped",
            str(self.false_interruptions),
            "",
            "",
            "0",
            verdict(false),
        )
        yield "answer's level at the microphone", dbfs(self.echo_dbfs), "", "", "", ""
        yield "  what was left of it", dbfs(self.residual_dbfs), "", "", "", ""

    def _doing_rows(self, picture: Goal, ring: Goal) -> Iterator[Cells]:
        if self.look_to_picture_ms is not None:
            yield row("double press to the picture at the service", self.look_to_picture_ms)
            yield row("  with a camera that is awake", self.warm_look_to_picture_ms, picture)
        if self.ring_late_ms is not None:
            yield "timer due to its first ring", ms(self.ring_late_ms), "", "", ms(ring.most), verdict(ring)

    def _counts(self) -> Iterator[str]:
        outcomes = ", ".join(f"{count} {outcome}" for outcome, count in self.turns.items()) or "none"
        yield f"  {self.conversation_s:.1f} s; turns: {outcomes}; answers heard: {self.answers_heard}"
        yield (
            f"  microphone frames: {self.live_frames} live, {self.pre_roll_frames} pre-roll, {self.held_frames} held "
            f"for a link, {self.said_again_frames} said again, {self.unrecognised_messages} messages not recognised"
        )
        if any(one.pictures or one.tools for one in self.replies):
            for number, one in enumerate(self.replies, 1):
                pictures = [f"{one.pictures} picture{'s' * (one.pictures != 1)}"] if one.pictures else []
                yield (
                    f"  answer {number}: {one.chunk_to_sound_ms:.0f} ms from chunk to sound, ran dry {one.underruns} "
                    f"times; beside it: {', '.join([*pictures, *one.tools]) or 'nothing'}"
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
    in_room, timer_s = recording.scenario.room, recording.scenario.timer_s
    looked = tuple(looks(recording))
    late_s = ring_late_s(recording, timer_s) if timer_s else None
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
        look_to_picture_ms=Spread.of([(one.arrived_s - one.pressed_s) * 1000 for one in looked]),
        warm_look_to_picture_ms=Spread.of([(one.arrived_s - one.pressed_s) * 1000 for one in looked if one.warm]),
        ring_late_ms=None if late_s is None else round(late_s * 1000, 1),
        replies=tuple(replies(recording)),
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
