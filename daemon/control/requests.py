"""What the control socket can be asked for: each request becomes an event, or something that the device does."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Protocol

from hardware.interfaces import HardwareError

from ..events import Doubled, Event, LongPressed, MuteAsked, Pressed, Released, StopAsked
from ..panel.scene import meaning
from ..status import Status
from ..ways import HINDRANCES
from .client import Reply


class Device(Protocol):
    """What can be done with the device through the socket."""

    volume_percent: int

    @property
    def status(self) -> Status:
        """What goes on."""
        ...

    def dispatch(self, event: Event) -> None:
        """Let something have happened."""
        ...

    def end_conversation(self) -> None:
        """Forget the conversation."""
        ...

    def say(self, text: str) -> bool:
        """Have the model speak of `text`; return whether it could be asked just now."""
        ...

    async def describe(self) -> bool:
        """Have the model shown one fresh picture, and speak of it; return whether it could be asked just now.

        Raises:
            HardwareError: The camera delivers none.
            ValueError: It may not look; the text says what to do.
        """
        ...


class Reloaded(Protocol):
    """What came of reading the configuration again."""

    @property
    def applied(self) -> tuple[str, ...]:
        """The changed keys that act now, or soon."""
        ...

    @property
    def needs_restart(self) -> tuple[str, ...]:
        """The changed keys that wait for a restart."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """Why nothing has changed."""
        ...

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for people."""
        ...


class Reload(Protocol):
    """Reads the configuration again."""

    async def reload(self) -> Reloaded:
        """Do it, as far as that is possible without a restart."""
        ...

    async def foreseen(self) -> Reloaded:
        """Return what `reload` would come to now, and do nothing."""
        ...


class Requests:
    """Does what is asked for. What takes a moment is done once at a time.

    Args:
        device: What can be done with it.
        reload: Reads the configuration again.
        condition: Returns how the device is doing, for JSON.
    """

    def __init__(self, device: Device, reload: Reload, condition: Callable[[], Reply]) -> None:
        self._device: Final = device
        self._reload: Final = reload
        self._condition: Final = condition
        self._under_way: Final[set[str]] = set()

    def __repr__(self) -> str:
        return f"<Requests {sorted(self._under_way)}>"

    async def answer(self, words: tuple[str, ...]) -> Reply:
        """Do what `words` ask for and return what is to be said of it, with the condition that follows.

        Raises:
            ValueError: There is no such request, or it cannot be done now; the text says why.
        """
        said = await self._done(words)
        return self._condition() | said

    async def _done(self, words: tuple[str, ...]) -> Reply:
        match words:
            case ("look",):
                with self._alone("look"):
                    await _look(self._device)
                return {}
            case ("reload",):
                with self._alone("reload"):
                    return _reloaded(await self._reload.reload())
            case ("changes",):
                with self._alone("changes"):
                    changes = await self._reload.foreseen()
                    return {"changes": {**_told(changes), "faults": list(changes.faults)}}
            case _:
                do_at_once(words, self._device, asyncio.get_running_loop().time())
                return {}

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        if name in self._under_way:
            raise ValueError(f"somebody else has asked for the same ({name}), and that is under way")
        self._under_way.add(name)
        try:
            yield
        finally:
            self._under_way.remove(name)


def do_at_once(words: tuple[str, ...], device: Device, now: float) -> None:  # noqa: C901, PLR0912 - one match over them all
    """Do what `words` ask for, unless it takes a moment.

    A press through the socket is the same event as one of the button. `release` ends a hold however long it was;
    `tap` is a press with the finger off at once. The second press of `double` stays, for mode hold, until `release`.

    Raises:
        ValueError: There is no such request, or it cannot be done now; the text says why.
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
            if words[0] == "unmute" and device.status.muted_by_switch:
                raise ValueError("the switch on the device shuts the microphone off; only the switch can open it again")
        case ("volume", percent) if percent.isdecimal() and int(percent) <= 100:
            device.volume_percent = int(percent)
        case ("volume", _):
            raise ValueError("the volume is a whole number: volume 0 to 100")
        case ("stop",):
            dispatch(StopAsked())
        case ("end",):
            device.end_conversation()
        case ("say", *text) if text:
            _begun(device.say(" ".join(text)), device.status)
        case _:
            known = (
                "status, button press|release|tap|double|long, mute, unmute, volume 0 to 100, stop, end, say TEXT,"
                " look, reload, changes, watch"
            )
            raise ValueError(f"unknown request {' '.join(words)!r}: {known}")


async def _look(device: Device) -> None:
    try:
        _begun(await device.describe(), device.status)
    except HardwareError as error:
        raise ValueError(str(error)) from error


def _begun(begun: bool, status: Status) -> None:
    if not begun and status.faults & HINDRANCES:
        raise ValueError(meaning(status))
    if not begun:
        raise ValueError("somebody is speaking, or there is no connection; try again in a moment")


def _reloaded(reloaded: Reloaded) -> Reply:
    if reloaded.faults:
        raise ValueError("\n".join(reloaded.sentences))
    return {"said": list(reloaded.sentences), **_told(reloaded)}


def _told(reloaded: Reloaded) -> dict[str, list[str]]:
    return {"applied": list(reloaded.applied), "needs_restart": list(reloaded.needs_restart)}
