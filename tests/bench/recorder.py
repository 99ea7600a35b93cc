"""A recording of which every sample's time is known."""

from __future__ import annotations

import subprocess
import threading
import time
from bisect import bisect_left, bisect_right
from typing import Final

from hardware.pcm import SAMPLE_BYTES, Format

NEIGHBOURHOOD_S: Final = 1.0


class Recorder:
    """Records what a command prints (s16le, mono), for the length of a `with` block, and when it came.

    A piece cannot arrive before its last sample was recorded, and now and then arrives hardly later. So the earliest
    arrival in a second's neighbourhood, counted from where its place in the recording would have it, sets the clock:

        arrives      .    .  .      .   .          a sample's time = its place + the least lateness nearby
        place    |----|----|----|----|----|
    """

    def __init__(self, command: list[str], audio: Format) -> None:
        self.audio: Final = audio
        self._command: Final = command
        self._pieces: list[bytes] = []
        self._places_s: list[float] = []
        """Where each piece ends in the recording."""
        self._late_s: list[float] = []
        """When it arrived, less that."""
        self._lock: Final = threading.Lock()

    def __enter__(self) -> Recorder:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        while not self._places_s:
            time.sleep(0.01)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stdout is not None
        self._process.stdout.close()

    @property
    def pcm(self) -> bytes:
        """What was recorded so far."""
        with self._lock:
            return b"".join(self._pieces)

    def time_of(self, sample: int) -> float:
        """Return when a sample was recorded (`time.monotonic`)."""
        place_s = sample / self.audio.rate_hz
        with self._lock:
            first = bisect_left(self._places_s, place_s - NEIGHBOURHOOD_S)
            last = bisect_right(self._places_s, place_s + NEIGHBOURHOOD_S)
            return place_s + min(self._late_s[first:last])

    def sample_at(self, at_s: float) -> int:
        """Return about which sample was recorded at `at_s`."""
        with self._lock:
            return round((at_s - min(self._late_s)) * self.audio.rate_hz)

    def _read(self) -> None:
        assert self._process.stdout is not None
        place = 0
        while piece := self._process.stdout.read1(65_536):  # type: ignore[attr-defined]  # a BufferedReader
            now = time.monotonic()
            place += len(piece)
            place_s = place / SAMPLE_BYTES / self.audio.rate_hz
            with self._lock:
                self._pieces.append(piece)
                self._places_s.append(place_s)
                self._late_s.append(now - place_s)
