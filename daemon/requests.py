"""What the control socket can be asked for: requests become events, the status becomes an answer."""

from __future__ import annotations

import math
from collections.abc import Callable

from .control import Reply
from .conversation import Conversation
from .events import Event, MuteAsked, Pressed, Released
from .panel.lights import meaning


def answer(words: tuple[str, ...], conversation: Conversation, dispatch: Callable[[Event], None], now: float) -> Reply:
    """Do what `words` ask for and return the status that follows.

    A press through the socket is the same event as one of the button. `release` ends a hold however long it was;
    `tap` is a press with the finger off at once.

    Raises:
        ValueError: There is no such request; the text lists those that there are.
    """
    match words:
        case ("status",):
            pass
        case ("button", "press"):
            dispatch(Pressed(now))
        case ("button", "release"):
            dispatch(Released(now, held_s=math.inf))
        case ("button", "tap"):
            dispatch(Pressed(now))
            dispatch(Released(now, held_s=0.0))
        case ("mute",) | ("unmute",):
            dispatch(MuteAsked(words[0] == "mute"))
        case _:
            raise ValueError(f"unknown request {' '.join(words)!r}: status, button press|release|tap, mute, unmute")
    status = conversation.status
    return {
        "link": status.link.value,
        "turn": status.turn.value,
        "turn_id": conversation.turn_id,
        "muted": status.muted,
        "seeing": status.seeing,
        "faults": sorted(fault.value for fault in status.faults),
        "meaning": meaning(status),
    }
