"""What can be asked for through the socket is what the button can do."""

from __future__ import annotations

import pytest

from daemon.conversation import Conversation
from daemon.effects import Effect, Look, OpenGate, SetMuted
from daemon.events import Doubled, Event, LongPressed, MuteAsked, Pressed, Released, StopAsked
from daemon.requests import answer
from daemon.ways import Mode, Ways


class Device:
    """A conversation, and what was asked of it."""

    def __init__(self, mode: Mode) -> None:
        self.conversation = Conversation(Ways(mode, looks=True))
        self.events: list[Event] = []
        self.effects: list[Effect] = []

        self.volume_percent = 70
        self.said: list[str] = []
        self.ended = False
        self.busy = False

    def end_conversation(self) -> None:
        self.ended = True

    def say(self, text: str) -> bool:
        self.said.append(text)
        return not self.busy

    def dispatch(self, event: Event) -> None:
        self.events.append(event)
        self.effects += self.conversation.handle(event)

    def ask(self, *words: str) -> dict[str, object]:
        return answer(words, self.conversation, self, 7.0)


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
    device = Device(Mode.TAP)
    device.ask(*words.split())
    assert [type(event) for event in device.events] == kinds


@pytest.mark.parametrize("mode", Mode)
def test_a_double_press_listens_and_looks(mode: Mode) -> None:
    device = Device(mode)
    assert device.ask("button", "double")["turn"] == "listening"
    assert isinstance(device.effects[-1], Look)


@pytest.mark.parametrize("mode", [Mode.TAP, Mode.HANDS_FREE])
def test_a_long_press_mutes_and_unmutes(mode: Mode) -> None:
    device = Device(mode)
    assert device.ask("button", "long")["muted"] is True
    assert device.ask("button", "long")["muted"] is False
    assert device.conversation.status.turn.value == "idle"


def test_a_long_press_in_mode_hold_asks_nothing_and_unmutes() -> None:
    device = Device(Mode.HOLD)
    reply = device.ask("button", "long")
    assert (reply["turn"], reply["muted"]) == ("idle", False)
    device.ask("mute")
    assert device.ask("button", "long")["muted"] is False
    assert SetMuted(False) in device.effects


def test_the_status_says_what_goes_on() -> None:
    device = Device(Mode.TAP)
    assert device.ask("button", "tap") == {
        "link": "down",
        "turn": "listening",
        "turn_id": 1,
        "muted": False,
        "follow_up": False,
        "ringing": False,
        "seeing": False,
        "faults": [],
        "meaning": "Listening, what the microphone hears is kept until the service is reached.",
    }
    assert [effect for effect in device.effects if isinstance(effect, OpenGate)]


def test_what_cannot_be_asked_for_is_refused_and_what_can_is_listed() -> None:
    with pytest.raises(ValueError, match=r"press\|release\|tap\|double\|long"):
        Device(Mode.TAP).ask("button", "triple")


def test_the_volume_is_set_within_its_range() -> None:
    device = Device(Mode.TAP)
    device.ask("volume", "35")
    assert device.volume_percent == 35
    for wrong in ("101", "-1", "loud", ""):
        with pytest.raises(ValueError, match="volume 0 to 100"):
            device.ask("volume", wrong)


def test_what_is_to_be_said_is_said_unless_somebody_speaks() -> None:
    device = Device(Mode.TAP)
    device.ask("say", "dinner", "is", "ready")
    assert device.said == ["dinner is ready"]
    device.busy = True
    with pytest.raises(ValueError, match="try again"):
        device.ask("say", "dinner")


def test_the_conversation_can_be_ended() -> None:
    device = Device(Mode.TAP)
    device.ask("end")
    assert device.ended
