"""What the service answers, and the pace at which it says it.

think_s      generation, `speed` times as fast as it sounds
├───────────┼──chunk──words──chunk──{}──chunk─┤generationComplete
activityEnd └────────── the answer's duration ────────────────────┤turnComplete ± ── resumption update
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from hardware import pcm

from .. import voices
from . import messages as say
from .agenda import Step
from .dice import Dice
from .messages import Message
from .models import Model


@dataclass(frozen=True, slots=True)
class Call:
    """A function that the model wants called."""

    name: str
    args: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model answers.

    Attributes:
        pcm: 24 kHz s16le mono; may be empty.
        transcript: The same in words.
        calls: Functions that it wants called first.
        sources: Sites that it stands on.
        reason: turnCompleteReason, such as "MALFORMED_FUNCTION_CALL" beside empty `pcm` (live-api.md 1.7).
    """

    pcm: bytes = field(repr=False)
    transcript: str = ""
    calls: tuple[Call, ...] = ()
    reason: str = ""
    sources: tuple[str, ...] = ()


Answerer: TypeAlias = Callable[[int], Answer]
"""The number of the user's turn to what is answered."""


def spoken(turn: int) -> Answer:  # noqa: ARG001  (every turn gets the same answer)
    """Return the packaged answer, real speech, whatever the turn."""
    return Answer(voices.answer(), voices.ANSWER_WORDS)


@dataclass(frozen=True, slots=True)
class Pacing:
    """The pace of answers, as measured and guessed (live-api.md 0.13, 2).

    Attributes:
        think_s: From the end of the user's turn to the first audio.
        speed: How many times as fast as it sounds the answer is sent: a message leaves when all audio before it
            would have been produced.
        delay_s: The network adds to each message between nothing and this much, without changing their order.
        gap_chance: How likely a message is to be held up by `gap_s`, and all after it with it.
        gap_s: That pause.
        parts: Fewest and most parts of one audio message.
        part_ms: Shortest and longest part.
        interrupt_s: From the user's beginning to speak to `interrupted`; the answer goes on until then.
        stray_frames: How likely each audio message is to be followed by one that says nothing.
    """

    think_s: float = 0.6
    speed: float = 3.3
    delay_s: float = 0.0
    gap_chance: float = 0.0
    gap_s: float = 0.0
    parts: tuple[int, int] = (1, 4)
    part_ms: tuple[int, int] = (40, 250)
    interrupt_s: float = 0.05
    stray_frames: float = 0.1


BURSTS: Final = Pacing()
"""3.3 times real time, as measured."""
REAL_TIME: Final = Pacing(speed=1.0, delay_s=0.25, parts=(1, 1), part_ms=(40, 100))
"""Not a moment ahead, over an uneven network."""
SLOW: Final = Pacing(speed=0.8, gap_chance=0.08, gap_s=0.7, parts=(1, 1), part_ms=(40, 100))
"""Slower than it sounds, with gaps (live-api.md 2)."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that is said in the course of an answer, `after_s` its first audio."""

    after_s: float
    out: Message
    step: Step = Step.FRAME
    audio_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """An answer with everything that decides how it is performed."""

    answer: Answer
    model: Model
    pacing: Pacing
    heard: str
    """What the service understood of the user, in words; empty where it is not to be told."""
    transcribes: bool
    """Whether the answer is to be told in words."""

    def lines(self, dice: Dice) -> tuple[list[Line], float]:
        """Return all lines up to the last audio in the order in which they are said, and the time of the last."""
        chunks = list(self._chunks(dice))
        last_s = chunks[-1].after_s if chunks else 0.0
        lines = [*chunks, *self._words(last_s, dice), *self._strays(chunks, dice)]
        if self.answer.sources:
            lines.append(Line(last_s, say.grounding(self.answer.sources, ("a query of the model's",))))
        if self.heard:
            said_s = dice.uniform(-min(0.3, self.pacing.think_s), last_s)
            lines.append(Line(said_s, say.input_transcription(self.heard)))
        return sorted(lines, key=lambda line: line.after_s), last_s

    def _chunks(self, dice: Dice) -> Iterator[Line]:
        pacing, audio = self.pacing, self.answer.pcm
        at = 0
        lag_s = last_s = 0.0
        while at < len(audio):
            parts: list[bytes] = []
            begin = at
            for _ in range(dice.randint(*pacing.parts) if self.model.several_parts else 1):
                size = pcm.DOWN.bytes_in(dice.randint(*pacing.part_ms) / 1000)
                parts.append(audio[at : at + size])
                at += size
            parts = [part for part in parts if part]
            if begin and dice.random() < pacing.gap_chance:
                lag_s += pacing.gap_s
            produced_s = pcm.DOWN.seconds(begin) / pacing.speed + lag_s
            last_s = max(last_s, produced_s + (dice.uniform(0.0, pacing.delay_s) if begin else 0.0))
            yield Line(last_s, say.audio(parts), Step.CHUNK, sum(map(len, parts)))

    def _words(self, last_s: float, dice: Dice) -> Iterator[Line]:
        """Say the words in order, but in no order relative to the audio (live-api.md 1.4)."""
        if not self.transcribes:
            return
        words = self.answer.transcript.split()
        pieces = [" ".join(words[at : at + 3]) for at in range(0, len(words), 3)]
        times = sorted(dice.uniform(0.0, last_s) for _ in pieces)
        for index, (at_s, piece) in enumerate(zip(times, pieces, strict=True)):
            yield Line(at_s, say.output_transcription(piece if index == 0 else f" {piece}"))

    def _strays(self, chunks: list[Line], dice: Dice) -> Iterator[Line]:
        nothings: tuple[Message, ...] = ({}, say.resumption_update(), say.resumption_update(resumable=False))
        for chunk in chunks:
            if dice.random() < self.pacing.stray_frames:
                yield Line(chunk.after_s, nothings[dice.randint(0, len(nothings) - 1)])
