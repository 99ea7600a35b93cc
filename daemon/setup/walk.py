"""What the steps have in common: whom they ask, what they try, and what was settled so far."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol, TypeAlias

from hardware.channels import Channels
from hardware.interfaces import Board
from hardware.inventory import Node, Sound
from hardware.settings import BoardSettings, MicrophoneSettings
from hardware.sound_devices import Direction

from ..config import Config
from ..config.schema import MicrophoneSection, SpeakerSection
from ..keys.credentials import Secret
from .question import Question, whole_number

Value: TypeAlias = str | int | float | bool


class Left(Exception):
    """Its owner has left before the end."""


class Terminal(Protocol):
    """Where its owner reads and types."""

    def say(self, text: str = "") -> None:
        """Show `text`."""
        ...

    async def line(self, prompt: str, *, hidden: bool = False) -> str:
        """Return the line that is typed behind `prompt`, not shown if `hidden`. Cancelling takes the question back.

        Raises:
            Left: There will be no line any more.
        """
        ...


@dataclass(frozen=True, slots=True)
class Bench:
    """What the steps try things with."""

    open_board: Callable[[BoardSettings], Board]
    open_channels: Callable[[MicrophoneSettings, int], Awaitable[Channels]]
    """As `hardware.board.open_channels`."""
    sounds: Callable[[dict[Direction, str]], dict[Direction, list[Sound]]]
    """As `hardware.inventory.sounds`; raises `HardwareError`."""
    cameras: Callable[[], list[Node]]
    key: Callable[[], str]
    """Where the service's key lies; empty if there is none."""


class Walk:
    """One walk through the steps. `values` is what was settled, by section and key, and is not written yet."""

    def __init__(self, terminal: Terminal, bench: Bench, config: Config) -> None:
        self.terminal: Final = terminal
        self.bench: Final = bench
        self.config = config
        """As it would be with `values`."""
        self.values: Final[dict[tuple[str, str], Value]] = {}
        self.key: Secret | None = None
        """The API key, if another one was given."""

    def __repr__(self) -> str:
        return f"<Walk {self.values!r} key={self.key!r}>"

    def put(self, **values: Value) -> None:
        """Settle keys of the configuration: `put(microphone__device="USB")`."""
        for name, value in values.items():
            section, key = name.split("__")
            self.values[section, key] = value
        self.config = self.having(values)

    def having(self, values: Mapping[str, Value]) -> Config:
        """Return the configuration as it would be with `values`, named as for `put`."""
        config = self.config
        for name, value in values.items():
            section, key = name.split("__")
            new = getattr(config, section).model_copy(update={key: value})
            config = config.model_copy(update={section: new})
        return config

    def board(self, **values: Value) -> Board:
        """Return the board that the configuration with `values` describes."""
        return self.bench.open_board(self.having(values).board())

    async def channels(self, device: str, count: int) -> Channels:
        """Open the first `count` channels of a microphone, without gain. Raises `HardwareError`."""
        rate_hz = kept_rate_hz(self.config.microphone, device)
        return await self.bench.open_channels(MicrophoneSettings(device=device, rate_hz=rate_hz), count)

    def say(self, text: str = "") -> None:
        """Show `text`."""
        self.terminal.say(text)

    async def ask(self, text: str, *answers: str, default: int = 0) -> int:
        """Return the place of the chosen answer, counted from 0."""
        question = Question(text, answers, default)
        prompt = question.shown()
        while (place := question.meant(await self.terminal.line(prompt))) is None:
            prompt = f"{question.refusal()} "
        return place

    async def agrees(self, text: str, *, default: bool = True) -> bool:
        """Return whether the answer is yes."""
        return await self.ask(text, default=0 if default else 1) == 0

    async def number(self, text: str, default: int, least: int, most: int) -> int:
        """Return the number that is typed."""
        prompt = f"{text} [{default}]: "
        while (number := whole_number(await self.terminal.line(prompt), default, least, most)) is None:
            prompt = f"Please type a number from {least} to {most}: "
        return number


def kept_rate_hz(section: MicrophoneSection | SpeakerSection, device: str) -> int:
    """Return the rate to open `device` at: one that is configured was meant for the device that is configured."""
    return section.rate_hz if device == section.device else 0
