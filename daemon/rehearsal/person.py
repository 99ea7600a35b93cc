"""Somebody in front of the simulated device, who does what a scenario says with eyes, a voice and one finger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, Protocol, assert_never

from daemon.panel.scene import meaning
from daemon.status import LinkState, Status, TurnState
from hardware.pcm import UP
from hardware.simulated import SimulatedBoard

from .scenario import Scenario
from .steps import (
    AnyStep,
    Command,
    Play,
    Power,
    Push,
    Question,
    Say,
    Slide,
    Until,
    Wait,
    Weather,
)
from .utterances import Utterances
from .voices import sounding

GLANCE_S: Final = 0.02
"""How often one looks at the ring."""
TAP_S: Final = 0.1
"""How long a finger stays down, or away, in a tap and in a double press."""
LONG_S: Final = 1.2


class Device(Protocol):
    """What is talked to."""

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

    async def ask(self, *words: str) -> None:
        """Ask it for something as the control socket does.

        Raises:
            ValueError: It cannot be done now; the text says why.
        """
        ...


class Person:
    """Carries out a scenario on a simulated board.

    Args:
        board: The device's parts.
        device: The device.
        weather: Does something to the network.
        progress: Told what is being done, one line a step.
    """

    def __init__(
        self,
        board: SimulatedBoard,
        device: Device,
        weather: Callable[[Weather], None],
        progress: Callable[[str], None],
    ) -> None:
        self._board: Final = board
        self._weather: Final = weather
        self._device: Final = device
        self._progress: Final = progress
        self.pushed: Final[list[tuple[float, bool]]] = []
        """Each change of the button, true is down, with its time."""
        self.spoken: Final[list[tuple[float, float]]] = []
        """From when to when each utterance sounded, or will."""
        self.happened: Final[list[tuple[float, str]]] = []
        """What befell the device, and when."""

    def __repr__(self) -> str:
        return f"<Person pushed={len(self.pushed)} spoken={len(self.spoken)}>"

    async def perform(self, scenario: Scenario, said: Utterances) -> None:
        """Do everything in the scenario.

        Raises:
            TimeoutError: A step took longer than the scenario's patience; the text names it.
            ValueError: The device could not be asked for what a step says; the text names it, too.
        """
        for index, step in enumerate(scenario.steps):
            named = f"step {index + 1}, {_words(step)},"
            try:
                async with asyncio.timeout(step.after_s + scenario.patience_s):
                    await asyncio.sleep(step.after_s)
                    await self._do(step, said.get(index, b""))
            except TimeoutError as error:
                shown = meaning(self._device.status)
                text = f"{named} was not over after {scenario.patience_s:g} s; the ring says: {shown}"
                raise TimeoutError(text) from error
            except ValueError as error:
                raise ValueError(f"{named} cannot be done: {error}") from error

    async def _do(self, step: AnyStep, sound: bytes) -> None:
        match step:
            case Wait(wait_s=seconds):
                await asyncio.sleep(seconds)
            case Push():
                await self._push(step)
            case Say() | Question() | Play():
                self._progress(f"the person {_words(step)}")
                await self._speak(sound, step.go_on_s)
            case Until():
                self._progress(f"the person {_words(step)}")
                await self._until(_SEEN[step.until])
            case Weather(network=what):
                self._befalls(_BEFALLS[what])
                self._weather(step)
            case Slide(mute_switch=muted):
                self._befalls(f"switch {'muted' if muted else 'open'}")
                self._board.slide.flip(muted)
            case Power(device="off"):
                self._befalls("switched off")
                await self._device.off()
            case Power():
                self._befalls("and on again")
                await self._device.on()
            case Command(command=words):
                self._befalls(words)
                await self._device.ask(*words.split())
            case _:
                assert_never(step)

    def _befalls(self, what: str) -> None:
        self._progress(what)
        self.happened.append((asyncio.get_running_loop().time(), what))

    async def _speak(self, sound: bytes, go_on_s: float | None) -> None:
        now_s = asyncio.get_running_loop().time()
        self._board.mic.say(sound, at_s=now_s)
        from_s, to_s = sounding(sound)
        self.spoken.append((now_s + from_s, now_s + to_s))
        await asyncio.sleep(UP.seconds(len(sound)) if go_on_s is None else go_on_s)

    async def _push(self, step: Push) -> None:
        self._progress(f"the person {_words(step)}")
        match step.button:
            case "press" | "release":
                self._hold(step.button == "press")
            case "tap":
                await self._down_for(TAP_S)
            case "double":
                await self._down_for(TAP_S)
                await asyncio.sleep(TAP_S)
                await self._down_for(TAP_S)
            case "long":
                await self._down_for(LONG_S)
            case _:
                assert_never(step.button)

    async def _down_for(self, seconds: float) -> None:
        self._hold(True)
        await asyncio.sleep(seconds)
        self._hold(False)

    def _hold(self, down: bool) -> None:
        self.pushed.append((asyncio.get_running_loop().time(), down))
        if down:
            self._board.push_button.press()
        else:
            self._board.push_button.release()

    async def _until(self, seen: Callable[[Status], bool]) -> None:
        while not seen(self._device.status):  # noqa: ASYNC110 - a person can only look again
            await asyncio.sleep(GLANCE_S)


def _words(step: AnyStep) -> str:  # noqa: PLR0911 - one return for each kind is the table
    match step:
        case Push(button=gesture):
            return _GESTURES[gesture]
        case Say(say=text):
            return f'says "{text}"' if text else "speaks"
        case Question(question=number):
            return f"asks question {number}"
        case Play(wav=name):
            return f"plays {name}"
        case Until(until=what):
            return _WAITS[what]
        case Weather(network=what):
            return _BEFALLS[what]
        case _:
            return ", ".join(f"{key} {value}" for key, value in step.model_dump(exclude={"after_s"}).items())


_GESTURES: Final = {
    "press": "presses the button",
    "release": "lets the button go",
    "tap": "taps the button",
    "double": "presses the button twice",
    "long": "presses the button for long",
}
_WAITS: Final = {
    "link": "waits for the link",
    "no_link": "waits until the link is lost",
    "answer": "waits for an answer",
    "silence": "listens",
    "ringing": "waits for the ringing",
}
_SEEN: Final[dict[str, Callable[[Status], bool]]] = {
    "link": lambda status: status.link is LinkState.UP,
    "no_link": lambda status: status.link is not LinkState.UP,
    "answer": lambda status: status.turn is TurnState.SPEAKING,
    "silence": lambda status: status.turn is TurnState.IDLE,
    "ringing": lambda status: status.ringing,
}
_BEFALLS: Final = {
    "cut": "network gone",
    "silent_up": "nothing goes up",
    "silent_down": "nothing comes down",
    "reset": "links reset",
    "slow": "network slow",
    "back": "network back",
}
