"""A microphone that hears a recording: a WAV file speaks, an utterance at a time, whenever somebody presses."""

from __future__ import annotations

import wave
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Final

import numpy as np

from hardware.blocking import in_thread
from hardware.card_format import CardFormat, Intake
from hardware.interfaces import DeviceMissing
from hardware.pcm import FRAME_MS, SAMPLE_BYTES, UP, level_dbfs
from hardware.settings import MicrophoneSettings
from hardware.simulated_microphone import SimulatedMicrophone

PAUSE_S: Final = 1.0
"""A pause of this length ends an utterance."""
_QUIET_DBFS: Final = -50.0
"""What is no louder is a pause."""
_MARGIN_FRAMES: Final = 5
"""What is kept of the pause on either side: soft consonants."""


class FileMicrophone(SimulatedMicrophone):
    """Silence, in real time, and one utterance after another over it whenever `prompt` is called.

    It is a `Microphone` between `open` and `close`, and the same one when it is opened again.
    """

    def __init__(self, utterances: list[bytes], *, gain_db: float = 0.0) -> None:
        """Have `utterances` (s16le, mono, 16 kHz) to say; after the last comes the first again."""
        super().__init__(gain_db=gain_db, log=False)
        self._utterances: Final = utterances
        self._next: Final[Iterator[bytes]] = cycle(utterances)

    def prompt(self) -> None:
        """Say the next utterance, from now on."""
        if (said := next(self._next, None)) is not None:
            self.say(said)

    def say_all(self) -> None:
        """Say all of it, from now on, with a pause between."""
        self.say(bytes(UP.bytes_in(PAUSE_S)).join(self._utterances))


async def load_file_microphone(settings: MicrophoneSettings) -> FileMicrophone:
    """Return a microphone, not open, that says what is in `settings.file`; nothing, if none is named.

    Raises:
        DeviceMissing: The file cannot be read, or is no WAV file of 16 bits.
    """
    if not settings.file:
        return FileMicrophone([], gain_db=settings.gain_db)
    pcm = await in_thread(lambda: _read(Path(settings.file)))
    return FileMicrophone(utterances(pcm), gain_db=settings.gain_db)


def utterances(pcm: bytes) -> list[bytes]:
    """Return what is said in `pcm` (s16le, mono, 16 kHz), cut at its long pauses."""
    size = UP.frame_bytes
    frames = [pcm[at : at + size] for at in range(0, len(pcm), size)]
    found: list[tuple[int, int]] = []
    for number, frame in enumerate(frames):
        if level_dbfs(frame) <= _QUIET_DBFS:
            continue
        if found and (number - found[-1][1]) * FRAME_MS < PAUSE_S * 1000:
            found[-1] = (found[-1][0], number + 1)
        else:
            found.append((number, number + 1))
    return [b"".join(frames[max(0, first - _MARGIN_FRAMES) : last + _MARGIN_FRAMES]) for first, last in found]


def _read(path: Path) -> bytes:
    """Return the first channel of a WAV file as 16 kHz s16le."""
    try:
        with wave.open(str(path), "rb") as file:
            channels, sample_bytes, rate_hz = file.getnchannels(), file.getsampwidth(), file.getframerate()
            raw = file.readframes(file.getnframes())
    except OSError as error:
        raise DeviceMissing(f"microphone: {path} cannot be read: {error.strerror}") from error
    except (EOFError, wave.Error) as error:
        why = str(error) or "it is too short"
        raise DeviceMissing(f"microphone: {path} is no WAV file of samples ({why})") from error
    if sample_bytes != SAMPLE_BYTES or rate_hz % 50 or rate_hz < 8_000:
        raise DeviceMissing(
            f"microphone: {path} has {8 * sample_bytes} bits and {rate_hz} Hz; it must have 16 bits, and a multiple"
            " of 50 Hz from 8000 on"
        )
    intake = Intake(CardFormat(rate_hz, channels, 32), channel=0, gain=1.0)
    block_bytes = rate_hz * FRAME_MS // 1000 * channels * SAMPLE_BYTES
    raw += bytes(-len(raw) % block_bytes)
    wide = (np.frombuffer(raw, "<i2").astype("<i4") << 16).tobytes()
    return b"".join(intake.taken(wide[at : at + 2 * block_bytes]) for at in range(0, len(wide), 2 * block_bytes))
