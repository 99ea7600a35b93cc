"""How a card is opened, and what lies between its samples and ours: one channel of them, at our rate, in 16 bits.

    card ──32 bit, n channels──► Intake: channel ► no DC ► rate ► gain ► 16 bit ──► 16 kHz mono
    24 kHz mono ──► Outlet: rate ► every channel ──16 bit──► card

A card that has our rate is opened at it. Otherwise it is opened at one that it really has and converted here: ALSA's
`plug` would convert too, but by default so badly that it is heard (hardware.md section 3). That a card has more
channels or other sample sizes is PortAudio's to adapt: what it asks for is then only widened or shifted. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hardware.interfaces import DeviceMissing
from hardware.pcm import DOWN, SAMPLE_BYTES, UP, Format, s16le, scaled
from hardware.resample import BlockFir
from hardware.sound_devices import Direction, SoundDevice

CAPTURE_RATES_HZ: Final[tuple[int, ...]] = (
    16_000,
    48_000,
    44_100,
    96_000,
    32_000,
    192_000,
    88_200,
    24_000,
    22_050,
    8_000,
)
PLAYBACK_RATES_HZ: Final[tuple[int, ...]] = (24_000, 48_000, 44_100, 96_000, 32_000, 192_000, 88_200, 16_000, 8_000)
"""What is tried, in this order: ours, then what costs least, and last what takes from the sound."""
_CARD_CHANNELS: Final = 8
"""Whatever offers more and is no card itself is a plug-in or a sound server, and spreads mono by itself."""
_DRIFT: Final = 0.04
"""Of the mean that is taken for the DC offset: it follows within half a second, far below any voice."""


@dataclass(frozen=True, slots=True)
class CardFormat:
    """What is asked of PortAudio."""

    rate_hz: int
    channels: int
    bits: int
    """Of a sample: 16 or 32, little-endian, signed."""

    def __str__(self) -> str:
        return f"{self.rate_hz} Hz, {self.channels} channel{'' if self.channels == 1 else 's'}"

    def samples_in(self, seconds: float) -> int:
        """Return how many samples of one channel that is."""
        return round(self.rate_hz * seconds)


def formats(device: SoundDevice, direction: Direction, *, rate_hz: int, channel: int) -> tuple[CardFormat, ...]:
    """Return what to try of `device`, the best first.

    Args:
        device: The device.
        direction: What for.
        rate_hz: The only rate to try; 0 for all.
        channel: Which one of a microphone's is heard; the first is 0.

    Raises:
        DeviceMissing: There is no such channel, or samples at that rate do not fill periods.
    """
    if direction is Direction.CAPTURE:
        if channel >= device.inputs:
            raise DeviceMissing(
                f'microphone: "{device.name}" has {device.inputs} channel{"" if device.inputs == 1 else "s"}, and '
                f"the first is 0. Set microphone.channel to less than {device.inputs}."
            )
        # 32 bits whatever the card has: nothing of a quiet microphone is cut off before its gain.
        channels, bits, step_hz, rates_hz = channel + 1, 32, 50, CAPTURE_RATES_HZ
    else:
        spreads = device.outputs > _CARD_CHANNELS and not device.is_card
        channels, bits, step_hz, rates_hz = 1 if spreads else min(2, device.outputs), 16, 100, PLAYBACK_RATES_HZ
    if rate_hz % step_hz:
        part = direction.value
        raise DeviceMissing(f"{part}: {rate_hz} Hz cannot be used. Set {part}.rate_hz to a multiple of {step_hz}.")
    return tuple(CardFormat(rate, channels, bits) for rate in ((rate_hz,) if rate_hz else rates_hz))


def opened_as(card: CardFormat, ours: Format) -> str:
    """Return for the owner how a card was opened, and whether its rate is converted here."""
    return f"{card}, {'native' if card.rate_hz == ours.rate_hz else f'converted to {ours.rate_hz} Hz here'}"


class Intake:
    """From what a card captured to frames of ours. One thread at a time.

    Samples that have 16 bits and our rate stay as they are but for the gain. All others pass through floating point,
    where a DC offset is taken out of them: I2S microphones have one, of several per cent, and it would be amplified.
    """

    def __init__(self, card: CardFormat, *, channel: int, gain: float) -> None:
        """Prepare for 32-bit samples of `card`, of which `channel` is heard, `gain` (linear) times as loud."""
        self._card: Final = card
        self._channel: Final = channel
        self._gain: Final = gain
        self._fir: Final = BlockFir(card.rate_hz, UP.rate_hz)
        self._untouched = card.rate_hz == UP.rate_hz
        self._offset: float | None = None
        """The DC offset, in steps of 16 bit; None before the first block."""
        self._blocks = 0
        self.delay_s: Final = self._fir.delay_s
        """How much later than it was captured a sound is in what comes out."""

    def __repr__(self) -> str:
        return f"<Intake {self._card} channel {self._channel}{' untouched' if self._untouched else ''}>"

    def taken(self, raw: bytes) -> bytes:
        """Return 20 ms of the card's interleaved samples as a frame: s16le, mono, 16 kHz, after gain."""
        values = np.frombuffer(raw, "<i4").reshape(-1, self._card.channels)[:, self._channel]
        self._untouched = self._untouched and not (values & 0xFFFF).any()
        if self._untouched:
            return scaled((values >> 16).astype("<i2").tobytes(), self._gain)
        fine = values.astype(np.float32) * np.float32(2.0**-16)
        return s16le(self._fir.filtered(self._without_offset(fine)) * np.float32(self._gain))

    def skip(self) -> None:
        """Forget the sound so far, when the next block does not follow on it or none of it may be heard again."""
        self._fir.reset()

    def _without_offset(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Take out the slowly moving mean: a plain one of the first blocks, then one that forgets."""
        mean = float(values.mean())
        self._blocks += 1
        before = mean if self._offset is None else self._offset
        self._offset = before + max(_DRIFT, 1.0 / self._blocks) * (mean - before)
        return values - np.linspace(before, self._offset, len(values), dtype=np.float32)


class Outlet:
    """From our samples to a card's. One thread at a time."""

    def __init__(self, card: CardFormat) -> None:
        """Prepare for 16-bit samples of `card`, the same ones for all channels."""
        self._card: Final = card
        self._fir: Final = BlockFir(DOWN.rate_hz, card.rate_hz)
        self.delay_s: Final = self._fir.delay_s
        """How much later a sound is in what comes out."""

    def __repr__(self) -> str:
        return f"<Outlet {self._card}>"

    def bytes_for(self, count: int) -> int:
        """Return how many bytes of ours become `count` samples of the card's, which are whole periods of 10 ms."""
        return count * DOWN.rate_hz // self._card.rate_hz * SAMPLE_BYTES

    def given(self, pcm: bytes) -> bytes:
        """Return `pcm` (s16le, mono, 24 kHz) as interleaved samples of the card."""
        mono = self._fir.convert(pcm)
        if self._card.channels == 1:
            return mono
        return np.repeat(np.frombuffer(mono, "<i2"), self._card.channels).tobytes()
