"""Which sound device a name means. Pure: names in, an index or a `DeviceMissing` with advice out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from hardware.interfaces import DeviceMissing

_CARD: Final = re.compile(r"^\s*(\d+) \[(\S+)\s*\]", re.MULTILINE)
"""A card in /proc/asound/cards: ` 2 [Device         ]: USB-Audio - USB PnP Sound Device`."""
_NAMED_CARD: Final = re.compile(r"^\s*(\d+) \[\S+\s*\]: .*? - (.*)$", re.MULTILINE)
"""The same with the name that PortAudio shows: `USB PnP Sound Device`."""
_KERNEL_PCM: Final = re.compile(r"^(\d+)-(\d+): .*? : (.*?)( : playback \d+)?( : capture \d+)?\s*$", re.MULTILINE)
"""A line of /proc/asound/pcm: `02-00: USB Audio : USB Audio : playback 1 : capture 1`, its id before its name."""
_CARD_WANTED: Final = re.compile(r"^(?:plug)?hw:CARD=([^,]+)(?:,DEV=(\d+))?$")


class Direction(Enum):
    """What a device is opened for; the value is what we call it to its owner."""

    CAPTURE = "microphone"
    PLAYBACK = "speaker"


@dataclass(frozen=True, slots=True)
class SoundDevice:
    """One of PortAudio's devices. The index holds until PortAudio is initialised anew, and no longer."""

    index: int
    name: str
    """Such as `USB PnP Sound Device: Audio (hw:2,0)` for a card; `default` for a PCM of ALSA's configuration."""
    inputs: int
    """How many channels it captures at most; 0 for none."""
    outputs: int
    """How many it plays."""

    @property
    def is_card(self) -> bool:
        """Whether it is a card itself, not one of the PCMs that ALSA's configuration makes up."""
        return "(hw:" in self.name

    def channels(self, direction: Direction) -> int:
        """Return how many channels it has in `direction`."""
        return self.inputs if direction is Direction.CAPTURE else self.outputs

    def serves(self, direction: Direction) -> bool:
        """Return whether it can be opened in `direction`."""
        return self.channels(direction) > 0


@dataclass(frozen=True, slots=True)
class Ability:
    """What one device really supports in one direction; as text, a line for its owner."""

    name: str
    channels: int
    rates_hz: tuple[int, ...]
    """Of those that we could use, in ascending order."""
    busy: bool = False
    """Something holds it, so that its rates cannot be known."""

    @property
    def abilities(self) -> str:
        """What it supports, in words."""
        channels = f"{self.channels} channel{'' if self.channels == 1 else 's'}"
        if self.busy:
            return f"{channels}, and is in use"
        return f"{channels}, {', '.join(map(str, self.rates_hz)) or 'no usable rate'}{' Hz' if self.rates_hz else ''}"

    def __str__(self) -> str:
        return f"{self.name}: {self.abilities}"


def find_device(devices: Sequence[SoundDevice], wanted: str, direction: Direction, cards: str) -> int | None:
    """Return the index of the device that `wanted` means in `direction`; None for the system's default.

    Args:
        devices: All of PortAudio's devices.
        wanted: Empty for the default; or a device's whole name; or a part of exactly one device's name; or a card's
            id as ALSA writes it, `hw:CARD=sndrpigooglevoi`, perhaps with `,DEV=1`, whatever number the card has today.
        direction: What it is for.
        cards: What /proc/asound/cards says; it alone knows the cards' ids.

    Raises:
        DeviceMissing: None or several fit.
    """
    if not wanted:
        return None
    able = [device for device in devices if device.serves(direction)]
    sought = _in_portaudio_words(wanted, cards)
    fitting = [device for device in able if device.name == sought] or [
        device for device in able if sought in device.name
    ]
    if len(fitting) == 1:
        return fitting[0].index
    names = ", ".join(f'"{device.name}"' for device in fitting or able) or "none at all"
    ids = ", ".join(f"hw:CARD={card}" for _, card in _CARD.findall(cards))
    if fitting:
        raise DeviceMissing(
            f'{direction.value}: "{wanted}" fits several devices: {names}. '
            f"Set {direction.value}.device to more of one name."
        )
    raise DeviceMissing(
        f'{direction.value}: no device fits "{wanted}". There are: {names}{f"; cards: {ids}" if ids else ""}. '
        f"Plug it in, or set {direction.value}.device to one of these."
    )


def kernel_devices(cards: str, pcms: str) -> list[SoundDevice]:
    """Return the cards' devices as the kernel lists them, under the names that PortAudio gives them.

    PortAudio leaves out what is busy while it looks; the kernel does not. How many channels they have it does not
    say: one stands for "it has this direction". The index is the place in the list, and nothing to PortAudio.

    Args:
        cards: What /proc/asound/cards says.
        pcms: What /proc/asound/pcm says.
    """
    names = dict(_NAMED_CARD.findall(cards))
    found = []
    for index, (card, pcm, name, plays, captures) in enumerate(_KERNEL_PCM.findall(pcms)):
        of_card = names.get(str(int(card)), "")
        shown = f"{of_card}: {_without_card(name, of_card)} (hw:{int(card)},{int(pcm)})"
        found.append(SoundDevice(index, shown, inputs=int(bool(captures)), outputs=int(bool(plays))))
    return found


def _without_card(name: str, card: str) -> str:
    """Return a device's name as PortAudio shows it behind its card's: without the words that it begins with in common.

    From `SkipCardDetailsInName` in its pa_linux_alsa.c.
    """
    words, known = name.split(" "), card.split(" ")
    common = known[known.index(words[0]) :] if words[0] in known else []
    count = next((at for at, (word, other) in enumerate(zip(words, common, strict=False)) if word != other), None)
    return " ".join(words[min(len(words), len(common)) if count is None else count :]) or "-"


def has_new_card(cards_before: str, cards_now: str) -> bool:
    """Return whether a card has come, or come back elsewhere: then PortAudio's old list may name the wrong one.

    A card that only went away, or came back as it was, leaves the list as good as it was.
    """
    return not set(cards_now.splitlines()) <= set(cards_before.splitlines())


def _in_portaudio_words(wanted: str, cards: str) -> str:
    """Return `wanted`, or for a card's id the part of a name by which PortAudio, which knows only numbers, shows it."""
    match = _CARD_WANTED.match(wanted)
    if match is None:
        return wanted
    numbers = {card: number for number, card in _CARD.findall(cards)}
    number = numbers.get(match[1])
    return wanted if number is None else f"(hw:{number},{match[2] or 0})"
