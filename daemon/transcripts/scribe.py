"""What was said, in writing: for a new session that must be told, and on paper where the owner asks for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from ..config import Config
from ..journal import Journal
from ..live import downward
from ..live.recollection import Recollection
from .transcript_file import Speaker, TranscriptFile


class Scribe:
    """Takes down what both sides say.

    Args:
        config: Whether it goes to the journal or into a file, and how much of it a new session is told.
        journal: Is told `turn.transcript` if the owner wants that, and what the model's answers stand on.
    """

    def __init__(self, config: Config, journal: Journal) -> None:
        self._journal: Final = journal
        self._told: Final = config.live.transcripts == "journal"
        kept = config.live.transcripts == "file"
        self._file: Final = TranscriptFile(Path(config.state.folder), journal.tell) if kept else None
        self.recollection: Final = Recollection(config.live.memory_tokens)

    def __repr__(self) -> str:
        return f"<Scribe {self.recollection!r} {self._file!r}>"

    async def run(self) -> None:
        """Write to the file, if there is one, until cancelled."""
        if self._file is not None:
            await self._file.run()
        await asyncio.Event().wait()

    def take_down(
        self, turn_id: int, event: downward.Heard | downward.HeardSoFar | downward.Said | downward.Grounded
    ) -> None:
        """Take down one event of the service that belongs to turn `turn_id`."""
        match event:
            case downward.Heard(text=text):
                self.recollection.heard(turn_id, text)
                self._write(turn_id, "user", text)
            case downward.HeardSoFar(text=text):
                if self._file is not None:
                    self._file.add(turn_id, "user", text, so_far=True)
            case downward.Said(text=text):
                self.recollection.said(turn_id, text)
                self._write(turn_id, "device", text)
            case downward.Grounded(sources=sources):
                self._journal.tell("turn.grounded", turn_id=turn_id, sources="; ".join(sources))

    def _write(self, turn_id: int, speaker: Speaker, text: str) -> None:
        if self._file is not None:
            self._file.add(turn_id, speaker, text)
        if self._told:
            self._journal.tell("turn.transcript", turn_id=turn_id, speaker=speaker, text=text)
