"""The microphone and the loudspeaker: whether their names fit, what the cards can, and who holds them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from hardware.card_format import CAPTURE_RATES_HZ, PLAYBACK_RATES_HZ
from hardware.holder import Holder, busy_card, card_holders
from hardware.interfaces import DeviceMissing
from hardware.sound_devices import Ability, Direction, SoundDevice, find_device, kernel_devices

from .boot import SOUND_OVERLAYS
from .finding import Finding, fine, note, to_do
from .machine import Machine

AREA: Final = "sound"
_LETTERS: Final = {Direction.CAPTURE: "c", Direction.PLAYBACK: "p"}
_RATE: Final = re.compile(r"^rate: (\d+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Facts:
    """One of the two."""

    direction: Direction
    wanted: str
    """`microphone.device` or `speaker.device`; empty for the system's default."""
    rate_hz: int
    """The configured one; 0 finds one out."""
    name: str
    """Of the one device that fits; empty if none or several do, or the system's default is meant."""
    refused: str
    """Why no device fits, and what to do; empty if one does."""
    held: bool
    """Whether that is because somebody holds it."""
    rates_hz: tuple[int, ...] | None
    """What it really supports; None if it was not opened to find out."""
    holders: tuple[Holder, ...]
    """Who has it open."""
    running_hz: int
    """At which rate it is open just now; 0 if it is not, or nobody knows."""
    service_pid: int
    """Of the running service; 0 if it does not run."""
    made_up: bool
    """Whether the name is that of a PCM in ALSA's configuration."""
    works: bool
    """Whether the running daemon says that it has it."""
    none: bool = False
    """Whether there is nothing at all that could be meant."""


def look(
    machine: Machine,
    direction: Direction,
    wanted: str,
    rate_hz: int,
    *,
    abilities: Sequence[Ability] | None,
    service_pid: int,
    works: bool,
) -> Facts:
    """Gather the facts.

    Args:
        machine: The machine.
        direction: Which of the two.
        wanted: The configured name.
        rate_hz: The configured rate.
        abilities: What PortAudio found out by opening everything; None where nothing was opened, since the service
            runs: then the kernel's list has to do, in which there are cards only.
        service_pid: See `Facts`.
        works: See `Facts`.
    """
    cards = machine.text("/proc/asound/cards") or ""
    kernel = kernel_devices(cards, machine.text("/proc/asound/pcm") or "")
    devices = kernel if abilities is None else [_device(index, one, direction) for index, one in enumerate(abilities)]
    name, refused = "", ""
    try:
        index = find_device(devices, wanted, direction, cards)
        name = "" if index is None else devices[index].name
    except DeviceMissing as missing:
        refused = str(missing)
    proc = machine.path("/proc")
    # PortAudio leaves out what is busy while it looks.
    none = not any(device.serves(direction) for device in devices)
    busy = busy_card(wanted, direction, proc) if (refused or none) and abilities is not None else ""
    return Facts(
        direction=direction,
        wanted=wanted,
        rate_hz=rate_hz,
        name=name,
        refused=busy or refused,
        held=bool(busy),
        rates_hz=next((one.rates_hz for one in abilities or () if one.name == name and not one.busy), None),
        holders=card_holders(name, direction, proc) if not refused else (),
        running_hz=_running_hz(machine, name, direction),
        service_pid=service_pid,
        made_up=bool(wanted) and _in_alsas_configuration(machine, wanted),
        works=works,
        none=none,
    )


def findings(facts: Facts) -> Iterator[Finding]:
    """Say what they mean."""
    part = facts.direction.value
    device = f'{part}: "{facts.name}"' if facts.name else f"{part}: the system's default device"
    others = [holder for holder in facts.holders if holder.pid != facts.service_pid]
    if facts.none and not facts.works and not facts.held and not facts.made_up:
        does, lists = ("captures", "arecord") if facts.direction is Direction.CAPTURE else ("plays", "aplay")
        remedy = f"Plug one in, or have its overlay loaded (see overlays) and restart; `{lists} -l` lists what there is"
        yield to_do(AREA, f"{part}: there is no sound card that {does}", remedy)
    elif facts.refused:
        if facts.works:
            yield note(AREA, f'{part}: no card fits "{facts.wanted}", and the running daemon has one open')
        elif facts.made_up:
            yield note(AREA, f'{part}: "{facts.wanted}" is a PCM of ALSA\'s configuration, which was not opened')
        else:
            what, _, remedy = facts.refused.removesuffix(".").rpartition(". ")
            if not facts.held and any(card in facts.wanted for card in SOUND_OVERLAYS):
                remedy = "Have its overlay loaded (see overlays) and restart the Pi; else check the card's wires"
            yield to_do(AREA, what, remedy)
    elif others:
        who = " and ".join(map(str, others))
        yield to_do(AREA, f"{device} is in use by {who}", "Stop that, or choose another device")
    elif facts.rates_hz is not None:
        yield _rates(facts, device)
    elif facts.running_hz:
        yield fine(AREA, f"{device}, open at {facts.running_hz} Hz{' by the service' if facts.service_pid else ''}")
    else:
        yield fine(AREA, f"{device} is there")


def _rates(facts: Facts, device: str) -> Finding:
    part, rates_hz = facts.direction.value, facts.rates_hz or ()
    usable = CAPTURE_RATES_HZ if facts.direction is Direction.CAPTURE else PLAYBACK_RATES_HZ
    told = f"{', '.join(map(str, rates_hz))} Hz"
    if not set(rates_hz) & set(usable):
        remedy = f"Name a PCM of type plug in /etc/asound.conf, and that one in {part}.device"
        return to_do(AREA, f"{device} has no usable rate", remedy)
    if facts.rate_hz and facts.rate_hz in usable and facts.rate_hz not in rates_hz:
        return to_do(AREA, f"{device} has {told}, and not {part}.rate_hz = {facts.rate_hz}", f"Set {part}.rate_hz to 0")
    return fine(AREA, f"{device}, {told}")


def _device(index: int, ability: Ability, direction: Direction) -> SoundDevice:
    captures = direction is Direction.CAPTURE
    return SoundDevice(index, ability.name, ability.channels if captures else 0, 0 if captures else ability.channels)


def _running_hz(machine: Machine, name: str, direction: Direction) -> int:
    found = re.search(r"\(hw:(\d+),(\d+)\)", name)
    if found is None:
        return 0
    parameters = machine.text(f"/proc/asound/card{found[1]}/pcm{found[2]}{_LETTERS[direction]}/sub0/hw_params") or ""
    rate = _RATE.search(parameters)
    return int(rate[1]) if rate else 0


def _in_alsas_configuration(machine: Machine, wanted: str) -> bool:
    files = ("/etc/asound.conf", *machine.names("/etc/alsa/conf.d/*.conf"))
    return any(re.search(rf"\bpcm\.!?{re.escape(wanted)}\b", machine.text(file) or "") for file in files)
