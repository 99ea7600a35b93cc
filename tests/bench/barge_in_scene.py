"""Somebody talks over answers in a simulated room: the two cards, the room, the voices; no daemon and no loop.

    answer, 24 kHz, 10 ms a piece ─► card, 40 ms ─► Room ──┐
                         └─► reference                     ├─► frames, 16 kHz ─► EchoControl ─► barged in?
                                  a voice in the same room ┴─ noise

All of it is in true time; the microphone's clock is slow by the room's drift. When the verdict comes the answer stops,
as it does in the device, and the voice goes on to its end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from daemon.audio.echo import EchoControl
from daemon.audio.echo_making import Mode
from daemon.rehearsal.voices import answer, raised
from hardware.interfaces import Frame
from hardware.pcm import DOWN, FRAME_S, UP, level_dbfs
from hardware.played import Piece
from hardware.simulated_room import Room, impulse_response
from tests.bench.corpus import at_level, speech, speech_dbfs

PIECE_S: Final = 0.01
CARD_S: Final = 0.04
"""From the taking of a piece to its sounding: four buffers of PortAudio's."""
JITTER_S: Final = 0.001
"""By how much the drivers' times are wrong: the deviation of a normal distribution."""
TAIL_S: Final = 0.3
"""How long the loudspeaker counts as audible after its last sample: `echo.hangover_ms`."""
LOUDER_DBFS: Final = -22.0
"""How loud the louder of the two voices is at the microphone."""
ANSWER_DBFS: Final = -20.0
NOISE_DBFS: Final = -62.0
PERSON_M: Final = 1.0
"""From the microphone."""
FIRST_ANSWER_S: Final = 4.0
"""Nobody talks over the first answer: the canceller has never heard the room."""
PAUSE_S: Final = 0.7
LATEST_S: Final = 2.0
"""A verdict that comes later after the onset than this is none."""

Samples: TypeAlias = NDArray[np.int16]
Sound = TypeVar("Sound", bytes, Samples)
Taken: TypeAlias = Callable[[], list[Piece]]
"""Returns the pieces played since the last call, as `Played.take` does."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is tried."""

    name: str
    mode: Mode = "cancel"
    """`echo.mode`."""
    silero: bool = False
    """Whether a voice is also what Silero takes for one, and not webrtcvad alone."""
    echo_to_speech_db: float = 0.0
    """How much louder than the voice the echo is at the microphone, while both sound."""
    rt60_s: float = 0.3
    distortion: float = 1.0
    drift_ppm: float = 0.0
    jump_s: float = 0.0
    """By how much the delay jumps, to and fro, every 20 s."""
    lose_every_s: float = 0.0
    """How often a frame of the microphone is lost; 0 is never."""
    talks: int = 20
    """How often somebody talks over an answer."""
    alone_s: float = 60.0
    """For how long answers are left alone."""


@dataclass(slots=True)
class Result:
    """What came of it."""

    condition: Condition
    latencies_s: list[float] = field(default_factory=list)
    """From the onset of the voice to the end of the frame with the verdict; one for each that was caught."""
    missed: int = 0
    false: int = 0
    answered_s: float = 0.0
    """How long answers sounded without a voice."""
    echo_dbfs: list[float] = field(default_factory=list)
    """The level of each frame of the microphone in which the echo alone was heard, and well."""
    residual_dbfs: list[float] = field(default_factory=list)
    """The level of what was left of each of them."""

    @property
    def caught_percent(self) -> float:
        return 100.0 * len(self.latencies_s) / max(1, len(self.latencies_s) + self.missed)

    @property
    def false_per_minute(self) -> float:
        return 60.0 * self.false / self.answered_s

    @property
    def suppressed_db(self) -> float:
        return float(np.median(np.array(self.echo_dbfs) - np.array(self.residual_dbfs)))

    def latency_ms(self, percent: float) -> float | None:
        return float(np.percentile(self.latencies_s, percent)) * 1000 if self.latencies_s else None


class Scene:
    """Plays and listens, frame by frame."""

    def __init__(self, condition: Condition, make: Callable[[Condition, Taken], EchoControl], seed: int = 1) -> None:
        self.result: Final = Result(condition)
        self._condition: Final = condition
        self._dice: Final = np.random.default_rng(seed)
        echo_dbfs = LOUDER_DBFS + min(0.0, condition.echo_to_speech_db)
        self._voice_dbfs: Final = LOUDER_DBFS - max(0.0, condition.echo_to_speech_db)
        self._room: Final = Room(
            seed,
            rt60_s=condition.rt60_s,
            echo_db=echo_dbfs - _arriving_dbfs(condition, seed),
            distortion=condition.distortion,
            drift_ppm=condition.drift_ppm,
        )
        self._walls: Final = impulse_response(condition.rt60_s, seed + 1000, PERSON_M)
        self._pieces: list[Piece] = []
        self._control: Final = make(condition, self._take)
        self._playing = b""
        """What is left of the answer."""
        self._pieces_taken = self._frames = 0
        self._silent_s = -1.0
        """When the last sample of an answer will have sounded."""
        self._voice = np.zeros(0, np.float64)
        """What is left of the voice."""
        self._lost = 0
        self._far, self._near = _voices(self._dice)

    def run(self) -> Result:
        """Leave answers alone, then talk over others."""
        self._play(FIRST_ANSWER_S)
        while self.result.answered_s < self._condition.alone_s:
            self._play(self._condition.alone_s - self.result.answered_s)
        for _ in range(self._condition.talks):
            self._talk()
        return self.result

    # --- the story ---------------------------------------------------------------------------------

    def _play(self, most_s: float) -> None:
        """Play an answer, or the beginning of one, and count verdicts on it as false ones."""
        self._playing = next(self._far)[: DOWN.bytes_in(most_s)]
        while self._sounds:
            self._alone()
        self._wait()

    def _talk(self) -> None:
        """Let somebody talk over an answer that has just begun."""
        self._playing = next(self._far)
        while len(self._playing) < DOWN.bytes_in(7.0):
            self._playing += next(self._far)
        begins_s = self._now_s + CARD_S + self._dice.uniform(0.8, 3.0)
        while self._now_s < begins_s:
            self._alone()
        onset_s = self._now_s
        self._voice = _convolved(at_level(next(self._near), self._voice_dbfs), self._walls)
        caught = False
        while len(self._voice) and self._now_s - onset_s < LATEST_S and not caught:
            caught = self._step()
        if caught:
            self.result.latencies_s.append(self._now_s - onset_s)
        else:
            self.result.missed += 1
        self._playing = b""
        while len(self._voice):
            self._step()
        self._wait()

    def _wait(self) -> None:
        until_s = self._now_s + PAUSE_S
        while self._now_s < until_s:
            self._step()

    def _alone(self) -> None:
        """Take a frame in which nobody but the loudspeaker speaks."""
        if self._step():
            self.result.false += 1
        self.result.answered_s += FRAME_S

    # --- the cards ---------------------------------------------------------------------------------

    @property
    def _now_s(self) -> float:
        return self._frames * self._room.frame_s

    @property
    def _sounds(self) -> bool:
        return bool(self._playing) or self._now_s < self._silent_s

    def _step(self) -> bool:
        """Take the microphone's next frame; return whether the verdict came with it."""
        self._frames += 1
        self._serve_speaker()
        if self._condition.jump_s and self._frames % 1000 == 0:
            self._room.delay_s += self._condition.jump_s * (1 if self._frames % 2000 else -1)
        echo = np.frombuffer(self._room.hear(self._now_s), "<i2")
        voice, self._voice = self._voice[: UP.frame_samples], self._voice[UP.frame_samples :]
        heard = echo + self._dice.normal(0.0, 32768 * 10 ** (NOISE_DBFS / 20), UP.frame_samples)
        heard[: len(voice)] += voice
        every = round(self._condition.lose_every_s / FRAME_S)
        if every and self._frames % every == 0:
            self._lost += 1
            return False
        pcm = np.clip(np.rint(heard), -32768, 32767).astype("<i2").tobytes()
        frame = Frame(pcm, self._now_s + self._dice.normal(0.0, JITTER_S), self._lost)
        self._lost = 0
        cleaned = self._control.heard(frame, audible=self._now_s < self._silent_s + TAIL_S)
        if self._playing and not len(voice):
            self._note(pcm, cleaned.pcm)
        return cleaned.barged_in

    def _note(self, pcm: bytes, cleaned: bytes) -> None:
        echo_dbfs = level_dbfs(pcm)
        if echo_dbfs > NOISE_DBFS + 20.0:
            self.result.echo_dbfs.append(echo_dbfs)
            self.result.residual_dbfs.append(level_dbfs(cleaned))

    def _serve_speaker(self) -> None:
        size = DOWN.bytes_in(PIECE_S)
        while self._pieces_taken * PIECE_S <= self._now_s:
            sounds_s = self._pieces_taken * PIECE_S + CARD_S
            piece, self._playing = self._playing[:size], self._playing[size:]
            if piece:
                self._silent_s = sounds_s + PIECE_S
                self._room.play(piece, sounds_s)
            jitter_s = self._dice.normal(0.0, JITTER_S)
            self._pieces.append(Piece(piece.ljust(size, b"\0"), sounds_s + jitter_s))
            self._pieces_taken += 1

    def _take(self) -> list[Piece]:
        pieces, self._pieces = self._pieces, []
        return pieces


def _voices(dice: np.random.Generator) -> tuple[Iterator[bytes], Iterator[Samples]]:
    """Return what the device says, 24 kHz, and what people say to it, for ever; nobody talks to himself."""
    said = [one for one in speech() if "shipped" not in one.name]
    if not said:
        shipped = [one.pcm for one in speech()]
        return _forever([answer()], dice), _forever(shipped, dice)
    ours = [raised(at_level(one.pcm, ANSWER_DBFS).tobytes()) for one in said if one.name.startswith("en/")]
    ours = [b"".join(ours[first : first + 3]) for first in range(0, len(ours), 3)]
    return _forever(ours, dice), _forever([one.pcm for one in said if not one.name.startswith("en/")], dice)


def _convolved(sound: Samples, response: NDArray[np.float64]) -> NDArray[np.float64]:
    length = len(sound) + len(response) - 1
    size = 1 << length.bit_length()
    return np.asarray(np.fft.irfft(np.fft.rfft(sound, size) * np.fft.rfft(response, size), size)[:length])


def _forever(choices: list[Sound], dice: np.random.Generator) -> Iterator[Sound]:
    while True:
        for index in dice.permutation(len(choices)):
            yield choices[index]


def _arriving_dbfs(condition: Condition, seed: int) -> float:
    """Return how loud the device's speech arrives in the condition's room if nothing is lost on the way."""
    far, _ = _voices(np.random.default_rng(seed))
    room = Room(seed, rt60_s=condition.rt60_s, echo_db=0.0, distortion=condition.distortion)
    sound = b"".join(next(far) for _ in range(2))
    size, heard = DOWN.frame_bytes, bytearray()
    for number in range(len(sound) // size):
        room.play(sound[number * size : (number + 1) * size], number * FRAME_S)
        heard += room.hear((number + 1) * FRAME_S - 0.01)
    return speech_dbfs(np.frombuffer(bytes(heard), "<i2"))
