"""Which part of what we play belongs to a frame of the microphone, for whoever takes its echo out again.

    pieces, 24 kHz ──BlockFir──► reference, 16 kHz   ···│·······r│ 320 ▓▓▓▓│····available····│
                                                        history  └────┬────┘             newest
    frames, 16 kHz ──────────► microphone            ──────────m│ 320 ▓▓▓▓│                       r = m + shift

The pairing counts samples, because both streams run on continuously; times are not exact, and only place it. It leads:
what is handed out will sound `lead_s` after the frame that it goes with was captured, so its echo is always later than
it is itself. A reference that comes even 10 ms late is as good as none, one that is early costs nothing (hardware.md
section 2), and a lead that changes has to be learned anew: it stays, as long as the two cards' clocks let it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daemon.audio.drift import Drift
from daemon.audio.stretch import stretched
from hardware.interfaces import Frame
from hardware.pcm import DOWN, FRAME_S, SAMPLE_BYTES, UP
from hardware.played import Piece
from hardware.resample import BlockFir

_LEAD_S: Final = 0.040
"""Aimed at, where the speaker's own buffer is long enough for it."""
_LEAST_S: Final = 0.0215
"""Less than 20 ms loses cancellation (hardware.md section 2); times are known to a millisecond."""
_ROOM_S: Final = 0.010
"""Kept free between the aim and the longest lead there could be, so that clocks may drift during an answer."""
_NEAR_S: Final = 0.003
"""So near to what is too late or not there yet, it is put right in the next silence, at once."""
_STILL_PPM, _MOST_PPM = 10.0, 350.0
"""A drift between the two is taken out by reading the reference a little faster or slower; of less, it may be the times
that are wrong. A canceller that has to follow 300 ppm itself lets whole syllables through, each time that the echo has
moved by 4 ms, one of its blocks (measured). So nor is the lead ever led back slowly: it moves at once or not at all."""
_SETTLED_S: Final = 0.0025
"""How near to the aim it must have been once, as soon as times are known well enough, and after each move."""
_MARGIN_S: Final = 0.002
"""Between what is handed out and the newest that there is: times are that inexact even in the mean."""
_SILENT_FRAMES: Final = 20
"""0.4 s: afterwards nothing of the reference is of use to anybody any more, and it can be moved unnoticed."""
_ASLEEP_FRAMES: Final = 15
"""0.3 s without a piece: no speaker that is open keeps one waiting for so long."""
_GAP_S: Final = 0.1
"""Times are less wrong than this, even those of a driver that asks for 80 ms at once."""
_LONGEST_GAP_S: Final = 1.0
_QUIET_SAMPLES: Final = 120
"""So many zeros leave nothing else in the filter, which is 48 long."""
_HISTORY_SAMPLES: Final = UP.rate_hz // 5
_MOST_SAMPLES: Final = UP.rate_hz * 3


@dataclass(frozen=True, slots=True)
class Aligned:
    """What belongs to one frame of the microphone."""

    pcm: bytes
    """640 bytes, s16le, mono, 16 kHz; zeros where nothing was played, or nothing is known."""
    moved_s: float = 0.0
    """How much longer the lead has become."""
    begun: bool = False
    """From here on the pairing is a new one: that the lead is what it was is only what the drivers' times say."""


class Alignment:
    """Pairs the microphone with the loudspeaker, frame by frame, as long as the daemon runs; 3 s at most are kept."""

    def __init__(self) -> None:
        self._fir: Final = BlockFir(DOWN.rate_hz, UP.rate_hz)
        self._drift: Final = Drift()
        self._sound = bytearray()
        """The reference from sample `_first` on."""
        self._first = 0
        self._pieces_samples = 0
        """How many were played, at 24 kHz."""
        self._captured_samples = 0
        """How many were captured, lost ones included, at 16 kHz."""
        self._sounds_s: float | None = None
        """When sample 0 of what is played would have sounded, smoothed; None while nothing is played."""
        self._captures_s: float | None = None
        """When sample 0 was captured, smoothed."""
        self._shift: float | None = None
        """A sample of the microphone's goes with the reference's sample of that number and `_shift`."""
        self._rate = 0.0
        """By how much `_shift` falls with each sample."""
        self._wanted: int | None = None
        """What `_shift` is to become in the next silence."""
        self._settled = False
        """The lead has been what is aimed at since the pairing began."""
        self._available_s: Final = deque[float](maxlen=60)
        """The longest lead that could have been kept up in each second."""
        self._least_ahead = _MOST_SAMPLES
        """The largest shift that all frames of this second could have had …"""
        self._least_ahead_now = _MOST_SAMPLES
        """… and that of those since the last piece: it only counts once the next one has come in time."""
        self._silent_frames = 0
        self._asleep_frames = 0
        self._quiet = True
        """Nothing but zeros is in the filter."""
        self._last_lead_s = 0.0
        self._aim_s = _LEAD_S
        self.placings = 0
        """How often the pairing was begun or moved."""

    def __repr__(self) -> str:
        return f"<Alignment lead {1000 * self.lead_s:.1f} ms, {self._drift!r}, {self.placings} placings>"

    @property
    def drift_ppm(self) -> float:
        """How many millionths faster the microphone's clock runs than the loudspeaker's; 0 until it is known."""
        return self._drift.ppm

    @property
    def kept_samples(self) -> int:
        """How much of what is played is kept."""
        return len(self._sound) // SAMPLE_BYTES

    @property
    def lead_s(self) -> float:
        """How long before it sounds the reference is handed out; 0 if none is."""
        return self._lead_of(self._shift) if self._shift is not None else 0.0

    def align(self, frame: Frame, pieces: Sequence[Piece]) -> Aligned:
        """Return what goes with `frame`, given all that was played since the frame before."""
        for piece in pieces:
            self._play(piece)
        self._asleep_frames = 0 if pieces else self._asleep_frames + 1
        if self._asleep_frames == _ASLEEP_FRAMES:
            self._begin_reference()
        complete = self._capture(frame)
        unpaired = self._shift is None
        moved_s = self._place(complete=complete) if self._sounds_s is not None else 0.0
        pcm = self._taken()
        self._silent_frames = 0 if pcm != UP.silence else self._silent_frames + 1
        return Aligned(pcm, moved_s, unpaired and self._shift is not None)

    # --- the two streams ---------------------------------------------------------------------------

    def _play(self, piece: Piece) -> None:
        """Append `piece`, after as much silence as the device played by itself before it."""
        offset_s = piece.sounds_s - self._pieces_samples / DOWN.rate_hz
        late_s = offset_s - self._sounds_s if self._sounds_s is not None else 0.0
        if abs(late_s) <= _GAP_S:
            self._least_ahead = min(self._least_ahead, self._least_ahead_now)
        self._least_ahead_now = _MOST_SAMPLES
        if _GAP_S < late_s < _LONGEST_GAP_S:
            self._append(bytes(round(late_s * DOWN.rate_hz / 3) * 3 * SAMPLE_BYTES))
            offset_s = piece.sounds_s - self._pieces_samples / DOWN.rate_hz
        elif abs(late_s) > _GAP_S:
            self._begin_reference()
            offset_s = piece.sounds_s
        self._sounds_s = _smoothed(self._sounds_s, offset_s)
        self._drift.note_one(offset_s)
        self._append(piece.pcm)

    def _append(self, pcm: bytes) -> None:
        count = len(pcm) // SAMPLE_BYTES
        self._pieces_samples += count
        silent = pcm == bytes(len(pcm))
        if silent and self._quiet and count % self._fir.step_samples == 0:
            self._sound += bytes(count // self._fir.step_samples * 2 * SAMPLE_BYTES)  # what the filter would say, too
        else:
            self._sound += self._fir.convert(pcm)
            self._quiet = silent and count >= _QUIET_SAMPLES
        surplus = len(self._sound) - _MOST_SAMPLES * SAMPLE_BYTES
        if surplus > 0:
            self._drop(surplus // SAMPLE_BYTES)

    def _capture(self, frame: Frame) -> bool:
        """Count `frame`; return whether the clocks' difference was found anew."""
        self._captured_samples += (1 + frame.lost_frames) * UP.frame_samples
        offset_s = frame.captured_s - self._captured_samples / UP.rate_hz
        if self._captures_s is not None and abs(offset_s - self._captures_s) > _GAP_S:
            self._captures_s = None
            self._unplace()
            if self._sounds_s is not None:
                self._drift.note_one(self._sounds_s)
        self._captures_s = _smoothed(self._captures_s, offset_s)
        return self._drift.note_other(offset_s)

    def _begin_reference(self) -> None:
        """Forget what was played: what comes now has nothing to do with it."""
        self._sound.clear()
        self._fir.reset()
        self._first = self._pieces_samples = 0
        self._quiet = True
        self._sounds_s = None
        self._unplace()

    def _unplace(self) -> None:
        self._shift = self._wanted = None
        self._settled = False
        self._least_ahead = self._least_ahead_now = _MOST_SAMPLES
        self._drift.clear()

    # --- the pairing -------------------------------------------------------------------------------

    def _place(self, *, complete: bool) -> float:
        """Begin the pairing if there is none, or put it right; return how much longer the lead became."""
        ahead = self._first + len(self._sound) // SAMPLE_BYTES - self._captured_samples
        self._least_ahead_now = min(self._least_ahead_now, ahead)
        if self._shift is None:
            return self._move(min(self._shift_for(self._aim_s), ahead))
        urgent = complete and self._judge(self._shift)
        if self._wanted is not None and (urgent or self._silent_frames >= _SILENT_FRAMES):
            return self._move(self._wanted)
        return 0.0

    def _judge(self, shift: float) -> bool:
        """Once a second, find out whether another pairing is wanted; return whether it must be had at once."""
        if self._least_ahead < _MOST_SAMPLES:
            self._available_s.append(self._lead_of(self._least_ahead))
        self._least_ahead = _MOST_SAMPLES
        if not self._available_s:
            return False
        longest_s = min(self._available_s) - _MARGIN_S
        aim_s = self._aim_s = min(_LEAD_S, max(longest_s - _ROOM_S, min(longest_s, _LEAST_S + 2 * _NEAR_S)))
        lead_s = self._lead_of(shift)
        if self._settled:
            least_s, most_s = min(_LEAST_S, aim_s - 2 * _NEAR_S), min(longest_s, _LEAD_S + _ROOM_S)
            self._settled = least_s + _NEAR_S < lead_s < max(most_s, aim_s + 2 * _NEAR_S) - _NEAR_S
        else:
            self._settled = abs(lead_s - aim_s) < _SETTLED_S
        self._wanted = None if self._settled else self._shift_for(aim_s)
        ppm = self._drift.ppm
        self._rate = max(-_MOST_PPM, min(_MOST_PPM, ppm)) * 1e-6 if abs(ppm) > _STILL_PPM else 0.0
        return lead_s < min(_LEAST_S, aim_s - 2 * _NEAR_S) or lead_s > longest_s + _MARGIN_S

    def _move(self, shift: int) -> float:
        before_s = self._last_lead_s
        self._shift, self._wanted = shift, None
        self._last_lead_s = self._lead_of(shift)
        self.placings += 1
        return self._last_lead_s - before_s if self.placings > 1 else 0.0

    def _lead_of(self, shift: float) -> float:
        return self._drift.difference_s + shift / UP.rate_hz - self._fir.delay_s

    def _shift_for(self, lead_s: float) -> int:
        return round((lead_s + self._fir.delay_s - self._drift.difference_s) * UP.rate_hz)

    def _taken(self) -> bytes:
        """Return the 320 samples that go with the last frame, and forget what nobody can ask for any more."""
        if self._shift is None:
            return UP.silence
        first = self._captured_samples - UP.frame_samples + self._shift - self._first
        self._shift -= self._rate * UP.frame_samples
        pcm = stretched(self._sound, first, 1.0 - self._rate, UP.frame_samples)
        self._drop(int(first) - _HISTORY_SAMPLES)
        return pcm

    def _drop(self, count: int) -> None:
        """Forget the oldest `count` samples, if that is a positive number and there are so many."""
        count = min(count, len(self._sound) // SAMPLE_BYTES)
        if count > 0:
            del self._sound[: count * SAMPLE_BYTES]
            self._first += count


def _smoothed(before_s: float | None, now_s: float) -> float:
    """Follow `now_s` within half a second."""
    return now_s if before_s is None else before_s + FRAME_S / 0.5 * (now_s - before_s)
