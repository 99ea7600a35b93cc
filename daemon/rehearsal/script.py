"""People as data: what somebody does in front of the device, step by step, and when."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias


@dataclass(frozen=True, slots=True)
class Wait:
    """Do nothing for a while."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Press:
    """Push the button down."""


@dataclass(frozen=True, slots=True)
class Release:
    """Let the button go."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Say recorded question `number` (1 or 2), and go on `for_s` seconds later; None waits until it is said."""

    number: int
    for_s: float | None = None


@dataclass(frozen=True, slots=True)
class AwaitLink:
    """Wait until the device is connected, as the ring shows."""


@dataclass(frozen=True, slots=True)
class AwaitAnswer:
    """Wait until an answer is heard."""


@dataclass(frozen=True, slots=True)
class AwaitSilence:
    """Wait until the device has finished its answer."""


@dataclass(frozen=True, slots=True)
class Cut:
    """The network goes away without a word: what is sent vanishes, what is awaited never comes."""


@dataclass(frozen=True, slots=True)
class Restore:
    """The network is back."""


@dataclass(frozen=True, slots=True)
class AwaitRinging:
    """Wait until a timer rings."""


@dataclass(frozen=True, slots=True)
class SwitchOff:
    """The device is stopped, as if its plug were pulled or it were brought up to date."""


@dataclass(frozen=True, slots=True)
class SwitchOn:
    """The device is started again; it finds what it had kept."""


Step: TypeAlias = (
    Wait
    | Press
    | Release
    | Ask
    | AwaitLink
    | AwaitAnswer
    | AwaitSilence
    | AwaitRinging
    | Cut
    | Restore
    | SwitchOff
    | SwitchOn
)


@dataclass(frozen=True, slots=True)
class Script:
    """One conversation: how the device is set and what the person does."""

    name: str
    purpose: str
    mode: str
    steps: tuple[Step, ...]
    room: bool = False
    """Whether the microphone hears the loudspeaker, as loud as the person."""
    patience_s: float = 60.0
    """The longest that any one step may take before the rehearsal fails."""
    calls: tuple[str, ...] = ()
    """What the model calls for, each as `vocative stand-in --call` takes it."""
    timer_s: float | None = None
    """For how long it sets a timer, if it does."""
    looks: bool = False
    """Whether there is a camera, for a double press and for the model."""
    tools: str = ""
    """The owner's own tools, as a file of Python holds them."""

    @property
    def needs_network(self) -> bool:
        """Whether something happens to the network, so that there must be one between device and service."""
        return any(isinstance(step, Cut | Restore) for step in self.steps)


CONVERSATION: Final = Script(
    name="conversation",
    purpose="A person holds the button and asks, hears the answer, asks again, and talks over the second answer.",
    mode="hold",
    steps=(
        AwaitLink(),
        Wait(0.7),
        Press(),
        Wait(0.15),
        Ask(1),
        Wait(0.15),
        Release(),
        AwaitAnswer(),
        AwaitSilence(),
        Wait(0.6),
        Press(),
        Wait(0.15),
        Ask(2),
        Wait(0.15),
        Release(),
        AwaitAnswer(),
        Wait(2.2),
        Press(),
        Wait(0.15),
        Ask(1),
        Wait(0.15),
        Release(),
        AwaitAnswer(),
        AwaitSilence(),
        Wait(0.5),
    ),
)

OUTAGE: Final = Script(
    name="outage",
    purpose="The network goes away in the middle of a question and comes back 20 s later: that question is answered.",
    mode="hold",
    steps=(
        AwaitLink(),
        Wait(0.7),
        Press(),
        Wait(0.15),
        Ask(1),
        Release(),
        AwaitAnswer(),
        AwaitSilence(),
        Wait(0.6),
        Press(),
        Wait(0.15),
        Ask(2, for_s=1.5),
        Cut(),
        Wait(2.6),
        Release(),
        Wait(17.4),
        Restore(),
        AwaitAnswer(),
        AwaitSilence(),
        Wait(0.5),
    ),
)

BARGE_IN: Final = Script(
    name="bargein",
    purpose="A person taps and asks, and talks over the answer: it falls silent, and the other question is answered.",
    mode="tap",
    room=True,
    steps=(
        AwaitLink(),
        Wait(0.7),
        Press(),
        Wait(0.15),
        Release(),
        Ask(1),
        AwaitAnswer(),
        Wait(3.5),
        Ask(2),
        AwaitAnswer(),
        AwaitSilence(),
        Wait(0.5),
    ),
)

_QUESTION: Final[tuple[Step, ...]] = (Ask(1), Wait(0.15), Release(), AwaitAnswer(), AwaitSilence(), Wait(0.6))
_LOOK: Final[tuple[Step, ...]] = (Press(), Wait(0.1), Release(), Wait(0.1), Press(), Wait(0.15), *_QUESTION)
"""The second press of a double press is held while one speaks."""

LOOK: Final = Script(
    name="look",
    purpose="The same answer four times: to words, to words with a look (cold, then warm), and when the model looks.",
    mode="hold",
    looks=True,
    calls=("6:look_at_surroundings", "6:count_to_nothing"),  # the first press of a double one asks, too
    tools='''
import time

from daemon.tools import tool


@tool
def count_to_nothing() -> str:
    """Keep a thread waiting for 4 s."""
    time.sleep(4.0)
    return "Done."
''',
    steps=(AwaitLink(), Wait(0.7), Press(), Wait(0.15), *_QUESTION, *_LOOK, *_LOOK, Press(), Wait(0.15), *_QUESTION),
)

_TIMER_S: Final = 20
TIMER: Final = Script(
    name="timer",
    purpose="A timer is set, the network goes, the device is switched off and on: it rings in time, and is told of.",
    mode="hold",
    calls=(f'1:set_timer {{"seconds": {_TIMER_S}, "label": "eggs"}}',),
    timer_s=_TIMER_S,
    steps=(
        AwaitLink(),
        Wait(0.7),
        Press(),
        Wait(0.15),
        *_QUESTION,
        Cut(),
        Wait(1.5),
        SwitchOff(),
        Wait(2.0),
        SwitchOn(),
        AwaitRinging(),
        Wait(5.0),
        Press(),
        Wait(0.15),
        Release(),
        Wait(2.0),
        Restore(),
        AwaitAnswer(),
        AwaitSilence(),
        Wait(0.5),
    ),
)

SCRIPTS: Final = {script.name: script for script in (CONVERSATION, OUTAGE, BARGE_IN, LOOK, TIMER)}
