"""The spoken phrases on the disk: a WAV file for each, which an owner can listen to with `aplay`.

state.folder/phrases/no_network-3f2a9c1b04de.wav      the phrase, and the fingerprint of who says it
"""

from __future__ import annotations

import contextlib
import io
import os
import wave
from pathlib import Path
from typing import Final

from hardware.pcm import DOWN, SAMPLE_BYTES

from ..new_file import put
from .phrases import LONGEST_S, SHORTEST_S, Phrase, Speaker

FOLDER: Final = "phrases"
_LARGEST_BYTES: Final = DOWN.bytes_in(LONGEST_S) + 4096
"""With its header. Whatever is larger is not ours."""


class PhraseStore:
    """The folder `phrases` in the folder of the state. Each call may wait for the disk.

    At most one file for each phrase: 1.2 MB altogether, read and written by the service's user alone.
    """

    def __init__(self, state_folder: Path) -> None:
        self._folder: Final = state_folder / FOLDER

    def __repr__(self) -> str:
        return f"<PhraseStore {self._folder}>"

    def usable(self) -> bool:
        """Whether anything can be kept there. `state.unusable` is told elsewhere if not."""
        return os.access(self._folder.parent, os.W_OK | os.X_OK)

    def kept(self, speaker: Speaker) -> dict[Phrase, bytes]:
        """Return what `speaker` has said (s16le, mono, 24 kHz), as far as it is there and can be played."""
        found = {phrase: self._read(self._path(phrase, speaker)) for phrase in Phrase}
        return {phrase: pcm for phrase, pcm in found.items() if pcm is not None}

    def write(self, phrase: Phrase, speaker: Speaker, pcm: bytes) -> None:
        """Keep `pcm`, in the place of what another voice has said.

        Raises:
            OSError: It cannot be kept. `state.folder` itself is never made.
        """
        self._folder.mkdir(mode=0o700, exist_ok=True)
        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setparams((1, SAMPLE_BYTES, DOWN.rate_hz, 0, "NONE", ""))
            file.writeframes(pcm)
        path = self._path(phrase, speaker)
        put(path, content.getvalue(), 0o600)
        for stale in self._folder.glob(f"{phrase.label}-*.wav"):
            if stale != path:
                with contextlib.suppress(FileNotFoundError):
                    stale.unlink()

    def _path(self, phrase: Phrase, speaker: Speaker) -> Path:
        return self._folder / f"{phrase.label}-{speaker.fingerprint(phrase)}.wav"

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return _sound_of(path.read_bytes()) if path.stat().st_size <= _LARGEST_BYTES else None
        except OSError:
            return None


def _sound_of(content: bytes) -> bytes | None:
    try:
        with wave.open(io.BytesIO(content)) as file:
            if (file.getnchannels(), file.getsampwidth(), file.getframerate()) != (1, SAMPLE_BYTES, DOWN.rate_hz):
                return None
            pcm = file.readframes(file.getnframes())
            whole = len(pcm) == file.getnframes() * SAMPLE_BYTES
    except (wave.Error, EOFError):
        return None
    return pcm if whole and SHORTEST_S <= DOWN.seconds(len(pcm)) <= LONGEST_S else None
