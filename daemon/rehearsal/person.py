"""Somebody in front of the simulated device, who follows a script with eyes, ears and one finger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol, assert_never

from daemon.events import LinkState, Status, TurnState
from hardware.pcm import UP
from hardware.simulated import SimulatedBoard

from .script import (
    Ask,
    AwaitAnswer,
    AwaitLink,
    AwaitRinging,
    AwaitSilence,
    Cut,
    Press,
    Release,
    Restore,
    Script,
    Step,
    SwitchOff,
    SwitchOn,
    Wait,
)
from .voices import question, sounding_s

GLANCE_S = 0.02
"""How often one looks at the ring."""


class Switch(Protocol):
    """What a device is switched on and off by."""

    @property
    def status(self) -> Status:
        """What the ring shows, in words."""
        ...

    async def on(self) -> None:
        """Start the device."""
        ...

    async def off(self) -> None:
        """Stop it."""
        ...


class Person:
    """Carries out a script on a simulated board.

    Args:
        board: The device's parts.
        device: The device.
        set_network: Takes the network away, or gives it back.
        progress: Told what is being done, one line a step.
    """

    def __init__(
        self,
        board: SimulatedBoard,
        device: Switch,
        set_network: Callable[[bool], None],
        progress: Callable[[str], None],
    ) -> None:
        self._board = board
        self._set_network = set_network
        self._device = device
        self._progress = progress
        self.pushed: list[tuple[float, bool]] = []
        """Each change of the button, true is down, with its time."""
        self.spoken: list[tuple[float, float]] = []
        """From when to when each question sounded, or will."""
        self.happened: list[tuple[float, str]] = []
        """What befell the device, and when."""

    def __repr__(self) -> str:
        return f"<Person pushed={len(self.pushed)} spoken={len(self.spoken)}>"

    async def perform(self, script: Script) -> None:
        """Do everything in the script.

        Raises:
            TimeoutError: A step took longer than the script's patience; the text names it.
        """
        for number, step in enumerate(script.steps, 1):
            try:
                async with asyncio.timeout(script.patience_s):
                    await self._do(step)
            except TimeoutError as error:
                text = f"step {number}, {step}, was not over after {script.patience_s:g} s; {self._device.status}"
                raise TimeoutError(text) from error

    async def _do(self, step: Step) -> None:  # noqa: C901, PLR0912 - one match over every step
        match step:
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Press():
                self._progress("presses the button")
                self._push(True)
            case Release():
                self._progress("lets the button go")
                self._push(False)
            case Ask(number, for_s):
                self._progress(f"asks question {number}")
                speech = question(number)
                now_s = asyncio.get_running_loop().time()
                self._board.mic.say(speech, at_s=now_s)
                from_s, to_s = sounding_s(number)
                self.spoken.append((now_s + from_s, now_s + to_s))
                await asyncio.sleep(UP.seconds(len(speech)) if for_s is None else for_s)
            case AwaitLink():
                self._progress("waits for the link")
                await self._until(lambda status: status.link is LinkState.UP)
            case AwaitAnswer():
                self._progress("waits for an answer")
                await self._until(lambda status: status.turn is TurnState.SPEAKING)
            case AwaitSilence():
                self._progress("listens")
                await self._until(lambda status: status.turn is TurnState.IDLE)
            case AwaitRinging():
                self._progress("waits for the timer")
                await self._until(lambda status: status.ringing)
            case Cut():
                self._progress("loses the network")
                self._note("network gone")
                self._set_network(False)
            case Restore():
                self._progress("has the network back")
                self._note("network back")
                self._set_network(True)
            case SwitchOff():
                self._progress("switches the device off")
                self._note("switched off")
                await self._device.off()
            case SwitchOn():
                self._progress("switches the device on")
                self._note("and on again")
                await self._device.on()
            case _:
                assert_never(step)

    def _note(self, what: str) -> None:
        self.happened.append((asyncio.get_running_loop().time(), what))

    def _push(self, down: bool) -> None:
        self.pushed.append((asyncio.get_running_loop().time(), down))
        if down:
            self._board.push_button.press()
        else:
            self._board.push_button.release()

    async def _until(self, seen: Callable[[Status], bool]) -> None:
        while not seen(self._device.status):  # noqa: ASYNC110 - a person can only look again
            await asyncio.sleep(GLANCE_S)
