"""What the control socket can be asked for: requests become events, the status becomes an answer."""

from __future__ import annotations

import math
from collections.abc import Callable

from .control import Reply
from .conversation import Conversation
from .events import Doubled, Event, LongPressed, MuteAsked, Pressed, Released
from .panel.lights import meaning


def answer(words: tuple[str, ...], conversation: Conversation, dispatch: Callable[[Event], None], now: float) -> Reply:
    """Do what `words` ask for and return the status that follows.

    A press through the socket is the same event as one of the button. `release` ends a hold however long it was;
    `tap` is a press with the finger off at once. The second press of `double` stays, for mode hold, until `release`.

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
        case ("button", "double"):
            dispatch(Pressed(now))
            dispatch(Released(now, held_s=0.0))
            dispatch(Doubled(now))
        case ("button", "long"):
            dispatch(Pressed(now))
            dispatch(LongPressed(now))
            dispatch(Released(now, held_s=0.0))  # nothing was said in it
        case ("mute",) | ("unmute",):
            dispatch(MuteAsked(words[0] == "mute"))
        case _:
            known = "status, button press|release|tap|double|long, mute, unmute"
            raise ValueError(f"unknown request {' '.join(words)!r}: {known}")
    status = conversation.status
    return {
        "link": status.link.value,
        "turn": status.turn.value,
        "turn_id": conversation.turn_id,
        "muted": status.muted,
        "follow_up": status.follow_up,
        "seeing": status.seeing,
        "faults": sorted(fault.value for fault in status.faults),
        "meaning": meaning(status),
    }
