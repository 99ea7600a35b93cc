"""Texts that the model is asked to say word for word, as a model does that follows instructions.

The stand-in cannot speak: it answers with recorded speech of about the right length, and the words that were asked for
as its transcript.
"""

from __future__ import annotations

import re
from typing import Final

from hardware import pcm

from .. import voices
from .answer import Answer

_ASKED: Final = re.compile(r'\bsay exactly\b[^"]*"([^"]+)"', re.IGNORECASE)
_CHARACTERS_PER_S: Final = 40.0
"""A fast reader: rehearsals take real time."""


def recited(text: str) -> Answer | None:
    """Return the answer to what somebody wrote, if that asks for certain words; None if it does not."""
    asked = _ASKED.search(text)
    if asked is None:
        return None
    words = asked[1]
    return Answer(voices.answer()[: pcm.DOWN.bytes_in(len(words) / _CHARACTERS_PER_S)], words)
