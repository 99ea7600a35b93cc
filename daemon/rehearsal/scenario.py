"""A conversation as data: how device and service are set, what happens, and what must be true at the end."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from daemon.config.section import Section

from .expected import Expected
from .stand_in.answer import Call
from .stand_in.faults import Act, GoAway, Moment, Silence, Strike
from .stand_in.messages import Abort, Close, Stall
from .steps import AnyStep, Weather


class CallMade(Section):
    """A function that the model calls before one of its answers."""

    answer: Annotated[int, Field(ge=1, le=1000)] = 1
    """Which one, counted from 1."""
    name: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)


class Misdeed(Section):
    """Something that the service does when its moment has come: live-api.md 1.6 and 2 say what it does in the wild."""

    at: Literal[
        "setup",
        "setup_complete",
        "audio",
        "activity_start",
        "activity_end",
        "answer_chunk",
        "generation_complete",
        "interrupted",
        "turn_complete",
    ] = "answer_chunk"
    nth: Annotated[int, Field(ge=1, le=100_000)] = 1
    """When the moment comes for the nth time, counted over all connections."""
    times: Annotated[int, Field(ge=1, le=100_000)] = 1
    """For so many times in a row."""
    does: Literal["close", "go_away", "reset", "stall", "silence"] = "close"
    code: Annotated[int, Field(ge=1000, le=4999)] = 1011
    reason: str = ""
    time_left_s: Annotated[float, Field(ge=0.0, le=3600.0)] = 10.0
    """What a go-away leaves."""

    def strike(self) -> Strike:
        """Return it as the stand-in takes it."""
        acts: dict[str, Act] = {
            "close": Close(self.code, self.reason),
            "go_away": GoAway(self.time_left_s),
            "reset": Abort(),
            "stall": Stall(),
            "silence": Silence(),
        }
        return Strike(Moment(self.at), (acts[self.does],), self.nth, self.times)


class Service(Section):
    """The stand-in service."""

    think_ms: Annotated[int, Field(ge=0, le=600_000)] = 600
    """How long it thinks before an answer."""
    speed: Annotated[float, Field(ge=0.05, le=1000.0)] = 3.3
    """How many times as fast as it sounds an answer is sent."""
    answer: str = ""
    """A WAV file, 16 or 24 kHz, 16 bit, mono; empty is the sentence that vocative is shipped with."""
    calls: Annotated[tuple[CallMade, ...], Field(strict=False)] = ()
    faults: Annotated[tuple[Misdeed, ...], Field(strict=False)] = ()

    def called(self) -> tuple[tuple[int, Call], ...]:
        """Return in which answer the model calls for what."""
        return tuple((call.answer, Call(call.name, call.arguments)) for call in self.calls)

    def strikes(self) -> tuple[Strike, ...]:
        """Return what it does wrong."""
        return tuple(one.strike() for one in self.faults)


class Scenario(Section):
    """One conversation."""

    purpose: str = ""
    """What happens and what comes of it, in one sentence: the heading of its picture."""
    patience_s: Annotated[float, Field(ge=1.0, le=86_400.0)] = 60.0
    """The longest that any one step may take."""
    room: bool = False
    """Whether the microphone hears the loudspeaker, as loud as the person."""
    camera: bool = False
    """Whether there is one."""
    tools: str = ""
    """The owner's own tools, as a file of Python holds them."""
    config: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """How the device is set, by section, where it is not as it comes."""
    service: Service = Service()
    steps: Annotated[tuple[AnyStep, ...], Field(strict=False)] = ()
    expect: Expected = Expected()

    @property
    def needs_network(self) -> bool:
        """Whether something happens to the network, so that there must be one between device and service."""
        return any(isinstance(step, Weather) for step in self.steps)

    @property
    def timer_s(self) -> float | None:
        """For how long a timer is set, if one is."""
        lengths_s = (call.arguments.get("seconds") for call in self.service.calls if call.name == "set_timer")
        return next((float(length_s) for length_s in lengths_s if isinstance(length_s, int | float)), None)
