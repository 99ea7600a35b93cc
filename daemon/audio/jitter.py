"""The jitter buffer: bursts of reply audio in, even 20 ms frames out, with as little delay as the network allows.

    chunks   ###  #####   ##     ######     ####
    frames    ||||||||||||||||||     ||||||||||||||      the gap: ran dry, faded out, held until safe, faded in

All audio is s16le, mono, 24 kHz. All times are seconds of one clock, the caller's. The `now` of `pull` is the last
moment at which that frame can be handed over; frames that are there may be pulled earlier than that.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Final

from daemon.audio.lateness import SLACK_S, Lateness
from hardware.pcm import DOWN, FRAME_S, SAMPLE_BYTES, level_dbfs, ramped, samples

FADE_S: Final = 0.005
_FRAME_BYTES: Final = DOWN.frame_bytes
_FADE_BYTES: Final = DOWN.bytes_in(FADE_S)
_QUIET_DBFS: Final = -50.0
_IMPATIENCE_DB_PER_S: Final = 200.0
"""A wanted pause is made before a frame below -50 dBFS; the longer none came, the louder it may be."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of one reply so far. Bytes: received = played + dropped + held; padding and fades are not counted."""

    received_bytes: int
    played_bytes: int
    dropped_bytes: int
    underruns: int
    """How often the reply went on after its buffer had run dry."""
    waited_s: float
    """How long those gaps were together."""
    pauses: int
    """How often a moment, a quiet one if possible, was lengthened on purpose, so that later chunks come in time."""
    paused_s: float


class JitterBuffer:
    """One reply on its way to the speaker. `flush` must be called when it is over, however it ended.

    It sounds as soon as the lateness known so far allows: on a quiet network with its first whole frame. When it
    runs dry, or when a late chunk showed that it soon might, it stops (an extra frame, fading in 5 ms), is held until
    it is safe to go on, and goes on (fading in 5 ms).

    Args:
        lateness: What is known of the network; outlives the reply.
        longest_held_s: More audio than this is never held. Replies run many seconds ahead (live-api.md 0.13). What
            exceeds it is dropped, the newest first, and counted in `tally.dropped_bytes`.
    """

    def __init__(self, lateness: Lateness, *, longest_held_s: float = 120.0) -> None:
        self._lateness: Final = lateness
        self._most_bytes: Final = DOWN.bytes_in(longest_held_s)
        self._chunks: deque[memoryview] = deque()
        self._held_bytes = 0
        self._odd = b""
        """The first byte of a sample whose second one has not arrived."""
        self._ended = False
        self._primed = False
        self._last = b""
        """The frame that was handed out last."""
        self._next_s = 0.0
        """When the frame after it is due."""
        self._stopped_s: float | None = None
        """Since when nothing sounds; None before the first stop."""
        self._ran_dry = False
        """Whether the last stop came because nothing was left, not for a pause."""
        self._restless_s: float | None = None
        """Since when a pause is wanted."""
        self._received_bytes = 0
        self._played_bytes = 0
        self._dropped_bytes = 0
        self._underruns = 0
        self._waited_s = 0.0
        self._pauses = 0
        self._paused_s = 0.0

    def __repr__(self) -> str:
        state = "finished" if self.finished else "primed" if self._primed else "held"
        return f"<JitterBuffer {state} {self.buffered_s:.2f} s {self._lateness!r}>"

    @property
    def buffered_s(self) -> float:
        """Seconds of the reply that are held."""
        return DOWN.seconds(self._held_bytes)

    @property
    def primed(self) -> bool:
        """True from the first frame on, except while the reply is held again after running dry or for a pause."""
        return self._primed

    @property
    def finished(self) -> bool:
        """True when all of the reply arrived and all of it was pulled."""
        return self._ended and not self._held_bytes

    @property
    def played_s(self) -> float:
        """Seconds of the reply that were pulled."""
        return DOWN.seconds(self._played_bytes)

    @property
    def ready_at_s(self) -> float | None:
        """From when on `pull` returns reply audio; may be in the past. None while only a push or the end can help."""
        if self._held_bytes < _FRAME_BYTES and not (self._ended and self._held_bytes):
            return None
        if self._primed or self._ended:
            return self._next_s
        return self._lateness.start_at_s + self.played_s

    @property
    def tally(self) -> Tally:
        """What became of the reply so far."""
        return Tally(
            received_bytes=self._received_bytes,
            played_bytes=self._played_bytes,
            dropped_bytes=self._dropped_bytes,
            underruns=self._underruns,
            waited_s=self._waited_s,
            pauses=self._pauses,
            paused_s=self._paused_s,
        )

    def push(self, pcm: bytes, now: float) -> int:
        """Take a chunk of any length, odd ones included, that arrived at `now`. Not after `end` or `flush`.

        Return the bytes dropped because too much is held.
        """
        assert not self._ended, "a reply that has ended takes no more chunks"
        if not pcm:
            return 0
        in_hand_s = self.buffered_s + self._next_s - now if self._primed else 0.0
        # A frame that is only partly here cannot be played: its chunk belongs where that frame begins.
        self._lateness.arrived(now, self._received_bytes // _FRAME_BYTES * FRAME_S, in_hand_s)
        self._received_bytes += len(pcm)
        whole = self._odd + pcm if self._odd else pcm
        split = len(whole) - len(whole) % SAMPLE_BYTES
        self._odd = whole[split:]
        fits = min(split, self._most_bytes - self._held_bytes)
        if fits:
            self._chunks.append(memoryview(whole)[:fits])
            self._held_bytes += fits
        self._dropped_bytes += split - fits
        return split - fits

    def end(self) -> None:
        """Say that the reply is complete: what is held sounds without further delay, its last frame zero-padded."""
        self._ended = True
        self._dropped_bytes += len(self._odd)
        self._odd = b""

    def pull(self, now: float) -> bytes | None:
        """Return the next frame (960 bytes), which can be handed over at `now` at the latest, or None.

        None means that nothing sounds in this period: the reply is held, ran dry, is finished, or has not begun.
        That it ran dry is established here, so do not call this before `now` while `primed` and nothing is ready.
        """
        if not self._primed:
            return self._start(now)
        self._next_s = now + FRAME_S
        if self._held_bytes < _FRAME_BYTES and not self._ended:
            return self._stop(now, dry=True)
        if not self._held_bytes:
            return None
        frame = self._take(_FRAME_BYTES)
        if not self._ended and self._pause_wanted(frame, now):
            self._chunks.appendleft(memoryview(frame))
            self._held_bytes += len(frame)
            return self._stop(now, dry=False)
        return self._passed(frame)

    def flush(self) -> int:
        """Drop what is held, end the reply, and keep what it taught. Return the bytes dropped."""
        dropped = self._held_bytes + len(self._odd)
        self._dropped_bytes += dropped
        self._chunks.clear()
        self._held_bytes = 0
        self._odd = b""
        self._ended = True
        self._lateness.settle(DOWN.seconds(self._received_bytes))
        return dropped

    def _start(self, now: float) -> bytes | None:
        """Begin, or go on after a stop, when it is time."""
        ready_at_s = self.ready_at_s
        if ready_at_s is None or now < ready_at_s:
            return None
        self._primed = True
        self._next_s = now + FRAME_S
        frame = self._take(_FRAME_BYTES)
        if self._stopped_s is not None:
            self._count_stop(now - self._stopped_s)
            frame = ramped(frame[:_FADE_BYTES], 0.0, 1.0) + frame[_FADE_BYTES:]
        return self._passed(frame)

    def _count_stop(self, gap_s: float) -> None:
        if self._ran_dry:
            self._underruns += 1
            self._waited_s += gap_s
        else:
            self._pauses += 1
            self._paused_s += gap_s

    def _stop(self, now: float, *, dry: bool) -> bytes:
        """Stop sounding: return what is left of less than a frame, then its mirror image fading out, then silence.

        Whether a reply that ran dry had an underrun or was over is only known when it goes on, so that counts it.
        """
        rest = self._take(self._held_bytes) if dry else b""
        self._played_bytes += len(rest)
        self._primed = False
        self._stopped_s = now + DOWN.seconds(len(rest))
        self._ran_dry = dry
        self._restless_s = None
        return _faded_out(self._last, rest)

    def _pause_wanted(self, frame: bytes, now: float) -> bool:
        """Tell whether to stop before `frame`, because later chunks might miss their time as things stand."""
        lacking_s = self._lateness.start_at_s - (now - self.played_s)
        if lacking_s <= 0.0:
            self._restless_s = None
            return False
        if self._restless_s is None or lacking_s <= SLACK_S:
            self._restless_s = now  # lacking only slack, it stays patient
        bearable_dbfs = _QUIET_DBFS + _IMPATIENCE_DB_PER_S * (now - self._restless_s)
        return level_dbfs(frame) <= bearable_dbfs

    def _passed(self, frame: bytes) -> bytes:
        self._played_bytes += len(frame)
        self._last = frame = frame.ljust(_FRAME_BYTES, b"\0")
        return frame

    def _take(self, size: int) -> bytes:
        """Take at most `size` bytes out, copying only them."""
        parts: list[memoryview] = []
        wanted = min(size, self._held_bytes)
        self._held_bytes -= wanted
        while wanted:
            chunk = self._chunks.popleft()
            if len(chunk) > wanted:
                self._chunks.appendleft(chunk[wanted:])
                chunk = chunk[:wanted]
            parts.append(chunk)
            wanted -= len(chunk)
        return b"".join(parts)


def _faded_out(last: bytes, rest: bytes) -> bytes:
    """Return a frame that carries on from `last` with `rest`, shorter than a frame, and fades to silence in 5 ms."""
    room = min(_FADE_BYTES, _FRAME_BYTES - len(rest))
    mirror = samples((last + rest)[-room:])[::-1].tobytes()
    sound = rest + mirror
    kept = max(0, len(sound) - _FADE_BYTES)
    return (sound[:kept] + ramped(sound[kept:], 1.0, 0.0)).ljust(_FRAME_BYTES, b"\0")
