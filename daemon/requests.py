"""What the control socket can be asked for: requests become events, the status becomes an answer."""

from __future__ import annotations

import math
from typing import Protocol

from .control import Reply
from .conversation import Conversation
from .events import Doubled, Event, LongPressed, MuteAsked, Pressed, Released, StopAsked
from .panel.lights import meaning


class Device(Protocol):
    """What can be done with the device through the socket."""

    volume_percent: int

    def dispatch(self, event: Event) -> None:
        """Let something have happened."""
        ...

    def end_conversation(self) -> None:
        """Forget the conversation."""
        ...

    def say(self, text: str) -> bool:
        """Have the model speak of `text`; return whether it could be asked just now."""
        ...


def answer(words: tuple[str, ...], conversation: Conversation, device: Device, now: float) -> Reply:  # noqa: C901, PLR0912 - one match over every request
    """Do what `words` ask for and return the status that follows.

    A press through the socket is the same event as one of the button. `release` ends a hold however long it was;
    `tap` is a press with the finger off at once. The second press of `double` stays, for mode hold, until `release`.

    Raises:
        ValueError: There is no such request; the text lists those that there are.
    """
    dispatch = device.dispatch
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
        case ("volume", percent) if percent.isdecimal() and int(percent) <= 100:
            device.volume_percent = int(percent)
        case ("stop",):
            dispatch(StopAsked())
        case ("end",):
            device.end_conversation()
        case ("say", *text) if text:
            if not device.say(" ".join(text)):
                raise ValueError("somebody is speaking, or there is no connection; try again in a moment")
        case _:
            known = "status, button press|release|tap|double|long, mute, unmute, volume 0 to 100, stop, end, say TEXT"
            raise ValueError(f"unknown request {' '.join(words)!r}: {known}")
    status = conversation.status
    return {
        "link": status.link.value,
        "turn": status.turn.value,
        "turn_id": conversation.turn_id,
        "muted": status.muted,
        "follow_up": status.follow_up,
        "ringing": status.ringing,
        "seeing": status.seeing,
        "faults": sorted(fault.value for fault in status.faults),
        "meaning": meaning(status),
    }
