"""What the model can do with the device itself."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from daemon.tools.device_tools import DeviceTools
from daemon.tools.signature import WrongArguments
from daemon.tools.tool import ToolError
from hardware.interfaces import DeviceLost


class Box:
    """A device that notes what is done with it."""

    def __init__(self) -> None:
        self.volume_percent = 70
        self.brightness_percent = 100
        self.done: list[str] = []
        self.blind = False

    def mute(self) -> None:
        self.done.append("mute")

    def stop(self) -> None:
        self.done.append("stop")

    def end_conversation(self) -> None:
        self.done.append("end")

    async def look(self) -> None:
        if self.blind:
            raise DeviceLost("camera: no frame within 3 s; check its cable")
        self.done.append("look")


def call(box: Box, name: str, arguments: Mapping[str, object] | None = None) -> object:
    """Call one tool as the model does."""
    made = DeviceTools(
        box, lambda: {"temperature_celsius": 48.3}, lambda: datetime(2026, 11, 23, 12, tzinfo=ZoneInfo("Europe/Berlin"))
    )
    tool = {tool.name: tool for tool in (*made.volume(), *made.device(), *made.look())}[name]
    result = tool.function(**tool.check(arguments or {}))

    async def awaited() -> object:
        return await result

    return asyncio.run(awaited()) if inspect.isawaitable(result) else result


def test_the_volume_is_asked_and_set() -> None:
    box = Box()
    assert call(box, "get_volume") == {"percent": 70}
    call(box, "set_volume", {"percent": 80})
    assert box.volume_percent == 80


@pytest.mark.parametrize(
    ("name", "arguments"),
    [("set_volume", {"percent": 101}), ("set_volume", {}), ("set_ring_brightness", {"percent": 0})],
)
def test_what_cannot_be_is_refused_before_anything_happens(name: str, arguments: dict[str, object]) -> None:
    box = Box()
    with pytest.raises(WrongArguments):
        call(box, name, arguments)
    assert (box.volume_percent, box.brightness_percent) == (70, 100)


@pytest.mark.parametrize(
    ("name", "done"),
    [
        ("mute_microphone", "mute"),
        ("stop_talking", "stop"),
        ("end_conversation", "end"),
        ("look_at_surroundings", "look"),
    ],
)
def test_each_does_what_it_says(name: str, done: str) -> None:
    box = Box()
    call(box, name)
    assert box.done == [done]


def test_the_ring_is_dimmed() -> None:
    box = Box()
    call(box, "set_ring_brightness", {"percent": 5})
    assert box.brightness_percent == 5


def test_the_time_is_the_owners() -> None:
    assert call(Box(), "get_time") == {
        "time": "12:00:00",
        "date": "Monday, 2026-11-23",
        "zone": "CET (+0100)",
    }


def test_the_status_holds_what_the_machine_says() -> None:
    assert call(Box(), "get_device_status") == {"temperature_celsius": 48.3, "volume_percent": 70}


def test_a_camera_that_sees_nothing_is_told_of_with_its_remedy() -> None:
    box = Box()
    box.blind = True
    with pytest.raises(ToolError, match="check its cable"):
        call(box, "look_at_surroundings")
