"""By which name a sound device is to be written into a configuration, so that it means the same for ever. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_CARD: Final = re.compile(r"^\s*(?P<number>\d+) \[(?P<id>\S+)\s*\]: (?P<driver>.*?) - (?P<name>.*)$", re.MULTILINE)
"""A card in /proc/asound/cards."""
_PLACE: Final = re.compile(r"\(hw:(\d+),(\d+)\)")
"""Of a card in PortAudio's name, such as `USB Audio: - (hw:2,0)`."""


def stable_name(shown: str, cards: str, ports: Mapping[str, str]) -> str:
    """Return what `microphone.device` or `speaker.device` is to be for the device that PortAudio calls `shown`.

    A card goes by its id, `hw:CARD=sndrpigooglevoi`. Of several equal cards, whose ids depend on which was found first,
    each goes by its USB port, `usb-xhci-hcd.0-1.2`. What is no card keeps its name.

    Args:
        shown: PortAudio's name.
        cards: What /proc/asound/cards says.
        ports: The USB ports of the cards, by their ids (`hardware.usb_ports.sound_ports`).
    """
    place = _PLACE.search(shown)
    known = list(_CARD.finditer(cards))
    card = next((one for one in known if place and one["number"] == place[1]), None)
    if place is None or card is None:
        return shown
    device = "" if place[2] == "0" else f",DEV={place[2]}"
    twins = [one for one in known if one["name"] == card["name"]]
    port = ports.get(card["id"])
    return f"{port}{device}" if port and len(twins) > 1 else f"hw:CARD={card['id']}{device}"
