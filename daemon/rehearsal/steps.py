"""What can happen in a scenario, one step after the other: each kind is a table of the file with a verb of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import Discriminator, Field, Tag

from daemon.config.section import Section

LONGEST_S: Final = 3600.0
Seconds: TypeAlias = Annotated[float, Field(ge=0.0, le=LONGEST_S)]


class Step(Section):
    """What every step has."""

    after_s: Seconds = 0.0
    """How long one waits before it."""


class Wait(Step):
    """Do nothing for so long."""

    wait_s: Seconds


class Push(Step):
    """Do something with the button. `long` is held for 1.2 s; `tap` and each press of `double` for 0.1 s."""

    button: Literal["press", "release", "tap", "double", "long"]


class Spoken(Step):
    """What every step has in which somebody speaks."""

    go_on_s: float | None = Field(default=None, ge=0.0, le=LONGEST_S)
    """The next step comes so long after the first word; None waits for the last one."""


class Say(Spoken):
    """Say a text, which espeak-ng speaks; an empty one is `for_s` of the recorded questions."""

    say: str
    for_s: float | None = Field(default=None, ge=0.1, le=600.0)
    voice: str = "en"
    """What espeak-ng calls the voice: "de", "en-us+f3"."""


class Question(Spoken):
    """Say a recorded question that vocative is shipped with."""

    question: Annotated[int, Field(ge=1, le=2)]
    for_s: float | None = Field(default=None, ge=0.1, le=600.0)
    """Only so much of it."""


class Play(Spoken):
    """Let a recording be heard: 16 kHz, 16 bit, mono. Its path is seen from the scenario's own folder."""

    wav: str


class Until(Step):
    """Wait until the ring shows something: a link or none, an answer, that nobody has the turn, a ringing."""

    until: Literal["link", "no_link", "answer", "silence", "ringing"]


class Weather(Step):
    """Do something to the network.

    `cut` lets nothing through, and tells nobody; `silent_up` and `silent_down` do that to one direction; `reset` ends
    the connections there are; `slow` holds everything back by `delay_ms` and up to `jitter_ms` more; `back` undoes all.
    """

    network: Literal["cut", "silent_up", "silent_down", "reset", "slow", "back"]
    delay_ms: Annotated[float, Field(ge=0.0, le=60_000.0)] = 200.0
    jitter_ms: Annotated[float, Field(ge=0.0, le=60_000.0)] = 0.0


class Power(Step):
    """Stop the device as systemd does, or start it again; it finds what it had kept."""

    device: Literal["off", "on"]


class Slide(Step):
    """Move the mute switch to where the microphone is shut off, or away from there."""

    mute_switch: bool


class Command(Step):
    """Ask the device for something as on the command line, without `vocative`: "mute", "volume 40", "say Hello"."""

    command: str


VERBS: Final[dict[str, type[Step]]] = {
    "wait_s": Wait,
    "button": Push,
    "say": Say,
    "question": Question,
    "wav": Play,
    "until": Until,
    "network": Weather,
    "device": Power,
    "mute_switch": Slide,
    "command": Command,
}
"""The key that makes a table one of each kind."""
COMMANDS: Final = ("mute", "unmute", "volume", "stop", "end", "say", "look", "button")
"""The first words of what a device can be asked for."""


def verb(step: object) -> str | None:
    """Return the first verb of a table of the file, or of a step; None if it has none."""
    if isinstance(step, Mapping):
        return next((name for name in step if name in VERBS), None)
    return next((name for name, kind in VERBS.items() if type(step) is kind), None)


AnyStep: TypeAlias = Annotated[
    Annotated[Wait, Tag("wait_s")]
    | Annotated[Push, Tag("button")]
    | Annotated[Say, Tag("say")]
    | Annotated[Question, Tag("question")]
    | Annotated[Play, Tag("wav")]
    | Annotated[Until, Tag("until")]
    | Annotated[Weather, Tag("network")]
    | Annotated[Power, Tag("device")]
    | Annotated[Slide, Tag("mute_switch")]
    | Annotated[Command, Tag("command")],
    Discriminator(verb),
]
