"""A loudspeaker that nobody hears: what it plays goes into a WAV file, silence included, in real time."""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Final

from hardware.blocking import in_thread
from hardware.interfaces import DeviceMissing
from hardware.pcm import DOWN, SAMPLE_BYTES
from hardware.simulated_speaker import SimulatedSpeaker

_HEADER: Final = struct.Struct("<4sI4s4sIHHIIHH4sI")
"""Of a WAV file (RIFF) with one block of PCM samples."""


class FileSpeaker(SimulatedSpeaker):
    """What it takes it writes down, from `begin` to `close`; when it is opened again, behind what is there.

    It is a `Speaker` between the two. One whose file cannot be written any more is a lost device.
    """

    def __init__(self, file: str) -> None:
        """Write to `file`, or nowhere if that is empty. What was in it is lost when it is opened for the first time."""
        super().__init__(log=False, taken=self._write_down)
        self._path: Final = Path(file) if file else None
        self._begun = False
        self._file: BinaryIO | None = None

    async def begin(self) -> None:
        """Open the file, and begin to play.

        Raises:
            DeviceMissing: The file cannot be written; or it is open already: a sound card has one user.
        """
        path, mode = self._path, "r+b" if self._begun else "wb"
        if path is not None and not self.is_open:
            try:
                file = await in_thread(lambda: _opened(path, mode), undo=lambda late: late.close())
            except OSError as error:
                raise DeviceMissing(f"speaker: {path} cannot be written: {error.strerror}") from error
            self._file, self._begun = file, True
        self.restore()
        self.open()

    async def close(self) -> None:
        """Stop playing, and leave a WAV file that is whole; see `Speaker.close`."""
        await super().close()
        file, self._file = self._file, None
        if file is not None:
            with file, suppress(OSError):  # then it was lost because of that
                file.seek(0)
                file.write(_header(os.fstat(file.fileno()).st_size - _HEADER.size))

    def _write_down(self, frame: bytes) -> None:
        if self._file is not None:
            try:
                self._file.write(frame)
            except OSError:
                self.lose()


def _opened(path: Path, mode: str) -> BinaryIO:
    file: BinaryIO = path.open(mode, buffering=0)  # type: ignore[assignment]  # both modes are binary
    if mode == "wb":
        file.write(_header(0))
    file.seek(0, os.SEEK_END)
    return file


def _header(data_bytes: int) -> bytes:
    about = (16, 1, 1, DOWN.rate_hz, DOWN.rate_hz * SAMPLE_BYTES, SAMPLE_BYTES, 8 * SAMPLE_BYTES)
    return _HEADER.pack(b"RIFF", 36 + data_bytes, b"WAVE", b"fmt ", *about, b"data", data_bytes)
