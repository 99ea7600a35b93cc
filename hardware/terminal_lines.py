"""What the terminal device says where it cannot draw: a line for what has changed. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from hardware.shown import Shown
from hardware.terminal_picture import figures


def lines(before: Shown, now: Shown) -> Iterator[str]:
    """Yield what to say of `now` to somebody who knows of `before`."""
    if now.meaning != before.meaning:
        yield now.meaning
    if now.network != before.network and now.network is not None:
        yield "The network is there." if now.network else "The network is cut."
    if now.volume_percent != before.volume_percent:
        yield f"The volume is {now.volume_percent} %."
    if now.last_turn != before.last_turn and now.last_turn:
        if now.words is not None and now.words.speaker == "device":
            yield f'It said: "{now.words.text}"'
        yield figures(now.last_turn)
