"""Follows the switch that shuts the microphone off. Whatever it cannot know for sure counts as shut off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NoReturn, TypeVar

from hardware.interfaces import Board, DeviceLost, DeviceMissing, MuteSwitch

from .events import Event, FaultFound, FaultMended, MuteSwitched
from .outage import STEADY_S, Outage
from .status import Fault

Part = TypeVar("Part")
READ_WITHIN_S: Final = 1.0
"""A contact that has not been clear for so long is broken."""


async def shut_off(board: Board) -> bool:
    """Return whether the switch of `board` shuts its microphone off at this moment, for who listens without the daemon.

    One that cannot be read does.
    """
    try:
        switch = await board.mute_switch()
        try:
            async with asyncio.timeout(READ_WITHIN_S):
                return await switch.position()
        finally:
            await switch.close()
    except (DeviceMissing, DeviceLost, TimeoutError):
        return True


class MuteSwitchWatch:
    """Tells of each position of the switch, from before the microphone is opened.

    Args:
        open_switch: Opens it, as `Board.mute_switch` does.
        dispatch: Takes what happened. Must not raise.
        tell: The journal: `device.missing`, `device.lost` and `device.back` of the part `mute_switch`.
    """

    def __init__(
        self,
        open_switch: Callable[[], Awaitable[MuteSwitch]],
        dispatch: Callable[[Event], None],
        tell: Callable[..., None],
    ) -> None:
        self._open_switch: Final = open_switch
        self._dispatch: Final = dispatch
        self._tell: Final = tell
        self._read: Final = asyncio.Event()
        """Set once it is known where the switch stands, or that nobody can know."""
        self._faulty = False

    def __repr__(self) -> str:
        return f"<MuteSwitchWatch {'faulty' if self._faulty else 'read' if self._read.is_set() else 'not read yet'}>"

    def first(self, open_part: Callable[[], Awaitable[Part]]) -> Callable[[], Awaitable[Part]]:
        """Return what opens a part as `open_part` does, but not before the switch was read for the first time."""

        async def opened() -> Part:
            await self._read.wait()
            return await open_part()

        return opened

    async def run(self) -> NoReturn:
        """Follow it until cancelled; it is closed afterwards. One that is missing or lost is opened again, for ever."""
        loop = asyncio.get_running_loop()
        outage = Outage(lambda event, **fields: self._tell(event, part="mute_switch", **fields))
        while True:
            try:
                switch = await self._open_switch()
                steady = loop.call_later(STEADY_S, outage.end)
                try:
                    await self._follow(switch)
                finally:
                    steady.cancel()
                    await switch.close()
            except DeviceMissing as error:
                pause_s = outage.failed("device.missing", error)
            except DeviceLost as error:
                pause_s = outage.failed("device.lost", error)
            self._fail()
            await asyncio.sleep(pause_s)

    async def _follow(self, switch: MuteSwitch) -> NoReturn:
        while True:
            muted = await switch.position()
            if self._faulty:
                self._faulty = False
                self._dispatch(FaultMended(Fault.MUTE_SWITCH))
            self._dispatch(MuteSwitched(muted))
            self._read.set()

    def _fail(self) -> None:
        """Shut the microphone off first, then say why."""
        self._dispatch(MuteSwitched(muted=True))
        if not self._faulty:
            self._faulty = True
            self._dispatch(FaultFound(Fault.MUTE_SWITCH))
        self._read.set()
