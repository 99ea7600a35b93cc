"""What the device says when the service cannot be asked: which phrases there are, how they are asked for and judged.

They are spoken by the model itself, once, so that they are in its voice and in its language, and kept for later.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hardware.pcm import DOWN, level_dbfs

INSTRUCTION: Final = (
    "You lend your voice to a device. You are given short texts in English. Say each of them in the language that is"
    " asked for, and say nothing else: no greeting, no question, no comment."
)
"""The whole system instruction of the session in which they are fetched."""
SHORTEST_S: Final = 0.5
LONGEST_S: Final = 6.0
"""Nobody listens to a fault for longer."""
SILENT_DBFS: Final = -50.0
_NEAR: Final = 0.7
"""How much of an English text its transcript must have in common with it, as `difflib` measures."""
_LENGTHS: Final = (0.2, 2.0)
"""How long, in characters, a translation can be, relative to the English text: Chinese needs a third."""
_SAMPLE_CHARACTERS: Final = 300
_SOFTEST_DB: Final = 40.0
"""Below the loudest frame of a phrase: softer things before and after it are nothing."""
_MARGIN_FRAMES: Final = 3
_VERSION: Final = 1
"""To be raised when anything but the texts changes what is asked for."""


class Phrase(Enum):
    """A phrase, in English. It must be true in every case in which it is said."""

    NO_NETWORK = "I have no connection right now. If it comes back soon, I will answer."
    KEY_REFUSED = "I cannot answer, because my API key does not work. Somebody has to look after it."
    DAILY_LIMIT = "I have used up what I may use in a day. I can answer again tomorrow."
    HOURLY_LIMIT = "I have answered as often as I may in an hour. Please ask me again later."

    @property
    def label(self) -> str:
        """What it is called in the names of files and in the journal."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whose voice it is, and which language it speaks. With another one everything is asked for anew."""

    model: str
    voice: str
    language: str
    """A BCP-47 tag; empty for that of the answers, whatever it is."""

    def fingerprint(self, phrase: Phrase) -> str:
        """Return 12 hexadecimal digits that change with anything that would make `phrase` sound different."""
        whole = json.dumps([_VERSION, self.model, self.voice, self.language, phrase.value])
        return hashlib.sha256(whole.encode()).hexdigest()[:12]

    def request(self, phrase: Phrase, sample: str) -> str:
        """Return what the model is asked for `phrase` with.

        Args:
            phrase: What it is to say.
            sample: Something in the language of the answers; looked at where no language is known.
        """
        if self._english:
            return f'Say exactly this, and nothing else: "{phrase.value}"'
        if self.language:
            return f'Say exactly this in the language "{self.language}", and nothing else: "{phrase.value}"'
        shown = " ".join(sample.split())[-_SAMPLE_CHARACTERS:]
        return (
            f'Say exactly this in the language of the sample, and nothing else: "{phrase.value}"\n'
            f"The sample, of which only the language matters: {shown}"
        )

    def mistake(self, phrase: Phrase, pcm: bytes, transcript: str) -> str | None:
        """Return what is wrong with what came for `phrase`, in a word for the journal; None if it is that phrase.

        Args:
            phrase: What was asked for.
            pcm: What came: s16le, mono, 24 kHz, without the silence around it.
            transcript: The same in words, as the service heard itself.
        """
        said, wanted = _words(transcript), _words(phrase.value)
        if not SHORTEST_S <= DOWN.seconds(len(pcm)) <= LONGEST_S:
            return "length"
        if level_dbfs(pcm) < SILENT_DBFS:
            return "silence"
        if self._english and difflib.SequenceMatcher(None, said, wanted).ratio() < _NEAR:
            return "words"
        if not _LENGTHS[0] * len(wanted) <= len(said) <= _LENGTHS[1] * len(wanted):
            return "words"
        return None

    @property
    def _english(self) -> bool:
        return self.language.lower().partition("-")[0] == "en"


def said_twice(transcript: str, others: Sequence[str]) -> bool:
    """Whether `transcript` is the same as one of `others`: of two phrases that can only be an excuse."""
    return _words(transcript) in {_words(other) for other in others}


def trimmed(pcm: bytes) -> bytes:
    """Return `pcm` (s16le, mono, 24 kHz) in whole frames, without the silence before and after what is said."""
    size = DOWN.frame_bytes
    pcm += b"\0" * (-len(pcm) % size)
    levels_db = [level_dbfs(pcm[at : at + size]) for at in range(0, len(pcm), size)]
    floor_db = max(levels_db, default=0.0) - _SOFTEST_DB
    loud = [index for index, level_db in enumerate(levels_db) if level_db > floor_db]
    if not loud:
        return b""
    return pcm[max(0, loud[0] - _MARGIN_FRAMES) * size : (loud[-1] + 1 + _MARGIN_FRAMES) * size]


def _words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))
