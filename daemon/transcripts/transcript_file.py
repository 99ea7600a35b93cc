"""What was said, on paper: a file for its owner alone, if the owner asks for one (`live.transcripts = "file"`).

One JSON object a line, in the order in which the service wrote it down, which need not be the order in which it was
said (live-api.md 1.4):

    {"at": "2026-11-23T12:00:01.250+01:00", "turn": 7, "who": "user", "text": "How late ", "so_far": false}

A piece of text continues the last one of the same turn and side. One that is `so_far` is a guess that the next one of
the same side replaces.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Final, Literal, NoReturn

from daemon.journal import Level
from hardware.blocking import in_thread

NAME: Final = "transcript.jsonl"
MOST_BYTES: Final = 1_000_000
"""Then a new file is begun; some 10,000 sentences."""
OLD_FILES: Final = 4
_MOST_WAITING: Final = 1_000
"""Pieces for a disk that does not take them; then the oldest are dropped, and it is said."""
_TOGETHER_S: Final = 0.2
"""What comes within this time is written at once: an SD card wears out by the write, not by the byte."""

Speaker = Literal["user", "device"]


@dataclass(frozen=True, slots=True)
class Words:
    """A piece of what one side said."""

    at: str
    """When it was written down: ISO 8601 with the device's offset from UTC."""
    turn: int
    who: Speaker
    text: str
    so_far: bool = False


class TranscriptFile:
    """Writes beside the conversation and never keeps it waiting.

    Args:
        folder: Where `transcript.jsonl` is, and `.1` to `.4` before it, the newest first.
        tell: The journal: `transcript.not_kept` (reason), once until it can be written again.
    """

    def __init__(self, folder: Path, tell: Callable[..., None]) -> None:
        self._path: Final = folder / NAME
        self._tell: Final = tell
        self._waiting: Final = deque[Words](maxlen=_MOST_WAITING)
        self._some: Final = asyncio.Event()
        self._failing = False

    def __repr__(self) -> str:
        return f"<TranscriptFile {self._path}, {len(self._waiting)} pieces waiting>"

    def add(self, turn_id: int, who: Speaker, text: str, *, so_far: bool = False) -> None:
        """Have a piece written."""
        at = datetime.now().astimezone().isoformat(timespec="milliseconds")
        self._waiting.append(Words(at, turn_id, who, text, so_far))
        self._some.set()

    async def run(self) -> NoReturn:
        """Write until cancelled; what still waits then is written first."""
        try:
            while True:
                await self._some.wait()
                await asyncio.sleep(_TOGETHER_S)
                self._some.clear()
                pieces = self._taken()
                try:
                    await in_thread(lambda pieces=pieces: self._write(pieces))  # type: ignore[misc]  # a lambda's default
                    self._failing = False
                except OSError as error:
                    self._failed(error)
        finally:
            try:
                self._write(self._taken())
            except OSError as error:
                self._failed(error)

    def _taken(self) -> str:
        lines = [json.dumps(asdict(words), ensure_ascii=False) for words in self._waiting]
        self._waiting.clear()
        return "".join(f"{line}\n" for line in lines)

    def _write(self, lines: str) -> None:
        if not lines:
            return
        if self._path.exists() and self._path.stat().st_size >= MOST_BYTES:
            self._rotate()
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(lines)

    def _rotate(self) -> None:
        names = [self._path, *(self._path.with_name(f"{NAME}.{number}") for number in range(1, OLD_FILES + 1))]
        for older, newer in zip(reversed(names), reversed(names[:-1]), strict=False):
            if newer.exists():
                newer.replace(older)

    def _failed(self, error: OSError) -> None:
        if not self._failing:
            self._tell("transcript.not_kept", level=Level.WARNING, reason=str(error))
        self._failing = True
