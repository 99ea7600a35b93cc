"""What can be asked for through the socket is what the button can do, and what an owner may want besides."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from daemon.control.client import Reply
from daemon.control.requests import Requests
from daemon.conversation import Conversation
from daemon.effects import Effect, Look, SetMuted
from daemon.events import Doubled, Event, FaultFound, LongPressed, MuteAsked, MuteSwitched, Pressed, Released, StopAsked
from daemon.status import Fault, Status
from daemon.ways import Mode, Ways
from hardware.interfaces import DeviceLost


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of reading the configuration again."""

    applied: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        return (*self.faults, "Said.")


class Device:
    """A conversation, and what was asked of it."""

    def __init__(self, mode: Mode = Mode.TAP) -> None:
        self.conversation = Conversation(Ways(mode, looks=True))
        self.events: list[Event] = []
        self.effects: list[Effect] = []

        self.volume_percent = 70
        self.said: list[str] = []
        self.ended = False
        self.busy = False
        self.seen: Exception | None = None
        self.reloaded = Reloaded()

    @property
    def status(self) -> Status:
        return self.conversation.status

    def end_conversation(self) -> None:
        self.ended = True

    def say(self, text: str) -> bool:
        self.said.append(text)
        return not self.busy

    async def describe(self) -> bool:
        if self.seen is not None:
            raise self.seen
        return not self.busy

    async def reload(self) -> Reloaded:
        return self.reloaded

    async def foreseen(self) -> Reloaded:
        return self.reloaded

    def dispatch(self, event: Event) -> None:
        self.events.append(event)
        self.effects += self.conversation.handle(event)

    def ask(self, *words: str) -> Reply:
        return asyncio.run(Requests(self, self, dict).answer(words))


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("status", []),
        ("button press", [Pressed]),
        ("button release", [Released]),
        ("button tap", [Pressed, Released]),
        ("button double", [Pressed, Released, Doubled]),
        ("button long", [Pressed, LongPressed, Released]),
        ("stop", [StopAsked]),
        ("mute", [MuteAsked]),
        ("unmute", [MuteAsked]),
    ],
)
def test_each_request_is_what_a_finger_does(words: str, kinds: list[type[Event]]) -> None:
    device = Device()
    assert device.ask(*words.split()) == {}
    assert [type(event) for event in device.events] == kinds


@pytest.mark.parametrize("mode", Mode)
def test_a_double_press_listens_and_looks(mode: Mode) -> None:
    device = Device(mode)
    device.ask("button", "double")
    assert device.status.turn.value == "listening"
    assert isinstance(device.effects[-1], Look)


@pytest.mark.parametrize("mode", [Mode.TAP, Mode.HANDS_FREE])
def test_a_long_press_mutes_and_unmutes(mode: Mode) -> None:
    device = Device(mode)
    device.ask("button", "long")
    assert device.status.muted
    device.ask("button", "long")
    assert not device.status.muted
    assert device.status.turn.value == "idle"


def test_a_long_press_in_mode_hold_asks_nothing_and_unmutes() -> None:
    device = Device(Mode.HOLD)
    device.ask("button", "long")
    assert (device.status.turn.value, device.status.muted) == ("idle", False)
    device.ask("mute")
    device.ask("button", "long")
    assert not device.status.muted
    assert SetMuted(False) in device.effects


def test_what_the_switch_says_is_not_undone_and_that_is_said() -> None:
    device = Device()
    device.dispatch(MuteSwitched(True))
    with pytest.raises(ValueError, match="only the switch can"):
        device.ask("unmute")
    assert device.status.muted
    device.ask("mute")
    device.dispatch(MuteSwitched(False))
    assert device.status.muted, "as was asked for last"


def test_what_cannot_be_asked_for_is_refused_and_what_can_is_listed() -> None:
    for wrong in (("button", "triple"), ("say",), ("dance",), ()):
        with pytest.raises(ValueError, match=r"press\|release\|tap\|double\|long"):
            Device().ask(*wrong)


def test_the_volume_is_set_within_its_range() -> None:
    device = Device()
    device.ask("volume", "35")
    assert device.volume_percent == 35
    for wrong in ("101", "-1", "loud", ""):
        with pytest.raises(ValueError, match="volume 0 to 100"):
            device.ask("volume", wrong)


def test_what_is_to_be_said_is_said_unless_somebody_speaks() -> None:
    device = Device()
    device.ask("say", "dinner", "is", "ready")
    assert device.said == ["dinner is ready"]
    device.busy = True
    with pytest.raises(ValueError, match="try again"):
        device.ask("say", "dinner")
    device.dispatch(FaultFound(Fault.LIMIT))
    with pytest.raises(ValueError, match="limit of your own is reached"):
        device.ask("say", "dinner")


def test_the_conversation_can_be_ended() -> None:
    device = Device()
    device.ask("end")
    assert device.ended


def test_a_look_that_comes_to_nothing_says_why() -> None:
    device = Device()
    assert device.ask("look") == {}
    device.busy = True
    with pytest.raises(ValueError, match="try again"):
        device.ask("look")
    for seen in (DeviceLost("camera: unplugged"), ValueError("the camera is off")):
        device.seen = seen
        with pytest.raises(ValueError, match=str(seen)):
            device.ask("look")


def test_a_configuration_that_is_read_again_says_what_came_of_it() -> None:
    device = Device()
    device.reloaded = Reloaded(applied=("speaker.earcons",), needs_restart=("button.pin",))
    assert device.ask("reload") == {
        "said": ["Said."],
        "applied": ["speaker.earcons"],
        "needs_restart": ["button.pin"],
    }
    device.reloaded = Reloaded(faults=("vocative.toml:3: wrong",))
    with pytest.raises(ValueError, match="toml:3: wrong\nSaid"):
        device.ask("reload")


def test_what_a_reload_would_change_is_told_a_refusal_too() -> None:
    device = Device()
    device.reloaded = Reloaded(applied=("speaker.earcons",), faults=("vocative.toml:3: wrong",))
    assert device.ask("changes") == {
        "changes": {"applied": ["speaker.earcons"], "needs_restart": [], "faults": ["vocative.toml:3: wrong"]}
    }


def test_what_takes_a_moment_is_done_once_at_a_time() -> None:
    device = Device()
    requests = Requests(device, device, dict)

    async def story() -> None:
        looked: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        device.describe = lambda: looked  # type: ignore[assignment, method-assign, return-value] # a camera that is slow
        looking = asyncio.ensure_future(requests.answer(("look",)))
        await asyncio.sleep(0)
        with pytest.raises(ValueError, match="under way"):
            await requests.answer(("look",))
        assert await requests.answer(("status",)) == {}
        looked.set_result(True)
        assert await looking == {}

    asyncio.run(story())
