"""What happens when a timer, an alarm or a reminder is due: it rings until somebody says so, and is spoken of.

Ringing needs no network. What was missed, and what a reminder says, is told to the model when it can be reached and
nobody is speaking; until then it waits.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn

from .events import Event, RingingChanged
from .journal import Level
from .telling.wording import span
from .tools.alarm import Alarm, Due

EVERY_S: Final = 2.0
"""From one ring to the next."""
LONGEST_S: Final = 300.0
"""Then nobody is there, and it counts as missed."""
_MOST_WAITING: Final = 8
_STALE_S: Final = 60.0
"""What was stopped so long ago is not due now any more."""
_LOOK_S: Final = 0.5
"""How often a moment is looked for in which nobody speaks."""


class Ringing:
    """Rings, and sees to it that whoever it is for hears of it.

    Args:
        sound: Plays one ring.
        dispatch: Takes what happened: it begins to ring, or ends by itself.
        say: Has the model say something; returns whether it could be asked just now.
        settled: Has one forgotten, because somebody knows of it.
        tell: The journal: `alarm.rings`, `alarm.stopped`, `alarm.missed` (kind, alarm_id).
    """

    def __init__(
        self,
        *,
        sound: Callable[[], None],
        dispatch: Callable[[Event], None],
        say: Callable[[str], bool],
        settled: Callable[[Alarm], Awaitable[None]],
        tell: Callable[..., None],
    ) -> None:
        self._sound: Final = sound
        self._dispatch: Final = dispatch
        self._say: Final = say
        self._settled: Final = settled
        self._tell: Final = tell
        self._rings: list[Alarm] = []
        self._until_s = 0.0
        self._to_say: Final = deque[tuple[tuple[Alarm, ...], float | None]](maxlen=_MOST_WAITING)
        """What is to be spoken of, and when somebody stopped its ringing; None if nobody did."""
        self._known: Final = deque[Alarm]()
        """What somebody knows of, to be forgotten."""
        self._work: Final = asyncio.Event()

    def __repr__(self) -> str:
        return f"<Ringing {len(self._rings)}, {len(self._to_say)} to be said>"

    def due(self, due: list[Due]) -> None:
        """Take what is due: ring, or tell of what was missed."""
        missed = tuple(one.alarm for one in due if one.missed)
        rings = [one.alarm for one in due if not one.missed]
        if missed:
            self._miss(missed)
        for alarm in rings:
            self._tell("alarm.rings", kind=alarm.kind.value, alarm_id=alarm.alarm_id)
        if rings:
            self._rings += rings
            self._until_s = asyncio.get_running_loop().time() + LONGEST_S
            self._dispatch(RingingChanged(ringing=True))
        self._work.set()

    def stop(self) -> None:
        """Somebody knows: be quiet, and say what it was for."""
        stopped, self._rings = tuple(self._rings), []
        for alarm in stopped:
            self._tell("alarm.stopped", kind=alarm.kind.value, alarm_id=alarm.alarm_id)
        labelled = tuple(alarm for alarm in stopped if alarm.label)
        if labelled:
            self._to_say.append((labelled, asyncio.get_running_loop().time()))
        self._known.extend(alarm for alarm in stopped if not alarm.label)
        self._work.set()

    async def run(self) -> NoReturn:
        """Ring and speak until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self._work.clear()
            if self._rings and loop.time() >= self._until_s:
                self._miss(tuple(self._rings))
                self._rings = []
                self._dispatch(RingingChanged(ringing=False))
            if self._rings:
                self._sound()
            if self._to_say and not self._rings and self._say(_words(*self._to_say[0], loop.time())):
                self._known.extend(self._to_say.popleft()[0])
            while self._known:
                await self._settled(self._known.popleft())
            pause_s = EVERY_S if self._rings else _LOOK_S if self._to_say else None
            try:
                async with asyncio.timeout(pause_s):
                    await self._work.wait()
            except TimeoutError:
                pass

    def _miss(self, alarms: tuple[Alarm, ...]) -> None:
        for alarm in alarms:
            self._tell("alarm.missed", level=Level.WARNING, kind=alarm.kind.value, alarm_id=alarm.alarm_id)
        self._to_say.append((alarms, None))


def _words(alarms: tuple[Alarm, ...], stopped_s: float | None, now: float) -> str:
    """Return what the model is told, in a language that it will not take for its user's."""
    if stopped_s is None:
        what = "was due and was missed"
    elif now - stopped_s < _STALE_S:
        what = "is due now"
    else:
        what = f"was due {span(now - stopped_s)} ago, and could not be spoken of until now"
    listed = "; ".join(f"the {_named(alarm)} {what}" for alarm in alarms)
    told = "Tell the user in one short sentence, in the user's language."
    return f"(Message from the device, not from the user: {listed}. {told})"


def _named(alarm: Alarm) -> str:
    return f'{alarm.kind.value} "{alarm.label}"' if alarm.label else alarm.kind.value
